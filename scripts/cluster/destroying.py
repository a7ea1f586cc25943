"""The verb `destroy`: removes what a deploy made, once the namespace's name was typed, and waits until it is gone.

A run that was cut off is gone on with by the same command; a second run has nothing to do.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import Declined, TimedOut
from scripts.cluster.foundations import is_made_by_us
from scripts.cluster.kinds import NAMESPACE, SECRET, SERVICE, STATEFUL_SET, VOLUME_CLAIM, name_of, of
from scripts.cluster.leftovers import AT_REST, Leftovers, find, still_running, still_there
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import is_terminating
from scripts.cluster.results import GOOD, Result
from scripts.cluster.secrets import ORDER_KEY, ORDER_KEY_SECRET

_LOOK_EVERY_S: Final = 2.0
_AGAIN: Final = "Run the same command again, it goes on from here; --timeout gives it longer."

Object = dict[str, Any]
Ask = Callable[[str], str]


@dataclass(frozen=True)
class DestroyOptions:
    """`yes` asks nothing; each wait may take `timeout` seconds."""

    yes: bool = False
    timeout: float = 300.0


def typed(question: str) -> str:
    """What a person types at a question on standard error; empty at the end of the input."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def run(cluster: Cluster, options: DestroyOptions | argparse.Namespace, progress: Progress, ask: Ask = typed) -> Result:
    """Remove the shop. Raises ClusterError; Declined when another name was typed than the namespace's."""
    namespace = cluster.get(NAMESPACE, cluster.namespace)
    if namespace is None:
        return _nothing(f"the namespace {cluster.namespace} isn't there")
    if is_terminating(namespace):
        _await_namespace(cluster, options.timeout, progress)
        return _removed(cluster, [], is_namespace_gone=True)
    found, is_whole = find(cluster), is_made_by_us(namespace)
    if not found.all and not is_whole:
        return _nothing(f"nothing in the namespace {cluster.namespace} is of this shop")
    progress.lines([f"This removes FlameTickets from {cluster.where}:"])
    progress.lines([f"  {line}" for line in consequences(cluster.namespace, found, is_whole=is_whole)])
    if not options.yes:
        _confirm(cluster.namespace, ask)
    _remove(cluster, found, options.timeout, progress)
    if is_whole:
        cluster.delete(NAMESPACE, cluster.namespace)
        _await_namespace(cluster, options.timeout, progress)
    return _removed(cluster, [name_of(obj) for obj in found.all], is_namespace_gone=is_whole)


def consequences(namespace: str, found: Leftovers, *, is_whole: bool) -> Iterator[str]:
    """What goes, in plain words; `is_whole` when the namespace goes too. Pure."""
    if services := found.names(SERVICE):
        yield f"the Knative Services {' and '.join(services)}, with all of their revisions"
    if databases := found.names(STATEFUL_SET) or found.names(VOLUME_CLAIM):
        yield f"the databases in the cluster with all that is in them, orders and tickets: {', '.join(databases)}"
    else:
        yield "databases outside the cluster stay as they are"
    if ORDER_KEY in found.names(SECRET):
        yield "the order key: no link that a buyer has to an order will ever work again"
        path = f"-o jsonpath='{{.data.{ORDER_KEY_SECRET}}}' | base64 -d"
        yield f"  (to keep it: kubectl -n {namespace} get secret {ORDER_KEY} {path} > {ORDER_KEY};"
        made = f"kubectl -n {namespace} create secret generic {ORDER_KEY}"
        yield f"  before a later deploy: {made} --from-file={ORDER_KEY_SECRET}={ORDER_KEY})"
    if not is_whole:
        yield f"the namespace {namespace} stays, for it was there before the first deploy"
        return
    yield f"the namespace {namespace} itself, and whatever else is in it"
    if found.foreign:
        yield f"  not of this shop, and gone with it: {', '.join(found.foreign)}"


def _confirm(namespace: str, ask: Ask) -> None:
    """Raises Declined."""
    answer = ask(f"Type the name of the namespace, {namespace}, to go on: ")
    if answer != namespace:
        what = f"{answer} was typed" if answer else "nothing was typed"
        raise Declined(f"nothing was removed: {what}", hint="Type the namespace's name, or say --yes.")


def _remove(cluster: Cluster, found: Leftovers, within_s: float, progress: Progress) -> None:
    with progress.step("remove what runs") as step:
        _delete(cluster, found.running)
        _until_gone(cluster, lambda: still_running(cluster), within_s, step.say)
    with progress.step("remove what it used") as step:
        _delete(cluster, found.at_rest)
        _until_gone(cluster, lambda: still_there(cluster, AT_REST), within_s, step.say)


def _delete(cluster: Cluster, objects: Iterable[Object]) -> None:
    for obj in objects:
        cluster.delete(of(obj), obj["metadata"]["name"])


def _until_gone(
    cluster: Cluster, left: Callable[[], list[Object]], within_s: float, said: Callable[[str], None]
) -> None:
    """Wait until nothing is left. Raises TimedOut with what is."""
    deadline = time.monotonic() + within_s
    while objects := left():
        said(_waiting_for(objects))
        until = deadline - time.monotonic()
        if until <= 0:
            lines = [f"{name_of(obj)}{_held_by(obj)}" for obj in objects]
            raise TimedOut(f"not everything was gone within {within_s:.0f} s", lines=lines, hint=_AGAIN)
        first = objects[0]
        for state in cluster.watch(of(first), first["metadata"]["name"], min(until, _LOOK_EVERY_S)):
            if state is None:
                break


def _await_namespace(cluster: Cluster, within_s: float, progress: Progress) -> None:
    """Wait until the namespace is gone. Raises TimedOut with what the cluster says is in the way."""
    with progress.step(f"wait until the namespace {cluster.namespace} is gone") as step:
        state: Object | None = None
        for state in cluster.watch(NAMESPACE, cluster.namespace, within_s):
            if state is None:
                return
            step.say("; ".join(_remaining(state)) or "it is being deleted")
        what = f"Namespace {cluster.namespace} was not gone within {within_s:.0f} s"
        raise TimedOut(what, lines=_remaining(state or {}), hint=_AGAIN)


def _remaining(namespace: Object) -> list[str]:
    """What keeps a namespace from going, in the cluster's words."""
    conditions = namespace.get("status", {}).get("conditions") or []
    return [str(each.get("message", "")) for each in conditions if each.get("status") == "True" and each.get("message")]


def _waiting_for(objects: list[Object]) -> str:
    first, *others = objects
    return f"waiting until {name_of(first)} is gone" + (f", and {len(others)} more" if others else "")


def _held_by(obj: Object) -> str:
    finalizers = obj["metadata"].get("finalizers")
    return f", held by {', '.join(finalizers)}" if finalizers else ""


def _nothing(why: str) -> Result:
    return Result(GOOD, (f"nothing to remove: {why}",), {"removed": [], "namespace_removed": False})


def _removed(cluster: Cluster, names: list[str], *, is_namespace_gone: bool) -> Result:
    last = (
        f"the namespace {cluster.namespace} is gone" if is_namespace_gone else f"{cluster.namespace} stays, empty of it"
    )
    return Result(
        GOOD, (f"FlameTickets is removed; {last}",), {"removed": names, "namespace_removed": is_namespace_gone}
    )
