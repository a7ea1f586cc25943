"""Load from wrk: orders or purchase forms, each with an id of its own, as fast as a number of connections allows."""

import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import msgspec
import requests

from functions.orders import contract

SCRIPT: Final = Path(__file__).with_name("requests.lua")
HOW_TO_INSTALL: Final = "wrk is missing: install it with 'apt-get install wrk' or 'brew install wrk'"
# Requests prepared for each second of a run, so that none is sent twice: more than a connection, or all, can do.
_MOST_PER_CONNECTION: Final = 1_500
_MOST_PER_SECOND: Final = 15_000
_MOST_FORMS_PER_SECOND: Final = 4_000


class LoadError(Exception):
    """The load could not be made. The message is one for a person."""


@dataclass(frozen=True)
class Result:
    """What came of a run: replies a second, and how long they took."""

    rps: float
    p50_ms: float
    p99_ms: float
    refused: int


def find_wrk() -> str:
    """The program. Raises LoadError, saying how to install it."""
    if (found := shutil.which("wrk")) is None:
        raise LoadError(HOW_TO_INSTALL)
    return found


def run(urls: Sequence[str], orders: Path, connections: int, seconds: float) -> Result:
    """Send the requests of a file to `urls`, an equal share each, over `connections` connections in all."""
    share = max(1, connections // len(urls))
    files = [orders] if len(urls) == 1 else _split(orders, len(urls))
    command = [find_wrk(), "-t1", f"-c{share}", f"-d{seconds:.0f}s", "-s", str(SCRIPT)]
    runs = [
        subprocess.Popen([*command, url, "--", str(file)], stdout=subprocess.PIPE, text=True)
        for url, file in zip(urls, files, strict=True)
    ]
    told = [_result(process.communicate(timeout=seconds + 60)[0]) for process in runs]
    return Result(
        rps=sum(one.rps for one in told),
        p50_ms=max(one.p50_ms for one in told),
        p99_ms=max(one.p99_ms for one in told),
        refused=sum(one.refused for one in told),
    )


def prepare(path: Path, secret: str, show: str, types: Sequence[str], connections: int, seconds: float) -> None:
    """Write enough orders for a run, one ticket each, over the ticket types in turn."""
    count = int(min(_MOST_PER_SECOND, _MOST_PER_CONNECTION * connections) * seconds)
    with path.open("wb") as file:
        for number in range(count):
            raw = _request(secret, show, types[number % len(types)])
            file.write(b"%08d%b" % (len(raw), raw))


def prepare_forms(path: Path, show: str, ticket_type: str, seconds: float) -> None:
    """Write enough purchase forms for a run, one ticket each, as a browser posts them."""
    with path.open("wb") as file:
        for _ in range(int(_MOST_FORMS_PER_SECOND * seconds)):
            raw = _form(show, ticket_type)
            file.write(b"%08d%b" % (len(raw), raw))


def place_first_order(url: str, secret: str, show: str, ticket_type: str, within_s: float) -> None:
    """Return once an order is decided, trying from the moment of the call. Raises LoadError."""
    deadline = time.monotonic() + within_s
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            headers, body = _signed(secret, show, ticket_type)
            with suppress(requests.RequestException):
                if session.post(url, body, headers=headers, timeout=2).status_code == 200:
                    return
            time.sleep(0.01)
    raise LoadError("no order was decided in time")


def _form(show: str, ticket_type: str) -> bytes:
    order_id = contract.new_order_id()
    fields = {
        "order_id": order_id,
        f"quantity-{ticket_type}": "1",
        f"price-{ticket_type}": "1000",
        "name": "A Buyer",
        "email": f"{order_id[-8:]}@example.org",
    }
    body = urlencode(fields).encode()
    head = (
        f"POST /shows/{show}/orders HTTP/1.1\r\nhost: shop\r\nsec-fetch-site: same-origin\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _request(secret: str, show: str, ticket_type: str) -> bytes:
    headers, body = _signed(secret, show, ticket_type)
    headers |= {"host": "orders", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body


def _signed(secret: str, show: str, ticket_type: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an order of one ticket, as the frontend would send it."""
    order_id = contract.new_order_id()
    order = contract.PlaceOrder(
        show, (contract.OrderLine(ticket_type, 1),), "A Buyer", f"{order_id[-8:]}@example.org", 1000
    )
    event = contract.Event(
        id=order_id,
        type=contract.PLACE,
        source="/flametickets/bench",
        time=datetime.now(UTC),
        data=msgspec.json.encode(order),
        subject=order_id,
        time_left_ms=2000,
        attempt=1,
        traceparent=f"00-{uuid.uuid4().hex}-0123456789abcdef-01",
    )
    headers, body = contract.encode_event(event)
    return {**headers, contract.SIGNATURE_HEADER: contract.sign(secret, event, body, at=time.time())}, body


def _split(orders: Path, parts: int) -> list[Path]:
    files = [orders.with_suffix(f".{part}") for part in range(parts)]
    handles = [file.open("wb") for file in files]
    for number, raw in enumerate(_read(orders)):
        handles[number % parts].write(b"%08d%b" % (len(raw), raw))
    for handle in handles:
        handle.close()
    return files


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while length := file.read(8):
            yield file.read(int(length))


def _result(output: str) -> Result:
    told = json.loads(output.strip().splitlines()[-1])
    return Result(told["answered"] / told["seconds"], told["p50_ms"], told["p99_ms"], told["refused"])
