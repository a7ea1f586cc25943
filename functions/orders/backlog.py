"""Which commands wait, which are decided together, and what becomes of a batch that failed: no I/O, no clock."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from functions.orders.batch import Answer
from functions.orders.contract import Published, PublishRejection, Show
from functions.orders.rules import Cancel, Place

MAX_WAITING: Final = 10_000  # about what is decided in the two seconds that a caller waits
MAX_BATCH: Final = 1024  # a turn of the event loop is long under overload: what is decided once a turn must be many
MAX_TRIES: Final = 5
_SHARE_OF_TIME: Final = 0.5  # of the time left that a command may spend waiting: the rest is for its batch
_SMOOTHING: Final = 0.2
_FIRST_WAIT_S: Final = 0.05  # before the second try; twice as long before each further one, 0.75 s in all


@dataclass(frozen=True, slots=True)
class Publish:
    """A show to create or update, as of `at`."""

    show: Show
    at: datetime


Command = Place | Cancel | Publish
Reply = Answer | Published | PublishRejection

Failure = Literal["conflict", "lost"]
"""`conflict`: the database refused the batch. `lost`: the connection broke, and nobody knows what was committed."""


class Overloaded(Exception):
    """More commands wait than can be decided in time: this one was not taken."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A command that waits until `give_up_at`; `tell` takes its reply, or None when there is none to be had."""

    command: Command
    give_up_at: float
    tell: Callable[[Reply | None], None]
    tries: int = 0


@dataclass
class Backlog:
    """A bounded queue of commands; times are seconds of any one clock."""

    max_waiting: int = MAX_WAITING
    max_batch: int = MAX_BATCH
    _queue: deque[Waiting] = field(default_factory=deque)
    _again: deque[list[Waiting]] = field(default_factory=deque)
    _pace: float = 0.0  # seconds that a batch took lately

    def __len__(self) -> int:
        return len(self._queue) + sum(map(len, self._again))

    def is_full_for(self, seconds: float) -> bool:
        """Whether a command that can wait so long would not be decided in its time."""
        batches_ahead = len(self._queue) // self.max_batch
        return len(self._queue) >= self.max_waiting or batches_ahead * self._pace > _SHARE_OF_TIME * seconds

    def add(self, waiting: Waiting, now: float) -> None:
        """Take a command. Raises Overloaded if it would not be decided in its time."""
        if self.is_full_for(waiting.give_up_at - now):
            raise Overloaded
        self._queue.append(waiting)

    def next_batch(self, now: float) -> list[Waiting]:
        """What to decide next, in order of arrival; commands whose time has run out are not started.

        A batch that is to be retried comes first. Publishing changes whole shows, so it is a batch of its own.
        """
        batch = self._again.popleft() if self._again else self._take_from_queue()
        late = [one for one in batch if one.give_up_at <= now]
        _give_up(late)
        return [one for one in batch if one.give_up_at > now]

    def decided(self, batch: Sequence[Waiting], replies: Sequence[Reply | None], took: float) -> None:
        """Tell the replies of a batch that is committed; None is a command that needs another try."""
        self._pace += _SMOOTHING * (took - self._pace)
        undecided = []
        for one, reply in zip(batch, replies, strict=True):
            if reply is None:
                undecided.append(one)
            else:
                one.tell(reply)
        self._retry(undecided)

    def failed(self, batch: list[Waiting], failure: Failure) -> float:
        """Ask again, for nothing is known of a batch; after a conflict in halves, so that one can't fail the others.

        Returns the seconds to wait first: a server that restarts is back in less than a buyer's patience.
        """
        if failure == "conflict" and len(batch) > 1:
            half = len(batch) // 2
            self._again.extendleft((batch[half:], batch[:half]))
            return 0
        self._retry(batch)
        return _FIRST_WAIT_S * 2 ** (batch[0].tries - 1) if failure == "lost" else 0

    def give_up(self) -> None:
        """Tell everybody who waits that there is no reply."""
        while self._again:
            _give_up(self._again.popleft())
        _give_up(self._queue)
        self._queue.clear()

    def _take_from_queue(self) -> list[Waiting]:
        batch: list[Waiting] = []
        while self._queue and len(batch) < self.max_batch:
            alone = isinstance(self._queue[0].command, Publish)
            if alone and batch:
                break
            batch.append(self._queue.popleft())
            if alone:
                break
        return batch

    def _retry(self, batch: list[Waiting]) -> None:
        for one in batch:
            one.tries += 1
        _give_up([one for one in batch if one.tries >= MAX_TRIES])
        if again := [one for one in batch if one.tries < MAX_TRIES]:
            self._again.appendleft(again)


def _give_up(waiting: Sequence[Waiting] | deque[Waiting]) -> None:
    for one in waiting:
        one.tell(None)
