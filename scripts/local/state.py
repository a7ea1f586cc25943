"""What a stack writes into its folder: its state for other commands, its secrets, and a lock while it runs."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec


class FolderError(Exception):
    """The folder cannot be used. The message is one for a person."""


class ProcessState(msgspec.Struct):
    """One process of the stack; `pid` is 0 between a death and the restart."""

    pid: int
    log: str
    port: int | None = None
    restarts: int = 0


class State(msgspec.Struct):
    """A running stack, as `status` and `traffic` see it. `ready` once the shop's port is open."""

    pid: int
    started_at: str
    url: str
    admin_port: int
    metrics_port: int
    route_ports: dict[str, int]
    revision_ports: dict[str, int]
    split: dict[str, int]
    chaos_faults: str
    database_urls: dict[str, str]
    processes: dict[str, ProcessState] = {}
    ready: bool = False


class Secrets(msgspec.Struct):
    """The secrets of one stack, made once."""

    signing: str
    order_key: str


class Folder:
    """The one folder of a stack's files, open to this user alone."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._held: IO[str] | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def take(self) -> bool:
        """Make the folder and hold it until `release`; False when another stack does. Raises FolderError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            held = (self.path / "lock").open("a", encoding="utf-8")
        except OSError as error:
            raise FolderError(f"{self.path} cannot be written to: {error.strerror}") from error
        if not _lock(held):
            held.close()
            return False
        self._held = held
        return True

    def release(self) -> None:
        """Let others have it, and say that nothing runs."""
        if self._held is not None:
            self._state.unlink(missing_ok=True)
            self._held.close()
            self._held = None

    def is_held(self) -> bool:
        """Whether a stack of this folder runs."""
        try:
            with (self.path / "lock").open("r+", encoding="utf-8") as probe:
                return not _lock(probe)
        except OSError:
            return False

    def was_killed(self) -> bool:
        """Whether the last stack ended without a stop."""
        return self._state.exists() and not self.is_held()

    def read_state(self) -> State | None:
        """The state of the stack that runs, None if none does or if it has just begun."""
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=State) if self.is_held() else None
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write_state(self, state: State) -> None:
        """Replace the state."""
        with self._changing():
            _write(self._state, msgspec.json.format(msgspec.json.encode(state), indent=1))

    def change_state(self, change: Callable[[State], None]) -> None:
        """Change the state, in turn with other threads and commands; nothing happens if there is none."""
        with self._changing():
            try:
                state = msgspec.json.decode(self._state.read_bytes(), type=State)
            except FileNotFoundError:
                return
            change(state)
            _write(self._state, msgspec.json.format(msgspec.json.encode(state), indent=1))

    def secrets(self) -> Secrets:
        """The secrets, made at the first call and kept in a file that only this user can read."""
        path = self.path / "secrets.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Secrets)
        except FileNotFoundError:
            made = Secrets(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            _write(path, msgspec.json.encode(made))
            return made
        except msgspec.DecodeError as error:
            raise FolderError(f"{path} is damaged; remove it to have new secrets made") from error

    @property
    def _state(self) -> Path:
        return self.path / "state.json"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with (self.path / "state.lock").open("a", encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, readable by this user alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)


DEFAULT_NAME: Final = ".flametickets"
