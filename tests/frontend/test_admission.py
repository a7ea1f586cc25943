"""So many requests at once, so many waiting, and the next is asked to come again; nothing leaks."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from frontend.admission import Admission, server_threads
from tests.scripts.waiting import wait_until

pytestmark = pytest.mark.alone


@contextmanager
def threads(*targets: Callable[[], object]) -> Iterator[None]:
    """Runs each target in a thread of its own, and joins all of them."""
    running = [threading.Thread(target=target) for target in targets]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        for thread in running:
            thread.join(20)
            assert not thread.is_alive()


def test_so_many_enter_and_the_next_is_turned_away_at_once() -> None:
    admission = Admission(working=2, waiting=0)
    began = time.monotonic()
    assert [admission.enter() for _ in range(3)] == [True, True, False]
    assert time.monotonic() - began < 0.5
    admission.leave()
    assert admission.enter()


def test_one_who_waits_gets_the_place_of_one_who_leaves() -> None:
    admission, entered = Admission(working=1, waiting=1, wait_s=10), []
    assert admission.enter()
    with threads(lambda: entered.append(admission.enter())):
        wait_until(lambda: admission.waiting() == 1)
        assert not admission.enter(), "one may wait, and one does"
        admission.leave()
        wait_until(lambda: entered == [True])
    assert (admission.working(), admission.waiting()) == (1, 0)


def test_who_came_first_is_served_first_and_nobody_comes_in_between() -> None:
    order: list[int] = []
    admission = Admission(working=1, waiting=5, wait_s=10)
    assert admission.enter()

    def wait(name: int) -> None:
        assert admission.enter()
        order.append(name)

    def has_in_line(number: int) -> bool:
        return admission.waiting() == number

    def served(number: int) -> bool:
        return order == list(range(number))

    with ExitStack() as running:
        for name in range(4):
            running.enter_context(threads(partial(wait, name)))
            wait_until(partial(has_in_line, name + 1))
        for name in range(4):
            admission.leave()
            assert admission.working() == 1, "the place is handed on; it is never free for a newcomer"
            wait_until(partial(served, name + 1))


def test_a_wait_in_vain_ends_and_leaves_no_trace() -> None:
    admission = Admission(working=1, waiting=1, wait_s=0.05)
    assert admission.enter()
    assert not admission.enter()
    assert (admission.working(), admission.waiting()) == (1, 0)
    admission.leave()
    assert admission.working() == 0


def test_under_a_crowd_no_place_is_lost_and_none_is_given_twice() -> None:
    """Waits so short that many end in the very moment in which they are served."""
    admission, inside, most = Admission(working=3, waiting=20, wait_s=0.001), [0], [0]
    lock = threading.Lock()

    def come_and_go() -> None:
        for _ in range(200):
            if not admission.enter():
                continue
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.0005)  # the request's own time, not a wait for anything
            with lock:
                inside[0] -= 1
            admission.leave()

    with threads(*[come_and_go] * 24):
        pass
    assert most[0] == 3
    assert (admission.working(), admission.waiting()) == (0, 0)


def test_the_server_has_threads_for_all_who_wait_and_for_those_it_refuses() -> None:
    assert server_threads(working=16, waiting=32) > 16 + 32
