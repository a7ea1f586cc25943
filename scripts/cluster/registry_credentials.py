"""What `docker login` and `podman login` have remembered of a registry. A file that can't be read is an error."""

import base64
import binascii
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from scripts.image.names import DOCKER_HUB

_HUB_KEYS: Final = ("https://index.docker.io/v1/", "index.docker.io", DOCKER_HUB)
_IS_TOKEN: Final = "<token>"  # noqa: S105 - what helpers give in the place of a user
_WITHIN_S: Final = 30.0


class BadCredentials(Exception):
    """What was remembered can't be read; the message names the file or the program and holds no secret."""


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or an identity token, which registries exchange for another; the repr shows neither."""

    user: str
    secret: str = field(repr=False)

    @property
    def is_token(self) -> bool:
        return self.user == _IS_TOKEN


def find(registry: str, environ: Mapping[str, str], home: Path) -> Credentials | None:
    """What is remembered of the registry, of the first file that has it; None for nothing. Raises BadCredentials."""
    for path in _files(environ, home):
        if (credentials := _in_file(path, registry)) is not None:
            return credentials
    return None


def _files(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Docker's file and Podman's, where they are."""
    paths = [Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"]
    if named := environ.get("REGISTRY_AUTH_FILE"):
        paths.insert(0, Path(named))
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "containers" / "auth.json")
    return (path for path in paths if path.exists())


def _in_file(path: Path, registry: str) -> Credentials | None:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadCredentials(f"{path}: cannot be read") from error
    if not isinstance(config, dict):
        raise BadCredentials(f"{path}: must hold a JSON object")
    for key in _keys(registry):
        helper = _of(config, "credHelpers").get(key) or config.get("credsStore")
        entry = _of(config, "auths").get(key)
        if helper and (credentials := _from_helper(str(helper), key)) is not None:
            return credentials
        if isinstance(entry, dict) and (credentials := _from_entry(entry, path)) is not None:
            return credentials
    return None


def _keys(registry: str) -> tuple[str, ...]:
    """The names that programs have remembered a registry by."""
    if registry == DOCKER_HUB:
        return _HUB_KEYS
    return (registry, f"https://{registry}", f"https://{registry}/v1/", f"https://{registry}/v2/")


def _from_entry(entry: Mapping[str, Any], path: Path) -> Credentials | None:
    if token := entry.get("identitytoken"):
        return Credentials(_IS_TOKEN, str(token))
    if not (auth := entry.get("auth")):
        return None  # a helper has it, or nobody
    try:
        user, colon, secret = base64.b64decode(auth, validate=True).decode().strip("\0").partition(":")
    except (binascii.Error, ValueError, TypeError) as error:
        raise BadCredentials(f"{path}: an entry of auths is not base64 of user:password") from error
    return Credentials(user, secret) if colon else None


def _from_helper(name: str, key: str) -> Credentials | None:
    """What a credential helper says; it ends with an error when it knows nothing."""
    program = f"docker-credential-{name}"
    try:
        done = subprocess.run(
            [program, "get"], input=key, capture_output=True, text=True, check=False, timeout=_WITHIN_S
        )
        said = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadCredentials(f"{program}, which Docker's settings name, does not run") from error
    except ValueError as error:
        raise BadCredentials(f"{program}, which Docker's settings name, did not answer in JSON") from error
    secret = said.get("Secret") if isinstance(said, dict) else None
    return Credentials(str(said.get("Username", "")), str(secret)) if secret else None


def _of(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}
