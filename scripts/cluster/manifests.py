"""The resources of a deploy: what stands in `knative/`, filled in with what is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from scripts.cluster import kustomize
from scripts.cluster.digests import named
from scripts.cluster.filling import Object, container, filled, is_knative_service, pod_specs, with_chaos
from scripts.cluster.wanted import SecretNames, Wanted
from scripts.local.procfile import read_command

__all__ = ["Plan", "Role", "SecretNames", "Wanted", "job", "named_revision", "plan", "planned", "revision_of"]

FOLDER: Final = Path(__file__).resolve().parents[2] / "knative"
Role = Literal["job", "stranger"]


@dataclass(frozen=True)
class Plan:
    """All resources of a deploy but the Secrets, each part in the order in which it is to be applied.

    `orders` holds the two forms of the one Service `orders`, by revision; neither has `spec.traffic`. `foundations`
    are accounts, policies, disruption budgets and the demo's databases.
    """

    namespace: Object
    foundations: tuple[Object, ...]
    migrations: tuple[Object, ...]
    orders: Mapping[str, Object]
    frontend: Object


def plan(wanted: Wanted) -> Plan:
    """The resources, read from `knative/overlays` and filled in. Raises ManifestError."""
    return planned(kustomize.load(FOLDER / "overlays" / wanted.overlay), wanted, _commands())


def planned(resources: Sequence[Mapping[str, Any]], wanted: Wanted, commands: Mapping[str, Sequence[str]]) -> Plan:
    """The same from resources and commands that are given."""
    ours = [filled(resource, wanted, commands) for resource in resources]
    services = {obj["metadata"]["name"]: obj for obj in ours if is_knative_service(obj)}
    stable = services["orders"]
    forms = {"stable": stable, "chaos": with_chaos(stable, wanted.chaos_faults, wanted.chaos_seed)}
    return Plan(
        namespace=next(obj for obj in ours if obj["kind"] == "Namespace"),
        foundations=tuple(
            obj for obj in ours if obj["kind"] not in ("Namespace", "Job") and not is_knative_service(obj)
        ),
        migrations=tuple(_named_job(obj) for obj in ours if obj["kind"] == "Job"),
        orders={name: named_revision(form, f"orders-{name}") for name, form in forms.items()},
        frontend=named_revision(services["frontend"], "frontend"),
    )


def namespace(name: str) -> Object:
    """The namespace by itself, before it is known what else is wanted. Raises ManifestError."""
    found = kustomize.read(FOLDER / "base" / "flametickets.Namespace.yaml")
    return {**found, "metadata": {**found["metadata"], "name": name}}


def revision_of(service: Mapping[str, Any]) -> str:
    """The name of the revision that the Service's template makes."""
    return str(service["spec"]["template"]["metadata"]["name"])


def job(
    wanted: Wanted,
    name: str,
    words: Sequence[str],
    *,
    role: Role = "job",
    files: str | None = None,
    within_s: int,
) -> Object:
    """A Job `name` that runs the words once in our image, for `within_s` seconds at most.

    It has the addresses of the function and, unless it is a stranger, the signing secret; an operator's command for
    pending purchases has all that the shop's process has. `files` names a ConfigMap, to be found at /files.
    """
    kind = "stranger" if role == "stranger" else "pending" if "frontend.pending" in words else "task"
    new = filled(kustomize.read(FOLDER / "jobs" / f"{kind}.Job.yaml"), wanted, {})
    new["metadata"]["name"] = name
    new["spec"]["activeDeadlineSeconds"] = within_s
    container(new)["args"] = ["--", *words]
    if files is not None:
        container(new)["volumeMounts"].append({"name": "files", "mountPath": "/files", "readOnly": True})
        pod_specs(new)[0]["volumes"].append({"name": "files", "configMap": {"name": files}})
    return new


def named_revision(service: Object, prefix: str) -> Object:
    """Knative keeps a revision as it was made: another template needs another name, and the same one the same."""
    template = service["spec"]["template"]
    metadata = {name: value for name, value in template["metadata"].items() if name != "name"}
    name = named(prefix, {**template, "metadata": metadata})
    return {**service, "spec": {**service["spec"], "template": {**template, "metadata": {"name": name, **metadata}}}}


def _named_job(migration: Object) -> Object:
    """What it runs can't be changed in a Job that exists, and needn't be run again when nothing changed."""
    metadata = migration["metadata"]
    return {**migration, "metadata": {**metadata, "name": named(metadata["name"], migration["spec"])}}


def _commands() -> dict[str, list[str]]:
    return {process: read_command(process) for process in ("orders", "web")}
