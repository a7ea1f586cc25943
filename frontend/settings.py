"""What the environment says, read once at the start into a frozen object."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_MIN_SECRET: Final = 32
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")

T = TypeVar("T")


class SettingsError(ValueError):
    """A variable is missing or bad; the message is one line that begins with its name and quotes no value."""


@dataclass(frozen=True)
class Settings:
    """The addresses and secrets of the shop; its repr shows no secret and no database address."""

    orders_url: str
    orders_stable_url: str
    signing_secrets: tuple[str, ...] = field(repr=False)
    order_key_secret: str = field(repr=False)
    frontend_database_url: str = field(repr=False)
    log_level: str = "info"


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises SettingsError for the first variable that is missing or bad."""
    return Settings(
        orders_url=_read(environ, "ORDERS_URL", _address),
        orders_stable_url=_read(environ, "ORDERS_STABLE_URL", _address),
        signing_secrets=_read(environ, "SIGNING_SECRETS", _secrets),
        order_key_secret=_read(environ, "ORDER_KEY_SECRET", _secret),
        frontend_database_url=_read(environ, "FRONTEND_DATABASE_URL", _database),
        log_level=_read(environ, "LOG_LEVEL", _log_level, default="info"),
    )


def read_number(environ: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    """The whole number in the variable `name`, or `default`. Raises SettingsError unless it is in `low`..`high`."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return _read(environ, name, number, default=str(default))


def _read(environ: Mapping[str, str], name: str, parse: Callable[[str], T], default: str | None = None) -> T:
    text = environ.get(name, "").strip() or default
    if text is None:
        raise SettingsError(f"{name}: is missing")
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None  # the cause may quote the value, which may be a secret


def _address(text: str) -> str:
    """Plain http: inside the cluster the requests are signed, and the deadline is kept on a plain socket."""
    wrong = ValueError("must be of the form http://host or http://host:port")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    well_formed = parts.scheme == "http" and _HOST.fullmatch(parts.hostname or "") and port != 0
    if not well_formed or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise wrong
    return f"http://{parts.netloc}/"


def _secret(text: str) -> str:
    if len(text) < _MIN_SECRET:
        raise ValueError(f"must have at least {_MIN_SECRET} characters")
    return text


def _secrets(text: str) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in text.split(","))
    if len(secrets) > 2:
        raise ValueError("must be one secret, or two while one is replaced")
    return tuple(_secret(secret) for secret in secrets)


def _database(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    return text


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.lower()
