"""The revisions of a deployed shop: for an experiment others take their place, and then it is as it was found."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.console import Console

from scripts.cluster.api import Cluster
from scripts.cluster.filling import with_chaos, without_chaos
from scripts.cluster.kinds import REVISION, SERVICE
from scripts.cluster.manifests import named_revision, revision_of
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import revision_made, revision_ready, service_ready
from scripts.cluster.rollout import as_applied
from scripts.cluster.targets import FRONTEND, ORDERS, Target, Traffic, read, same
from scripts.cluster.traffic import Change, put, service_of, shift
from scripts.cluster.waiting import wait_for
from scripts.cluster.wishes import chaos_of
from scripts.experiments.target import NotHere
from scripts.local.split import Split

_ANEW: Final = "flametickets.org/deployed-anew"
_BY: Final = "chaos.py run"
_OF_KNATIVE: Final = "knative.dev/"
_TRAFFIC: Final = "traffic"
SILENT: Final = Progress(Console(quiet=True))
"""For what is a part of something that a person is told of."""


@dataclass(frozen=True)
class Found:
    """What there was before the first experiment: both templates, and the traffic of `orders`."""

    orders: Mapping[str, Any]
    frontend: Mapping[str, Any]
    traffic: tuple[Target, ...]


class Revisions:
    """Every change is in force when its method returns, within `within_s` each. All raise ClusterError."""

    def __init__(self, cluster: Cluster, within_s: float) -> None:
        self._cluster = cluster
        self._within_s = within_s
        orders, frontend = (service_of(cluster, name) for name in (ORDERS, FRONTEND))
        self.found = Found(
            orders["spec"]["template"],
            frontend["spec"]["template"],
            read(orders).wanted,
        )
        self._is_recorded = False
        self._changed: set[str] = set()

    def traffic(self) -> Traffic:
        """The traffic of `orders`."""
        return read(service_of(self._cluster, ORDERS))

    def shift(self, split: Split) -> None:
        """Set the split. Raises Conflict when somebody else set it last."""
        shift(self._cluster, split, self._change(), SILENT)

    def bring_chaos(self, faults: str, seed: str) -> None:
        """A revision with these faults behind the tag `chaos`, with the share that it has; without any, no faults.

        It differs from the present template in nothing else, which is the Service's again at the end.
        """
        live = self._body(ORDERS)
        form = without_chaos(live)
        revision = self._bring(named_revision(with_chaos(form, faults, seed) if faults else form, f"{ORDERS}-chaos"))
        self._tag("chaos", revision)

    def deploy_anew(self, part: str) -> None:
        """A new revision of the part that differs in an annotation alone. Raises NotHere for what has none."""
        if part == "frontend":
            self._shop_anew()
        elif part == "chaos":
            faults, seed = chaos_of(self._cluster, service_of(self._cluster, ORDERS))
            form = with_chaos(without_chaos(_marked(self._body(ORDERS))), faults, seed)
            self._tag("chaos", self._bring(named_revision(form, f"{ORDERS}-chaos")))
        elif part == "stable":
            form = named_revision(without_chaos(_marked(self._body(ORDERS))), f"{ORDERS}-stable")
            self._tag("stable", self._bring(form, is_kept=True))
        else:
            raise NotHere(f"{part} is no part of a deploy")

    def put_back(self) -> None:
        """The templates and the traffic as they were found, as far as this changed them; what others changed stays."""
        if _TRAFFIC in self._changed:
            traffic = self.traffic()
            if not same(traffic.wanted, self.found.traffic) or not traffic.is_in_force:
                put(self._cluster, ORDERS, self.found.traffic, self._change(), _nothing)
        for name, template in ((ORDERS, self.found.orders), (FRONTEND, self.found.frontend)):
            live = self._body(name)
            former = {**live, "spec": {"template": dict(template)}}
            if name in self._changed and revision_of(live) != revision_of(former):
                self._apply(former)
                wait_for(self._cluster, SERVICE, name, service_ready, self._within_s, _nothing)
        self._changed.clear()

    def _shop_anew(self) -> None:
        if not all(target.is_latest for target in read(service_of(self._cluster, FRONTEND)).wanted):
            raise NotHere("the shop's traffic is pinned to a revision, so a new one would have none of it")
        self._bring(named_revision(_marked(self._body(FRONTEND)), FRONTEND), is_kept=True)
        wait_for(self._cluster, SERVICE, FRONTEND, service_ready, self._within_s, _nothing)

    def _bring(self, form: dict[str, Any], *, is_kept: bool = False) -> str:
        """Make a revision, and wait until it is ready; unless it is kept the Service has its former template again."""
        name, revision = form["metadata"]["name"], revision_of(form)
        if self._cluster.get(REVISION, revision) is None:
            former = self._body(name)
            try:
                self._apply(form)
                wait_for(self._cluster, SERVICE, name, revision_made(revision), self._within_s, _nothing)
                wait_for(self._cluster, REVISION, revision, revision_ready, self._within_s, _nothing)
            finally:
                if not is_kept:
                    self._apply(former)
        return revision

    def _tag(self, tag: str, revision: str) -> None:
        """Put the tag, with its share, on another revision."""
        lines = self.traffic().wanted
        moved = tuple(replace(line, revision=revision) if line.tag == tag else line for line in lines)
        if not any(line.tag == tag for line in lines):
            moved = (*lines, Target(revision, 0, tag))
        put(self._cluster, ORDERS, moved, self._change(), _nothing)

    def _apply(self, service: dict[str, Any]) -> None:
        name = service["metadata"]["name"]
        self._changed.add(name)
        self._cluster.apply(as_applied(service, service_of(self._cluster, name)))

    def _body(self, name: str) -> dict[str, Any]:
        """The Service as this tool applies it: its labels, its notes if it has any, its template; not the traffic."""
        live = service_of(self._cluster, name)
        metadata = {"name": name, "namespace": self._cluster.namespace, "labels": live["metadata"].get("labels") or {}}
        notes = {key: it for key, it in (live["metadata"].get("annotations") or {}).items() if _OF_KNATIVE not in key}
        if notes:  # an empty map would be owned as a whole, with what Knative writes there
            metadata["annotations"] = notes
        head = {"apiVersion": SERVICE.api_version, "kind": SERVICE.kind, "metadata": metadata}
        return {**head, "spec": {"template": live["spec"]["template"]}}

    def _change(self) -> Change:
        """The first change is kept for `deploy.py rollback`, as the way back for one who ends this process by force."""
        self._changed.add(_TRAFFIC)
        is_first, self._is_recorded = not self._is_recorded, True
        return Change(_BY, within_s=self._within_s, is_recorded=is_first)


def _marked(service: dict[str, Any]) -> dict[str, Any]:
    """The same with another note on its template, which makes another revision of it."""
    template = service["spec"]["template"]
    notes = {**(template["metadata"].get("annotations") or {}), _ANEW: str(time.time_ns())}
    return {**service, "spec": {"template": {**template, "metadata": {**template["metadata"], "annotations": notes}}}}


def _nothing(_said: str) -> None:
    """Nobody waits for what is said."""
