"""How the split of a Service is shown: the line that dev.py writes too, then the revisions, then who set it. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scripts.cluster.results import BAD, GOOD, Result
from scripts.cluster.targets import Owner, Traffic, names_of, shares
from scripts.local.split import in_words


@dataclass(frozen=True)
class Row:
    """One revision with its tags, and its shares in percent by the spec and in force."""

    revision: str
    tags: tuple[str, ...]
    wanted: int
    actual: int

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def shown(traffic: Traffic) -> Result:
    """The split that is in force; bad while it isn't the wanted one."""
    in_effect = shares(traffic.actual or traffic.wanted)
    wanted = [] if traffic.is_in_force else [f"wanted: {in_words(shares(traffic.wanted))}; not in force yet"]
    rows = rows_of(traffic)
    return Result(
        GOOD if traffic.is_in_force else BAD,
        (in_words(in_effect), *wanted, *table(rows), set_by(traffic.owner)),
        {
            "split": in_effect,
            "wanted": shares(traffic.wanted),
            "in_force": traffic.is_in_force,
            "revisions": [row.as_dict() for row in rows],
            "set_by": traffic.owner.manager if traffic.owner else None,
            "set_at": traffic.owner.at if traffic.owner else None,
        },
    )


def rows_of(traffic: Traffic) -> list[Row]:
    """A row for each revision that has a share or a tag, by the spec or in force."""
    lines = (*traffic.wanted, *traffic.actual)
    return [
        Row(
            revision,
            tuple(dict.fromkeys(line.tag for line in lines if line.revision == revision and line.tag)),
            sum(line.percent for line in traffic.wanted if line.revision == revision),
            sum(line.percent for line in traffic.actual if line.revision == revision),
        )
        for revision in names_of(lines)
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """The rows below a head."""
    columns = [(row.revision, ", ".join(row.tags), f"{row.wanted} %", f"{row.actual} %") for row in rows]
    heads = ("revision", "tags", "wanted", "actual")
    wide = [max(len(each) for each in column) for column in zip(heads, *columns, strict=True)]
    return [
        f"  {revision:<{wide[0]}}  {tags:<{wide[1]}}  {wanted:>{wide[2]}}  {actual:>{wide[3]}}"
        for revision, tags, wanted, actual in (heads, *columns)
    ]


def set_by(owner: Owner | None) -> str:
    """Who set the split last."""
    if owner is None:
        return "nobody has set it: all goes to the newest revision"
    if owner.is_this_tool:
        return f"set by deploy.py at {owner.at}"
    return f"set by {owner.manager} at {owner.at}; deploy.py puts another in its place only with --take-over"
