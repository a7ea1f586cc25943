"""The shop under experiment in a cluster: one that is deployed there, and is left as it was found.

Its sales are hidden: no visitor of the shop sees them, and they stay, as data, when the experiments are over.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg

from functions.orders.contract import Show
from scripts.cluster import logs
from scripts.cluster.api import Cluster
from scripts.cluster.databases import KEYS, Side
from scripts.cluster.deployed import wanted_of
from scripts.cluster.errands import Errand, ask, inside
from scripts.cluster.errors import ClusterError
from scripts.cluster.kinds import DEPLOYMENT, SECRET
from scripts.cluster.results import GOOD
from scripts.cluster.shows import FILE, as_file
from scripts.cluster.shows import told as shows_told
from scripts.cluster.stored_secrets import value_of
from scripts.cluster.targets import FRONTEND, shares
from scripts.cluster.traffic import service_of
from scripts.cluster.wanted import POSTGRES_PORT
from scripts.experiments.asking import ask as ask_shop
from scripts.experiments.pods import STATEFUL_SETS, Pods
from scripts.experiments.port_forward import PortForward
from scripts.experiments.revisions import SILENT, Revisions
from scripts.experiments.target import How, LinkName, NotHere, Part, TargetError
from scripts.local.split import Split
from scripts.proof.sale.client import Address
from scripts.proof.sale.crowd import Cohort

_WITHIN_S: Final = 180.0
_NO_LINK: Final = "the network of a cluster is not this tool's to cut"
_NO_CLOCK: Final = "the pods have the clock of their node, which others go by as well"
_NO_CONTROL: Final = "a control group takes a second shop, and nothing that buyers see is opened beside a live one"
_ELSEWHERE: Final = "the database is no part of what was deployed"
_SIDES: Final[Mapping[Part, Side]] = {"ledger-database": "orders", "pending-database": "frontend"}
_KNATIVE: Final = ("knative-serving", "controller")
_VERSION: Final = "app.kubernetes.io/version"


class KnativeTarget:
    """A Target; as a context manager it is put back at the end. `shop` is where the shop is reached from here.

    Without it that is the address which Knative gave the shop.
    """

    name = "knative"
    has_pages = False
    back_within_s = _WITHIN_S

    def __init__(self, cluster: Cluster, shop: str | None = None) -> None:
        self._cluster = cluster
        with _told():
            self._url = str(service_of(cluster, FRONTEND).get("status", {}).get("url", ""))
            self._wanted = wanted_of(cluster)
            self._revisions = Revisions(cluster, _WITHIN_S)
        self._shop = Address(shop or self._url, urlsplit(self._url).netloc)
        self._is_reached_as = shop or self._url
        self._pods = Pods(cluster)
        self._forwards: dict[Part, PortForward] = {}

    @classmethod
    def connect(cls, context: str | None, namespace: str, shop: str | None) -> Self:
        """The shop of a namespace, by a context of the kubeconfig, the current one for None. Raises TargetError."""
        with _told():
            return cls(Cluster.connect(context, namespace), shop)

    def __enter__(self) -> Self:
        if ask_shop(self._shop, "/readyz")[0] != 200:
            raise TargetError(
                f"the shop doesn't answer at {self._is_reached_as} (as {self._shop.host}) from here; say with --shop "
                "where it is reached, as by its gateway's port on a node, or by kubectl port-forward to the gateway"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.calm()
        finally:
            for forward in self._forwards.values():
                forward.close()

    @property
    def cannot(self) -> Mapping[str, str]:
        nowhere = {"link": _NO_LINK, "clock": _NO_CLOCK, "control": _NO_CONTROL}
        nowhere |= {f"deploy {part}": f"{part} is no part of a deploy" for part in STATEFUL_SETS}
        return nowhere if self._has_databases else nowhere | {f"end {part}": _ELSEWHERE for part in STATEFUL_SETS}

    def shops(self) -> Mapping[Cohort, Address]:
        return {"treated": self._shop}

    def open_control(self) -> None:
        raise NotHere(_NO_CONTROL)

    def publish(self, show: Show) -> None:
        with _told():
            report = self._ask("shows", inside("publish", f"/files/{FILE}"), {FILE: as_file([show])})
            if report.code != GOOD:
                raise TargetError("; ".join(shows_told(report).lines))

    def split(self) -> Split:
        with _told():
            return shares(self._revisions.traffic().wanted)

    def shift(self, split: Split) -> None:
        with _told():
            self._revisions.shift(split)

    def deploy_chaos(self, faults: str, seed: int) -> None:
        with _told():
            self._revisions.bring_chaos(faults, str(seed))

    def deploy(self, part: Part) -> None:
        with _told():
            self._revisions.deploy_anew(part)

    def end(self, part: Part, how: How) -> None:
        self._check_is_here(part)
        with _told():
            if part in ("stable", "chaos") and not self._pods.of(part):
                self._wake(part)
            self._pods.end(part, how)

    def kept_down(self, *parts: Part) -> AbstractContextManager[None]:
        for part in parts:
            self._check_is_here(part)
        return self._pods.kept_down(*parts)

    def generation(self, part: Part) -> str:
        with _told():
            return self._pods.generation(part)

    def is_serving(self, part: Part) -> bool:
        with _told():
            return self._pods.is_serving(part)

    def link(self, name: LinkName, mode: Literal["open", "cut", "silent"], delay_ms: int = 0) -> None:  # noqa: ARG002  # as it is called
        raise NotHere(_NO_LINK)

    def prepare_clock(self, part: Part) -> None:  # noqa: ARG002  # as it is called
        raise NotHere(_NO_CLOCK)

    def jump(self, part: Part, seconds: int) -> None:  # noqa: ARG002  # as it is called
        raise NotHere(_NO_CLOCK)

    def calm(self) -> None:
        with _told():
            self._revisions.put_back()

    def ledger_url(self) -> str:
        return self._database_url("ledger-database", self._wanted.secrets.orders_database)

    def pending_url(self) -> str:
        return self._database_url("pending-database", self._wanted.secrets.frontend_database)

    def log_lines(self) -> Iterator[tuple[str, str]]:
        """What the pods that are there have logged; what others did went with them."""
        with _told():
            lines = logs.run(self._cluster, logs.LogsOptions(), SILENT).data["lines"]
        yield from ((f"{line['revision']}/{line['pod']}", json.dumps(line)) for line in lines)

    def versions(self) -> Mapping[str, str]:
        with _told():
            controller = self._cluster.get(DEPLOYMENT, _KNATIVE[1], namespace=_KNATIVE[0]) or {}
            labels = controller.get("metadata", {}).get("labels") or {}
            told = {
                "Kubernetes": self._cluster.version(),
                "Knative Serving": str(labels.get(_VERSION, "")),
                "image": self._wanted.image,
                **{f"revision {line.tag}": line.revision for line in self._revisions.found.traffic if line.tag},
            }
        with psycopg.connect(self.ledger_url(), connect_timeout=10) as session:
            (server,) = session.execute("SHOW server_version").fetchone() or ("",)
        return {name: version for name, version in {**told, "PostgreSQL": str(server)}.items() if version}

    @property
    def _has_databases(self) -> bool:
        return self._wanted.overlay == "demo"

    def _check_is_here(self, part: Part) -> None:
        if part in STATEFUL_SETS and not self._has_databases:
            raise NotHere(_ELSEWHERE)

    def _ask(self, name: str, words: tuple[str, ...], files: Mapping[str, str] | None = None) -> Any:
        """The report of a command that runs in a pod of the shop's image."""
        return ask(self._cluster, self._wanted, Errand(f"proof-{name}", words, _WITHIN_S, files), _nothing)

    def _wake(self, part: Part) -> None:
        """Have a revision that was scaled to zero come back, by a question to it."""
        self._ask("wake", inside("find", part, str(uuid.uuid4())))

    def _database_url(self, part: Part, secret: str) -> str:
        """As the shop's own pods have it; of a database in the cluster, by way of a port of this machine."""
        with _told():
            url = value_of(self._cluster.get(SECRET, secret) or {}, KEYS[_SIDES[part]])
        if not url:
            raise TargetError(f"the address of the {part} can't be read from the Secret {secret}")
        if not self._has_databases:
            return url
        if part not in self._forwards:
            pod = f"{STATEFUL_SETS[part]}-0"
            self._forwards[part] = PortForward(lambda: self._cluster.pod_port(pod, POSTGRES_PORT))
        return _at(url, self._forwards[part].port)


def _at(url: str, port: int) -> str:
    """The same address, on a port of this machine."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ClusterError as error:
        raise TargetError(str(error)) from error


def _nothing(_said: str) -> None:
    """Nobody waits for what is said."""
