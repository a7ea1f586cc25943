"""What a test can have go wrong, and what the pods of Jobs do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.scripts.cluster.emulation.statuses import Failure


@dataclass(frozen=True)
class Play:
    """What the process in a Job's pod does: it logs, and ends after a while, or never."""

    lines: tuple[str, ...] = ()
    exit_code: int = 0
    takes_s: float = 0.0
    hangs: bool = False


@dataclass(frozen=True)
class Bad:
    """Why the container of an image doesn't come up: it waits for that reason, after so many starts."""

    reason: str = "ImagePullBackOff"
    message: str = ""
    restarts: int = 0
    lines: tuple[str, ...] = ()


@dataclass
class Knobs:
    """As a healthy cluster has them, until a test turns one."""

    has_knative: bool = True
    ready_after_s: float = 0.02
    forbidden: set[tuple[str, str]] = field(default_factory=set)  # verb and plural, as ("patch", "services")
    bad_images: dict[str, Bad] = field(default_factory=dict)
    missing_images: set[str] = field(default_factory=set)  # Knative finds no digest for them
    stalled: set[str] = field(default_factory=set)  # resources, by name, that never become ready
    play: Callable[[dict[str, Any]], Play] = lambda _job: Play()
    webhook_is_down: bool = False
    holds_namespaces: bool = False  # a deleted namespace goes on being deleted
    is_logged_in: bool = True
    # The next so many watches and followed logs are cut off after their first event or line, or watches answered with
    # 410; the next requests cut off.
    cut_watches: int = 0
    cut_logs: int = 0
    gone_watches: int = 0
    cut_requests: int = 0
    # Failures for the next request with this verb and plural, once each.
    failures: list[tuple[str, str, Failure]] = field(default_factory=list)

    def use(self, counter: str) -> bool:
        """Take one of what a counter has left."""
        left = int(getattr(self, counter))
        if left:
            setattr(self, counter, left - 1)
        return left > 0

    def failure_for(self, verb: str, plural: str) -> Failure | None:
        """The failure that this request is to have."""
        for entry in self.failures:
            if entry[:2] == (verb, plural):
                self.failures.remove(entry)
                return entry[2]
        return None
