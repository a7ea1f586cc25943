"""The order function as a simulated process: the real service, on a simulated database and clock."""

import asyncio
from random import Random
from typing import Any, Final

from functions.orders.chaos import Chaos
from functions.orders.faults import parse
from functions.orders.service import Service
from scripts.proof.simulation.exchanges import Exchange
from scripts.proof.simulation.lines import connecting
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.server import Server
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.timeline import Timeline

SECRET: Final = "a secret of the simulation, of 32 bytes at least"  # noqa: S105  # it protects nothing
BACK_S: Final = 0.8  # until a function that ended itself is there again


class Function(Process):
    """One revision with one process; the faults of `chaos` are its own."""

    def __init__(
        self, name: str, timeline: Timeline, hub: Any, database: Server, random: Random, story: Story, chaos: str = ""
    ) -> None:
        super().__init__(name, timeline, hub)
        self._database = database
        self._random = random
        self._story = story
        self._faults = parse(chaos)
        self._seed = str(random.getrandbits(32))
        self._service: Service | None = None

    def begin(self) -> None:
        self._service = None
        self.task(self._begin())

    async def _begin(self) -> None:
        chaos = Chaos(self._faults, self._seed, end_process=self._exit) if self._faults else None
        self._service = Service(
            "",
            [SECRET],
            f"orders-{self.name}",
            chaos,
            now=self.now,
            connect=connecting(self._database, self),
            new_code=self._new_code,
        )

    def receive(self, exchange: Exchange) -> bool:
        """Handle a request; False if there is nobody to do so."""
        if not self.is_up or self._service is None:
            return False
        self.at_end(exchange.abort)
        self.task(self._answer(self._service, exchange))
        return True

    async def _answer(self, service: Service, exchange: Exchange) -> None:
        await service(exchange.scope, exchange.receive, exchange.send)
        self.not_at_end(exchange.abort)

    def _new_code(self) -> str:
        return f"{self._random.getrandbits(40):010X}"

    def _exit(self, status: int) -> None:
        """What the fault `crash` does."""
        self._story.tell(self.name, f"FAULT: exits with {status}")
        self.end()
        self.restart_after(BACK_S)
        raise asyncio.CancelledError
