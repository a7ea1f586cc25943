"""Run FlameTickets on this machine: `python3 scripts/dev.py`; `--help` says what else it can do."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # in place of this folder, whose modules would hide some of Python's own

from scripts.local import supported  # noqa: E402

if __name__ == "__main__":
    supported.check()

    from scripts.local import arguments, environment

    parsed = arguments.parse(sys.argv[1:], ROOT / ".flametickets")
    environment.enter(environment.LOCAL_LOCK, as_it_is=parsed.command is not None)

    from scripts.local import commands

    sys.exit(commands.run(parsed))
