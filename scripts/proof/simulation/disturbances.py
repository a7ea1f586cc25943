"""Lets the faults of a plan happen that hit processes, databases and the network as a whole."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import psycopg

from scripts.proof.simulation.networks import Network
from scripts.proof.simulation.plans import Fault, Kind, Plan
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.server import Server
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.timeline import Timeline

_OF_DATABASE: Final[Mapping[Kind, Callable[[Server, Fault], None]]] = {
    "cut_before": lambda server, _: server.cut_next("before"),
    "cut_after": lambda server, _: server.cut_next("after"),
    "deadlock": lambda server, _: server.fail_next(psycopg.errors.DeadlockDetected("injected")),
    "cancelled": lambda server, _: server.fail_next(psycopg.errors.QueryCanceled("injected")),
    "stall": lambda server, fault: server.stall(fault.for_s),
    "silent": lambda server, fault: server.fall_silent(fault.for_s),
}


class Disturbances:
    """All faults of a plan but those of single messages; after the last one everything is well again."""

    def __init__(
        self, plan: Plan, timeline: Timeline, processes: Mapping[str, Process], network: Network, story: Story
    ) -> None:
        self._timeline = timeline
        self._processes = processes
        self._network = network
        self._story = story
        for fault in plan.faults:
            if fault.visit < 0:
                timeline.at(fault.at_s, self._arm, fault)
        timeline.at(plan.faults_end_at, self._heal)

    def _arm(self, fault: Fault) -> None:
        if fault.where == "network" or fault.kind == "clock":
            self._happen(fault)
        else:
            self._processes[fault.where].before_step(fault.steps + 1, partial(self._happen, fault))

    def _happen(self, fault: Fault) -> None:
        self._story.tell(fault.where, f"FAULT: {fault}")
        until = self._timeline.now + fault.for_s
        process = self._processes.get(fault.where)
        if fault.kind == "unreachable":
            self._network.unreachable_until = until
        elif fault.kind == "shift":
            self._network.all_to_chaos_until = until
        elif process is None:
            raise ValueError(f"there is no process {fault.where!r}")
        elif fault.kind == "clock":
            process.ahead_s += fault.for_s
        elif fault.kind == "crash":
            process.end()
            process.restart_after(fault.for_s)
        elif isinstance(process, Server):
            _OF_DATABASE[fault.kind](process, fault)

    def _heal(self) -> None:
        self._story.tell("world", "no fault comes any more; all are up")
        self._network.heal()
        for process in self._processes.values():
            process.disarm()
            process.ahead_s = 0.0
            if isinstance(process, Server):
                process.heal()
            process.start()
