"""A stack whose chaos revision fails more often than it answers."""

from collections.abc import Iterator

import pytest

from scripts.local.stack import Stack
from tests.conftest import running_stack


@pytest.fixture(scope="package")
def faulty_stack() -> Iterator[Stack]:
    """Six tries in ten of its chaos revision get no answer, for one of three reasons."""
    with running_stack(chaos_faults="error:0.4,drop_reply:0.3,hang:0.05:late,duplicate:0.3") as running:
        yield running
