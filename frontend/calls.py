"""The steps of a call of the order function, without I/O: what to send, and what to do about each reply.

Threads, asyncio and a simulator can drive the same steps.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from frontend.orders_client import Unconfirmed
from frontend.replies import Data, NoReply, Reply, read_reply
from functions.orders import contract

TRY_S: Final = 2.0


@dataclass(frozen=True)
class Send:
    """The next step of a call: post `event` to `url`, and wait for `within_s` seconds at most."""

    url: str
    event: contract.Event
    within_s: float


class Call:
    """The steps of one call, without I/O: what to do first, and what to do after each reply."""

    def __init__(self, url: str, event: contract.Event, order_id: str | None) -> None:
        self._url = url
        self._event = event
        self._order_id = order_id

    def first(self) -> Send:
        """The first try: the weighted route."""
        return Send(self._url, msgspec.structs.replace(self._event, attempt=1, time_left_ms=round(TRY_S * 1000)), TRY_S)

    def after(self, reply: Reply | NoReply) -> Send | Data | Unconfirmed:
        """What `reply` decides; there is no second try yet."""
        return read_reply(self._event.type, self._order_id, reply)
