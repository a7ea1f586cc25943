"""The verb `deploy`: from a checkout to a shop that runs, and from one version of it to the next.

Each step looks at what is there, so that a run that was cut off is gone on with by the same command.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scripts.cluster import building, nodes, registry, rollout
from scripts.cluster.api import Cluster
from scripts.cluster.comparing import Compared, compare
from scripts.cluster.connection import context_name
from scripts.cluster.errors import NotReady
from scripts.cluster.foundations import Pace, apply_all, make_namespace, migrate, schema_of, wait_for_databases
from scripts.cluster.kinds import SECRET, SERVICE, name_of
from scripts.cluster.manifests import Plan, namespace, plan, revision_of
from scripts.cluster.preflight import Findings, look
from scripts.cluster.progress import Progress
from scripts.cluster.readiness import service_ready
from scripts.cluster.results import GOOD, Result
from scripts.cluster.secrets import Rotation, Secrets, in_use, secrets_for
from scripts.cluster.smoke import smoke
from scripts.cluster.split_shown import rows_of, table
from scripts.cluster.targets import FRONTEND, ORDERS, read, same
from scripts.cluster.traffic import Change, service_of
from scripts.cluster.waiting import wait_for
from scripts.cluster.waking import wake
from scripts.cluster.wanted import Wanted
from scripts.cluster.wishes import Present, choice_of, image_of, random_token, wanted_of

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD_LOG: Final = ROOT / ".flametickets" / "build.log"
_NO_IMAGE: Final = (
    "Name a ready image with --image REGISTRY/NAME@sha256:…, or have one made: --build, or scripts/build_image.py."
)
_IN_MEMORY: Final = (
    "the cluster has no default storage class: the demo's databases keep their data in their pods and lose it with them"
)


def run(cluster: Cluster, options: argparse.Namespace, progress: Progress) -> Result:
    """Bring the cluster to what this checkout and the options say. Raises ClusterError."""
    with progress.step(f"look at the cluster {cluster.where}"):
        findings = look(cluster)
        present = Present(cluster.get(SERVICE, ORDERS), cluster.get(SERVICE, FRONTEND))
    for warning in findings.warnings:
        progress.warn(warning)
    image = _image(options, present, findings, progress)
    pace = Pace(options.timeout, options.take_over)
    if findings.namespace is None:
        make_namespace(cluster, namespace(cluster.namespace), None, pace, progress)
    secrets = _secrets(cluster, options, present)
    for note in secrets.notes:
        progress.note(note)
    wanted = wanted_of(cluster, options, image, secrets, findings.storage, present)
    planned = plan(wanted)
    wake(cluster, wanted, present.orders, pace.within_s, progress)
    with progress.step("compare with what is there") as step:
        compared = compare(cluster, planned, secrets, hold=options.hold, take_over=options.take_over)
        step.end(f"{len(compared.changed)} to change" if compared.changed else "nothing to change")
    progress.lines(list(compared.lines))
    if not compared.is_nothing:
        _Deploy(cluster, wanted, planned, compared, pace, progress).carry_out(secrets, options)
    return _ended(cluster, compared, pace, progress)


@dataclass(frozen=True)
class _Deploy:
    """One deploy that has something to do."""

    cluster: Cluster
    wanted: Wanted
    planned: Plan
    compared: Compared
    pace: Pace
    progress: Progress

    def carry_out(self, secrets: Secrets, options: argparse.Namespace) -> None:
        """All that is to be changed, each part once what it needs is there."""
        change = Change(f"deploy {self.wanted.image}", options.take_over, options.timeout)
        has_migrated = self._lay_foundations(secrets)
        if self.compared.has_orders or has_migrated:
            self._orders(change, hold=options.hold)
        if self.compared.has_frontend:
            rollout.shop(self.cluster, self.planned, self.pace, change, self.progress)

    def _lay_foundations(self, secrets: Secrets) -> bool:
        """Whether a schema was brought: of a database that just got another pod too, which may have lost it."""
        has_new_database = any(obj["kind"] == "StatefulSet" for obj in self.compared.foundations)
        if has_new_database and self.wanted.storage == "memory":
            self.progress.warn(_IN_MEMORY)
        for secret in secrets.objects:
            with self.progress.step(f"make {name_of(secret)}"):
                self.cluster.create(secret)
        namespace = [self.planned.namespace] if name_of(self.planned.namespace) in self.compared.changed else []
        apply_all(self.cluster, [*namespace, *self.compared.foundations], self.pace, self.progress)
        wait_for_databases(self.cluster, self.planned.foundations, self.pace, self.progress)
        foundations = self.planned.foundations
        needed = [job for job in self.planned.migrations if schema_of(self.cluster, job, foundations) != "there"]
        for job in needed:
            migrate(self.cluster, job, self.pace, self.progress)
        return bool(needed)

    def _orders(self, change: Change, *, hold: bool) -> None:
        """New revisions are tried at tags of their own before a buyer is sent there."""
        service = self.cluster.get(SERVICE, ORDERS)
        if service is None or not rollout.is_pinned(service):
            rollout.first(self.cluster, self.planned, self.pace, change, self.progress)
        else:
            rollout.later(self.cluster, self.planned, self.pace, self.progress)
        traffic = read(service_of(self.cluster, ORDERS))
        trial = rollout.trial_lines(self.planned, traffic)
        rollout.move(self.cluster, trial, change, self.progress, "tag the new revisions, at 0 %")
        hosts = rollout.hosts_to_try(self.planned, traffic)
        smoke(self.cluster, self.wanted, hosts, self.pace.within_s, self.progress)
        lines = rollout.wanted_lines(self.planned, traffic, hold=hold)
        # One snapshot of it all: a rollback goes back to before the trial.
        change = replace(change, is_recorded=same(trial, traffic.wanted))
        rollout.move(self.cluster, lines, change, self.progress, "move the tags, with the shares as they are")


def _image(options: argparse.Namespace, present: Present, findings: Findings, progress: Progress) -> str:
    """The image to deploy, by its digest where its registry tells one. Raises ClusterError."""
    skipped = registry.not_resolved(findings.config_deployment)
    if options.build:
        with progress.step("build the image") as step:
            built = building.build(ROOT, options.image, step.say, BUILD_LOG, builder=options.builder, skipped=skipped)
        if "@" not in built:  # by its tag, as it is published nowhere
            _bring_to_nodes(built, context_name(options.context), progress)
        return built
    image = options.image or image_of(present.orders)
    if not image:
        raise NotReady("there is no image to deploy", hint=_NO_IMAGE)
    with progress.step(f"look up the image {image}") as step:
        pinned = registry.pin(image, skipped)
        step.end(pinned if pinned != image else "")
    return pinned


def _bring_to_nodes(image: str, context: str, progress: Progress) -> None:
    """Raises BuildError."""
    kind = nodes.cluster_of_kind(context)
    if kind is None:
        progress.note(nodes.left_to_do(image))
        return
    with progress.step(f"load the image into the nodes of {kind}"):
        nodes.load(image, kind)


def _secrets(cluster: Cluster, options: argparse.Namespace, present: Present) -> Secrets:
    rotation: Rotation = (
        "rotate" if options.rotate_signing_secret else "retire" if options.retire_signing_secret else "keep"
    )
    return secrets_for(
        cluster.list(SECRET),
        choice_of(options),
        rotation,
        random_token,
        namespace=cluster.namespace,
        used=in_use(present.orders, present.frontend),
    )


def _ended(cluster: Cluster, compared: Compared, pace: Pace, progress: Progress) -> Result:
    """Where the shop is, once both Services say that they serve. Raises NotReady, TimedOut."""
    with progress.step("look whether both services serve") as step:
        services = {
            name: wait_for(cluster, SERVICE, name, service_ready, pace.within_s, step.say)
            for name in (ORDERS, FRONTEND)
        }
    traffic = read(services[ORDERS])
    rows = rows_of(traffic)
    url = str(services[FRONTEND].get("status", {}).get("url", ""))
    first = "deployed" if compared.changed else "nothing to change"
    data = {
        "changed": list(compared.changed),
        "url": url,
        "revisions": {name: revision_of(service) for name, service in services.items()},
        "traffic": [row.as_dict() for row in rows],
    }
    return Result(GOOD, (*table(rows), "", f"{first}: FlameTickets is at {url}"), data)
