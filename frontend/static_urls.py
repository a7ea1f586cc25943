"""Addresses of static files that change with their content, so that browsers may keep the files for good."""

import hashlib
from pathlib import Path
from typing import Final

from flask import Flask, current_app, url_for

_EXTENSION: Final = "flametickets-static"


def init_app(app: Flask) -> None:
    """Reads every static file once, and gives templates the function `static_url`."""
    folder = Path(app.static_folder or "")
    files = (path for path in folder.rglob("*") if path.is_file())
    app.extensions[_EXTENSION] = {path.relative_to(folder).as_posix(): _digest(path) for path in files}
    app.jinja_env.globals["static_url"] = static_url


def static_url(name: str) -> str:
    """The address of the static file `name`, with its content's hash. Raises KeyError if there is no such file."""
    return url_for("static", filename=name, v=current_app.extensions[_EXTENSION][name])


def is_current(name: str, version: str | None) -> bool:
    """Whether `version` is the hash of the static file `name` as it is served."""
    return version is not None and current_app.extensions[_EXTENSION].get(name) == version


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
