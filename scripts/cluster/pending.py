"""The verb `pending`: what an operator does with pending purchases, by a Job with the environment of the shop."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.deployed import wanted_of
from scripts.cluster.errands import Errand, send
from scripts.cluster.errors import ClusterError
from scripts.cluster.progress import Progress
from scripts.cluster.results import Result

_COMMANDS: Final = ("list", "replay", "refuse")


@dataclass(frozen=True)
class Asked:
    """What `python3 -m frontend.pending` is to do, by which image, within how many seconds, and who reads it."""

    words: Sequence[str]
    image: str | None
    within_s: float
    for_programs: bool


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Do what the words after `pending` say; the exit code and the lines are the command's. Raises ClusterError."""
    asked = Asked(tuple(options.words), options.image, options.timeout, options.output == "json")
    return carry_out(cluster, asked, progress)


def carry_out(cluster: Cluster, asked: Asked, progress: Progress) -> Result:
    """The same, of what is asked. Raises ClusterError."""
    command, *others = asked.words
    if command not in _COMMANDS:
        raise ClusterError(f"pending: {command} is none of {', '.join(_COMMANDS)}")
    form = ("--output", "json") if command == "list" and asked.for_programs else ()
    words = ("python3", "-m", "frontend.pending", command, *form, *others)
    wanted = wanted_of(cluster, asked.image)
    with progress.step(f"pending {command}, from a pod") as step:
        ended = send(cluster, wanted, Errand("pending", words, asked.within_s), step.say)
    return Result(ended.exit_code, tuple(ended.lines), told(command, ended.exit_code, ended.lines))


def told(command: str, code: int, lines: Sequence[str]) -> dict[str, Any]:
    """What the command printed, for programs: the purchases of a list, and as `lines` all that is said beside them."""
    purchases, rest = _listed(lines) if command == "list" else (None, list(lines))
    found = {"purchases": purchases} if purchases is not None else {}
    return {"command": command, "exit_code": code, **found, "lines": rest}


def _listed(lines: Sequence[str]) -> tuple[list[Any] | None, list[str]]:
    """The JSON array among the lines, and the other ones: a log has both of a process's outputs."""
    for at, line in enumerate(lines):
        if not line.startswith("["):
            continue
        text = "\n".join(lines[at:])
        try:
            purchases, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            continue
        return purchases, [*lines[:at], *filter(None, text[end:].splitlines())]
    return None, list(lines)
