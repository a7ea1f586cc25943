"""Finds the system's Chromium, which the browser tests use. No browser is ever downloaded."""

import os
import shutil
from pathlib import Path
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC: Final = ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome")


def find_chromium() -> str | None:
    """The path of the program, the one that CHROMIUM names if it is set; None if there is none."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    applications = [Path("/Applications") / name for name in _MAC]
    found = [path for name in _NAMES if (path := shutil.which(name))]
    return next(iter([*found, *(str(path) for path in applications if path.exists())]), None)
