"""The shop without one of its guards: `python3 -m scripts.proof.sabotage.frontend GUARD`."""

import sys

from scripts.proof.sabotage.starting import start_without

if __name__ == "__main__":
    start_without("web", sys.argv[1:])
