"""What all checks of `verify` need: the shop of one namespace, and pods in it that do errands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.cluster.api import Cluster
from scripts.cluster.errands import Errand, Report, ask, inside
from scripts.cluster.manifests import Role
from scripts.cluster.progress import Progress
from scripts.cluster.wanted import Wanted


@dataclass(frozen=True)
class Site:
    """The shop that is checked; each errand, with the start of its pod, may take `within_s`."""

    cluster: Cluster
    wanted: Wanted
    within_s: float
    progress: Progress

    def ask(
        self,
        what: str,
        *words: str,
        role: Role = "job",
        confined_as: Mapping[str, Any] | None = None,
    ) -> Report:
        """The report of a command of `scripts.inside`, which a person sees as the step `what`.

        Raises ClusterError, NotReady for one when the command gives no report.
        """
        errand = Errand(f"verify-{words[0]}", inside(*words), self.within_s, role=role, confined_as=confined_as)
        with self.progress.step(what) as step:
            report = ask(self.cluster, self.wanted, errand, step.say)
            step.end(report.why)
        return report
