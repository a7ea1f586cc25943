"""Made-up runs that look like real ones, drawn from a seed, with faults and, if asked for, broken promises."""

import random
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from scripts.proof.checker.verdict import WORDS
from scripts.proof.history import Attempt, End, Entry, FaultLine, Run, Shifted, Told
from scripts.proof.report import Compared, ExperimentRecord, RunRecord, summarized
from scripts.proof.report.histogram import Histogram
from scripts.proof.sequential import Comparison

AT = 1_795_766_400.0  # 27 November 2026, 08:00 UTC
MACHINE = {"cores": "2", "memory": "24 GiB", "processor": "x86_64", "system": "Linux 6.1"}
VERSIONS = {"commit": "d67c398", "Python": "3.11.7", "PostgreSQL": "16.2", "Envoy": "1.40.0"}
STORY = (
    "order 6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11",
    "    +0.412 s  buyer 17                  place 2 place ... trace=4bf92f35",
    "    +0.431 s  chaos                     fault name=drop_reply revision=orders-chaos trace=4bf92f35",
    "    +0.998 s  fault                     stable killed of stable begins",
    "    +2.415 s  buyer 17                  place -> told confirmed (status 201, tickets K7XQ-2M4P K7XQ-9R3T, total"
    " 2000) after 2.003 s",
    "    +9.120 s  buyer 17                  look -> told not_found (status 404, the last answer) after 0.012 s",
    "  in the end  ledger                    has no such order",
)


def entries(
    *,
    seed: int = 7,
    buyers: int = 400,
    over_s: float = 40.0,
    kills: int = 4,
    cut_s: float = 3.0,
    errors: int = 0,
    cohorts: bool = False,
    is_whole: bool = True,
) -> list[Entry]:
    """A flash sale: half come at once, the rest trickle in; the function is killed so often, the network once cut."""
    chance = random.Random(seed)  # noqa: S311  # repeatable is what it must be
    command = f"python scripts/chaos.py run sample --seed {seed}"
    hypothesis = "While parts of the shop fail, every buyer gets an honest answer, and no place is sold twice."
    lines: list[Attempt | FaultLine] = [*_faults(chance, over_s, kills, cut_s)]
    lines += _buyers(chance, buyers, over_s, cut_s, errors, cohorts)
    return [
        Run("sample", seed, "local", AT, "a-show", {"place": buyers}, command, VERSIONS, hypothesis=hypothesis),
        Shifted({"stable": 100, "chaos": 0}, AT, 0.0, "start"),
        Shifted({"stable": 80, "chaos": 20}, AT + 4, 4.0, "the experiment"),
        *sorted(lines, key=lambda line: line.elapsed),
        *([End(AT + over_s + 12, over_s + 12, AT + over_s * 0.8)] if is_whole else []),
    ]


def write_history(path: Path, lines: Iterable[Entry]) -> None:
    """The lines as a history's file."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def verdict(orders: int, broken: Sequence[str] = (), unshown: Sequence[str] = ()) -> dict[str, Any]:
    """A verdict as the checker writes it."""
    return {
        "code": 1 if broken else 2 if unshown else 0,
        "is_whole": True,
        "promises": [_promise(name, words, orders, name in broken, name in unshown) for name, words in WORDS.items()],
    }


def compared(seed: int, treated: float, control: float) -> Compared:
    """A comparison that was stopped at the first harm, or after a thousand pairs."""
    chance, comparison = random.Random(seed), Comparison()  # noqa: S311
    for _ in range(1_000):
        comparison.add("control", chance.random() < control, chance.expovariate(20))
        if comparison.add("treated", chance.random() < treated, chance.expovariate(4)) == "harm":
            break
    found = comparison.treated_until_decision
    return Compared(comparison.as_dict(), None if found is None else found / 20, found, is_stopped=found is not None)


def journal(deviated: bool = False) -> dict[str, Any]:
    """A journal of the Chaos Toolkit."""

    def state(met: bool) -> dict[str, Any]:
        probe = {"type": "probe", "name": "promises-are-kept"}
        return {
            "steady_state_met": met,
            "probes": [
                {"activity": probe, "status": "succeeded", "output": met, "tolerance_met": met, "duration": 0.2}
            ],
        }

    def ran(name: str, duration: float, **more: Any) -> dict[str, Any]:
        return {"activity": {"type": "action", "name": name}, "status": "succeeded", "duration": duration, **more}

    return {
        "status": "completed",
        "deviated": deviated,
        "steady_states": {"before": state(True), "after": state(not deviated), "during": []},
        "run": [ran("open-sale", 0.31, output=None), ran("kill-stable", 1.9, output=1.21), ran("finish-sale", 44.0)],
        "rollbacks": [ran("traffic-to-stable", 0.02)],
    }


def by_revision(seed: int, count: int) -> dict[str, Histogram]:
    """Durations by the revision that decided."""
    chance = random.Random(seed)  # noqa: S311
    found = {"orders-stable": Histogram(), "orders-chaos": Histogram()}
    for number in range(count):
        found["orders-chaos" if number % 5 == 0 else "orders-stable"].add(chance.lognormvariate(-3.2, 0.8))
    return found


def run(folder: Path, *, state: str = "green") -> RunRecord:
    """A run's folder with its histories; `state` is green, red or empty."""
    if state == "empty":
        return RunRecord(at=AT, command="python scripts/chaos.py run --all", target="local", experiments=[])
    write_history(folder / "kills" / "history.jsonl", entries(kills=20, errors=2 if state == "red" else 0))
    write_history(folder / "traffic" / "history.jsonl", entries(seed=8, kills=0, cohorts=True))
    write_history(folder / "storm" / "history.jsonl", entries(seed=9, buyers=900, kills=9, is_whole=state != "red"))
    broken = ("P1", "P2", "P6") if state == "red" else ()
    return RunRecord(
        at=AT,
        command="python scripts/chaos.py run --all --seed 7",
        target="local",
        seed=7,
        seconds=312.0,
        machine=MACHINE,
        skipped={"clock-jumps": "the pods' clock is that of their node"},
        versions=VERSIONS,
        experiments=[
            ExperimentRecord(
                name="kill-stable",
                title="The function is killed, again and again",
                fault="kill -9 of the stable revision's process, 20 times",
                history="kills/history.jsonl",
                verdict=verdict(400, broken),
                journal=summarized(journal(deviated=state == "red")),
                latencies=by_revision(7, 380),
                answered_within_s=1.0,
                back_within_s=5.0 if state == "green" else 1.5,
            ),
            ExperimentRecord(
                name="traffic",
                title="Half of the buyers meet the chaos revision",
                fault="error:0.3 in the chaos revision, at 20 % of the traffic",
                history="traffic/history.jsonl",
                verdict=verdict(400, unshown=("P4",)),
                journal=summarized(journal()),
                compared=compared(1, 0.62 if state == "red" else 0.99, 0.995),
            ),
            ExperimentRecord(
                name="storm",
                title="Storm",
                fault="any of the faults, as the seed draws them",
                history="storm/history.jsonl",
                verdict=verdict(900) if state == "green" else None,
                problem="the ledger can't be read: connection refused" if state == "red" else None,
            ),
        ],
    )


def _promise(name: str, words: str, orders: int, is_broken: bool, is_unshown: bool) -> dict[str, Any]:
    examined, found = (0, 0) if is_unshown else (orders, 2 if is_broken else 0)
    shown = [
        {"what": f"{name}: the tickets of a confirmed order are gone", "order_ids": [STORY[0][6:]], "story": STORY},
        {"what": f"{name}: told confirmed, <b>and</b> not found", "order_ids": [str(uuid.UUID(int=5))], "story": []},
    ]
    state = "violated" if is_broken else "not shown" if is_unshown else "kept"
    checks = [
        {
            "name": f"what {name} asks",
            "state": state,
            "examined": examined,
            "violations": found,
            "why_not": None,
            "shown": shown[:found],
        },
        {
            "name": f"audit: {name}",
            "state": "kept",
            "examined": orders // 2,
            "violations": 0,
            "why_not": None,
            "shown": [],
        },
    ]
    measured = {"capacity": orders, "share that saw an error": 0.00025} if name in ("P1", "P6") else {}
    return {
        "promise": name,
        "words": words,
        "state": state,
        "examined": examined,
        "violations": found,
        "measured": measured,
        "checks": checks,
    }


def _faults(chance: random.Random, over_s: float, kills: int, cut_s: float) -> list[FaultLine]:
    lines = []
    for number in range(kills):
        elapsed = 3 + number * (over_s - 6) / max(kills, 1)
        part = "stable" if number % 3 else "chaos"
        back = 0.9 + chance.expovariate(2.5)
        for what, when, seconds in (("begins", 0.0, None), ("ends", 0.02, None), ("recovered", back, back)):
            at = AT + elapsed + when
            lines.append(FaultLine(f"{part} killed", what, at, elapsed + when, part, seconds))  # type: ignore[arg-type]
    if cut_s:
        name, elapsed = "shop-function cut", over_s * 0.7
        lines.append(FaultLine(name, "begins", AT + elapsed, elapsed, "shop-function", detail=f"{cut_s:g} s"))
        lines.append(FaultLine(name, "ends", AT + elapsed + cut_s, elapsed + cut_s, "shop-function"))
    return lines


def _buyers(
    chance: random.Random, count: int, over_s: float, cut_s: float, errors: int, cohorts: bool
) -> list[Attempt]:
    lines = []
    for buyer in range(count):
        began = chance.expovariate(0.4) if buyer % 2 else chance.uniform(0, over_s)
        began = min(began, over_s)
        order_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        cohort = None if not cohorts else "treated" if chance.random() < 0.5 else "control"
        steps = _steps(chance, began, over_s, cut_s, is_wrong=buyer < errors, is_late=buyer > count * 0.9)
        elapsed = began
        for number, (action, told, took) in enumerate(steps):
            elapsed += took
            lines.append(
                Attempt(
                    buyer,
                    order_id,
                    action,  # type: ignore[arg-type]
                    AT + elapsed - took,
                    AT + elapsed,
                    elapsed,
                    {"confirmed": 201, "accepted": 202, "rejected": 409, "error": 500}.get(told, 503),
                    told,
                    reason="sold_out" if told == "rejected" else None,
                    cohort=cohort,  # type: ignore[arg-type]
                    last=number == len(steps) - 1,
                )
            )
            elapsed += chance.uniform(0.3, 1.2)
    return lines


def _steps(
    chance: random.Random, began: float, over_s: float, cut_s: float, *, is_wrong: bool, is_late: bool
) -> list[tuple[str, Told, float]]:
    took = chance.lognormvariate(-3.2, 0.9)
    if is_wrong:
        return [("place", "nothing", 10.0), ("place", "error", took)]
    if over_s * 0.7 <= began <= over_s * 0.7 + cut_s:
        return [("place", "accepted", 6.1), ("look", "accepted", 0.02), ("look", "confirmed", 0.02)]
    if is_late:
        return [("place", "rejected", took)]
    if chance.random() < 0.04:
        return [("place", "busy", 0.01), ("place", "unconfirmed", 6.0), ("place", "confirmed", took)]
    if chance.random() < 0.05:
        return [("place", "confirmed", took), ("cancel", "cancelled", took)]
    return [("place", "confirmed", took + (2.0 if chance.random() < 0.03 else 0.0)), ("look", "confirmed", 0.01)]
