"""The verbs of chaos.py, inside the project's environment."""

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from scripts.cluster.progress import Progress
from scripts.experiments.arguments import names
from scripts.experiments.knative import KnativeTarget
from scripts.experiments.local import LocalTarget
from scripts.experiments.recording import recorded
from scripts.experiments.running import GOOD, NOT_RUN, SKIPPED, VIOLATED, Ended, load
from scripts.experiments.running import run as run_one
from scripts.experiments.session import PATIENCE_S, Terms
from scripts.experiments.target import Target, TargetError
from scripts.local.procfile import ROOT
from scripts.proof.checker import as_dict
from scripts.proof.report import show, write_report
from scripts.proof.report.record import ExperimentRecord, RecordError, RunRecord
from scripts.proof.sale.crowd import Habits

RUNS: Final = ROOT / ".flametickets" / "proof"
INTERRUPTED: Final = 130
_QUICK: Final[Mapping[str, Any]] = {"buyers": 250, "over_s": 3, "lasts_s": 20, "kills": 5, "storm_s": 12}
_SABOTAGED_PATIENCE_S: Final = 20.0  # a promise is broken: there is nothing to wait for
_BRISK: Final = Habits(away_s=(0.5, 3.0), reads_s=(0.2, 1.0))
_LONG: Final = "long"


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks; returns the exit code."""
    match options.verb:
        case "list":
            return _list()
        case "report":
            return _report(options.folder)
        case "simulate":
            return _simulate(options.words)
    return _run(options)


def _list() -> int:
    wide = max(map(len, names()))
    for name in names():
        print(f"{name:<{wide}}  {load(name)['title']}")
    return GOOD


def _report(folder: Path | None) -> int:
    folder = folder or max(RUNS.glob("*/record.json"), default=RUNS / "none", key=os.path.getmtime).parent
    try:
        path, report = write_report(folder)
    except (RecordError, OSError) as error:
        print(f"there is no run to report: {error}", file=sys.stderr)
        return NOT_RUN
    show(report, path)
    return GOOD


def _simulate(words: Sequence[str]) -> int:
    from scripts.proof.simulation import command  # noqa: PLC0415  # for this verb alone

    return command.main(words)


def _run(options: argparse.Namespace) -> int:
    """The experiments in turn, on one shop; with a sabotage until the first promise breaks."""
    folder = (options.folder or RUNS / time.strftime("%Y%m%d-%H%M%S")).absolute()
    progress, began, at = Progress(), time.monotonic(), time.time()
    done: list[tuple[Ended, ExperimentRecord]] = []
    versions: Mapping[str, str] = {}
    is_whole = True
    try:
        with _target(options, progress) as target:
            versions = target.versions()
            for name in _chosen(options):
                ended = _carry_out(target, name, folder, options, progress)
                done.append((ended, recorded(ended, load(name), folder)))
                if ended.is_interrupted or (options.sabotage and ended.code == VIOLATED):
                    break
    except TargetError as error:
        print(error, file=sys.stderr)
        if not done:
            return NOT_RUN
        is_whole = False
    record = RunRecord(
        at=at,
        command=_repeated(options),
        target=options.target,
        experiments=[each for ended, each in done if ended.code != SKIPPED],
        skipped={ended.name: ended.why for ended, _ in done if ended.code == SKIPPED},
        seconds=time.monotonic() - began,
        seed=options.seed,
        machine={"machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"},
        versions=dict(versions),
    )
    path, report = write_report(folder, record)
    if options.output == "json":
        print(json.dumps(_as_dict(done, path)))
    else:
        show(report, path)
    return _code([ended for ended, _ in done]) or (GOOD if is_whole else NOT_RUN)


def _carry_out(target: Target, name: str, folder: Path, options: argparse.Namespace, progress: Progress) -> Ended:
    is_quick = options.quick or options.sabotage
    terms = Terms(
        name,
        "",
        options.seed,
        folder / name,
        _repeated(options, name),
        sabotage=options.sabotage,
        patience_s=_SABOTAGED_PATIENCE_S if options.sabotage else PATIENCE_S,
        habits=_BRISK if is_quick else Habits(),
    )
    sizes = dict(_QUICK) if is_quick else {}
    if options.buyers:
        sizes["buyers"] = options.buyers
    with progress.step(f"{name}: {load(name)['title'].lower()}") as step:
        ended = run_one(target, terms, sizes, lambda what, activity: step.say(activity) if what == "begins" else None)
        outcomes = {
            GOOD: "every promise kept",
            VIOLATED: f"VIOLATED: {ended.why}",
            SKIPPED: f"skipped, because {ended.why}",
        }
        step.end(outcomes.get(ended.code, ended.why))
    return ended


def _chosen(options: argparse.Namespace) -> list[str]:
    if options.sabotage:
        from scripts.proof.sabotage import SHOWN_BY  # noqa: PLC0415

        return list(SHOWN_BY[options.sabotage])
    if not options.all:
        return list(options.names)
    return [name for name in names() if not (options.quick and _LONG in load(name)["tags"])]


@contextmanager
def _target(options: argparse.Namespace, progress: Progress) -> Iterator[Target]:
    if options.target == "knative":
        with progress.step("look at the shop in the cluster"):
            cluster = KnativeTarget.connect(options.context, options.namespace, options.shop)
        with cluster:
            yield cluster
        return
    with ExitStack() as ends:
        folder = Path(
            ends.enter_context(tempfile.TemporaryDirectory(prefix="flametickets-", ignore_cleanup_errors=True))
        )
        commands = _sabotaged(options.sabotage) if options.sabotage else {}
        with progress.step("start a shop on this machine"):
            local = ends.enter_context(LocalTarget(folder / "shop", commands))
        yield local


def _sabotaged(guard: str) -> Mapping[str, Sequence[str]]:
    from scripts.proof.sabotage import commands  # noqa: PLC0415

    return commands(guard)


def _code(ended: Sequence[Ended]) -> int:
    codes = [each.code for each in ended if each.code != SKIPPED]
    if VIOLATED in codes:
        return VIOLATED
    if any(each.is_interrupted for each in ended):
        return INTERRUPTED
    return NOT_RUN if NOT_RUN in codes or not codes else GOOD


def _repeated(options: argparse.Namespace, name: str | None = None) -> str:
    """The command line that does the same again."""
    words = ["python3", "scripts/chaos.py", "run"]
    words += [name] if name else options.names
    words += ["--all"] if options.all and not name else []
    words += ["--quick"] if options.quick else []
    words += ["--buyers", str(options.buyers)] if options.buyers else []
    words += ["--sabotage", options.sabotage] if options.sabotage else []
    words += _of_cluster(options) if options.target == "knative" else []
    return shlex.join([*words, "--seed", str(options.seed)])


def _of_cluster(options: argparse.Namespace) -> list[str]:
    words = ["--target", "knative", "--namespace", options.namespace]
    words += ["--context", options.context] if options.context else []
    return words + (["--shop", options.shop] if options.shop else [])


def _as_dict(done: Sequence[tuple[Ended, ExperimentRecord]], path: Path) -> dict[str, Any]:
    experiments = [
        {
            "name": ended.name,
            "code": ended.code,
            "why": ended.why,
            "verdict": as_dict(ended.session.verdict) if ended.session and ended.session.verdict else None,
        }
        for ended, _ in done
    ]
    return {"report": str(path), "experiments": experiments}
