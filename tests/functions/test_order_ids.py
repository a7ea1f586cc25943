"""Order ids are UUIDs of version 7: they begin with the time, and nobody can guess the rest."""

import uuid

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from functions.orders import contract


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1))
def test_an_order_id_is_a_uuid_of_version_7(milliseconds: int, bits: int) -> None:
    order_id = contract.new_order_id(lambda: milliseconds / 1000, lambda _: bits)
    assert msgspec.convert(order_id, contract.OrderId) == order_id
    read = uuid.UUID(order_id)
    assert (read.version, read.variant) == (7, uuid.RFC_4122)
    assert abs((read.int >> 80) - milliseconds) <= 1, "as far as a float tells a millisecond"


def test_later_ones_come_later_and_no_two_are_alike() -> None:
    moments = iter([1_700_000_000.0, 1_700_000_000.002, 1_800_000_000.0])
    ids = [contract.new_order_id(lambda: next(moments)) for _ in range(3)]
    assert ids == sorted(ids)
    assert len({contract.new_order_id(lambda: 1.0) for _ in range(1000)}) == 1000


def test_all_random_bits_are_used() -> None:
    none = uuid.UUID(contract.new_order_id(lambda: 0.0, lambda _: 0)).int
    all_ = uuid.UUID(contract.new_order_id(lambda: 0.0, lambda _: 2**80 - 1)).int
    assert (none ^ all_).bit_count() == 74
