"""The traffic of a Knative Service, pure: what its spec asks for, what is in force, and who set it.

The two revisions are named by their tags, `stable` and `chaos`; a new one that is being tried has the tag
`next-stable` or `next-chaos`. Whatever else takes a share is shown by its revision's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scripts.local.split import REVISIONS, Split

ORDERS: Final = "orders"
FRONTEND: Final = "frontend"
MANAGER: Final = "flametickets-traffic"
FIELD: Final = ".spec.traffic"
NEXT: Final = {name: f"next-{name}" for name in REVISIONS}
_TAGS: Final = (*REVISIONS, *NEXT.values())


@dataclass(frozen=True)
class Target:
    """One line of the traffic. With `is_latest`, `revision` is what the newest one is just now."""

    revision: str
    percent: int = 0
    tag: str = ""
    is_latest: bool = False

    def as_spec(self) -> dict[str, Any]:
        """As a Knative Service's `spec.traffic` has it, with the field that Knative would add by itself."""
        where = {"latestRevision": True} if self.is_latest else {"revisionName": self.revision, "latestRevision": False}
        return {**where, "percent": self.percent, **({"tag": self.tag} if self.tag else {})}


@dataclass(frozen=True)
class Owner:
    """The field manager that set the traffic last, and when (RFC 3339)."""

    manager: str
    at: str

    @property
    def is_this_tool(self) -> bool:
        return self.manager == MANAGER


@dataclass(frozen=True)
class Traffic:
    """The traffic of one Service: `wanted` by its spec, `actual` by its status; the owner is None for Knative's own."""

    wanted: tuple[Target, ...]
    actual: tuple[Target, ...]
    owner: Owner | None = None

    @property
    def is_in_force(self) -> bool:
        return _keys(self.wanted) == _keys(self.actual)

    def revision_of(self, tag: str) -> str | None:
        """The revision that has the tag by the spec; None when none has."""
        return next((target.revision for target in self.wanted if target.tag == tag), None)

    def extra_tags(self) -> dict[str, str]:
        """The tags beside `stable` and `chaos`, with their revisions."""
        return {target.tag: target.revision for target in self.wanted if target.tag and target.tag not in REVISIONS}


def targets(
    stable_revision: str, chaos_revision: str | None, split: Split, extra_tags: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The `spec.traffic` that splits as `split` says, by tag; a tag that it doesn't name has 0 %.

    Without a chaos revision, as on a first deploy, the stable one takes all. Raises ValueError when the shares of the
    tags that are there are not 100 % together.
    """
    revisions = {
        "stable": stable_revision,
        **({"chaos": chaos_revision} if chaos_revision else {}),
        **(extra_tags or {}),
    }
    return as_spec([Target(revision, split.get(tag, 0), tag) for tag, revision in revisions.items()])


def as_spec(lines: Sequence[Target]) -> list[dict[str, Any]]:
    """The lines as `spec.traffic`. Raises ValueError when they are not 100 % together."""
    if (together := sum(target.percent for target in lines)) != 100:
        raise ValueError(f"the shares are {together} % together; they must be 100 %")
    return [target.as_spec() for target in lines]


def read(service: Mapping[str, Any]) -> Traffic:
    """The traffic of a Service as the cluster has it."""
    status = service.get("status", {})
    latest = status.get("latestReadyRevisionName") or status.get("latestCreatedRevisionName") or ""
    wanted = service.get("spec", {}).get("traffic") or []
    return Traffic(
        tuple(_target(line, latest) for line in wanted),
        tuple(_target(line, latest) for line in status.get("traffic") or []),
        owner_of(service, "spec", "traffic"),
    )


def from_spec(lines: Sequence[Mapping[str, Any]], latest: str = "") -> tuple[Target, ...]:
    """The lines of a `spec.traffic`; `latest` is the revision that the newest one is."""
    return tuple(_target(line, latest) for line in lines)


def owner_of(obj: Mapping[str, Any], *path: str) -> Owner | None:
    """Who set the field at the path last, by the object's managed fields."""
    owners = [
        Owner(entry.get("manager", ""), entry.get("time", ""))
        for entry in obj.get("metadata", {}).get("managedFields") or []
        if not entry.get("subresource") and _has(entry.get("fieldsV1", {}), path)
    ]
    return max(owners, key=lambda owner: owner.at, default=None)


def shares(lines: Sequence[Target]) -> dict[str, int]:
    """Percent by name: `stable` and `chaos` where they are tagged, and whatever else has a share."""
    names = names_of(lines)
    split = {tag: 0 for tag in REVISIONS if tag in names.values()}
    for target in lines:
        if target.percent or names[target.revision] in split:
            name = names[target.revision]
            split[name] = split.get(name, 0) + target.percent
    return split


def names_of(lines: Sequence[Target]) -> dict[str, str]:
    """The name of each revision in the words of the split: its first tag, else its own name."""
    names: dict[str, str] = {}
    for target in lines:
        tags = sorted((line.tag for line in lines if line.revision == target.revision and line.tag), key=_rank)
        names[target.revision] = tags[0] if tags else target.revision
    return names


def moved(lines: Sequence[Target], split: Split) -> tuple[Target, ...]:
    """The same tags with the shares of `split`, by tag; what it doesn't name has 0 %, and without a tag it is gone."""
    return tuple(replace(target, percent=split.get(target.tag, 0)) for target in lines if target.tag)


def same(some: Sequence[Target], others: Sequence[Target]) -> bool:
    """Whether both send the same shares to the same revisions, with the same tags."""
    return _keys(some) == _keys(others)


def _keys(lines: Sequence[Target]) -> set[tuple[str, int, str]]:
    """Knative leaves the order to us; a line without share and tag says nothing."""
    return {(line.revision, line.percent, line.tag) for line in lines if line.percent or line.tag}


def _target(line: Mapping[str, Any], latest: str) -> Target:
    is_latest = bool(line.get("latestRevision")) or not line.get("revisionName")
    revision = line.get("revisionName") or latest
    return Target(revision, int(line.get("percent") or 0), line.get("tag") or "", is_latest)


def _has(fields: Any, path: Sequence[str]) -> bool:
    """Whether managed fields name the field, or one below it."""
    for name in path:
        if not isinstance(fields, Mapping) or f"f:{name}" not in fields:
            return False
        fields = fields[f"f:{name}"]
    return True


def _rank(tag: str) -> tuple[int, str]:
    return (_TAGS.index(tag) if tag in _TAGS else len(_TAGS), tag)
