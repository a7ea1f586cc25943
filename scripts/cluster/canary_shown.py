"""How the end of a canary is told: what came of it, what each step has shown, and the split in force. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scripts.cluster import split_shown
from scripts.cluster.canary_policy import Action, GoBack
from scripts.cluster.canary_steps import Lines
from scripts.cluster.canary_watch import Seen
from scripts.cluster.results import BAD, NOT_DONE, Result
from scripts.cluster.targets import Traffic
from scripts.local.split import in_words

_CODES: Final = {"breached": BAD, "unclear": NOT_DONE}
_WORDS: Final = {"kept": "held", "breached": "breached", "too_few": "too little happened", "blind": "can't be watched"}


@dataclass(frozen=True)
class Step:
    """A split, and what was seen at it; None when it was not watched."""

    split: Mapping[str, int]
    seen: Seen | None = None

    @property
    def words(self) -> str:
        """What was seen, in a line."""
        if self.seen is None:
            return "not watched"
        words = _WORDS.get(self.seen.verdict, self.seen.verdict)
        figures = self.seen.figures
        return f"{words}: {figures['bad']} of {figures['events']}" if "events" in figures else words

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        seen = {"verdict": self.seen.verdict, "why": self.seen.why, **self.seen.figures} if self.seen else {}
        return {"split": dict(self.split), **seen}


def shown(revision: str, end: Action[Lines], steps: Sequence[Step], traffic: Traffic) -> Result:
    """Good when all steps held and the split is in force."""
    verdict, why = _judged(end)
    split = split_shown.shown(traffic)
    wide = max((len(in_words(step.split)) for step in steps), default=0)
    lines = [f"  {in_words(step.split):<{wide}}  {step.words}" for step in steps]
    head = f"canary {revision}: {verdict}" + (f": {why}" if why else "")
    data = {
        "canary": revision,
        "verdict": verdict,
        "why": why,
        "steps": [step.as_dict() for step in steps],
        "traffic": split.data,
    }
    return Result(_CODES.get(verdict, split.code), (head, *lines, "", *split.lines), data)


def _judged(end: Action[Lines]) -> tuple[str, str]:
    if isinstance(end, GoBack):
        return ("breached" if end.is_breach else "unclear"), end.why
    return "held", ""
