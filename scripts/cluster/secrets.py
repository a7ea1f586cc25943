"""The Secrets of a deploy: which are kept, which are to be made, and what they are called. Dict in, dict out.

Each is named by a digest of its content, for pods notice a new name and no new content. The order key is the
exception: it signs the addresses that buyers have bookmarked, so it is made once and kept for good. It is mixed into
the digests, so that nobody can find out a weak password by guessing what has such a name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from scripts.cluster.databases import SIDES, Database, DatabaseChoice, resolve, servers_shared
from scripts.cluster.errors import ClusterError
from scripts.cluster.stored_secrets import Object, find, make, make_named, name_of, newest, value_of
from scripts.cluster.wanted import Overlay, SecretNames

Rotation = Literal["keep", "rotate", "retire"]
"""`rotate`: a new signing secret signs, and the old one is still accepted. `retire`: the old one is no more."""

ORDER_KEY: Final = "order-key"
ORDER_KEY_SECRET: Final = "ORDER_KEY_SECRET"  # noqa: S105
_SIGNING: Final = "signing"
_SIGNING_SECRETS: Final = "SIGNING_SECRETS"
_MIN_CHARACTERS: Final = 32


class SecretError(ClusterError):
    """A Secret of the namespace can't be used, or not yet; the message names it and quotes nothing of it."""


@dataclass(frozen=True)
class InUse:
    """The names of the Secrets that the Services in the cluster refer to; None where there is no such Service yet."""

    signing: str | None = None  # the shop's, which signs
    orders_database: str | None = None
    frontend_database: str | None = None


@dataclass(frozen=True)
class Secrets:
    """`objects` are to be made; all others that `names` refers to are there. `notes` are lines for a person."""

    names: SecretNames
    overlay: Overlay
    orders_database_port: int
    frontend_database_port: int
    objects: tuple[Object, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Kept:
    """One Secret: its name, and the object when it is a new one."""

    name: str
    made: Object | None = field(default=None, repr=False)
    note: str = ""


def in_use(orders: Mapping[str, Any] | None, frontend: Mapping[str, Any] | None) -> InUse:
    """What the two Knative Services refer to, as the cluster has them."""
    return InUse(
        signing=_referred(frontend, _SIGNING_SECRETS),
        orders_database=_referred(orders, "ORDERS_DATABASE_URL"),
        frontend_database=_referred(frontend, "FRONTEND_DATABASE_URL"),
    )


def secrets_for(
    existing: Sequence[Mapping[str, Any]] | None,
    choice: DatabaseChoice,
    rotation: Rotation,
    random_token: Callable[[], str],
    *,
    namespace: str,
    used: InUse | None = None,
) -> Secrets:
    """The Secrets of a deploy. The same again, with what it made in `existing`, makes nothing.

    `existing` are all Secrets of the namespace, None when there is no cluster to look at; `used` says what the pods
    refer to; `random_token` makes at least 32 characters that can stand in an address. Raises ClusterError.
    """
    used = used or InUse()
    order_key, salt = _order_key(existing or (), random_token)
    signing = _signing(existing or (), rotation, used.signing, salt, random_token)
    orders, frontend = (
        resolve(side, choice, existing, name, salt, random_token)
        for side, name in zip(SIDES, (used.orders_database, used.frontend_database), strict=True)
    )
    if orders.is_demo != frontend.is_demo:
        raise SecretError("one database would be the demo's and the other one not; name both, or none")
    made = [each.made for each in (order_key, signing, orders, frontend) if each.made is not None]
    return Secrets(
        names=SecretNames(signing.name, order_key.name, orders.secret, frontend.secret),
        overlay="demo" if orders.is_demo else "production",
        orders_database_port=orders.port("orders"),
        frontend_database_port=frontend.port("frontend"),
        objects=tuple(_in(namespace, secret) for secret in made),
        notes=tuple(filter(None, (signing.note, _about_servers(orders, frontend)))),
    )


def _referred(service: Mapping[str, Any] | None, variable: str) -> str | None:
    if service is None:
        return None
    containers = service["spec"]["template"]["spec"]["containers"]
    for entry in (entry for each in containers for entry in each.get("env") or []):
        reference = (entry.get("valueFrom") or {}).get("secretKeyRef")
        if entry["name"] == variable and reference:
            return str(reference["name"])
    return None


def _order_key(existing: Sequence[Mapping[str, Any]], random_token: Callable[[], str]) -> tuple[_Kept, str]:
    secret = find(existing, ORDER_KEY)
    if secret is None:
        key = random_token()
        return _Kept(ORDER_KEY, make(ORDER_KEY, {ORDER_KEY_SECRET: key})), key
    key = value_of(secret, ORDER_KEY_SECRET) or ""
    if len(key) < _MIN_CHARACTERS:
        raise SecretError(
            f"the Secret {ORDER_KEY} has no {ORDER_KEY_SECRET} of at least {_MIN_CHARACTERS} characters",
            hint="It is never made anew, for no buyer's address would be valid any more. Put back what it was.",
        )
    return _Kept(ORDER_KEY), key


def _signing(
    existing: Sequence[Mapping[str, Any]],
    rotation: Rotation,
    signs: str | None,
    salt: str,
    random_token: Callable[[], str],
) -> _Kept:
    """`signs` names the Secret with which the running shop signs."""
    there = newest(existing, _SIGNING)
    if there is None:
        return _made_signing([random_token()], salt, None)
    name, accepted = name_of(there), _accepted(there)
    kept = _Kept(name)
    if rotation == "rotate" and len(accepted) == 2:  # an interrupted deploy goes on, and drops nothing that is in use
        return replace(kept, note="two signing secrets are accepted already; --retire-signing-secret ends the old one")
    if rotation == "rotate":
        return _made_signing([random_token(), *accepted], salt, there)
    if rotation == "retire" and len(accepted) == 1:
        return replace(kept, note="one signing secret is accepted, so there is none to retire")
    if rotation == "retire" and signs != name:
        raise SecretError(
            "the shop doesn't sign with the new secret yet, so the old one can't be retired",
            hint="Deploy once without --retire-signing-secret, then again with it.",
        )
    if rotation == "retire":
        return _made_signing(accepted[:1], salt, there)
    return kept


def _accepted(secret: Mapping[str, Any]) -> list[str]:
    accepted = (value_of(secret, _SIGNING_SECRETS) or "").split(",")
    if len(accepted) > 2 or any(len(each) < _MIN_CHARACTERS for each in accepted):
        raise SecretError(f"the Secret {name_of(secret)} has no {_SIGNING_SECRETS} as this tool makes them")
    return accepted


def _made_signing(accepted: Sequence[str], salt: str, after: Mapping[str, Any] | None) -> _Kept:
    made = make_named(_SIGNING, {_SIGNING_SECRETS: ",".join(accepted)}, salt, after=after)
    return _Kept(name_of(made), made)


def _about_servers(orders: Database, frontend: Database) -> str:
    if not servers_shared(orders, frontend):
        return ""
    return "both databases are on one server: when it fails, no purchase can be accepted; they should be two servers"


def _in(namespace: str, secret: Object) -> Object:
    return {**secret, "metadata": {**secret["metadata"], "namespace": namespace}}
