"""How the traffic was before each change by this tool: snapshots in a ConfigMap, the last twenty, for `rollback`.

A snapshot names revisions, also where the traffic followed the newest one: that one is another by now.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import Conflict
from scripts.cluster.kinds import CONFIG_MAP, SERVICE
from scripts.cluster.targets import FRONTEND, ORDERS, Target, from_spec, read, same

NAME: Final = "traffic-history"
KEPT: Final = 20
_KEY: Final = "snapshots.json"
_TRIES: Final = 5
_SERVICES: Final = (ORDERS, FRONTEND)


@dataclass(frozen=True)
class Snapshot:
    """The traffic by service as it was at `time` (RFC 3339), just before the command `by`; `owner` had set it."""

    time: str
    by: str
    owner: str
    traffic: Mapping[str, tuple[Target, ...]]


def taken(services: Mapping[str, Mapping[str, Any]], by: str, now: datetime) -> Snapshot:
    """A snapshot of the Services, by name, as the cluster has them."""
    traffic = {name: read(service) for name, service in services.items()}
    owner = traffic[ORDERS].owner if ORDERS in traffic else None
    return Snapshot(
        time=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        by=by,
        owner=owner.manager if owner else "",
        traffic={name: each.wanted for name, each in traffic.items()},
    )


def read_history(config_map: Mapping[str, Any] | None) -> tuple[Snapshot, ...]:
    """The snapshots in the ConfigMap, the oldest first; none when it isn't there or holds something else."""
    text = ((config_map or {}).get("data") or {}).get(_KEY, "[]")
    try:
        return tuple(_snapshot(entry) for entry in json.loads(text))
    except (ValueError, TypeError, AttributeError, KeyError):
        return ()


def with_snapshot(history: Sequence[Snapshot], snapshot: Snapshot) -> tuple[Snapshot, ...]:
    """The history with one more; the oldest go, and one that says nothing new isn't added."""
    if history and is_same(history[-1].traffic, snapshot.traffic):
        return tuple(history)
    return (*history, snapshot)[-KEPT:]


def last_different(history: Sequence[Snapshot], present: Mapping[str, tuple[Target, ...]]) -> Snapshot | None:
    """The newest snapshot whose traffic is another than the present one; None when there is none."""
    return next((each for each in reversed(history) if not is_same(each.traffic, present)), None)


def is_same(some: Mapping[str, tuple[Target, ...]], others: Mapping[str, tuple[Target, ...]]) -> bool:
    """Whether the services that both know have the same traffic."""
    return all(same(some[name], others[name]) for name in some.keys() & others.keys())


def config_map_of(history: Sequence[Snapshot], present: dict[str, Any] | None) -> dict[str, Any]:
    """The ConfigMap that holds the history: the present one changed, or a new one."""
    head = present or {
        "apiVersion": CONFIG_MAP.api_version,
        "kind": CONFIG_MAP.kind,
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/part-of": "flametickets"}},
    }
    return {**head, "data": {_KEY: json.dumps([_entry(each) for each in history], indent=1)}}


def load(cluster: Cluster) -> tuple[Snapshot, ...]:
    """The snapshots of this namespace, the oldest first. Raises ClusterError."""
    return read_history(cluster.get(CONFIG_MAP, NAME))


def record(cluster: Cluster, by: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Keep how the traffic is, before the command `by` changes it; nothing on a first deploy. Raises ClusterError."""
    services = {name: found for name in _SERVICES if (found := cluster.get(SERVICE, name)) is not None}
    if not services:
        return
    snapshot = taken(services, by, now())
    for left in reversed(range(_TRIES)):
        try:
            _add(cluster, snapshot)
            return
        except Conflict:  # another operator's command records at the same moment
            if not left:
                raise


def _add(cluster: Cluster, snapshot: Snapshot) -> None:
    present = cluster.get(CONFIG_MAP, NAME)
    former = read_history(present)
    history = with_snapshot(former, snapshot)
    if present is None:
        cluster.create(config_map_of(history, None))
    elif history != former:
        cluster.replace(config_map_of(history, present))


def _entry(snapshot: Snapshot) -> dict[str, Any]:
    traffic = {
        name: [{**line.as_spec(), "revisionName": line.revision} for line in lines]
        for name, lines in snapshot.traffic.items()
    }
    return {"time": snapshot.time, "by": snapshot.by, "owner": snapshot.owner, "traffic": traffic}


def _snapshot(entry: Mapping[str, Any]) -> Snapshot:
    traffic = {name: from_spec(lines) for name, lines in entry["traffic"].items()}
    return Snapshot(entry["time"], entry["by"], entry["owner"], traffic)
