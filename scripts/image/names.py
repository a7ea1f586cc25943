"""Names of images, read as container engines and Knative read them."""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

DOCKER_HUB: Final = "docker.io"
_HUB_ALIASES: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?")
_PATH: Final = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")


@dataclass(frozen=True)
class ImageName:
    """An image: where it is, and which one; `tag` and `digest` are None when the name has none."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, with a message that quotes the name and says what is wrong with it."""
        name, at, digest = text.partition("@")
        if at and not _DIGEST.fullmatch(digest):
            raise ValueError(f"{text}: after @ must come sha256: and 64 hexadecimal digits")
        path, colon, tag = name.rpartition(":")
        if "/" in tag:  # that colon was a port's
            path, colon, tag = name, "", ""
        if not colon:
            path, tag = name, ""
        elif not _TAG.fullmatch(tag):
            raise ValueError(f"{text}: {tag} is no tag")
        registry, repository = _split(path)
        if not _HOST.fullmatch(registry) or not all(_PATH.fullmatch(part) for part in repository.split("/")):
            raise ValueError(f"{text}: is no name of an image; one is ghcr.io/somebody/flametickets")
        return cls(registry, repository, tag or None, digest or None)

    @property
    def is_official(self) -> bool:
        """Whether it is one of Docker Hub's own, as every name without a slash is."""
        return self.registry == DOCKER_HUB and self.repository.startswith("library/")

    def with_tag(self, tag: str) -> Self:
        """The same with this tag."""
        return replace(self, tag=tag)

    def pinned(self, digest: str) -> str:
        """The name that can only ever mean this one image."""
        return f"{self.registry}/{self.repository}@{digest}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def is_digest(text: str) -> bool:
    """Whether it is a digest as registries give them: `sha256:` and 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def _split(path: str) -> tuple[str, str]:
    """Registry and repository: a first part without dot and port is a user of Docker Hub, unless it is localhost."""
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = DOCKER_HUB, path
    if registry in _HUB_ALIASES:
        return DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return registry, repository
