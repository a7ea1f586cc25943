"""An image by the contract: the project at the working directory, its dependencies importable by `python3`.

It holds what the lock of the image names and nothing else: the packages are taken from this environment, which
must have them in the locked versions, so no network is needed.
"""

import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from scripts.image import contents

ROOT: Final = Path(__file__).parents[2]
WORKSPACE: Final = "/workspace"
PACKAGES: Final = "/layers/packages"
_PINNED: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*==[^\\\n]+)", re.MULTILINE)


@dataclass(frozen=True)
class Image:
    """The folders of an image, on this machine, that the root file system of a container is made of."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def packages(self) -> Path:
        return self.folder / "packages"

    @property
    def site_packages(self) -> Path:
        return self.packages / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"

    def state(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file of the image: equal twice if nobody wrote to it."""
        paths = sorted(self.folder.rglob("*"))
        return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}


def locked() -> dict[str, str]:
    """The packages that the image's lock names for this Python, with their versions."""
    lines = _PINNED.findall((ROOT / "requirements.txt").read_text())
    wanted = [pinned for pinned in map(Requirement, lines) if pinned.marker is None or pinned.marker.evaluate()]
    return {pinned.name: str(pinned.specifier).removeprefix("==") for pinned in wanted}


def make_image(folder: Path) -> Image:
    """An image in the new `folder`, without any byte code of the project: whoever starts it finds none."""
    folder.mkdir()
    image = Image(folder)
    contents.lay_out(ROOT, image.workspace)
    _make_environment(image)
    for name, version in locked().items():
        distribution = metadata.distribution(name)
        assert distribution.version == version, (
            f"{name}: the lock has {version}, the environment {distribution.version}"
        )
        _copy(distribution, image.site_packages)
    return image


def _make_environment(image: Image) -> None:
    """A virtual environment as venv makes it, less pip: its Python finds these packages and no others."""
    image.site_packages.mkdir(parents=True)
    programs = image.packages / "bin"
    programs.mkdir()
    base = Path(sys.base_prefix) / "bin"
    (programs / "python3").symlink_to(base / f"python3.{sys.version_info.minor}")
    (image.packages / "pyvenv.cfg").write_text(f"home = {base}\ninclude-system-site-packages = false\n")


def _copy(distribution: metadata.Distribution, site_packages: Path) -> None:
    """The files of a distribution; the times are kept, by which Python knows that the byte code fits."""
    for file in distribution.files or ():
        if ".." in file.parts:  # programs; the Procfile runs modules
            continue
        copy = site_packages / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(str(distribution.locate_file(file))), copy)
