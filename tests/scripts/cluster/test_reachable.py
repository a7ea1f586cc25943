"""Whether revisions can serve, alone and together."""

import base64
from typing import Any

import pytest

from scripts.cluster.reachable import objection, secrets_of, signing_secret_of, strife


def revision(name: str, signing: str = "signing-1", *, ready: str = "True", reason: str = "") -> dict[str, Any]:
    env = [
        {"name": "PORT", "value": "8080"},
        {"name": "SIGNING_SECRETS", "valueFrom": {"secretKeyRef": {"name": signing, "key": "SIGNING_SECRETS"}}},
        {"name": "EXTRA", "valueFrom": {"secretKeyRef": {"name": "extra", "key": "EXTRA", "optional": True}}},
        {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "user-container", "env": env}]},
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": reason}]},
    }


def secret(*values: str) -> dict[str, Any]:
    return {"data": {"SIGNING_SECRETS": base64.b64encode(",".join(values).encode()).decode()}}


ORDERS, FRONTEND = "orders-stable-aaaaaaaaaa", "frontend-bbbbbbbbbb"


def test_a_revision_names_its_secrets_and_the_one_that_signs() -> None:
    assert secrets_of(revision(ORDERS)) == {"signing-1"}
    assert signing_secret_of(revision(ORDERS)) == "signing-1"
    assert signing_secret_of({"spec": {"containers": [{}]}}) is None


def test_a_ready_revision_with_its_secrets_can_serve() -> None:
    assert objection(ORDERS, revision(ORDERS), {"signing-1": secret("a")}) is None


def test_a_revision_that_is_gone_is_objected_to() -> None:
    assert (objection(ORDERS, None, {}) or "").startswith(f"{ORDERS} isn't there any more")


def test_a_revision_that_is_not_ready_is_objected_to_with_the_reason() -> None:
    unready = revision(ORDERS, ready="False", reason="ContainerMissing")
    assert "is not ready: the registry doesn't have its image" in (objection(ORDERS, unready, {"signing-1": {}}) or "")


def test_a_revision_whose_secret_is_gone_is_objected_to() -> None:
    assert objection(ORDERS, revision(ORDERS), {"other": secret("a")}) == (
        f"{ORDERS} can't start a pod: its Secret signing-1 is gone"
    )


def test_the_same_signing_secret_is_accepted_without_reading_it() -> None:
    assert strife(revision(FRONTEND), revision(ORDERS), {}) is None


@pytest.mark.parametrize(
    ("signs", "accepts", "is_accepted"),
    [
        (("old",), ("new", "old"), True),  # orders are rolled first in a rotation
        (("new", "old"), ("new", "old"), True),
        (("new", "old"), ("new",), True),  # the old one is retired on one side
        (("new", "old"), ("old",), False),  # back to before the rotation
        (("new",), ("old",), False),
        ((), ("old",), False),
    ],
)
def test_another_signing_secret_must_accept_what_is_signed(
    signs: tuple[str, ...], accepts: tuple[str, ...], is_accepted: bool
) -> None:
    secrets = {"signing-1": secret(*accepts), "signing-2": secret(*signs)}
    why = strife(revision(FRONTEND, "signing-2"), revision(ORDERS, "signing-1"), secrets)
    assert (why is None) is is_accepted
    if why is not None:
        assert f"{ORDERS} would answer every call of {FRONTEND} with 401" in why
        assert "signing-1 and signing-2" in why
        assert "new" not in why.replace("answer", "")  # the Secrets' names, never what is in them
