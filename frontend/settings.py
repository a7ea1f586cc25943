"""What the environment says, read once at the start into a frozen object."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_MIN_SECRET: Final = 32
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,5}/(second|minute|hour|day)")

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
    host: str = "0.0.0.0"  # noqa: S104  # in a pod every address is the pod's own
    port: int = 8080
    web_threads: int = 16  # requests answered at once
    web_waiting: int = 32  # requests that may wait for that, about a second each
    metrics_port: int | None = None  # None: not served
    pending_limit: int = 3000
    pending_give_up_s: float = 24 * 3600.0
    pending_workers: int = 4
    trusted_address_header: str | None = None  # None: no limit for a client, for nobody can be told apart
    client_limit: str = "60/minute"


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises SettingsError for the first variable that is missing or bad."""
    port = read_number(environ, "PORT", default=8080, low=1, high=65535)
    return Settings(
        orders_url=_read(environ, "ORDERS_URL", _address),
        orders_stable_url=_read(environ, "ORDERS_STABLE_URL", _address),
        signing_secrets=_read(environ, "SIGNING_SECRETS", _secrets),
        order_key_secret=_read(environ, "ORDER_KEY_SECRET", _secret),
        frontend_database_url=_read(environ, "FRONTEND_DATABASE_URL", _database),
        log_level=_read(environ, "LOG_LEVEL", _log_level, default="info"),
        host=_read(environ, "HOST", _host, default="0.0.0.0"),  # noqa: S104
        port=port,
        web_threads=read_number(environ, "WEB_THREADS", default=16, low=1, high=256),
        web_waiting=read_number(environ, "WEB_WAITING", default=32, low=0, high=512),
        metrics_port=_read_metrics_port(environ, port),
        pending_limit=read_number(environ, "PENDING_LIMIT", default=3000, low=1, high=1_000_000),
        pending_give_up_s=3600.0 * read_number(environ, "PENDING_GIVE_UP_HOURS", default=24, low=1, high=720),
        pending_workers=read_number(environ, "PENDING_WORKERS", default=4, low=1, high=64),
        trusted_address_header=_read_optional(environ, "TRUSTED_ADDRESS_HEADER", _header),
        client_limit=_read(environ, "CLIENT_LIMIT", _limit, default="60/minute"),
    )


def read_number(environ: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    """The whole number in the variable `name`, or `default`. Raises SettingsError unless it is in `low`..`high`."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return _read(environ, name, number, default=str(default))


def _read_metrics_port(environ: Mapping[str, str], port: int) -> int | None:
    if not _is_set(environ, "METRICS_PORT"):
        return None
    metrics_port = read_number(environ, "METRICS_PORT", default=port, low=1, high=65535)
    if metrics_port == port:
        raise SettingsError("METRICS_PORT: must differ from PORT, which everybody can reach")
    return metrics_port


def _read_optional(environ: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    return _read(environ, name, parse) if _is_set(environ, name) else None


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return bool(environ.get(name, "").strip())


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


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("must be a host name or an address")
    return text


def _header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise ValueError("must be the name of a header, such as X-Forwarded-For")
    return text


def _limit(text: str) -> str:
    if not _LIMIT.fullmatch(text):
        raise ValueError("must be of the form 60/minute; second, hour and day do as well")
    return text


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
