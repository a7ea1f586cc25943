"""What an experiment takes of a target, as its file says it, before anything of it is begun. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_DEEDS: Final[Mapping[str, Callable[[Mapping[str, Any]], list[str]]]] = {
    "link": lambda _words: ["link"],
    "prepare_clock": lambda _words: ["clock"],
    "jump": lambda _words: ["clock"],
    "open_control": lambda _words: ["control"],
    "deploy": lambda words: [f"deploy {words['part']}"],
    "end": lambda words: [f"end {words['part']}"],
    "keep_down": lambda words: [f"end {part}" for part in words["parts"]],
    "keep_down_and_end": lambda words: [f"end {part}" for part in (*words["parts"], words["part"])],
}
"""By action; one that isn't here can be done on every target."""


def needs(experiment: Mapping[str, Any]) -> Iterator[str]:
    """The deeds of its method, in the words of `Target.cannot`."""
    for activity in experiment["method"]:
        provider = activity["provider"]
        if (deeds := _DEEDS.get(provider["func"])) is not None:
            yield from deeds(provider.get("arguments", {}))


def lacking(experiment: Mapping[str, Any], cannot: Mapping[str, str]) -> str:
    """Why the experiment can't be done on a target that can't do `cannot`; empty when it can."""
    return next((cannot[deed] for deed in needs(experiment) if deed in cannot), "")
