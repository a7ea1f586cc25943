"""The history of a run: every attempt of every buyer and what it was told, every fault, every shift, as they happen.

One JSON object a line, in the order in which they were written; times are Unix seconds of this machine's clock, and
`elapsed` of the same run's monotonic clock, so that an experiment with a jumping clock keeps its order.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Literal, Self

import msgspec

Told = Literal[
    "confirmed",  # the tickets are the buyer's
    "accepted",  # kept, and not decided yet
    "rejected",  # decided against it, with a reason
    "cancelled",
    "unconfirmed",  # an honest "not known yet": the same form may be sent again
    "busy",  # 429 or 503 with Retry-After
    "not_found",
    "error",  # anything else that was answered
    "nothing",  # no answer: the connection broke, or the patience ran out
]
Action = Literal["place", "look", "cancel", "double_click", "come_back"]


class Run(msgspec.Struct, frozen=True, tag="run", tag_field="kind"):
    """The head of a history: what was run, on what, and how to repeat it."""

    name: str
    seed: int
    target: str
    at: float
    show: str
    capacity: Mapping[str, int]
    command: str
    versions: Mapping[str, str] = {}
    sabotage: str | None = None
    price: int = 0
    hypothesis: str = ""


class Attempt(msgspec.Struct, frozen=True, gc=False, tag="attempt", tag_field="kind"):
    """One request of a buyer, from `start` to `end`, and what the answer told.

    `order_id` is the one asked for. `tickets` are the codes read, `available` what a rejection said is left, with its
    stock version where it was told. `last` marks the buyer's last answer.
    """

    buyer: int
    order_id: str
    action: Action
    start: float
    end: float
    elapsed: float
    status: int
    told: Told
    quantity: int = 1
    ticket_type: str = ""
    reason: str | None = None
    tickets: tuple[str, ...] = ()
    available: Mapping[str, int] = {}
    total: int | None = None
    cohort: Literal["treated", "control"] | None = None
    traceparent: str = ""
    retry_after: float = 0.0
    last: bool = False


class FaultLine(msgspec.Struct, frozen=True, tag="fault", tag_field="kind"):
    """A fault from outside begins, ends, or what it hit is back: `recovered` with the seconds that took."""

    name: str
    what: Literal["begins", "ends", "recovered"]
    at: float
    elapsed: float
    target: str = ""
    seconds: float | None = None
    detail: str = ""


class Shifted(msgspec.Struct, frozen=True, tag="split", tag_field="kind"):
    """The traffic was set to this split, in percent by revision; `why` says who asked."""

    split: Mapping[str, int]
    at: float
    elapsed: float
    why: str = ""


class Note(msgspec.Struct, frozen=True, tag="note", tag_field="kind"):
    """Anything else that a reader must know, as the decision of the sequential test."""

    what: str
    at: float
    elapsed: float
    data: Mapping[str, Any] = {}


class End(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The last line: the sale is over and what was accepted was waited for; without it the run was cut short."""

    at: float
    elapsed: float
    last_fault_ended_at: float | None = None


Entry = Run | Attempt | FaultLine | Shifted | Note | End
_DECODER: Final[msgspec.json.Decoder[Entry]] = msgspec.json.Decoder(Entry)


class HistoryError(Exception):
    """A history can't be read; the message names the file and the line."""


class History:
    """Writes a history, from many threads; each line is on its way to the disk before `write` returns."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("wb", buffering=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def now(self) -> tuple[float, float]:
        """The moment: Unix seconds, and seconds since this history began."""
        return self._clock(), time.monotonic() - self._began

    def write(self, entry: Entry) -> None:
        """Add a line; one that comes after the end, of a buyer who was still waiting, is dropped."""
        line = msgspec.json.encode(entry) + b"\n"
        with self._lock:
            if self._file is not None:
                self._file.write(line)

    def fault(
        self,
        name: str,
        what: Literal["begins", "ends", "recovered"],
        *,
        target: str = "",
        seconds: float | None = None,
        detail: str = "",
    ) -> None:
        """A fault from outside, now."""
        at, elapsed = self.now()
        self.write(FaultLine(name, what, at, elapsed, target, seconds, detail))

    def shifted(self, split: Mapping[str, int], why: str = "") -> None:
        """The split, now in force."""
        at, elapsed = self.now()
        self.write(Shifted(split, at, elapsed, why))

    def note(self, what: str, **data: Any) -> None:
        """Anything else, now."""
        at, elapsed = self.now()
        self.write(Note(what, at, elapsed, data))


def read(path: Path) -> Iterator[Entry]:
    """The entries of a history. Raises HistoryError for a line that is none; a last line cut short is left out."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield _DECODER.decode(line)
            except msgspec.DecodeError as error:
                raise HistoryError(f"{path}, line {number}: {error}") from error
