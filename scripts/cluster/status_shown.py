"""The one screen of `status`: what the cluster told, judged and laid out. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from scripts.cluster.errors import ClusterError
from scripts.cluster.failures import trouble_of
from scripts.cluster.lost_data import lost
from scripts.cluster.readiness import Broken, Done, Verdict, revision_ready, service_ready, stateful_set_ready
from scripts.cluster.reasons import in_words as reason_in_words
from scripts.cluster.reasons import meaning
from scripts.cluster.results import BAD, GOOD, Result
from scripts.cluster.split_shown import Row, rows_of, set_by, shown, table
from scripts.cluster.targets import FRONTEND, ORDERS, read, shares
from scripts.local.split import in_words

Object = dict[str, Any]

SERVICES: Final = (FRONTEND, ORDERS)
_SERVICE_LABEL: Final = "serving.knative.dev/service"
_REVISION_LABEL: Final = "serving.knative.dev/revision"
_OLDER_SHOWN: Final = 5  # beside those with a share or a tag


@dataclass(frozen=True)
class There:
    """What there is of the shop. `services` has those that are there; the pods are without those that ended well."""

    namespace: str
    services: Mapping[str, Object]
    revisions: Sequence[Object] = ()
    databases: Sequence[Object] = ()
    jobs: Sequence[Object] = ()
    pods: Sequence[Object] = ()

    def of_service(self, name: str) -> list[Object]:
        """The revisions of a Service, the newest first."""
        own = [each for each in self.revisions if each["metadata"].get("labels", {}).get(_SERVICE_LABEL) == name]
        return sorted(own, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), reverse=True)

    def pods_of(self, revision: str) -> list[Object]:
        """The pods of a revision."""
        return [pod for pod in self.pods if pod["metadata"].get("labels", {}).get(_REVISION_LABEL) == revision]


def verdicts(there: There) -> dict[str, Verdict]:
    """How each service and each database in the cluster is, by name."""
    services = {
        name: service_ready(there.services[name]) if name in there.services else Broken("isn't there")
        for name in SERVICES
    }
    return services | {each["metadata"]["name"]: _of_database(there, each) for each in there.databases}


def _of_database(there: There, database: Object) -> Verdict:
    if database["spec"].get("replicas", 1) == 0:
        return Broken("ScaledToZero")
    verdict = stateful_set_ready(database)
    return Broken("LostData") if isinstance(verdict, Done) and lost(database, there.pods, there.jobs) else verdict


def revision_verdicts(there: There) -> dict[str, Verdict]:
    """How each revision is that takes traffic or has a tag, by name."""
    known = {each["metadata"]["name"]: each for each in there.revisions}
    named = (row.revision for service in there.services.values() for row in rows_of(read(service)))
    return {name: _of_revision(known.get(name)) for name in named}


def screen(there: There, problems: Sequence[ClusterError], now: datetime) -> Result:
    """The screen; bad while a service, a database or a revision with traffic isn't ready, or the split not in force."""
    judged = {**verdicts(there), **revision_verdicts(there)}
    orders = there.services.get(ORDERS)
    is_in_force = orders is not None and read(orders).is_in_force
    is_ready = is_in_force and all(isinstance(verdict, Done) for verdict in judged.values())
    return Result(
        GOOD if is_ready else BAD,
        tuple(_lines(there, problems, now)),
        {
            "namespace": there.namespace,
            "ready": is_ready,
            "url": _url(there),
            "image": _image(there),
            "services": {name: _as_dict(verdict) for name, verdict in verdicts(there).items()},
            **(shown(read(orders)).data if orders is not None else {}),
            "revisions": [entry for name in SERVICES for entry in _revisions(there, name)],
            "pods": [_pod(pod, now) for pod in there.pods],
            "problems": [problem.as_dict() for problem in problems],
        },
    )


def _lines(there: There, problems: Sequence[ClusterError], now: datetime) -> Iterator[str]:
    yield f"FlameTickets in {there.namespace}: {_url(there) or 'it has no address yet'}"
    yield f"image {_image(there) or 'unknown'}"
    yield ""
    judged = verdicts(there)
    wide = max(len(name) for name in judged)
    yield from (f"  {name:<{wide}}  {_said(verdict)}" for name, verdict in judged.items())
    for name in (ORDERS, FRONTEND):
        if name in there.services:
            yield ""
            yield from _split(there, name)
    yield ""
    yield from _pods(there, now)
    for problem in problems:
        yield ""
        yield from str(problem).splitlines()


def _split(there: There, name: str) -> Iterator[str]:
    traffic = read(there.services[name])
    yield f"{name}: {in_words(shares(traffic.actual)) or 'no traffic yet'}"
    if not traffic.is_in_force:
        yield f"wanted: {in_words(shares(traffic.wanted))}; not in force yet"
    entries = _revisions(there, name)
    with_traffic = [each for each in entries if each["wanted"] or each["actual"] or each["tags"]]
    others = [each for each in entries if each not in with_traffic]
    listed = [*with_traffic, *others[:_OLDER_SHOWN]]
    rows = [Row(each["name"], tuple(each["tags"]), each["wanted"], each["actual"]) for each in listed]
    states = ["state", *(f"{each['state']}, {_count(each['pods'], 'pod')}" for each in listed)]
    yield from (f"{line}  {state}" for line, state in zip(table(rows), states, strict=True))
    if more := len(others) - _OLDER_SHOWN:
        yield from [f"  and {more} older, which --output json has"] if more > 0 else []
    if name == ORDERS:
        yield set_by(traffic.owner)


def _revisions(there: There, name: str) -> list[dict[str, Any]]:
    """The revisions of a Service: those with a share or a tag first, then the others, the newest first."""
    if name not in there.services:
        return []
    rows = rows_of(read(there.services[name]))
    known = {each["metadata"]["name"]: each for each in there.of_service(name)}
    rest = [Row(other, (), 0, 0) for other in known if other not in {row.revision for row in rows}]
    return [_revision(there, name, row, known.get(row.revision)) for row in (*rows, *rest)]


def _revision(there: There, service: str, row: Row, revision: Object | None) -> dict[str, Any]:
    verdict = _of_revision(revision)
    return {
        "service": service,
        "name": row.revision,
        "tags": list(row.tags),
        "wanted": row.wanted,
        "actual": row.actual,
        "ready": isinstance(verdict, Done),
        "state": meaning(verdict.reason).what if isinstance(verdict, Broken) else _said(verdict),
        "pods": len(there.pods_of(row.revision)),
    }


def _of_revision(revision: Object | None) -> Verdict:
    return Broken("isn't there any more") if revision is None else revision_ready(revision)


def _pods(there: There, now: datetime) -> Iterator[str]:
    if not there.pods:
        yield "no pods"
        return
    rows = [("pod", "ready", "restarts", "age", "state")]
    for entry in (_pod(pod, now) for pod in there.pods):
        rows.append((entry["name"], entry["ready"], str(entry["restarts"]), _age(entry["age_s"]), entry["state"]))
    wide = [max(len(each) for each in column) for column in zip(*rows, strict=True)]
    for name, ready, restarts, age, state in rows:
        yield f"  {name:<{wide[0]}}  {ready:>{wide[1]}}  {restarts:>{wide[2]}}  {age:>{wide[3]}}  {state}"


def _pod(pod: Object, now: datetime) -> dict[str, Any]:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    all_there = len(pod.get("spec", {}).get("containers") or [])
    born = pod["metadata"].get("creationTimestamp")
    return {
        "name": pod["metadata"]["name"],
        "state": _state(pod),
        "ready": f"{sum(bool(each.get('ready')) for each in statuses)}/{all_there}",
        "restarts": sum(int(each.get("restartCount", 0)) for each in statuses),
        "age_s": round((now - _time(born)).total_seconds()) if born else None,
    }


def _state(pod: Object) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "ends"
    if trouble := trouble_of(pod):
        return reason_in_words(trouble.reason)
    conditions = pod.get("status", {}).get("conditions") or []
    is_ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return "ready" if is_ready else "starts"


def _said(verdict: Verdict) -> str:
    if isinstance(verdict, Done):
        return "ready"
    if isinstance(verdict, Broken):
        return f"NOT READY: {reason_in_words(verdict.reason, verdict.message)}"
    return f"not ready yet: {verdict.why}"


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    return {"ready": isinstance(verdict, Done), "state": _said(verdict)}


def _url(there: There) -> str:
    return str(there.services.get(FRONTEND, {}).get("status", {}).get("url", ""))


def _image(there: There) -> str:
    """The image that the function's newest revision is of."""
    service = there.services.get(ORDERS) or there.services.get(FRONTEND)
    containers = (service or {}).get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
    return str(containers[0].get("image", "")) if containers else ""


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _age(seconds: int | None) -> str:
    if seconds is None:
        return "?"
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
