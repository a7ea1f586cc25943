"""Fixtures of the tests of the cluster's verbs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cluster.api import Cluster
from tests.scripts.cluster.emulation.cluster_api import ClusterApi, emulated


@pytest.fixture
def cluster_api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterApi]:
    """An emulated cluster with Knative, of this test alone; KUBECONFIG names it."""
    with emulated(tmp_path) as api:
        monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig))
        yield api


@pytest.fixture
def cluster(cluster_api: ClusterApi) -> Cluster:
    """The namespace of the emulated cluster, as the verbs see it."""
    return Cluster.connect(None, "flametickets")
