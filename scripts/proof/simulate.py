"""The deterministic simulation: `python3 -m scripts.proof.simulate`."""

import sys

from scripts.proof.simulation.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
