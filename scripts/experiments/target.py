"""The seam to a shop under experiment, on this machine or in a cluster: what can be done to it, and where it is."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol

from functions.orders.contract import Show
from scripts.local.split import Split
from scripts.proof.sale.client import Address
from scripts.proof.sale.crowd import Cohort

Part = Literal["stable", "chaos", "frontend", "ledger-database", "pending-database"]
PARTS: Final[tuple[Part, ...]] = ("stable", "chaos", "frontend", "ledger-database", "pending-database")
LinkName = Literal["function-database", "shop-database", "shop-function"]
LINKS: Final[tuple[LinkName, ...]] = ("function-database", "shop-database", "shop-function")
How = Literal["killed", "restarted"]


class NotHere(Exception):
    """This target can't do that; the message says what is missing."""


class TargetError(Exception):
    """The shop under experiment could not be had or did not come back. The message is one for a person."""


class Target(Protocol):
    """A running shop. All methods return once what they do is in force; they raise TargetError, and NotHere.

    What raises NotHere is told by `cannot` beforehand, as far as that can be known.
    """

    name: str
    has_pages: bool
    """Whether a sale may be on the shop's pages; else it is hidden, and its buyers know its address."""
    back_within_s: float
    """How long what was ended is waited for."""

    @property
    def cannot(self) -> Mapping[str, str]:
        """What can't be done here and why, by deed: `link`, `clock`, `control`, `end PART`, `deploy PART`."""

    def shops(self) -> Mapping[Cohort, Address]:
        """The addresses of the shops by cohort: `treated`, and `control` once there is one."""

    def open_control(self) -> None:
        """Open a shop beside the first whose orders all go to the stable revision."""

    def publish(self, show: Show) -> None:
        """Put a show on sale."""

    def split(self) -> Split:
        """The split in force."""

    def shift(self, split: Split) -> None:
        """Set the split."""

    def deploy_chaos(self, faults: str, seed: int) -> None:
        """A chaos revision with these faults in place of the present one."""

    def deploy(self, part: Part) -> None:
        """The same part anew, as a deploy in the middle of a sale does it."""

    def end(self, part: Part, how: How) -> None:
        """End all of the part's processes: at once and without warning, or in order; they come back by themselves."""

    def kept_down(self, *parts: Part) -> AbstractContextManager[None]:
        """Ends them, and again whenever they come back, until the end of the block."""

    def generation(self, part: Part) -> str:
        """What changes with each new start of the part; empty while there is none."""

    def is_serving(self, part: Part) -> bool:
        """Whether the part answers."""

    def link(self, name: LinkName, mode: Literal["open", "cut", "silent"], delay_ms: int = 0) -> None:
        """How the network between two parts behaves from now on."""

    def prepare_clock(self, part: Part) -> None:
        """Deploy the part anew with a clock that can jump."""

    def jump(self, part: Part, seconds: int) -> None:
        """Set the part's clock so many seconds off the right time."""

    def calm(self) -> None:
        """Take all of the above back: faults, split and revisions are as they were found."""

    def ledger_url(self) -> str:
        """The function's database."""

    def pending_url(self) -> str:
        """The shop's database."""

    def log_lines(self) -> Iterator[tuple[str, str]]:
        """The name of a process and a line that it logged."""

    def versions(self) -> Mapping[str, str]:
        """What ran: the project's commit, Python, PostgreSQL, the gateway, and the machine."""
