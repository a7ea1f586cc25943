"""Sets up the virtual environment that every script runs in. Only Python's own library is used here.

The environment is `.venv`; which locks it satisfies is remembered in it, so that a second start skips pip.
"""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from scripts.local.installation import InstallError, install, run_to_the_end, tell

ROOT: Final = Path(__file__).resolve().parents[2]
LOCAL_LOCK: Final = "requirements-local.txt"
TEST_LOCK: Final = "requirements-test.txt"
_SATISFIED_BY: Final = {LOCAL_LOCK: (LOCAL_LOCK, TEST_LOCK), TEST_LOCK: (TEST_LOCK,)}


class SetupError(Exception):
    """The environment can't be made. The message is one line for a person."""


class Environment:
    """The virtual environment of the project at `root`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._record = self.folder / "flametickets.json"
        self._state = root / ".flametickets"
        self._unfinished = self._state / "setup.unfinished"

    def satisfies(self, lock: str) -> bool:
        """Whether all of the lock is installed, by this Python, by an installation that came to its end."""
        record = self._read_record()
        if self._unfinished.exists() or not record or record.get("python") != self._version():
            return False
        locks = record.get("locks", {})
        return any(locks.get(name) == self._digest(name) for name in _SATISFIED_BY[lock])

    def works(self) -> bool:
        """Whether there is an environment with a Python that runs."""
        return self._version() is not None

    def ensure(self, lock: str) -> bool:
        """Make the environment satisfy the lock; returns whether that took an installation. Raises SetupError."""
        if self.satisfies(lock):
            return False
        try:
            with self._alone():
                if self.satisfies(lock):  # another script has made it meanwhile
                    return False
                self._install(lock)
        except OSError as error:
            raise SetupError(f"{error.filename or self.root} cannot be written to: {error.strerror}") from error
        except InstallError as error:
            raise SetupError(str(error)) from error
        return True

    def _install(self, lock: str) -> None:
        was_cut_short = self._unfinished.exists()
        self._unfinished.touch()
        if was_cut_short and self.folder.exists():
            tell("the last set-up was cut short: making .venv anew")
        version = self._version()
        if was_cut_short or version is None or self._read_record().get("python", version) != version:
            self._create()
        install(self.python, self.root / lock, self._state / "logs" / "setup.log")
        self._record.write_text(json.dumps({"python": self._version(), "locks": {lock: self._digest(lock)}}))
        self._unfinished.unlink()

    def _create(self) -> None:
        """Make an empty environment, in place of what may be there."""
        tell(f"making the virtual environment {self.folder}")
        base = getattr(sys, "_base_executable", None) or sys.executable
        code, output = run_to_the_end([base, "-m", "venv", "--clear", str(self.folder)])
        if code != 0:
            raise SetupError(_why_no_venv(output))

    def _version(self) -> str | None:
        """Major and minor version of the environment's Python; None when it does not run."""
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        with suppress(OSError, subprocess.SubprocessError):
            command = [str(self.python), "-I", "-S", "-c", code]
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
        return None

    def _read_record(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            record = json.loads(self._record.read_text())
            if isinstance(record, dict):
                return record
        return {}

    def _digest(self, lock: str) -> str:
        return hashlib.sha256((self.root / lock).read_bytes()).hexdigest()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One script at a time installs."""
        self._state.mkdir(mode=0o700, exist_ok=True)
        with (self._state / "setup.lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


def enter(lock: str, *, as_it_is: bool = False, failure_code: int = 1) -> None:
    """Return inside an environment that satisfies the lock, by starting this program anew in it if need be.

    `as_it_is`: an environment that works is left alone, for commands that look at a running stack. Exits with
    `failure_code` and one line on standard error when the environment can't be made.
    """
    environment = Environment()
    is_inside = Path(sys.prefix).resolve() == environment.folder.resolve()
    try:
        with _ending_on_signals():
            is_kept = as_it_is and environment.works()
            is_new = not is_kept and environment.ensure(lock)
    except SetupError as error:
        print(error, file=sys.stderr)
        sys.exit(failure_code)
    except KeyboardInterrupt:
        print("Interrupted. The next start completes the set-up.", file=sys.stderr)
        sys.exit(failure_code)
    if is_new or not is_inside:
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(environment.python, [str(environment.python), *sys.argv])  # noqa: S606


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Let a request to end stop the installation too, as Ctrl-C does."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _why_no_venv(output: str) -> str:
    if "ensurepip" in output:
        return "Python's venv module is incomplete here; on Debian and Ubuntu: apt install python3-venv"
    lines = output.strip().splitlines() or ["no reason was given"]
    return f"the virtual environment can't be made: {lines[-1]}"
