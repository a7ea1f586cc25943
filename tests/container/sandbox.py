"""A container without a container engine: bubblewrap puts a process into a root file system of its own.

It runs as user 1000 without any capability, as process 1 of its own process namespace, on a root that is read-only;
/tmp alone can be written to, and is memory. The network is this machine's, of which it uses the loopback.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.container.image import PACKAGES, WORKSPACE, Image
from tests.scripts.waiting import wait_until

USER: Final = 1000
MEMORY_BYTES: Final = 64 * 1024 * 1024
_IS_ROOT: Final = os.geteuid() == 0
_SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl")
# Root need not make a user namespace, which not every machine allows: it gives its rights away inside instead.
_DROPPING: Final = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
_BECOME_USER: Final = (
    *("/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
    *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--"),
)


@dataclass(frozen=True)
class Container:
    """A started container: `process` is bubblewrap, which ends with the exit code of the container's process 1."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def first(self) -> psutil.Process:
        """Process 1 of the container, as this machine sees it."""
        wait_until(lambda: psutil.Process(self.process.pid).children())
        (first,) = psutil.Process(self.process.pid).children()
        return first

    def runs_as(self, program: str) -> bool:
        """Whether process 1 has become `program`: bubblewrap, setpriv and the shell come before it."""
        with suppress(psutil.Error):
            return Path(self.first.exe()).name.startswith(program)
        return False

    def terminate(self) -> None:
        """Ask process 1 to end, as a cluster does."""
        self.first.send_signal(signal.SIGTERM)

    def wait(self, within_s: float) -> int:
        """Its exit code, within the grace period."""
        return self.process.wait(within_s)

    def text(self) -> str:
        """What it wrote so far."""
        return self.log.read_text()

    def inside(self, path: str) -> Path:
        """Where this machine finds a file of the running container."""
        return Path(f"/proc/{self.first.pid}/root{path}")


def command(image: Image, words: Sequence[str], files: Mapping[str, Path] | None = None) -> list[str]:
    """The command line that runs `words` in a container; `files` are put into the image at these paths."""
    mounts = [word for path in _system() for word in _as_here(path)]
    placed = {PACKAGES: image.packages, WORKSPACE: image.workspace, **(files or {})}
    mounts += [word for path, source in placed.items() for word in (*_parents(path), "--ro-bind", str(source), path)]
    mounts += ["--perms", "1777", "--size", str(MEMORY_BYTES), "--tmpfs", "/tmp"]  # noqa: S108 - the container's own
    mounts += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*_isolated(), *mounts, "--chdir", WORKSPACE, "--", *(_BECOME_USER if _IS_ROOT else ()), *words]


@contextmanager
def running(
    image: Image, words: Sequence[str], environ: Mapping[str, str], log: Path, files: Mapping[str, Path] | None = None
) -> Iterator[Container]:
    """A container with these settings and no others but the image's PATH, gone when the block is left."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(image, words, files),
            env={"PATH": f"{PACKAGES}/bin:/usr/bin:/bin", **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    container = Container(process, log)
    try:
        yield container
    finally:
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children():
                child.kill()  # and the kernel ends all that are in its namespace
        process.kill()
        process.wait(10)


def why_no_containers() -> str | None:
    """Why this machine can't run one; None if it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    trial = [*_isolated(), "--ro-bind", "/", "/", "--", *(_BECOME_USER if _IS_ROOT else ()), "true"]
    done = subprocess.run(trial, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"bubblewrap can't make a container here: {done.stderr.strip()}"


def _isolated() -> list[str]:
    """What of bubblewrap's command line sets a process apart from this machine, and takes its rights."""
    if _IS_ROOT:
        rights = ["--cap-drop", "ALL", *(word for name in _DROPPING for word in ("--cap-add", name))]
    else:
        rights = ["--unshare-user", "--uid", str(USER), "--gid", str(USER), "--cap-drop", "ALL"]
    apart = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--as-pid-1"]
    return ["bwrap", "--die-with-parent", *apart, *rights]


def _system() -> list[Path]:
    """The parts of this machine's system that Python needs."""
    python = Path(sys.base_prefix)
    paths = [Path(path) for path in _SYSTEM]
    return paths if python.is_relative_to("/usr") else [*paths, python]


def _as_here(path: Path) -> list[str]:
    """A mount of the path where it is, or the same link if it is one."""
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return [*_parents(str(path)), "--ro-bind", str(path), str(path)] if path.exists() else []


def _parents(path: str) -> list[str]:
    """The folders above, open to the container's user: bubblewrap would make them for root alone."""
    folders = [str(parent) for parent in reversed(Path(path).parents) if str(parent) != "/"]
    return [word for folder in folders for word in ("--perms", "0755", "--dir", folder)]
