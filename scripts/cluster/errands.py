"""Sends one of our own commands into the cluster, and reads how it ended and what it reported."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import NotReady
from scripts.cluster.filling import container, pod_specs
from scripts.cluster.jobs import PodResult, run_in_pod, unique
from scripts.cluster.manifests import Role, job
from scripts.cluster.results import BAD, GOOD, NOT_DONE
from scripts.cluster.wanted import Wanted

_CODES: Final = (GOOD, BAD, NOT_DONE)
_LINES: Final = 20


@dataclass(frozen=True)
class Errand:
    """A command to run in a pod: a name for its Job, its words, and its longest time with the start of the pod.

    `files` are to be found at /files; a stranger has none of the shop's secrets. `confined_as` is the security context
    of another pod's container, for the command to run under in place of the Job's own.
    """

    name: str
    words: Sequence[str]
    within_s: float
    files: Mapping[str, str] | None = None
    role: Role = "job"
    confined_as: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """How a command of `scripts.inside` ended, and the JSON object that it printed last."""

    code: int
    data: Mapping[str, Any]

    @property
    def why(self) -> str:
        """What it says of the reason; empty where there is none to give."""
        return str(self.data.get("why", ""))


def send(
    cluster: Cluster,
    wanted: Wanted,
    errand: Errand,
    said: Callable[[str], None],
    heard: Callable[[str], None] | None = None,
) -> PodResult:
    """The exit code, 0 to 2, and the log of the command. Raises NotReady when it ends in any other way."""
    name = unique(errand.name)
    files = name if errand.files else None
    seconds = max(int(errand.within_s), 1)
    made = job(wanted, name, errand.words, role=errand.role, files=files, within_s=seconds)
    if errand.confined_as is not None:
        pod_specs(made)[0].pop("securityContext", None)  # Knative's pods have none but that of the container
        container(made)["securityContext"] = dict(errand.confined_as)
    ended = run_in_pod(cluster, made, errand.files, errand.within_s, said, heard)
    if ended.exit_code not in _CODES:
        raise NotReady(
            f"the pod of Job {name} was ended, or could not run its command (exit code {ended.exit_code})",
            lines=ended.lines[-_LINES:],
            hint=f"It ran {wanted.image}: {' '.join(errand.words)}",
        )
    return ended


def ask(
    cluster: Cluster,
    wanted: Wanted,
    errand: Errand,
    said: Callable[[str], None],
    heard: Callable[[str], None] | None = None,
) -> Report:
    """The report of a command of `scripts.inside`. Raises NotReady when it gives none."""
    ended = send(cluster, wanted, errand, said, heard)
    report = last_object(ended.lines)
    if report is None:
        raise NotReady(
            f"{' '.join(errand.words)} ended with exit code {ended.exit_code} and without a report",
            lines=ended.lines[-_LINES:],
            hint=f"Is it in the image {wanted.image}? --image names another one for the command alone.",
        )
    return Report(ended.exit_code, report)


def inside(*words: str) -> tuple[str, ...]:
    """The words of a command of `scripts.inside`."""
    return ("python3", "-m", "scripts.inside", *words)


def last_object(lines: Sequence[str]) -> dict[str, Any] | None:
    """The last line that is a JSON object; a process may warn on lines of its own."""
    return next((found for line in reversed(lines) if (found := as_object(line)) is not None), None)


def as_object(line: str) -> dict[str, Any] | None:
    """The JSON object that the line is; None for any other."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
