"""What a person sees while a verb works, on standard error: one line for each step, with what it waits for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text


class Step:
    """One step under way."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._said = ""
        self.outcome = ""

    def say(self, what: str) -> None:
        """What the step waits for just now; the same words twice are said once."""
        if what != self._said:
            self._said = what
            self._show(what)

    def end(self, outcome: str) -> None:
        """What came of it, for the line that stays; without it the time that it took is all."""
        self.outcome = outcome


class Progress:
    """Live on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Shows a step while it lasts, and how it ended. Steps do not nest."""
        started = time.monotonic()
        with self._live(what) as show:
            step = Step(show)
            try:
                yield step
            except BaseException:
                self._print(Text.assemble(("✗ ", "bold red"), what))
                raise
        took = f"{time.monotonic() - started:.1f} s"
        outcome = f": {step.outcome}" if step.outcome else ""
        self._print(Text.assemble(("✓ ", "green"), what, outcome, (f"  {took}", "dim")))

    def note(self, what: str) -> None:
        """One line that stays."""
        self._print(Text(f"· {what}"))

    def warn(self, what: str) -> None:
        """One line that stays and is seen."""
        self._print(Text(f"! {what}", style="yellow"))

    def lines(self, lines: list[str]) -> None:
        """Several lines that stay, a diff for one; those that begin with + or - are coloured."""
        styles = {"+": "green", "-": "red", "~": "yellow"}
        for line in lines:
            self._print(Text(line, style=styles.get(line.lstrip()[:1], "")))

    @contextmanager
    def _live(self, what: str) -> Iterator[Callable[[str], None]]:
        if not self._console.is_terminal:
            self._print(Text(f"· {what}"))
            yield lambda said: self._print(Text(f"  {what}: {said}"))
            return
        with Status(Text(what), console=self._console) as status:
            yield lambda said: status.update(Text.assemble(what, (f": {said}", "dim")))

    def _print(self, text: Text) -> None:
        try:
            self._console.print(text)
        except (OSError, ValueError):
            return  # nobody reads any more; the work goes on
