"""The bulkhead: some threads are always left for everything else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from frontend.bulkhead import Bulkhead


def test_beyond_its_places_nobody_gets_in() -> None:
    bulkhead = Bulkhead(2, wait_s=0)
    with bulkhead.place() as first, bulkhead.place() as second, bulkhead.place() as third:
        assert (first, second, third) == (True, True, False)
    with bulkhead.place() as again:
        assert again


def test_whoever_was_turned_away_gives_no_place_back() -> None:
    bulkhead = Bulkhead(1, wait_s=0)
    with bulkhead.place():
        for _ in range(3):
            with bulkhead.place() as turned_away:
                assert not turned_away


def test_a_place_is_given_back_after_an_error() -> None:
    bulkhead = Bulkhead(1, wait_s=0)
    with pytest.raises(ZeroDivisionError), bulkhead.place():
        raise ZeroDivisionError
    with bulkhead.place() as again:
        assert again


def test_a_place_that_becomes_free_in_time_is_waited_for() -> None:
    bulkhead = Bulkhead(1, wait_s=30)
    entered = threading.Event()

    def enter() -> bool:
        entered.set()
        with bulkhead.place() as has_place:
            return has_place

    with ThreadPoolExecutor(1) as pool:
        with bulkhead.place():
            waiting = pool.submit(enter)
            assert entered.wait(10)
            assert not waiting.done()
        assert waiting.result(10)
