"""Which two databases a deploy uses, and the Secrets that hold their addresses. Dict in, dict out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from scripts.cluster import database_urls
from scripts.cluster.database_urls import DatabaseError
from scripts.cluster.stored_secrets import Object, find, make_named, name_of, newest, value_of
from scripts.cluster.wanted import POSTGRES_PORT

Side = Literal["orders", "frontend"]
SIDES: Final[tuple[Side, Side]] = ("orders", "frontend")
KEYS: Final[Mapping[Side, str]] = {"orders": "ORDERS_DATABASE_URL", "frontend": "FRONTEND_DATABASE_URL"}
DEMO_NAMES: Final[Mapping[Side, str]] = {"orders": "orders", "frontend": "pending"}
DEMO_USER: Final = "flametickets"


@dataclass(frozen=True)
class DatabaseChoice:
    """Where the operator says that the databases are: by address, or by the name of a Secret with `KEYS` in it.

    With nothing said they are where they were before, and on a first deploy the demo's.
    """

    orders_url: str | None = field(default=None, repr=False)
    orders_secret: str | None = None
    frontend_url: str | None = field(default=None, repr=False)
    frontend_secret: str | None = None

    def url(self, side: Side) -> str | None:
        return self.orders_url if side == "orders" else self.frontend_url

    def secret(self, side: Side) -> str | None:
        return self.orders_secret if side == "orders" else self.frontend_secret


@dataclass(frozen=True)
class Database:
    """The Secret `secret` holds the address of one side's database; `made` is that Secret when it is a new one."""

    secret: str
    url: str | None = field(repr=False)  # None when it can't be read from here
    is_demo: bool
    made: Object | None = field(default=None, repr=False)

    def port(self, side: Side) -> int:
        """Where pods must be let out to; PostgreSQL's own port when the address can't be read. Raises DatabaseError."""
        return POSTGRES_PORT if self.url is None else database_urls.port(self.url, f"{KEYS[side]} of {self.secret}")


def resolve(
    side: Side,
    choice: DatabaseChoice,
    existing: Sequence[Mapping[str, Any]] | None,
    used: str | None,
    salt: str,
    random_token: Callable[[], str],
) -> Database:
    """The database of one side: the one that is asked for, else the one in use, else one of the demo's.

    `used` names the Secret that the running pods have. Raises DatabaseError.
    """
    before = newest(existing or (), f"{side}-database")
    if url := choice.url(side):
        database_urls.port(url, f"--{side}-database-url")
        return _kept_or_made(side, {KEYS[side]: url}, url, salt, existing, before)
    if name := choice.secret(side):
        return _of_the_operator(side, name, existing)
    if used is not None and (there := find(existing or (), used)) is not None:
        before = there
    elif used is not None:
        return _of_the_operator(side, used, existing)
    if before is not None:
        return _found(side, before)
    return _demo(side, salt, random_token)


def servers_shared(orders: Database, frontend: Database) -> bool:
    """Whether the two databases are known to have a server in common."""
    if orders.url is None or frontend.url is None:
        return False
    both = (database_urls.servers(each.url or "", each.secret) for each in (orders, frontend))
    return not frozenset.isdisjoint(*both)


def _kept_or_made(
    side: Side,
    values: Mapping[str, str],
    url: str,
    salt: str,
    existing: Sequence[Mapping[str, Any]] | None,
    before: Mapping[str, Any] | None,
) -> Database:
    secret = make_named(f"{side}-database", values, salt, after=before)
    is_there = find(existing or (), name_of(secret)) is not None
    return Database(name_of(secret), url, is_demo=False, made=None if is_there else secret)


def _of_the_operator(side: Side, name: str, existing: Sequence[Mapping[str, Any]] | None) -> Database:
    if existing is None:  # no cluster to look at
        return Database(name, None, is_demo=False)
    if (secret := find(existing, name)) is None:
        raise DatabaseError(
            f"the Secret {name} is not in the namespace",
            hint=f"Make it first: kubectl create secret generic {name} --from-literal={KEYS[side]}=postgresql://…",
        )
    return _found(side, secret)


def _found(side: Side, secret: Mapping[str, Any]) -> Database:
    name, url = name_of(secret), value_of(secret, KEYS[side])
    if not url:
        raise DatabaseError(f"the Secret {name} has no {KEYS[side]}")
    database_urls.port(url, f"{KEYS[side]} of the Secret {name}")
    return Database(name, url, is_demo=value_of(secret, "POSTGRES_PASSWORD") is not None)


def _demo(side: Side, salt: str, random_token: Callable[[], str]) -> Database:
    """A new password, made once: the database takes it when it is made, and keeps it."""
    password, database = random_token(), DEMO_NAMES[side]
    # The short name: pods look within their own namespace.
    url = f"postgresql://{DEMO_USER}:{password}@{side}-database:{POSTGRES_PORT}/{database}"
    values = {
        KEYS[side]: url,
        "POSTGRES_USER": DEMO_USER,
        "POSTGRES_PASSWORD": password,
        "POSTGRES_DB": database,
    }
    made = make_named(f"{side}-database", values, salt)
    return Database(name_of(made), url, is_demo=True, made=made)
