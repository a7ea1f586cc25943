"""Says in one line when this Python or this system can't run the scripts. Any Python 3 can read this file."""

import sys


def check() -> None:
    """End the program unless it can run here."""
    if sys.version_info < (3, 11):  # noqa: UP036
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit("FlameTickets needs Python 3.11 or newer; this is Python " + found + ".")
    if sys.platform == "win32":
        sys.exit("FlameTickets runs on Linux and macOS; on Windows, run it inside WSL.")
