"""Makes the image with Cloud Native Buildpacks: `pack build`, with the project's one Procfile.

The builder's Python buildpack installs requirements.txt, and its Procfile buildpack makes the start scripts
/cnb/process/web and /cnb/process/orders.
"""

import os
import shutil
import subprocess
import tempfile
import tomllib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.cluster.errors import ClusterError
from scripts.cluster.registry import NOT_RESOLVED, ImageError
from scripts.image import contents
from scripts.image.names import DOCKER_HUB, ImageName, is_digest

DEFAULT_BUILDER: Final = "paketobuildpacks/builder-jammy-base"
DEFAULT_IMAGE: Final = "dev.local/flametickets"
_KEPT_LINES: Final = 20
_OTHER_WAYS: Final = (
    "Without it there are two other ways: --image NAME deploys an image that is ready, and\n"
    "python3 scripts/build_image.py makes one without pack and Docker."
)
_NO_DOCKER: Final = ("docker daemon", "docker api", "docker.sock", "docker client", "docker engine")
_SETTINGS: Final = {
    "BP_CPYTHON_VERSION": "3.11.*",  # the one that the tests run on
    "BP_DIRECT_PROCESS": "true",  # no shell in between: the server is process 1 and hears SIGTERM itself
    "PIP_ONLY_BINARY": ":all:",  # what the lock's hashes were taken of, on every machine
    # The builder sets the time of each file to a constant, so byte code that goes by times would be stale, and made
    # anew at each start from zero. With a constant time to build at, Python writes byte code that goes by content;
    # and it belongs beside the sources, where the builder would have it elsewhere, and leave it out.
    "SOURCE_DATE_EPOCH": "315532801",
    "PYTHONPYCACHEPREFIX": "",
}


class BuildError(ClusterError):
    """No image was made; the last lines of pack's output are the evidence."""


def build(
    root: Path,
    image: str | None,
    said: Callable[[str], None],
    log: Path,
    *,
    builder: str | None = None,
    platform: str | None = None,
    skipped: Collection[str] = NOT_RESOLVED,
) -> str:
    """The image made of the project at `root`: by its digest when it was published, else by its tag.

    It is published to the registry of the name `image`, unless that is one of `skipped`: then it is left in Docker, to
    be loaded into the cluster's nodes. A name without a tag gets the one of the project's state. `said` is told each
    line of pack, and `log` keeps all of them. `platform` is one like linux/amd64. Raises BuildError or ImageError.
    """
    name = _named(root, image or DEFAULT_IMAGE)
    is_published = name.registry not in skipped
    if (pack := shutil.which("pack")) is None:
        raise BuildError(
            "pack, which --build makes the image with, is not installed (https://buildpacks.io)", hint=_OTHER_WAYS
        )
    with tempfile.TemporaryDirectory(prefix="flametickets-image-") as folder:
        project, report = Path(folder) / "project", Path(folder) / "report"
        contents.lay_out(root, project)
        report.mkdir()
        command = [pack, "build", str(name), "--path", str(project), "--builder", builder or DEFAULT_BUILDER]
        command += [word for setting in _SETTINGS.items() for word in ("--env", "=".join(setting))]
        command += ["--report-output-dir", str(report), "--no-color"]
        command += ["--publish"] if is_published else []
        command += ["--platform", platform] if platform else []
        _run(command, said, log)
        return name.pinned(_published_digest(report / "report.toml")) if is_published else str(name)


def _named(root: Path, image: str) -> ImageName:
    """The name with a tag. Raises ImageError when nothing can be published under it."""
    try:
        name = ImageName.parse(image)
    except ValueError as error:
        raise ImageError(str(error)) from error
    if name.digest:
        raise ImageError(f"{image}: an image that is to be built has no digest yet; leave it out, or leave --build out")
    if name.is_official:
        hint = f"Name it with a registry, as ghcr.io/you/{image}, or with your user of {DOCKER_HUB}, as you/{image}."
        raise ImageError(f"{image}: nobody can publish there", hint=hint)
    return name if name.tag else name.with_tag(contents.tag(root))


def _run(command: Sequence[str], said: Callable[[str], None], log: Path) -> None:
    """Run pack to its end. Raises BuildError when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    last: deque[str] = deque(maxlen=_KEPT_LINES)
    with log.open("w", encoding="utf-8") as copy, _child(command) as child:
        assert child.stdout is not None
        for line in child.stdout:
            copy.write(line)
            if text := line.strip():
                last.append(text)
                said(text)
    if child.returncode == 0:
        return
    if any(words in line.lower() for line in last for words in _NO_DOCKER):
        raise BuildError(
            "pack found no Docker to build in; it must run and be yours to use", lines=list(last), hint=_OTHER_WAYS
        )
    raise BuildError("pack made no image", lines=list(last), hint=f"All that it said is in {log}.")


@contextmanager
def _child(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A child process that ends with the block, also when the block is left early."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "NO_COLOR": "1"},
    ) as child:
        try:
            yield child
        except BaseException:
            child.terminate()
            raise


def _published_digest(report: Path) -> str:
    """The digest in pack's report. Raises BuildError."""
    try:
        digest = tomllib.loads(report.read_text(encoding="utf-8"))["image"]["digest"]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BuildError("pack's report doesn't say which image was published; a newer pack does") from error
    if not isinstance(digest, str) or not is_digest(digest):
        raise BuildError(f"pack's report names no digest but {digest}")
    return digest
