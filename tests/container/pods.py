"""The two services and the jobs as pods: the commands of a cluster, with the documented settings and no others."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
import yaml

from scripts.local.ports import free_ports
from tests.container.image import ROOT, Image
from tests.container.sandbox import Container, running
from tests.scripts.waiting import wait_until

SIGNING_SECRET: Final = "signing-secret-of-the-tests-0123456789"
KEY_SECRET: Final = "order-key-secret-of-the-tests-0123456789"
READY_WITHIN_S: Final = 40.0
_SETTING: Final = re.compile(r"^\| `([A-Z_]+)`(?:, `([A-Z_]+)`)?", re.MULTILINE)


@dataclass(frozen=True)
class Pod:
    """A ready service: its container and where it answers."""

    container: Container
    url: str


def procfile() -> dict[str, str]:
    """The lines of the Procfile by their names."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: line for name, _, line in (line.partition(": ") for line in lines)}


def service_command(name: str) -> list[str]:
    """What a container of the service runs in a cluster: a buildpack's script, else the Procfile's line."""
    manifest = {"orders": "orders.Service", "web": "frontend.Service"}[name]
    return _container(manifest)["command"]


def job_command(*words: str) -> list[str]:
    """What a container of a job runs in a cluster to run these words."""
    return [*_container("migrate-orders.Job")["command"], "--", *words]


def _container(manifest: str) -> dict[str, list[str]]:
    """The container of a manifest, as it stands in the tree."""
    resource = yaml.safe_load((ROOT / "knative" / "base" / f"{manifest}.yaml").read_text())
    (container,) = resource["spec"]["template"]["spec"]["containers"]
    named = {variable["name"] for variable in container["env"]}
    assert {name for name in named if not name.startswith("PYTHON")} <= {*documented(), "HOME"}
    found: dict[str, list[str]] = container
    return found


def documented() -> set[str]:
    """The variables in the README's table of settings."""
    return {name for row in _SETTING.findall((ROOT / "README.md").read_text()) for name in row if name}


def orders_settings(database_url: str) -> dict[str, str]:
    """The order function's, less its port."""
    return {
        "ORDERS_DATABASE_URL": database_url,
        "SIGNING_SECRETS": SIGNING_SECRET,
        "K_REVISION": "orders-stable-0123456789",
    }


def web_settings(database_url: str, orders_url: str = "http://127.0.0.1:9") -> dict[str, str]:
    """The shop's, less its port."""
    return {
        "ORDERS_URL": orders_url,
        "ORDERS_STABLE_URL": orders_url,
        "SIGNING_SECRETS": SIGNING_SECRET,
        "ORDER_KEY_SECRET": KEY_SECRET,
        "FRONTEND_DATABASE_URL": database_url,
    }


@contextmanager
def serving(
    image: Image, name: str, settings: Mapping[str, str], folder: Path, files: Mapping[str, Path] | None = None
) -> Iterator[Pod]:
    """A service that has become ready; it listens on this machine alone."""
    port, metrics_port = free_ports(2)
    place = {"HOST": "127.0.0.1", "PORT": str(port)}
    place |= {"METRICS_PORT": str(metrics_port)} if name == "web" else {}
    assert {*settings, *place} <= documented()
    environ = {"HOME": "/tmp", **settings, **place}  # noqa: S108 - in the container
    url = f"http://127.0.0.1:{port}"
    with running(image, service_command(name), environ, folder / f"{name}.log", files) as container:
        pod = Pod(container, url)
        wait_until(lambda: _is_ready(pod), READY_WITHIN_S)
        yield pod


def _is_ready(pod: Pod) -> bool:
    assert pod.container.process.poll() is None, pod.container.text()
    try:
        return requests.get(f"{pod.url}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
