"""Puts other parts in the place of the shop's, and stumbles if those have become other ones."""

from typing import Any


def replace(owner: Any, name: str, part: object) -> None:
    """Put `part` where a module or a class has one of this name. Raises AttributeError if it has none."""
    getattr(owner, name)
    setattr(owner, name, part)


def changed(statement: str, old: str, new: str) -> str:
    """The statement with `new` where `old` was, which must be there once. Raises ValueError."""
    if statement.count(old) != 1:
        raise ValueError(f"{old!r} is not in the statement once: the sabotage no longer fits the part it replaces")
    return statement.replace(old, new)
