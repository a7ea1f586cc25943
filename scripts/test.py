"""Check FlameTickets: lint, format, types, import rules, then all tests with their coverage.

    python3 scripts/test.py                        everything
    python3 scripts/test.py tests/contract -k sign pytest alone, with these arguments

Browser tests need Chromium; without one they are left out, with a notice. With CI=true nothing may be left out or
skipped. Exit codes: 0 good, 1 a check failed, 2 the checks could not be run.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # in place of this folder, whose modules would hide some of Python's own

from scripts.local import supported  # noqa: E402

if __name__ == "__main__":
    supported.check()
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(f"usage: test.py [-h] [pytest's arguments]\n\n{__doc__ or ''}".rstrip())
        sys.exit(0)

    from scripts.local import environment

    environment.enter(environment.TEST_LOCK, failure_code=2)

    from scripts.local import checks

    sys.exit(checks.run(sys.argv[1:]))
