"""The story of a world: what happened when, where, to which order; written only when somebody will read it."""

from typing import Final

from scripts.proof.simulation.timeline import Timeline

_FORM: Final = "{:9.4f} s  {:<16} {:<9} {}"


class Story:
    """Lines in the order of simulated time; orders are named by their number in the plan."""

    def __init__(self, timeline: Timeline, *, is_told: bool) -> None:
        self.is_told = is_told
        self._timeline = timeline
        self._lines: list[tuple[str, str]] = []
        self._names: dict[str, str] = {}

    def name_order(self, order_id: str, name: str) -> None:
        """An order is named once: of several purchases under one id, after the first."""
        self._names.setdefault(order_id, name)

    def tell(self, who: str, what: str, order_id: str = "") -> None:
        """Somebody did something at this moment."""
        if self.is_told:
            what = self.named(what)
            name = self._names.get(order_id, order_id)
            self._lines.append((order_id, _FORM.format(self._timeline.now, who, name, what).rstrip()))

    def lines(self, *order_ids: str) -> list[str]:
        """All lines, or those of some orders with all that names no order."""
        return [line for order_id, line in self._lines if not order_ids or not order_id or order_id in order_ids]

    def named(self, text: str) -> str:
        """The text with the names of orders for their ids."""
        for order_id, name in self._names.items():
            text = text.replace(order_id, name)
        return text
