"""Says which image a tag means just now, so that what is deployed can't change under its name.

Our own code, on requests: of the libraries for registries, oras knows no deadline and repeats a refused connection for
two minutes, aioregistry checks no certificate unless told to, and dxf reads nobody's login and has no recent release.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import requests

from scripts.cluster import registry_credentials
from scripts.cluster.errors import ClusterError
from scripts.cluster.registry_api import NoDigest, Registry
from scripts.cluster.registry_credentials import BadCredentials
from scripts.image.names import ImageName

NOT_RESOLVED: Final = ("kind.local", "ko.local", "dev.local")
_SETTING: Final = "registries-skipping-tag-resolving"
_BY_DIGEST: Final = "Given by its digest, as NAME@sha256:…, an image is deployed without asking its registry."


class ImageError(ClusterError):
    """The image's name is none, or its registry doesn't say which image it means."""


def not_resolved(config_deployment: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The registries whose tags the cluster leaves as they are, by its ConfigMap `config-deployment`."""
    data = (config_deployment or {}).get("data") or {}
    given = data.get(_SETTING)
    return NOT_RESOLVED if given is None else tuple(part.strip() for part in str(given).split(",") if part.strip())


def pin(
    image: str,
    skipped: Collection[str] = NOT_RESOLVED,
    environ: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> str:
    """The image by its digest; as it is given when it has one, or when its registry is `skipped`. Raises ImageError."""
    try:
        name = ImageName.parse(image)
    except ValueError as error:
        raise ImageError(str(error)) from error
    if name.digest or name.registry in skipped:
        return image
    try:
        login = registry_credentials.find(name.registry, environ, home or Path.home())
        with requests.Session() as session:
            return name.pinned(Registry(session, name.with_tag(name.tag or "latest"), login).digest())
    except BadCredentials as error:
        raise ImageError(f"the login for {name.registry} can't be read: {error}", hint=_BY_DIGEST) from error
    except NoDigest as error:
        raise ImageError(str(error), hint=_BY_DIGEST) from error
