"""What the tests of the manifests want deployed, and ways to look into what comes of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Final

from scripts.cluster.manifests import Plan, SecretNames, Wanted, plan

NAMES: Final = SecretNames("signing-0123456789", "order-key", "orders-database-abc", "frontend-database-def")
DEMO: Final = Wanted("tickets", "registry.example/shop@sha256:" + "1" * 64, "demo", NAMES)
PRODUCTION: Final = replace(DEMO, overlay="production", orders_database_port=6432, frontend_database_port=5433)


def everything(planned: Plan) -> list[dict[str, Any]]:
    """All resources of a plan."""
    return [
        planned.namespace,
        *planned.foundations,
        *planned.migrations,
        *planned.orders.values(),
        planned.frontend,
    ]


def of_demo(kind: str, name: str) -> dict[str, Any]:
    """One of the demo's resources."""
    return one(plan(DEMO), kind, name)


def one(planned: Plan, kind: str, name: str) -> dict[str, Any]:
    """The resource of this kind and name; of Services the one of Kubernetes."""
    (found,) = (obj for obj in planned.foundations if (obj["kind"], obj["metadata"]["name"]) == (kind, name))
    return found


def pods(planned: Plan) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Of each resource that makes pods: its name, the pod's labels and spec."""
    for obj in everything(planned):
        if template := obj.get("spec", {}).get("template"):
            yield obj["metadata"]["name"], template["metadata"]["labels"], template["spec"]


def environment(obj: dict[str, Any]) -> dict[str, Any]:
    """The variables of the resource's container: their value, or the name and key of a Secret."""
    (container,) = obj["spec"]["template"]["spec"]["containers"]
    return {each["name"]: tuple(each["valueFrom"]["secretKeyRef"].values()) if "valueFrom" in each else each["value"]
            for each in container["env"]}  # fmt: skip


def tokens() -> Callable[[], str]:
    """A source of secrets, each unlike the others."""
    numbers = count(1)
    return lambda: f"made-{next(numbers):03}-" + "x" * 32
