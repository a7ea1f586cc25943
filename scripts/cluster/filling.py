"""Fills the manifests in: namespace, images, names of Secrets, addresses, commands, ports. Dict in, dict out."""

import copy
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from scripts.cluster.wanted import Wanted

Object = dict[str, Any]

# The names that stand in the files, by the field of SecretNames.
_SECRETS: Final = {
    "signing": "signing",
    "order-key": "order_key",
    "orders-database": "orders_database",
    "frontend-database": "frontend_database",
}
_PROCESSES: Final = {"orders": "orders", "frontend": "web"}  # Knative Service -> line of the Procfile
_ADDRESSES: Final = {"ORDERS_URL": "orders", "ORDERS_STABLE_URL": "stable-orders", "ORDERS_CHAOS_URL": "chaos-orders"}
OUR_IMAGE: Final = "flametickets"
_POSTGRES: Final = "postgres"
_CHAOS: Final = ("CHAOS_FAULTS", "CHAOS_SEED")


def filled(obj: Mapping[str, Any], wanted: Wanted, commands: Mapping[str, Sequence[str]]) -> Object:
    """A copy of the resource with what is wanted; `commands` are the words of the Procfile's lines, by name."""
    new = copy.deepcopy(dict(obj))
    metadata = new["metadata"]
    if new["kind"] == "Namespace":
        metadata["name"] = wanted.namespace
    else:
        metadata["namespace"] = wanted.namespace
    for pod in pod_specs(new):
        _fill_pod(pod, wanted)
    if is_knative_service(new):
        container(new)["command"] = start_command(_PROCESSES[metadata["name"]], commands)
    elif new["kind"] == "StatefulSet" and wanted.storage == "memory":
        _keep_in_pod(new)
    elif new["kind"] == "NetworkPolicy" and wanted.overlay == "production":
        _fill_ports(new, wanted)
    return new


def is_knative_service(obj: Mapping[str, Any]) -> bool:
    """Whether it is one of Knative's Services, and not one of Kubernetes'."""
    return bool(obj["kind"] == "Service" and obj["apiVersion"] == "serving.knative.dev/v1")


def pod_specs(obj: Mapping[str, Any]) -> list[Object]:
    """The specs of the pods that the resource makes: one or none."""
    template = obj.get("spec", {}).get("template")
    return [template["spec"]] if template else []


def container(obj: Mapping[str, Any]) -> Object:
    """The one container of the pods that the resource makes."""
    only: Object
    (only,) = pod_specs(obj)[0]["containers"]
    return only


def start_command(process: str, commands: Mapping[str, Sequence[str]]) -> list[str]:
    """How a container starts a line of the Procfile: by the script that Buildpacks made of it, or as it stands."""
    script = f"/cnb/process/{process}"
    line = shlex.join(commands[process])
    return ["/bin/sh", "-c", f"if [ -x {script} ]; then exec {script}; fi; exec {line}"]


def with_chaos(service: Mapping[str, Any], faults: str, seed: str) -> Object:
    """A copy of the order function's Service whose template has the faults; nothing else in it differs."""
    new = copy.deepcopy(dict(service))
    container(new)["env"] += [{"name": "CHAOS_FAULTS", "value": faults}, {"name": "CHAOS_SEED", "value": seed}]
    return new


def without_chaos(service: Mapping[str, Any]) -> Object:
    """A copy of the order function's Service whose template has no faults."""
    new = copy.deepcopy(dict(service))
    container(new)["env"] = [each for each in container(new)["env"] if each["name"] not in _CHAOS]
    return new


def _fill_pod(pod: Object, wanted: Wanted) -> None:
    images = {OUR_IMAGE: wanted.image, _POSTGRES: wanted.postgres_image}
    for each in pod["containers"]:
        each["image"] = images[each["image"]]
        for variable in each["env"]:
            if variable["name"] in _ADDRESSES:
                variable["value"] = address(_ADDRESSES[variable["name"]], wanted.namespace)
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                reference["name"] = getattr(wanted.secrets, _SECRETS[reference["name"]])


def address(host: str, namespace: str) -> str:
    """Where a Knative Service, or a tag of it, is found within the cluster."""
    return f"http://{host}.{namespace}.svc.cluster.local"


def _keep_in_pod(stateful_set: Object) -> None:
    """Put an emptyDir of the same size in the place of each volume claim."""
    for claim in stateful_set["spec"].pop("volumeClaimTemplates"):
        size = claim["spec"]["resources"]["requests"]["storage"]
        volume = {"name": claim["metadata"]["name"], "emptyDir": {"sizeLimit": size}}
        pod_specs(stateful_set)[0]["volumes"].append(volume)


def _fill_ports(policy: Object, wanted: Wanted) -> None:
    """The ways out to databases elsewhere, each one rule with one port."""
    ports = {
        "orders-to-database": [wanted.orders_database_port],
        "frontend-to-database": [wanted.frontend_database_port],
        "job-to-databases": [wanted.orders_database_port, wanted.frontend_database_port],
    }.get(policy["metadata"]["name"])
    if ports is not None:
        for rule, port in zip(policy["spec"]["egress"], ports, strict=True):
            rule["ports"] = [{"port": port}]
