"""What the Jobs of the verbs learn from the Services that are there."""

import pytest

from scripts.cluster.api import Cluster
from scripts.cluster.deployed import names_of, wanted_of
from scripts.cluster.errors import NotReady
from scripts.cluster.manifests import plan
from tests.scripts.cluster.emulation.cluster_api import ClusterApi
from tests.scripts.cluster.shop import WANTED, open_shop
from tests.scripts.cluster.wanting import NAMES, one


def test_image_and_secrets_are_those_of_the_services(cluster_api: ClusterApi, cluster: Cluster) -> None:
    open_shop(cluster_api, cluster)
    found = wanted_of(cluster)
    assert (found.namespace, found.image, found.secrets) == ("flametickets", WANTED.image, NAMES)
    assert found.overlay == "production"
    assert wanted_of(cluster, "other:1").image == "other:1"


def test_where_the_demos_database_is_the_shop_is_the_demos(cluster_api: ClusterApi, cluster: Cluster) -> None:
    shop = open_shop(cluster_api, cluster)
    cluster.apply(one(shop.plan, "StatefulSet", "orders-database"))
    assert wanted_of(cluster).overlay == "demo"


@pytest.mark.parametrize("absent", ["orders", "frontend"])
def test_half_a_shop_is_none(cluster_api: ClusterApi, cluster: Cluster, absent: str) -> None:
    cluster_api.add_namespace()
    planned = plan(WANTED)
    cluster.apply(planned.frontend if absent == "orders" else planned.orders["stable"])
    with pytest.raises(NotReady, match=f"Knative Service {absent} isn't in the namespace flametickets"):
        wanted_of(cluster)


def test_a_secret_that_somebody_wrote_into_the_service_is_not_guessed() -> None:
    planned = plan(WANTED)
    env = planned.frontend["spec"]["template"]["spec"]["containers"][0]["env"]
    (signing,) = (each for each in env if each["name"] == "SIGNING_SECRETS")
    del signing["valueFrom"]
    signing["value"] = "x" * 40
    with pytest.raises(NotReady, match="Knative Service frontend takes SIGNING_SECRETS from no Secret"):
        names_of(planned.orders["stable"], planned.frontend)
