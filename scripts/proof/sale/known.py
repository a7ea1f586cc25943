"""What a buyer has read of an order so far, and what of it can't be true together (promise 5)."""

from collections.abc import Sequence
from typing import Final

from scripts.proof.history import Told
from scripts.proof.sale.buyer import Answer
from scripts.proof.sale.told import codes, told

_DECIDED: Final = ("confirmed", "rejected", "cancelled")


class Known:
    """`told` is the most final word so far, None before there was one; `contradictions` are in words."""

    __slots__ = ("codes", "contradictions", "told")

    def __init__(self) -> None:
        self.told: Told | None = None
        self.codes: frozenset[str] = frozenset()
        self.contradictions: list[str] = []

    def read(self, answers: Sequence[Answer], *, asked_to_cancel: bool = False) -> None:
        """Take in answers to requests that were sent at the same time, so that none is later than another."""
        was = self.told
        for answer in answers:
            said = told(answer)
            if problem := _contradiction(was, said, asked_to_cancel=asked_to_cancel):
                self.contradictions.append(problem)
            if said == "confirmed":
                self._compare(frozenset(codes(answer)))
            if said in _DECIDED or (said == "accepted" and self.told is None):
                self._keep(said, is_new=self.told == was)

    def _compare(self, read: frozenset[str]) -> None:
        if self.codes and read != self.codes:
            self.contradictions.append(f"its tickets were {sorted(self.codes)} and are {sorted(read)}")
        self.codes = self.codes or read

    def _keep(self, said: Told, *, is_new: bool) -> None:
        """Two answers of one moment that both decide must agree."""
        if not is_new and self.told in _DECIDED and said != self.told:
            self.contradictions.append(f"it was told {self.told} and {said} at the same moment")
        self.told = said


def _contradiction(was: Told | None, said: Told, *, asked_to_cancel: bool) -> str | None:
    """Why `said` can't be told after `was`; only confirming may become anything, and confirmed only cancelled."""
    if was is None or said == was or said not in (*_DECIDED, "accepted", "not_found"):
        return None
    if said == "not_found":
        return f"an {was} order is not found" if was == "accepted" else f"a {was} order is not found"
    if was == "accepted" or (was == "confirmed" and said == "cancelled" and asked_to_cancel):
        return None
    return f"an order that was told {was} is told {said}"
