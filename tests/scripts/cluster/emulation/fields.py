"""Which fields an object sets, and who owns them: the parts of server-side apply that the verbs can notice.

A field is a path of keys. Lists are atomic, as those of Knative's traffic are.
"""

import copy
from collections.abc import Iterable
from typing import Any

Path = tuple[str, ...]
_HEAD = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
_SERVERS = {
    *("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "deletionTimestamp"),
    "deletionGracePeriodSeconds",
}


def fields_of(obj: dict[str, Any]) -> set[Path]:
    """The leaves that the object sets, without its address, its status and what the server writes."""
    return {
        path
        for path in _leaves(obj, ())
        if path not in _HEAD and path[0] != "status"
        if not (path[0] == "metadata" and len(path) > 1 and path[1] in _SERVERS)
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[Path]:
    """The leaves of `after` that differ from `before`."""
    return {path for path in fields_of(after) if value_at(before, path) != value_at(after, path)}


def value_at(obj: Any, path: Path) -> Any:
    """What is there; a value of its own when nothing is."""
    for key in path:
        if not isinstance(obj, dict) or key not in obj:
            return NOTHING
        obj = obj[key]
    return obj


class _Nothing:
    """No value, not even null."""


NOTHING = _Nothing()


def merged(live: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    """`live` with what `applied` sets."""
    result = copy.deepcopy(live)
    for key, value in applied.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def without(obj: dict[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """The object without these leaves, and without the dicts that are empty then."""
    result = copy.deepcopy(obj)
    for path in paths:
        _remove(result, path)
    return result


def as_fields(paths: set[Path]) -> dict[str, Any]:
    """The form of `fieldsV1`."""
    result: dict[str, Any] = {}
    for path in sorted(paths):
        place = result
        for key in path:
            place = place.setdefault(f"f:{key}", {})
    return result


def from_fields(fields: dict[str, Any]) -> set[Path]:
    """The paths that `fieldsV1` holds."""
    return {path for path in _paths(fields, ()) if path}


def written(path: Path) -> str:
    """`.spec.traffic`, as messages have it."""
    return "".join(f".{key}" for key in path)


def _leaves(value: Any, path: Path) -> Iterable[Path]:
    if isinstance(value, dict) and (value or not path):
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    else:
        yield path


def _paths(fields: dict[str, Any], path: Path) -> Iterable[Path]:
    if not fields:
        yield path
    for key, below in fields.items():
        yield from _paths(below, (*path, key.removeprefix("f:")))


def _remove(obj: dict[str, Any], path: Path) -> None:
    places = [obj]
    for key in path[:-1]:
        if not isinstance(places[-1], dict) or key not in places[-1]:
            return
        places.append(places[-1][key])
    if isinstance(places[-1], dict):
        places[-1].pop(path[-1], None)
    for place, key in reversed(list(zip(places, path[:-1], strict=False))):
        if place.get(key) == {}:
            del place[key]
