"""Brings an image that is in this machine's Docker alone to the nodes of a cluster that runs on this machine, by kind.

Other clusters can't be told by the name of their context: there a person is told what is left to do.
"""

import shutil
import subprocess
from typing import Final

from scripts.cluster.building import BuildError

_KIND: Final = "kind-"  # kind names the context of a cluster so
_KEPT_LINES: Final = 20


def cluster_of_kind(context: str) -> str | None:
    """The name of kind's cluster that the context is of; None for a context of something else."""
    return context.removeprefix(_KIND) if context.startswith(_KIND) and shutil.which("kind") else None


def load(image: str, cluster: str) -> None:
    """Load the image into all nodes of kind's cluster; nodes that have it are left alone. Raises BuildError."""
    words = ["kind", "load", "docker-image", image, "--name", cluster]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()[-_KEPT_LINES:]
        raise BuildError(f"kind didn't load {image} into the nodes of {cluster}", lines=lines)


def left_to_do(image: str) -> str:
    """What a person has to do where the image can't be loaded from here."""
    return (
        f"{image} is in this machine's Docker alone; unless the cluster's nodes use that, load it there "
        f"(minikube image load {image}), or publish it: --image REGISTRY/NAME"
    )
