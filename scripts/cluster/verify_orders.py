"""The orders that a run of `verify` places on the hidden show: each must be found, and all are cancelled in the end."""

import uuid
from dataclasses import dataclass

from scripts.cluster.errands import Report
from scripts.cluster.errors import ClusterError
from scripts.cluster.results import BAD, GOOD
from scripts.cluster.verify_shown import Check, Verdict
from scripts.cluster.verify_site import Site


@dataclass(frozen=True)
class Placed:
    """An order that was placed before a step; `why` says why it was not confirmed, empty when it was."""

    order_id: str
    why: str = ""
    verdict: Verdict = "good"


class Orders:
    """Each has an id that is made here, so that it can be cancelled whatever becomes of the pod that placed it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ids = list[str]()

    def place(self, step: str) -> Placed:
        """Place one through the stable tag, which also wakes the function; never raises ClusterError."""
        order_id = str(uuid.uuid4())
        self._ids.append(order_id)
        try:
            report = self._site.ask(f"place an order before {step}", "place", "stable", order_id)
        except ClusterError as error:
            self._site.progress.warn(str(error))
            return Placed(order_id, error.what, "unclear")
        if report.code == GOOD and report.data.get("status") == "confirmed":
            return Placed(order_id)
        return Placed(order_id, report.why or f"it is {report.data.get('status')}", "MISSED")

    def find(self, placed: Placed, step: str) -> Check:
        """Whether an order that was placed before the step is confirmed after it."""
        name, expected = f"an order from before {step}", "found, confirmed"
        if placed.why:
            return Check(name, expected, f"it could not be placed: {placed.why}", placed.verdict, detail=_of(placed))
        try:
            report = self._site.ask(f"look for the order after {step}", "find", "stable", placed.order_id)
        except ClusterError as error:
            self._site.progress.warn(str(error))
            return Check(name, expected, error.what, "unclear", detail=_of(placed))
        found = told(report)
        return Check(name, expected, found, "good" if found == expected else "MISSED", detail=_of(placed))

    def cancel(self) -> list[Check]:
        """Cancel them all; once more where Ctrl-C interrupts it, for nothing of this run is to stay."""
        if not self._ids:
            return []
        try:
            return [self._cancel()]
        except KeyboardInterrupt:
            self._site.progress.warn(f"the orders are cancelled first; Ctrl-C once more leaves {self._named()}")
            self._cancel()
            raise

    def _cancel(self) -> Check:
        name, expected = "the orders of this run", f"{len(self._ids)} cancelled"
        try:
            report = self._site.ask("cancel the orders of this run", "cancel", "stable", *self._ids)
        except ClusterError as error:
            self._site.progress.warn(f"{error.what}; nobody knows whether there still are {self._named()}")
            return Check(name, expected, error.what, "unclear")
        if report.code == GOOD:
            return Check(name, expected, expected, "good")
        self._site.progress.warn(f"not all are cancelled of {self._named()}")
        return Check(name, expected, report.why, "MISSED" if report.code == BAD else "unclear")

    def _named(self) -> str:
        return f"the orders {', '.join(self._ids)} on a show that no buyer sees"


def told(report: Report) -> str:
    """What a report of `scripts.inside find` says of the order. That nobody answers is no way to find it either."""
    if report.code != GOOD:
        return report.why or f"exit code {report.code}"
    status = report.data.get("status")
    return f"found, {status}"


def _of(placed: Placed) -> dict[str, str]:
    return {"order_id": placed.order_id}
