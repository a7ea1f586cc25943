"""The commands of dev.py, inside the project's environment: run the stack, look at it, shift its traffic."""

import argparse
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from scripts.local.gateway import Gateway, GatewayError, Ports
from scripts.local.inside import run_inside
from scripts.local.processes import Listeners
from scripts.local.shows import ShowsFileError
from scripts.local.split import in_words
from scripts.local.stack import SAMPLES, Stack, shift
from scripts.local.stack_errors import AlreadyRuns, StackError
from scripts.local.state import Folder, FolderError, State
from scripts.local.terminal import Terminal

_GOOD: Final = 0
_BAD: Final = 1
_NOT_DONE: Final = 2


class _Stop(BaseException):
    """The user asks the stack to stop. Not an Exception: nothing on the way may take it for an error."""


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns the exit code."""
    if arguments.command == "status":
        return _status(Folder(arguments.folder))
    if arguments.command == "traffic":
        return _traffic(Folder(arguments.folder), arguments.split)
    if arguments.command == "exec":
        return _exec(Folder(arguments.folder), arguments.process, arguments.words)
    return _run_stack(arguments)


def _run_stack(arguments: argparse.Namespace) -> int:
    terminal = Terminal()
    stack = Stack(
        arguments.folder,
        port=arguments.port,
        chaos_faults=arguments.chaos_faults,
        chaos_seed=arguments.chaos_seed,
        shows=arguments.shows or SAMPLES,
        fresh=arguments.fresh,
        progress=terminal.progress,
        listeners=Listeners(terminal.line, terminal.change),
    )
    is_stopping = False

    def on_signal(_signal: int, _frame: object) -> None:
        nonlocal is_stopping
        if is_stopping:
            stack.hurry()
            return
        is_stopping = True
        terminal.quieten()
        raise _Stop

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, on_signal)
    try:
        stack.start()
        _announce(stack, terminal, arguments.chaos_faults)
        threading.Event().wait()
    except _Stop:
        terminal.progress("stopping; once more to stop at once")
    except AlreadyRuns:
        terminal.problem(_already_runs(stack.folder))
        return _BAD
    except (StackError, FolderError, ShowsFileError) as error:
        terminal.problem(str(error))
        return _BAD
    finally:
        is_stopping = True
        terminal.quieten()
        stack.stop()
    terminal.progress("stopped")
    return _GOOD


def _announce(stack: Stack, terminal: Terminal, chaos_faults: str) -> None:
    terminal.opened()
    terminal.progress(f"chaos has the faults: {chaos_faults or 'none'}")
    terminal.progress("python3 scripts/dev.py traffic chaos=20 sends it a share; Ctrl-C stops all")
    print(f"FlameTickets is open at {_for_people(stack.url)}", flush=True)


def _already_runs(folder: Folder) -> str:
    where = f", at {_for_people(state.url)}" if (state := folder.read_state()) is not None else ""
    return f"FlameTickets is running already{where}; python3 scripts/dev.py status says more"


def _status(folder: Folder) -> int:
    state = folder.read_state()
    if state is None:
        print(_nothing_runs(folder))
        return _BAD
    print(f"FlameTickets {'is open' if state.ready else 'is starting'} at {_for_people(state.url)}")
    print(f"  since {state.started_at}, process {state.pid}, files in {folder.path}")
    print(f"  traffic: {in_words(_present_split(folder, state))}; faults of chaos: {state.chaos_faults or 'none'}")
    for route, port in state.route_ports.items():
        print(f"  route {route}: http://127.0.0.1:{port}")
    print(f"  metrics of the shop: http://127.0.0.1:{state.metrics_port}/metrics")
    for name, url in state.database_urls.items():
        print(f"  database {name}: {url}")
    print(f"\n  {'process':<17}{'pid':>8}  {'port':>5}  {'restarts':>8}  log")
    for name, process in state.processes.items():
        row = f"{name:<17}{process.pid or 'down':>8}  {process.port or '':>5}  {process.restarts:>8}"
        print(f"  {row}  {_near(Path(process.log))}")
    return _GOOD if state.ready and all(process.pid for process in state.processes.values()) else _BAD


def _traffic(folder: Folder, split: dict[str, int]) -> int:
    state = folder.read_state()
    if state is None:
        print(_nothing_runs(folder), file=sys.stderr)
        return _NOT_DONE
    gateway = _gateway(folder, state)
    try:
        if split:
            shift(folder, gateway, split)
        print(in_words(gateway.split()))
    except GatewayError as error:
        print(error, file=sys.stderr)
        return _NOT_DONE
    return _GOOD


def _exec(folder: Folder, process: str, words: list[str]) -> int:
    state = folder.read_state()
    if state is None:
        print(_nothing_runs(folder), file=sys.stderr)
        return _NOT_DONE
    try:
        return run_inside(folder, state, process, words)
    except (OSError, FolderError) as error:
        print(f"{words[0]} can't be run: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return _NOT_DONE


def _present_split(folder: Folder, state: State) -> dict[str, int]:
    """What the gateway does; while it is down, what it will do."""
    try:
        return _gateway(folder, state).split()
    except GatewayError:
        return state.split


def _gateway(folder: Folder, state: State) -> Gateway:
    return Gateway(folder.path / "gateway", Ports(state.admin_port, state.route_ports, state.revision_ports))


def _nothing_runs(folder: Folder) -> str:
    if folder.is_held():
        return "FlameTickets is just starting; ask again in a moment"
    if folder.was_killed():
        return "nothing is running; an earlier run was killed, and the next start clears away what it left"
    return "nothing is running; python3 scripts/dev.py starts FlameTickets"


def _for_people(url: str) -> str:
    return url.replace("127.0.0.1", "localhost")


def _near(path: Path) -> Path:
    """The path from here, where it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
