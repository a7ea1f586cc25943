"""Runs a command as if it were one of the running stack's processes: same settings, same secrets."""

import os
import subprocess
from collections.abc import Sequence
from urllib.parse import urlsplit

from scripts.local.gateway import Ports
from scripts.local.parts import Parts
from scripts.local.processes import MARK
from scripts.local.procfile import ROOT
from scripts.local.state import Folder, State


def run_inside(folder: Folder, state: State, process: str, words: Sequence[str]) -> int:
    """The exit code of the command `words` in the environment of `process`, `web` or `orders` (the stable revision).

    It keeps this terminal. Raises OSError when there is no such command.
    """
    ports = Ports(state.admin_port, state.route_ports, state.revision_ports)
    parts = Parts(folder.path, folder.secrets(), ports, urlsplit(state.url).port or 0, state.metrics_port)
    urls = state.database_urls
    part = parts.shop(urls["pending"]) if process == "web" else parts.function("stable", urls["orders"], {})
    settings = {name: value for name, value in part.environment.items() if name not in ("HOME", MARK)}
    return subprocess.run(words, cwd=ROOT, env={**os.environ, **settings}, check=False).returncode
