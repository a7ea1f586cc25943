"""Prove it: run experiments on a shop, check what every buyer was told, and write the report.

`python3 scripts/chaos.py --help` says how.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # in place of this folder, whose modules would hide some of Python's own

from scripts.local import supported  # noqa: E402

if __name__ == "__main__":
    supported.check()

    from scripts.experiments import arguments

    parsed = arguments.parse(sys.argv[1:])

    from scripts.local import environment

    environment.enter(environment.LOCAL_LOCK, failure_code=2)

    from scripts.experiments import commands

    sys.exit(commands.run(parsed))
