"""Makes the image with Buildah, which needs neither Docker nor a running service.

The image keeps the contract: the project at the working directory, the locked packages importable by `python3`, a user
without rights. Two makings of the same project on the same base give the same image.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.image import contents
from scripts.image.names import ImageName

DEFAULT_BASE: Final = "docker.io/library/python:3.11-slim"
USER: Final = 1000
WORKSPACE: Final = "/workspace"
PACKAGES: Final = "/layers/packages"
_WHEELS: Final = "/wheels"
_KEPT_LINES: Final = 20
_CHROOT: Final = ("--isolation", "chroot")  # needs no runtime and, inside a container, no rights of its own
# Not what is never imported, nor what is not meant to compile.
_NOT_COMPILED: Final = "/(test|tests|idlelib|lib2to3|site-packages|dist-packages)/"
# By content and unchecked: a builder's and a registry's files have other times than ours, and byte code that goes by
# times would be made anew at each start from zero, for no pod may write it down.
_COMPILE: Final = (
    "import compileall, py_compile, re, sys, sysconfig\n"
    "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH\n"
    "skipped = re.compile(sys.argv[1])\n"
    "done = [compileall.compile_dir(folder, quiet=1, force=True, invalidation_mode=mode) for folder in sys.argv[2:]]\n"
    "library = sysconfig.get_path('stdlib')\n"
    "done.append(compileall.compile_dir(library, quiet=1, force=True, rx=skipped, invalidation_mode=mode))\n"
    "sys.exit(0 if all(done) else 1)"
)
_PIP: Final = (
    "--no-deps --require-hashes --only-binary :all: --no-compile --no-cache-dir --no-input --disable-pip-version-check"
)
_FOR_PIP: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class BuildahError(Exception):
    """No image was made; the message says at which step, and `lines` are the last of what Buildah said."""

    def __init__(self, what: str, lines: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.lines = list(lines)


@dataclass(frozen=True)
class Order:
    """What to make: `base` is an image's name or the path of an archive; `wheels` a folder to install from, or None."""

    name: ImageName
    base: str
    wheels: Path | None = None


def make(root: Path, order: Order, archive: Path, said: Callable[[str], None]) -> str:
    """Write the image to `archive`, which `docker load` and the like read; returns its id. Raises BuildahError."""
    if shutil.which("buildah") is None:
        raise BuildahError("Buildah is not installed; on Debian and Ubuntu: apt install buildah")
    said(f"the base, {order.base}")
    with _container(_source(order.base)) as container, tempfile.TemporaryDirectory() as folder:
        contents.lay_out(root, Path(folder) / "project")
        _buildah("copy", "--quiet", container, str(Path(folder) / "project"), WORKSPACE)
        said("the packages of requirements.txt")
        _in(container, _install(order), order.wheels)
        said("byte code")
        _in(container, ["python3", "-c", _COMPILE, _NOT_COMPILED, PACKAGES, WORKSPACE])
        _buildah("config", *_configuration(), container)
        said(f"the archive {archive}")
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.unlink(missing_ok=True)
        ids = Path(folder) / "id"
        made = ["--timestamp", "0", "--omit-history", "--quiet", "--iidfile", str(ids)]
        _buildah("commit", *made, container)
        image = ids.read_text().strip()
        try:
            _buildah("push", "--quiet", image, f"docker-archive:{archive}:{order.name}")
        finally:
            _buildah("rmi", image)
        return image


def publish(archive: Path, name: ImageName) -> str:
    """Push the archive's image to the registry of `name`; returns its digest there. Raises BuildahError."""
    with tempfile.TemporaryDirectory() as folder:
        digest = Path(folder) / "digest"
        image = _buildah("pull", "--quiet", f"docker-archive:{archive}").strip().splitlines()[-1]
        try:
            _buildah("push", "--quiet", "--digestfile", str(digest), image, f"docker://{name}")
        finally:
            _buildah("rmi", image)
        return digest.read_text().strip()


def _install(order: Order) -> list[str]:
    """The image's own pip chooses what fits its Python and its system."""
    source = ["--no-index", "--find-links", _WHEELS] if order.wheels else []
    return ["python3", "-m", "pip", "install", *_PIP.split(), *source, "--target", PACKAGES, "-r", "requirements.txt"]


def _configuration() -> list[str]:
    web = next(line for line in _procfile() if line.startswith("web: ")).removeprefix("web: ")
    return [
        *("--user", f"{USER}:{USER}", "--workingdir", WORKSPACE, "--port", "8080"),
        *("--env", f"PYTHONPATH={PACKAGES}", "--env", "PYTHONDONTWRITEBYTECODE=1", "--env", "HOME=/tmp"),
        *("--entrypoint", "[]", "--cmd", json.dumps(["/bin/sh", "-c", f"exec {web}"])),
    ]


def _procfile() -> list[str]:
    return (Path(__file__).resolve().parents[2] / "Procfile").read_text(encoding="utf-8").splitlines()


def _source(base: str) -> str:
    """A file is an archive, an OCI image's or Docker's; all else is the name of an image."""
    if not Path(base).is_file():
        return base
    kind = "docker-archive" if "manifest.json" in _names_in(Path(base)) else "oci-archive"
    return f"{kind}:{base}"


def _names_in(archive: Path) -> set[str]:
    import tarfile  # noqa: PLC0415 - for a base that is a file alone

    with tarfile.open(archive) as opened:
        return set(opened.getnames())


@contextmanager
def _container(source: str) -> Iterator[str]:
    """A working container, gone with the block."""
    name = _buildah("from", "--quiet", source).strip().splitlines()[-1]
    try:
        yield name
    finally:
        _buildah("rm", name)


def _in(container: str, words: Sequence[str], wheels: Path | None = None) -> None:
    """Run in the container, in the project's folder, with what pip is told by our environment."""
    options = ["--workingdir", WORKSPACE, "--user", "0:0"]
    variables = [name for name in os.environ if name in _FOR_PIP or name.startswith("PIP_")] if wheels is None else []
    options += [word for name in sorted(variables) for word in ("--env", f"{name}={os.environ[name]}")]
    options += ["--volume", f"{wheels.resolve()}:{_WHEELS}:ro"] if wheels else []
    _buildah("run", *_CHROOT, *options, container, "--", *words)


def _buildah(verb: str, *words: str) -> str:
    """Buildah's standard output. Raises BuildahError."""
    done = subprocess.run(["buildah", verb, *words], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise BuildahError(f"buildah {verb} failed", lines[-_KEPT_LINES:])
    return done.stdout
