"""What of the project goes into its image, and the tag that says which state of it that is."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PARTS: Final = (
    "LICENSE",
    "Procfile",
    "frontend",
    "functions",
    "requirements.txt",
    "scripts/__init__.py",
    "scripts/inside",
    "scripts/local",
    "scripts/migrate.py",
    "scripts/shows.yaml",
)
_FOLDER_MODE: Final = 0o755
_FILE_MODE: Final = 0o644


def lay_out(root: Path, folder: Path) -> None:
    """Copy the parts of the project at `root` into the new `folder`, readable by every user whatever our umask is."""
    folder.mkdir()
    folder.chmod(_FOLDER_MODE)
    for path in _files(root):
        copy = folder / path
        for parent in reversed(copy.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
            (folder / parent).chmod(_FOLDER_MODE)
        shutil.copyfile(root / path, copy)
        copy.chmod(_FILE_MODE)


def digest(root: Path) -> str:
    """A digest of the names and contents of all that goes into the image, 64 hex digits."""
    digest = hashlib.sha256()
    for path in _files(root):
        digest.update(f"{path}\0{hashlib.sha256((root / path).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def tag(root: Path) -> str:
    """The commit when the parts are as committed, the commit with a digest of them when not, the digest without git."""
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return f"tree-{digest(root)[:12]}"
    changes = _git(root, "status", "--porcelain", "--", *PARTS)
    return commit if changes == "" else f"{commit}-{digest(root)[:12]}"


def _files(root: Path) -> Iterator[Path]:
    """The files, relative to `root`, in one order everywhere."""
    for part in PARTS:
        start = root / part
        paths = sorted(start.rglob("*")) if start.is_dir() else [start]
        yield from (path.relative_to(root) for path in paths if path.is_file() and not _is_left_out(path, root))


def _is_left_out(path: Path, root: Path) -> bool:
    """Byte code is of one Python and one machine; hidden files are of editors."""
    names = path.relative_to(root).parts
    return path.suffix == ".pyc" or any(name == "__pycache__" or name.startswith(".") for name in names)


def _git(root: Path, *words: str) -> str | None:
    """What git says of the checkout at `root`; None when there is no git or no checkout."""
    try:
        said = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
