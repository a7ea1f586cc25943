"""Make the image without Docker and without pack, by Buildah: `python3 scripts/build_image.py`.

Writes an archive that cluster nodes take (kind load image-archive, minikube image load, ctr images import,
podman load), or publishes it with --push. Prints what `deploy.py --image` takes.
Exit codes: 0 good, 2 it could not be done.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # in place of this folder, whose modules would hide some of Python's own

from scripts.image import buildah, contents  # noqa: E402
from scripts.image.names import ImageName  # noqa: E402
from scripts.local import supported  # noqa: E402


def main(arguments: list[str]) -> int:
    """Read the command line, make the image, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="build_image.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--image", default="dev.local/flametickets", help="its name (default: %(default)s)")
    parser.add_argument(
        "--base", default=buildah.DEFAULT_BASE,
        help="an image with python3 and pip, or an archive of one (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="install from these wheels and no index")
    parser.add_argument("--archive", type=Path, default=ROOT / ".flametickets" / "image.tar", help="where to write it")
    parser.add_argument("--push", action="store_true", help="publish it to the registry of its name")
    parsed = parser.parse_args(arguments)
    try:
        name = ImageName.parse(parsed.image)
    except ValueError as error:
        parser.error(str(error))
    name = name if name.tag else name.with_tag(contents.tag(ROOT))
    order = buildah.Order(name, parsed.base, parsed.wheels)
    try:
        buildah.make(ROOT, order, parsed.archive, lambda what: print(f"· {what}", file=sys.stderr, flush=True))
        print(name.pinned(buildah.publish(parsed.archive, name)) if parsed.push else str(name))
    except buildah.BuildahError as error:
        print("\n".join([str(error), *(f"  {line}" for line in error.lines)]), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    supported.check()
    sys.exit(main(sys.argv[1:]))
