"""The order function's environment, read once into a frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

MIN_SECRET_CHARACTERS: Final = 32
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class SettingsError(ValueError):
    """A setting is missing or bad; the message names it and never holds its value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`signing_secrets`: the ones accepted. `chaos_faults` is empty in a revision without faults."""

    database_url: str = field(repr=False)
    signing_secrets: tuple[str, ...] = field(repr=False)
    revision: str
    chaos_faults: str
    chaos_seed: str
    log_level: str


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises SettingsError."""
    settings = Settings(
        database_url=database_url(environ),
        signing_secrets=_secrets(environ),
        revision=environ.get("K_REVISION", "orders-local"),
        chaos_faults=environ.get("CHAOS_FAULTS", "").strip(),
        chaos_seed=environ.get("CHAOS_SEED", "0"),
        log_level=_log_level(environ),
    )
    if settings.chaos_faults and "stable" in settings.revision:
        raise SettingsError(f"CHAOS_FAULTS: must not be set in the revision {settings.revision}")
    return settings


def _required(environ: Mapping[str, str], name: str) -> str:
    if not (value := environ.get(name, "").strip()):
        raise SettingsError(f"{name}: is not set")
    return value


def database_url(environ: Mapping[str, str]) -> str:
    """The ledger's database, the only setting that audit and retention need. Raises SettingsError."""
    url = _required(environ, "ORDERS_DATABASE_URL")
    if urlsplit(url).scheme not in ("postgresql", "postgres"):
        raise SettingsError("ORDERS_DATABASE_URL: must start with postgresql://")
    return url


def _secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    secrets = tuple(secret.strip() for secret in _required(environ, "SIGNING_SECRETS").split(","))
    if len(secrets) > 2 or any(len(secret) < MIN_SECRET_CHARACTERS for secret in secrets):
        raise SettingsError(
            f"SIGNING_SECRETS: must be one secret, or two with a comma between, each of at least "
            f"{MIN_SECRET_CHARACTERS} characters"
        )
    return secrets


def _log_level(environ: Mapping[str, str]) -> str:
    level = environ.get("LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL: must be one of {', '.join(LOG_LEVELS)}")
    return level
