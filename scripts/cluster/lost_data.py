"""Whether one of the demo's databases lost its data: without a storage class they go with their pod. Pure.

The Job that brought the schema says when: a pod that is younger, on its way out or missing has none of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

Object = Mapping[str, Any]

_MIGRATES: Final = {"orders-database": "migrate-orders-", "frontend-database": "migrate-frontend-"}


def database_of(job: str) -> str | None:
    """The StatefulSet of the demo whose schema a Job of this name brings."""
    return next((name for name, prefix in _MIGRATES.items() if job.startswith(prefix)), None)


def what_is_lost(job: Object) -> str:
    """In plain words, with what is to be done beside bringing the schema again."""
    database = database_of(job["metadata"]["name"])
    what = f"{database} lost its data with its pod"
    return f"{what}; publish the shows again: deploy.py shows FILE" if database == "orders-database" else what


def keeps_data_in_pod(stateful_set: Object) -> bool:
    """Whether it has no volume that outlives its pod."""
    return not stateful_set["spec"].get("volumeClaimTemplates")


def pod_name(stateful_set: Object) -> str:
    """The name of the database's only pod."""
    return f"{stateful_set['metadata']['name']}-0"


def is_lost(stateful_set: Object, pod: Object | None, job: Object) -> bool:
    """Whether what a finished Job did to the database went with a former pod."""
    if not keeps_data_in_pod(stateful_set):
        return False
    if pod is None or "deletionTimestamp" in pod["metadata"]:
        return True
    born = pod["metadata"].get("creationTimestamp", "")
    return bool(born > job.get("status", {}).get("completionTime", born))


def lost(stateful_set: Object, pods: Iterable[Object], jobs: Iterable[Object]) -> bool:
    """Whether no Job that is there has brought a schema to the present pod, and one had to a former."""
    pod = next((each for each in pods if each["metadata"]["name"] == pod_name(stateful_set)), None)
    done = [
        job
        for job in jobs
        if database_of(job["metadata"]["name"]) == stateful_set["metadata"]["name"]
        and job.get("status", {}).get("completionTime")
    ]
    return bool(done) and all(is_lost(stateful_set, pod, job) for job in done)
