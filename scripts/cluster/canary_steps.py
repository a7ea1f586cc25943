"""The splits that a canary goes through, pure: of the chaos revision, or of a new stable one beside the present one."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.cluster.errors import Refused
from scripts.cluster.readiness import condition
from scripts.cluster.targets import NEXT, ORDERS, Target, Traffic, moved, shares

Lines = tuple[Target, ...]
_NEXT_STABLE = NEXT["stable"]


def chaos_steps(traffic: Traffic, steps: Sequence[int]) -> list[Lines]:
    """The split with chaos at each of `steps` percent that is more than it has. Raises Refused without both tags."""
    for tag in ("stable", "chaos"):
        if traffic.revision_of(tag) is None:
            raise Refused(
                f"no revision is tagged {tag}, so there is nothing to shift between",
                hint="python3 scripts/deploy.py traffic stable=100 --take-over sets both tags again.",
            )
    present = shares(traffic.wanted).get("chaos", 0)
    return [moved(traffic.wanted, {"stable": 100 - step, "chaos": step}) for step in steps if step > present]


def stable_steps(traffic: Traffic, candidate: str, steps: Sequence[int]) -> list[Lines]:
    """The candidate at each of `steps` percent of all, taken from the stable one; at the end it becomes the stable one.

    The share of chaos stays; a candidate that has a next chaos revision beside it takes that along at the end.
    """
    chaos = shares(traffic.wanted).get("chaos", 0)
    whole = 100 - chaos
    tagged = _tagged(traffic.wanted, candidate)
    present = sum(line.percent for line in traffic.wanted if line.revision == candidate)
    trials = [
        moved(tagged, {"stable": whole - step, "chaos": chaos, _NEXT_STABLE: step})
        for step in steps
        if present < step < whole
    ]
    return [*trials, _promoted(tagged, {"stable": whole, "chaos": chaos})]


def candidate_of(traffic: Traffic, revisions: Sequence[Mapping[str, Any]]) -> str:
    """The new stable revision: the one tagged so, else the newest ready one after the present. Raises Refused."""
    present = traffic.revision_of("stable")
    if present is None:
        raise Refused(
            "no revision is tagged stable, so there is nothing to compare a new one with",
            hint="python3 scripts/deploy.py traffic stable=100 --take-over sets the tags again.",
        )
    tagged = traffic.revision_of(_NEXT_STABLE)
    if tagged is not None and tagged != present:
        return tagged
    made: dict[str, str] = {
        revision["metadata"]["name"]: revision["metadata"].get("creationTimestamp", "")
        for revision in revisions
        if revision["metadata"]["name"].startswith(f"{ORDERS}-stable-")
        and (revision["metadata"]["name"] == present or condition(dict(revision), "Ready").get("status") == "True")
    }
    newer = {name: at for name, at in made.items() if at > made.get(present, "")}
    if not newer:
        raise Refused(
            f"there is no stable revision that is newer than {present}",
            hint="Deploy the new image first, so that its revision is there with no traffic.",
        )
    return max(newer, key=lambda name: newer[name])


def _tagged(lines: Lines, candidate: str) -> Lines:
    """The lines with tags, the candidate's among them."""
    kept = tuple(line for line in lines if line.tag and line.tag != _NEXT_STABLE)
    return (*kept, Target(candidate, 0, _NEXT_STABLE))


def _promoted(lines: Lines, split: Mapping[str, int]) -> Lines:
    """The next revisions behind the tags of the present ones, and no next ones any more."""
    revisions = {line.tag: line.revision for line in lines}
    return tuple(
        Target(revisions.get(NEXT.get(tag, tag), revision), split.get(tag, 0), tag)
        for tag, revision in revisions.items()
        if tag not in NEXT.values()
    )
