"""The function's log: JSON lines on standard output, of which the many small ones share a write."""

import asyncio
import io
import json
import os
import subprocess
import sys
from pathlib import Path

from functions.orders.logs import Lines

SPEAK = """
import asyncio, logging, structlog
from functions.orders import logs
logs.configure("info", "orders-stable-1")
log = structlog.get_logger()
log.info("before")
async def speak():
    log.debug("too quiet")
    log.info("during", order_id="one")
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("failed")
asyncio.run(speak())
logging.getLogger("a.library").warning("of %s", "a library")
"""


class Counted(io.BytesIO):
    """A stream that remembers what it held at each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[bytes] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue())


def test_each_line_says_who_speaks_when_and_how_loud() -> None:
    spoken = subprocess.run([sys.executable, "-c", SPEAK], capture_output=True, check=True, timeout=60)
    lines = [json.loads(line) for line in spoken.stdout.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("before", "info"),
        ("during", "info"),
        ("failed", "error"),
        ("of a library", "warning"),
    ]
    assert {(line["service"], line["revision"]) for line in lines} == {("orders", "orders-stable-1")}
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[1]["order_id"] == "one"
    assert "ValueError: broken" in lines[2]["exception"]


async def test_lines_of_one_turn_of_the_loop_are_written_at_once() -> None:
    stream = Counted()
    lines = Lines(stream)
    for number in range(3):
        lines.info(b"%d" % number)
    assert stream.flushed == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert stream.flushed == [b"0\n1\n2\n"]
    lines.info(b"again")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert stream.flushed[1:] == [b"0\n1\n2\nagain\n"]


async def test_a_warning_is_written_before_anything_else_happens() -> None:
    stream = Counted()
    lines = Lines(stream)
    lines.info(b"quiet")
    lines.warning(b"loud")
    assert stream.flushed == [b"quiet\nloud\n"]


def test_without_an_event_loop_a_line_is_written_at_once() -> None:
    stream = Counted()
    Lines(stream).info(b"alone")
    assert stream.flushed == [b"alone\n"]


async def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    with Path("/dev/full").open("wb") as full, Path(os.devnull).open("wb") as null:
        lines = Lines(full)
        for _ in range(100):
            lines.info(b"x" * 1000)
            lines.warning(b"told at once")
        await asyncio.sleep(0)
        os.dup2(null.fileno(), full.fileno())  # what is left in the buffer has to go somewhere
