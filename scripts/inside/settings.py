"""The environment of a pod, as the commands of this package need it."""

from collections.abc import Mapping
from typing import Final

_SECRETS: Final = "SIGNING_SECRETS"
_ROUTES: Final = {"orders": "ORDERS_URL", "stable": "ORDERS_STABLE_URL", "chaos": "ORDERS_CHAOS_URL"}
ROUTES: Final = tuple(_ROUTES)


class SettingsError(Exception):
    """A variable is missing or can't be used; the message begins with its name."""


def signing_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets that sign requests, the one to sign with first. Raises SettingsError."""
    secrets = tuple(secret.strip() for secret in environ.get(_SECRETS, "").split(","))
    if not all(secrets):
        raise SettingsError(f"{_SECRETS}: {'has an empty secret' if any(secrets) else 'is not set'}")
    return secrets


def address(where: str, environ: Mapping[str, str]) -> str:
    """`where` itself if it is an address of http, else that of the route with this name. Raises SettingsError."""
    if where.startswith(("http://", "https://")):
        return where
    if where not in _ROUTES:
        raise SettingsError(f"{where}: is neither an address that begins with http:// nor one of {', '.join(ROUTES)}")
    if not (url := environ.get(_ROUTES[where])):
        raise SettingsError(f"{_ROUTES[where]}: is not set")
    return url
