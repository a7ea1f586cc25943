"""Follows one resource through the changes that the API server tells of, over connections that may break."""

import json
import math
import time
from collections.abc import Iterator
from typing import Any, Final

import urllib3

from scripts.cluster.connection import Answered, Connection, LostConnection
from scripts.cluster.kinds import Kind

_GONE: Final = 410
_PAUSE_S: Final = 0.3


def changes(
    connection: Connection, kind: Kind, name: str, namespace: str | None, within_s: float
) -> Iterator[dict[str, Any] | None]:
    """The present state, then each change, for `within_s`. Raises LostConnection when there was none to the end."""
    deadline = time.monotonic() + within_s
    version = ""
    while True:
        try:
            if not version:
                state, version = _present(connection, kind, name, namespace)
                yield state
            while (left := deadline - time.monotonic()) > 0 and version:
                for event in _events(connection, kind, name, namespace, version, left):
                    version, is_state = _next_version(event)
                    if is_state:
                        yield None if event["type"] == "DELETED" else event["object"]
            if version:
                return
        except LostConnection:
            if time.monotonic() + _PAUSE_S >= deadline:
                if not version:
                    raise
                return
            time.sleep(_PAUSE_S)


def _present(connection: Connection, kind: Kind, name: str, namespace: str | None) -> tuple[dict[str, Any] | None, str]:
    """What is there now, and the version to go on from."""
    selector = f"metadata.name={name}"
    answer = connection.call("get", kind, what=f"{kind} {name}", namespace=namespace, field_selector=selector)
    found = next(iter(answer.get("items") or []), None)
    head = {"apiVersion": kind.api_version, "kind": kind.kind}
    return (None if found is None else {**head, **found}), answer["metadata"]["resourceVersion"]


def _events(
    connection: Connection, kind: Kind, name: str, namespace: str | None, version: str, left_s: float
) -> Iterator[dict[str, Any]]:
    query = {
        "watch": "true",
        "fieldSelector": f"metadata.name={name}",
        "resourceVersion": version,
        "timeoutSeconds": str(math.ceil(left_s)),
        "allowWatchBookmarks": "true",
    }
    path = connection.resource(kind).path(namespace=namespace)
    try:
        with connection.stream(path, what=f"{kind} {name}", query=query, quiet_s=left_s) as response:
            for line in lines_of(response):
                yield json.loads(line)
    except Answered as answer:
        if answer.status != _GONE:
            raise
        yield {"type": "ERROR", "object": {"code": _GONE}}


def _next_version(event: dict[str, Any]) -> tuple[str, bool]:
    """Where to go on from after an event, empty to begin anew, and whether it tells a state."""
    if event["type"] == "ERROR":
        return "", False
    return event["object"]["metadata"]["resourceVersion"], event["type"] != "BOOKMARK"


def lines_of(response: urllib3.HTTPResponse) -> Iterator[bytes]:
    """The lines of an answer as they come."""
    rest = b""
    for chunk in response.stream(None):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line)
    if rest:
        yield rest
