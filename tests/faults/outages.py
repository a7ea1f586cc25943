"""Parts of a stack that are gone for a while."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from scripts.experiments.repeating import repeating
from scripts.local.stack import Stack
from tests.faults.verdict import pending_url


def kill(stack: Stack, name: str, how: signal.Signals = signal.SIGKILL) -> None:
    """End a part and all of its workers; the stack starts it again."""
    if (pid := stack.pid(name)) is not None:
        with suppress(ProcessLookupError):
            os.killpg(pid, how)


@contextmanager
def kept_down(stack: Stack, *names: str) -> Iterator[None]:
    """Kills these parts, and again whenever they come back, until the end of the block."""

    def kill_all() -> None:
        for name in names:
            kill(stack, name)

    with repeating(kill_all, 0.05):
        yield


def pending(stack: Stack, order_ids: set[str]) -> tuple[int, float]:
    """How many of these purchases wait for a decision; and when the last one was decided, in Unix seconds, or 0."""
    with psycopg.connect(pending_url(stack)) as session:
        row = session.execute(
            "SELECT count(*) FILTER (WHERE state <> 'decided'), coalesce(extract(epoch FROM max(decided_at)), 0)"
            " FROM pending_purchases WHERE order_id = ANY(%s::uuid[])",
            [list(order_ids)],
        ).fetchone()
    assert row is not None
    return row[0], float(row[1])
