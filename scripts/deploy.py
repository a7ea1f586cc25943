"""Take FlameTickets to a Knative cluster and operate it there: `python3 scripts/deploy.py --help`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # in place of this folder, whose modules would hide some of Python's own

from scripts.local import supported  # noqa: E402

if __name__ == "__main__":
    supported.check()

    from scripts.cluster import arguments
    from scripts.local import environment

    parsed = arguments.parse(sys.argv[1:])
    environment.enter(environment.LOCAL_LOCK, failure_code=2)

    from scripts.cluster import commands

    sys.exit(commands.run(parsed))
