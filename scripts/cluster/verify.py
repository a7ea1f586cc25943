"""The verb `verify`: whether the running shop heals itself, is shut to strangers, and runs as it was declared.

Before each step an order is placed on the hidden show, and after it the order must be found; all are cancelled at the
end, also after Ctrl-C. A miss stops nothing that comes after it.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from scripts.cluster import status
from scripts.cluster.api import Cluster
from scripts.cluster.deployed import wanted_of
from scripts.cluster.errors import ClusterError, Forbidden, NotReady, Unsuitable
from scripts.cluster.kinds import JOB, POD, ROUTE, Kind
from scripts.cluster.progress import Progress
from scripts.cluster.results import GOOD, Result
from scripts.cluster.targets import FRONTEND, ORDERS, read
from scripts.cluster.together import each
from scripts.cluster.traffic import service_of
from scripts.cluster.verify_declared import containers
from scripts.cluster.verify_healing import Pace, function_of, heal, shop_of
from scripts.cluster.verify_isolation import addresses, strangers
from scripts.cluster.verify_orders import Orders, Placed
from scripts.cluster.verify_shown import Check, shown
from scripts.cluster.verify_site import Site

_RIGHTS: Final[tuple[tuple[str, Kind], ...]] = (
    *(("create", JOB), ("delete", JOB)),
    *(("list", POD), ("delete", POD)),
    ("get", ROUTE),
)
_DEPLOY: Final = "Deploy first: python3 scripts/deploy.py --image …; --namespace names another place."
_MEND: Final = "Nothing was deleted. Mend what is named, and run the same command again."


@dataclass(frozen=True)
class Terms:
    """How long an errand may take with the start of its pod, in seconds; the image for the errands; the pace."""

    within_s: float = 300.0
    image: str | None = None
    pace: Pace = field(default_factory=Pace)


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Good when every promise is kept, bad with any miss, not done when one can't be said of.

    Raises ClusterError, NotReady for one when the shop isn't whole to begin with.
    """
    return verify(cluster, Terms(options.timeout, options.image), progress)


def verify(cluster: Cluster, terms: Terms, progress: Progress) -> Result:
    """The same, by its terms."""
    with progress.step("look at the shop"):
        _check_whole(cluster, progress)
        _check_rights(cluster)
    site = Site(cluster, wanted_of(cluster, terms.image), terms.within_s, progress)
    orders, checks = Orders(site), list[Check]()
    try:
        for step, work in _steps(site, terms.pace):
            checks += _carried_out(site, orders, step, work)
    finally:
        checks += orders.cancel()
    return shown(cluster.namespace, checks)


Work = Callable[[Placed], Iterator[Check]]


def _steps(site: Site, pace: Pace) -> Iterator[tuple[str, Work]]:
    """What is done, in this order; each looks anew at what there is."""

    def function(placed: Placed) -> Iterator[Check]:
        if placed.why:  # then there is nothing that it could be asked for
            raise NotReady(f"the function took no order, so none of its pods was deleted: {placed.why}")
        yield heal(site, function_of(read(service_of(site.cluster, ORDERS)), placed.order_id), pace)

    def shop(_placed: Placed) -> Iterator[Check]:
        yield heal(site, shop_of(read(service_of(site.cluster, FRONTEND)), site.cluster.namespace), pace)

    def isolation(_placed: Placed) -> Iterator[Check]:
        yield from strangers(site)
        yield from addresses(site, *(service_of(site.cluster, name) for name in (ORDERS, FRONTEND)))

    yield "the function's pod is deleted", function
    yield "the shop's pod is deleted", shop
    yield "strangers call", isolation
    yield "the containers are looked at", lambda _placed: containers(site)


def _carried_out(site: Site, orders: Orders, step: str, work: Work) -> Iterator[Check]:
    placed = orders.place(step)
    try:
        yield from work(placed)
    except ClusterError as error:
        site.progress.warn(str(error))
        yield Check(step, "can be done", error.what, "unclear")
    yield orders.find(placed, step)


def _check_whole(cluster: Cluster, progress: Progress) -> None:
    """Raises Unsuitable where nothing is deployed, NotReady with the screen of `status` where it doesn't all serve."""
    found = status.run(cluster, None, progress)
    if found.code == GOOD:
        return
    if "services" not in found.data:
        raise Unsuitable(f"there is nothing to verify: {found.data['why']}", hint=_DEPLOY)
    raise NotReady("the shop isn't whole, so none of its pods is deleted", lines=found.lines, hint=_MEND)


def _check_rights(cluster: Cluster) -> None:
    answers = each(lambda right: cluster.may(*right), _RIGHTS)
    missing = [f"{verb} {kind.plural}" for (verb, kind), may in zip(_RIGHTS, answers, strict=True) if not may]
    if missing:
        raise Forbidden(
            f"this user may not do in the namespace {cluster.namespace} what it takes: {', '.join(missing)}",
            hint="Ask whoever looks after the cluster for these rights, or choose another context with --context.",
        )
