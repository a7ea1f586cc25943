"""Python reads this at its start where the folder is on its path: then nothing can be imported that the image lacks.

LACKING names the packages, with commas between.
"""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType


class Lacking(importlib.abc.MetaPathFinder):
    """Stands before all other finders, and finds nothing of what is lacking."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"the image has no {fullname}", name=fullname)
        return None


sys.meta_path.insert(0, Lacking(set(os.environ["LACKING"].split(","))))
