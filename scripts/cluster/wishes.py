"""What a deploy wants, from the command line and from what is there: what the options leave out stays as it is."""

import argparse
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.cluster.api import Cluster
from scripts.cluster.databases import DatabaseChoice
from scripts.cluster.kinds import REVISION, STATEFUL_SET
from scripts.cluster.secrets import Secrets
from scripts.cluster.targets import read
from scripts.cluster.wanted import DEFAULT_FAULTS, POSTGRES_IMAGE, Storage, Wanted


@dataclass(frozen=True)
class Present:
    """The two Services as they are before a deploy; None before the first."""

    orders: dict[str, Any] | None
    frontend: dict[str, Any] | None


def wanted_of(
    cluster: Cluster, options: argparse.Namespace, image: str, secrets: Secrets, storage: Storage, present: Present
) -> Wanted:
    """What is to be there; what the options leave out stays as it is."""
    faults, seed = chaos_of(cluster, present.orders)
    return Wanted(
        namespace=cluster.namespace,
        image=image,
        overlay=secrets.overlay,
        secrets=secrets.names,
        storage=storage,
        postgres_image=options.postgres_image or _postgres_of(cluster) or POSTGRES_IMAGE,
        chaos_faults=options.chaos_faults if options.chaos_faults is not None else faults,
        chaos_seed=options.chaos_seed if options.chaos_seed is not None else seed,
        orders_database_port=secrets.orders_database_port,
        frontend_database_port=secrets.frontend_database_port,
    )


def choice_of(options: argparse.Namespace) -> DatabaseChoice:
    """The databases that the command line names."""
    return DatabaseChoice(
        options.orders_database_url,
        options.orders_database_secret,
        options.frontend_database_url,
        options.frontend_database_secret,
    )


def random_token() -> str:
    """A secret of 43 characters that can stand in an address."""
    return randomness.token_urlsafe(32)


def chaos_of(cluster: Cluster, orders: Mapping[str, Any] | None) -> tuple[str, str]:
    """Faults and seed of the revision that is tagged chaos; the defaults where there is none."""
    tagged = read(orders).revision_of("chaos") if orders is not None else None
    revision = cluster.get(REVISION, tagged) if tagged else None
    containers = revision["spec"]["containers"] if revision else []
    env = {each["name"]: each.get("value", "") for one in containers for each in one.get("env") or []}
    return env.get("CHAOS_FAULTS", DEFAULT_FAULTS), env.get("CHAOS_SEED", "0")


def image_of(service: Mapping[str, Any] | None) -> str | None:
    """The image that a Service's template names; None without a Service."""
    return str(service["spec"]["template"]["spec"]["containers"][0]["image"]) if service is not None else None


def _postgres_of(cluster: Cluster) -> str | None:
    """The image of the demo's databases, as they run."""
    there = cluster.get(STATEFUL_SET, "orders-database")
    return image_of(there)


def rendered(options: argparse.Namespace, secrets: Secrets) -> Wanted:
    """What is to be there, where there is no cluster to look at."""
    return Wanted(
        namespace=options.namespace,
        image=options.image,
        overlay=secrets.overlay,
        secrets=secrets.names,
        postgres_image=options.postgres_image or POSTGRES_IMAGE,
        chaos_faults=options.chaos_faults if options.chaos_faults is not None else DEFAULT_FAULTS,
        chaos_seed=options.chaos_seed or "0",
        orders_database_port=secrets.orders_database_port,
        frontend_database_port=secrets.frontend_database_port,
    )
