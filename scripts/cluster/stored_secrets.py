"""Secrets as Kubernetes keeps them: read, made, found again, and shown without what is in them. Dict in, dict out."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.cluster.digests import LENGTH, named

Object = dict[str, Any]

GENERATION: Final = "flametickets.org/generation"
PART_OF: Final = {"app.kubernetes.io/part-of": "flametickets"}


def value_of(secret: Mapping[str, Any], key: str) -> str | None:
    """The text under the key; None when there is none, or no text."""
    try:
        return base64.b64decode((secret.get("data") or {})[key], validate=True).decode()
    except (KeyError, TypeError, binascii.Error, UnicodeDecodeError):
        return None


def newest(existing: Sequence[Mapping[str, Any]], prefix: str) -> Mapping[str, Any] | None:
    """Of the Secrets that this tool made under the prefix, the one made last."""
    form = re.compile(rf"{re.escape(prefix)}-[0-9a-f]{{{LENGTH}}}")
    ours = [secret for secret in existing if form.fullmatch(name_of(secret)) and _is_ours(secret)]
    return max(ours, key=generation_of, default=None)


def find(existing: Sequence[Mapping[str, Any]], name: str | None) -> Mapping[str, Any] | None:
    """The Secret of this name."""
    return next((secret for secret in existing if name and name_of(secret) == name), None)


def make(name: str, values: Mapping[str, str], *, generation: int = 1) -> Object:
    """A Secret that nobody can change; its namespace is filled in later."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": dict(PART_OF), "annotations": {GENERATION: str(generation)}},
        "type": "Opaque",
        "immutable": True,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in sorted(values.items())},
    }


def make_named(prefix: str, values: Mapping[str, str], salt: str, *, after: Mapping[str, Any] | None = None) -> Object:
    """The same, named by a digest of its content that nobody without `salt` can compute; newer than `after`."""
    generation = generation_of(after) + 1 if after is not None else 1
    return make(named(prefix, [salt, dict(values)]), values, generation=generation)


def redacted(secret: Mapping[str, Any]) -> Object:
    """A copy for people: of each value only its length."""
    hidden = {
        field: {key: f"({len(value)} characters, not shown)" for key, value in secret[field].items()}
        for field in ("data", "stringData")
        if secret.get(field)
    }
    return {**secret, **hidden}


def name_of(secret: Mapping[str, Any]) -> str:
    """The Secret's name."""
    return str(secret["metadata"]["name"])


def generation_of(secret: Mapping[str, Any]) -> int:
    """Which one of its prefix it is; two can be made within a second, so its time of creation doesn't tell."""
    text = str((secret["metadata"].get("annotations") or {}).get(GENERATION, ""))
    return int(text) if text.isascii() and text.isdigit() else 0


def _is_ours(secret: Mapping[str, Any]) -> bool:
    labels = secret["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in PART_OF.items())
