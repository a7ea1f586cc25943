"""What goes wrong between the tool and a cluster, each with the words that a person reads.

ClusterError
├── Unreachable   no cluster is configured, or it doesn't answer                            (exit code 2)
├── Unsuitable    the cluster lacks what is needed, Knative for one                         (2)
├── Forbidden     the cluster's rules don't allow it to this user                           (2)
├── Conflict      somebody else owns the field, or changed the resource meanwhile           (1)
├── Refused       the cluster won't take it: a webhook's or the schema's objection          (1)
├── Declined      the person was asked, and said no                                         (1)
└── NotReady      it was taken and doesn't come up                                          (1)
    └── TimedOut  nothing is known to be wrong, but it took too long                        (1)
"""

from collections.abc import Sequence
from typing import Any, Final

BAD: Final = 1
NOT_DONE: Final = 2


class ClusterError(Exception):
    """Says which resource, in plain words why, below it the lines of evidence, and at the end what to do next."""

    code: int = NOT_DONE

    def __init__(self, what: str, *, lines: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.lines = list(lines)
        self.hint = hint

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {line}" for line in self.lines), *([self.hint] if self.hint else [])])

    def as_dict(self) -> dict[str, Any]:
        """The same for programs: `error`, `message`, `lines`, `hint`."""
        return {"error": type(self).__name__, "message": self.what, "lines": self.lines, "hint": self.hint}


class Unreachable(ClusterError):
    """No cluster is configured, or it doesn't answer."""


class Unsuitable(ClusterError):
    """The cluster lacks what is needed."""


class Forbidden(ClusterError):
    """This user may not do it."""


class Conflict(ClusterError):
    """Another field manager owns `field`, or the resource changed meanwhile (then `owner` and `field` are empty)."""

    code = BAD

    def __init__(
        self, what: str, *, owner: str = "", field: str = "", lines: Sequence[str] = (), hint: str = ""
    ) -> None:
        super().__init__(what, lines=lines, hint=hint)
        self.owner = owner
        self.field = field


class Refused(ClusterError):
    """The cluster read it and will not take it."""

    code = BAD


class Declined(ClusterError):
    """The person was asked, and said no."""

    code = BAD


class NotReady(ClusterError):
    """It was taken and doesn't come up; `lines` has the pods' reasons and their last log lines."""

    code = BAD


class TimedOut(NotReady):
    """It isn't there in time, and nothing is known to be wrong."""
