"""What an apply would change, for a person: the resource as it is beside the server's dry run. Dict in, lines out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_SERVERS: Final = frozenset({"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink"})
_NOTES: Final = frozenset({"serving.knative.dev/creator", "serving.knative.dev/lastModifier"})
_LONGEST: Final = 120
_ABSENT: Final = object()


def difference(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """One line for each field that differs, `~ spec.replicas: 1 → 2`; what a Secret holds is never shown."""
    is_secret = live.get("kind") == "Secret"
    return [
        f"{sign} {path}" if is_secret and path.startswith("data") else f"{sign} {path}: {what}"
        for sign, path, what in _walk(_bare(live), _bare(wanted), "")
    ]


def _bare(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The resource without its status and what the server writes by itself."""
    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key not in _SERVERS}
    notes = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key not in _NOTES}
    rest = {key: value for key, value in obj.items() if key not in {"status", "metadata"}}
    return {**rest, "metadata": {**metadata, **({"annotations": notes} if notes else {})}}


def _walk(old: Any, new: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _walk(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{path}.{key}" if path else str(key))
    elif (ours := _by_name(old)) is not None and (theirs := _by_name(new)) is not None:
        for name in dict.fromkeys((*ours, *theirs)):
            yield from _walk(ours.get(name, _ABSENT), theirs.get(name, _ABSENT), f"{path}[{name}]")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _walk(one, other, f"{path}[{at}]")
    elif old is _ABSENT:
        yield "+", path, _short(new)
    elif new is _ABSENT:
        yield "-", path, _short(old)
    else:
        yield "~", path, f"{_short(old)} → {_short(new)}"


def _by_name(value: Any) -> dict[str, Any] | None:
    """A list of things with names, such as containers and variables, by these; None for anything else."""
    if not isinstance(value, list) or not all(isinstance(each, dict) and "name" in each for each in value):
        return None
    return {each["name"]: each for each in value}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
