"""Runs pip with its progress shown, and says in one line why it failed. Only Python's own library is used here."""

import os
import platform
import re
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_COLLECTING: Final = re.compile(
    r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9_.-]+)|Processing \S*/([A-Za-z0-9_.]+)-"
)
_NO_WHEEL: Final = re.compile(r"No matching distribution found for ([A-Za-z0-9_.-]+)==([^\s;]+)")
_UNREACHABLE: Final = re.compile(
    r"Retrying \(|Could not fetch URL|NewConnectionError|ProxyError|Name or service not known|Read timed out"
)
_BAR_WIDTH: Final = 24


class InstallError(Exception):
    """pip failed. The message is one line for a person."""


def tell(what: str) -> None:
    """One line of progress."""
    print(f"· {what}", file=sys.stderr, flush=True)


def install(python: Path, lock: Path, log: Path) -> None:
    """Install all of a lock, wheels alone, each checked against its hash. Raises InstallError."""
    total = len(re.findall(r"^[A-Za-z0-9].*==", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))
    tell(f"installing {total} packages of {lock.name}")
    log.parent.mkdir(parents=True, exist_ok=True)
    # The lock is whole. Left to look for dependencies, pip takes the newest release of one that is asked for with an
    # extra (`coverage[toml]`), sees that it isn't locked, and gives up.
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-input", "--progress-bar", "off"]
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-color", *options]
    bar = _Bar(total)
    with _child([*command, "-r", str(lock)]) as pip:
        output = _follow(pip, bar, _site_packages(python), log)
    if pip.returncode != 0:
        raise InstallError(f"{explain(output, lock.name)} (all that pip said: {log})")


def run_to_the_end(command: Sequence[str]) -> tuple[int, str]:
    """Run a command silently; returns its exit code and all that it said."""
    with _child(command) as child:
        assert child.stdout is not None
        output = child.stdout.read()
    return child.returncode, output


@contextmanager
def _child(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A child process that ends with the block, and with all of its own children when the block is left early."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        start_new_session=True,
    ) as child:
        try:
            yield child
        except BaseException:
            with suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL)
            raise


def explain(output: str, lock: str) -> str:
    """What pip's output says of its failure, in one line."""
    if "DO NOT MATCH THE HASHES" in output:
        return f"a downloaded package is not the one that {lock} names: its hash differs"
    if "No space left on device" in output:
        return "there is no space left on the disk"
    if _UNREACHABLE.search(output):
        return "the package index can't be reached; check the network or pip's settings"
    if missing := _NO_WHEEL.search(output):
        return f"there is no wheel of {missing[1]} {missing[2]} for this platform, {describe_platform()}"
    errors = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.startswith("ERROR: ")]
    return f"pip failed: {errors[-1] if errors else 'it gave no reason'}"


def describe_platform() -> str:
    """System, processor and Python, as they matter for wheels."""
    system = "macOS" if sys.platform == "darwin" else platform.system()
    libc = " (musl)" if "musl" in str(sysconfig.get_config_var("SOABI")) else ""
    return f"{system}{libc} {platform.machine()} with Python {sys.version_info.major}.{sys.version_info.minor}"


def _follow(pip: "subprocess.Popen[str]", bar: "_Bar", packages: Path, log: Path) -> str:
    """Show what pip does until it ends; returns all that it said."""
    assert pip.stdout is not None
    lines: list[str] = []
    collected = 0
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(packages, bar.installed, ended), daemon=True)
    try:
        with log.open("w", encoding="utf-8") as copy:
            for line in pip.stdout:
                copy.write(line)
                lines.append(line)
                if found := _COLLECTING.match(line):
                    collected += 1
                    bar.collected(collected, found[1] or found[2])
                elif line.startswith("Installing collected packages"):
                    watcher.start()
    finally:
        ended.set()
        if watcher.ident is not None:
            watcher.join()
        bar.end()
    return "".join(lines)


def _watch(packages: Path, report: Callable[[int], None], ended: threading.Event) -> None:
    """pip says nothing while it unpacks, which takes longest: count what has arrived."""
    while not ended.wait(0.5):
        report(sum(1 for _ in packages.glob("*.dist-info")))


class _Bar:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = max(total, 1)
        self._is_terminal = sys.stderr.isatty()
        self._last_told = 0

    def collected(self, count: int, name: str) -> None:
        self._show("getting", count, name)

    def installed(self, count: int) -> None:
        self._show("unpacking", count, "")

    def end(self) -> None:
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, what: str, count: int, name: str) -> None:
        count = min(count, self._total)
        if self._is_terminal:
            filled = _BAR_WIDTH * count // self._total
            bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
            print(f"\r\x1b[K  {bar} {what} {count}/{self._total} {name}", end="", file=sys.stderr, flush=True)
        elif count >= self._last_told + 10 or count < self._last_told or count == self._total:
            if count != self._last_told:
                tell(f"{what} {count}/{self._total} {name}".rstrip())
            self._last_told = count


def _site_packages(python: Path) -> Path:
    return next((python.parent.parent / "lib").glob("python3*/site-packages"), python.parent)


def _environment() -> dict[str, str]:
    """Ours, with the user's index and proxy, without what would install elsewhere."""
    elsewhere = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if name not in elsewhere}
