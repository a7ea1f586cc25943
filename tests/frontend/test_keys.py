"""The key of an order."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.keys import Claim, check_key, issue_key, told_key

SECRET = "k" * 32
ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
FINGERPRINT = "0123456789abcdef" * 4


@pytest.mark.parametrize("told", [False, True])
def test_a_key_tells_the_first_half_of_the_fingerprint_and_whether_an_outcome_came_with_it(told: bool) -> None:
    key = issue_key(SECRET, ORDER_ID, FINGERPRINT, told=told)
    assert len(key) == 43
    assert check_key(SECRET, ORDER_ID, key) == Claim(FINGERPRINT[:32], was_told=told)
    assert key == issue_key(SECRET, ORDER_ID, FINGERPRINT, told=told)


def test_the_two_keys_of_an_order_are_different_and_one_makes_the_other() -> None:
    plain, told = (issue_key(SECRET, ORDER_ID, FINGERPRINT, told=told) for told in (False, True))
    assert plain != told
    assert [told_key(SECRET, ORDER_ID, key) for key in (plain, told)] == [told, told]


def test_a_key_opens_one_order_alone() -> None:
    key = issue_key(SECRET, ORDER_ID, FINGERPRINT)
    assert check_key(SECRET, ORDER_ID.replace("6f", "6e"), key) is None
    assert check_key("x" * 32, ORDER_ID, key) is None


def test_a_change_anywhere_in_a_key_makes_it_wrong() -> None:
    key = issue_key(SECRET, ORDER_ID, FINGERPRINT)
    assert check_key(SECRET, ORDER_ID, key)
    for place in range(len(key)):
        for other in ("A", "B", "-", "_", "="):
            changed = key[:place] + other + key[place + 1 :]
            assert changed == key or check_key(SECRET, ORDER_ID, changed) is None
    for changed in (key + "=", key + "A", key[:-1], f" {key}", key.swapcase()):
        assert check_key(SECRET, ORDER_ID, changed) is None


@given(st.text(max_size=60))
def test_no_text_is_a_key_by_chance(text: str) -> None:
    assert check_key(SECRET, ORDER_ID, text) is None


def test_a_lone_surrogate_is_no_key() -> None:
    assert check_key(SECRET, ORDER_ID, "\ud800" * 43) is None


@pytest.mark.parametrize("key", ["", "x", "é" * 43, "A" * 43, "A" * 10_000])
def test_every_key_is_compared_in_constant_time(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(ours: bytes, theirs: bytes) -> bool:
        compared.append(theirs)
        return ours == theirs

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert check_key(SECRET, ORDER_ID, key) is None
    assert len(compared) == 2, "with both keys that the order has"
