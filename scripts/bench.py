"""Measure the order function beside pgbench and the bare framework, and the buyers' path beside a plain shop.

    python3 scripts/bench.py [--rounds 5] [--seconds 3] [--json FILE]

All in one run on this machine. Load comes from wrk, over loopback. Each figure is the median of the rounds. Exit
codes: 0 all targets met, 1 one is missed, 2 it could not be measured.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # in place of this folder, whose modules would hide some of Python's own

from scripts.local import supported  # noqa: E402

if __name__ == "__main__":
    supported.check()
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(f"usage: {(__doc__ or '').strip()}")
        sys.exit(0)

    from scripts.local import environment

    environment.enter(environment.LOCAL_LOCK, failure_code=2)

    from scripts.measure import commands

    sys.exit(commands.run(sys.argv[1:]))
