"""The Procfile's commands, as child processes of this machine."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts.local.processes import MARK

ROOT: Final = Path(__file__).resolve().parents[2]


def read_command(name: str) -> list[str]:
    """The words of the Procfile's command `name`. Raises KeyError."""
    for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines():
        key, separator, command = line.partition(":")
        if separator and key.strip() == name:
            return shlex.split(command)
    raise KeyError(name)


def environment(stack: Path, runtime: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: the settings, and of our own only what finds programs and measures coverage.

    In `runtime` it may keep sockets; gunicorn would else make one in the user's home folder.
    """
    own = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_") or name == "TMPDIR"}
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return {
        **own,
        "PATH": path,
        "HOME": str(runtime),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        MARK: str(stack),
        **settings,
    }
