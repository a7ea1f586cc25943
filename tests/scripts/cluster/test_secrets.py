"""Secrets are made once, found again, replaced in two steps, and never shown."""

from dataclasses import replace
from typing import Any

import pytest

from scripts.cluster.databases import DatabaseChoice
from scripts.cluster.errors import ClusterError
from scripts.cluster.manifests import plan
from scripts.cluster.secrets import InUse, Rotation, Secrets, in_use, secrets_for
from scripts.cluster.stored_secrets import find, make, redacted, value_of
from tests.scripts.cluster.wanting import DEMO, tokens

PASSWORD = "hunter2-and-more"
OUTSIDE = DatabaseChoice(
    orders_url=f"postgresql://shop:{PASSWORD}@one.example:6432/orders",
    frontend_url=f"postgresql://shop:{PASSWORD}@two.example/pending",
)
NOTHING = DatabaseChoice()
TOKEN = tokens()


def deploy(
    there: list[dict[str, Any]],
    choice: DatabaseChoice = NOTHING,
    rotation: Rotation = "keep",
    used: InUse | None = None,
) -> Secrets:
    """A deploy that makes what is missing: it is in `there` afterwards."""
    secrets = secrets_for(there, choice, rotation, TOKEN, namespace="tickets", used=used)
    there.extend(secrets.objects)
    return secrets


def accepted(there: list[dict[str, Any]], secrets: Secrets) -> list[str]:
    secret = find(there, secrets.names.signing)
    assert secret is not None
    return (value_of(secret, "SIGNING_SECRETS") or "").split(",")


def test_a_second_deploy_makes_nothing() -> None:
    there: list[dict[str, Any]] = []
    first, second = deploy(there), deploy(there)
    assert len(first.objects) == 4
    assert second.objects == ()
    assert second.names == first.names
    assert second.overlay == "demo"


def test_the_signing_secret_is_replaced_in_two_steps() -> None:
    there: list[dict[str, Any]] = []
    (old,) = accepted(there, deploy(there))
    rotated = deploy(there, rotation="rotate")
    new, still = accepted(there, rotated)
    assert still == old
    retired = deploy(there, rotation="retire", used=InUse(signing=rotated.names.signing))
    assert accepted(there, retired) == [new]
    assert accepted(there, deploy(there)) == [new]


def test_a_rotation_that_was_interrupted_goes_on_and_drops_nothing() -> None:
    there: list[dict[str, Any]] = []
    deploy(there)
    first, again = deploy(there, rotation="rotate"), deploy(there, rotation="rotate")
    assert again.names == first.names
    assert again.objects == ()
    assert again.notes


def test_a_secret_that_still_signs_is_not_retired() -> None:
    there: list[dict[str, Any]] = []
    before = deploy(there)
    deploy(there, rotation="rotate")
    with pytest.raises(ClusterError, match="doesn't sign with the new secret"):
        deploy(there, rotation="retire", used=InUse(signing=before.names.signing))


def test_the_order_key_is_never_made_again() -> None:
    there: list[dict[str, Any]] = []
    deploy(there)
    key = find(there, "order-key")
    for rotation in ("rotate", "keep"):
        assert "order-key" not in [each["metadata"]["name"] for each in deploy(there, rotation=rotation).objects]
    assert find(there, "order-key") == key
    with pytest.raises(ClusterError, match="order-key has no ORDER_KEY_SECRET"):
        deploy([make("order-key", {"OTHER": "x"})])


def test_databases_by_address_are_found_again_when_nothing_is_said() -> None:
    there: list[dict[str, Any]] = []
    first, second = deploy(there, OUTSIDE), deploy(there)
    assert second.names == first.names
    assert (second.overlay, second.orders_database_port, second.frontend_database_port) == ("production", 6432, 5432)


def test_databases_by_a_secrets_name_must_be_there_with_their_key() -> None:
    choice = DatabaseChoice(orders_secret="mine", frontend_secret="mine")
    with pytest.raises(ClusterError, match="mine is not in the namespace"):
        deploy([], choice)
    with pytest.raises(ClusterError, match="mine has no ORDERS_DATABASE_URL"):
        deploy([make("mine", {"URL": "x"})], choice)
    url = OUTSIDE.orders_url or ""
    there = [make("mine", {"ORDERS_DATABASE_URL": url, "FRONTEND_DATABASE_URL": url})]
    secrets = deploy(there, choice)
    assert (secrets.names.orders_database, secrets.overlay) == ("mine", "production")
    assert "one server" in secrets.notes[0]
    later = deploy(there, used=InUse(orders_database="mine", frontend_database="mine"))
    assert later.names.orders_database == "mine"


def test_one_database_of_the_demo_and_one_elsewhere_are_refused() -> None:
    with pytest.raises(ClusterError, match="name both, or none"):
        deploy([], replace(OUTSIDE, frontend_url=None))


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://u:{PASSWORD}@host/x",
        f"postgresql://u:{PASSWORD}@/x",
        f"postgresql://u:{PASSWORD}@host:99999/x",
        f"postgresql://u:{PASSWORD}@a:1,b:2/x",
    ],
)
def test_an_address_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(ClusterError, match="--orders-database-url") as caught:
        deploy([], replace(OUTSIDE, orders_url=url))
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in repr(caught.value.__context__)


def test_nothing_of_a_secret_is_in_what_is_printed() -> None:
    there: list[dict[str, Any]] = []
    secrets = deploy(there, OUTSIDE)
    shown = repr(secrets) + repr(OUTSIDE) + str([redacted(each) for each in there])
    assert PASSWORD not in shown
    assert not [value for each in there for value in each["data"].values() if value in shown]


def test_what_the_services_refer_to_is_read_from_them() -> None:
    planned = plan(DEMO)
    assert in_use(planned.orders["stable"], planned.frontend) == InUse(
        DEMO.secrets.signing, DEMO.secrets.orders_database, DEMO.secrets.frontend_database
    )
    assert in_use(None, None) == InUse()
