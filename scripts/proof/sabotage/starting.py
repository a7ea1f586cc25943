"""Starts a command of the Procfile in this process, once one of its guards is out."""

import importlib
import runpy
import sys
from collections.abc import Sequence

from scripts.local.procfile import read_command
from scripts.proof.sabotage import SABOTAGES, Command


def start_without(command: Command, arguments: Sequence[str]) -> None:
    """Take out the guard that is named, and become the process; its workers are forks, which have no guard either.

    Ends the process with status 2 if the name is not one of this command's guards.
    """
    guards = {str(name): one.module for name, one in SABOTAGES.items() if one.command == command}
    if len(arguments) != 1 or arguments[0] not in guards:
        sys.stderr.write(f"name one guard of {command}: {', '.join(guards)}\n")
        sys.exit(2)
    importlib.import_module(f"scripts.proof.sabotage.{guards[arguments[0]]}").take_out()
    interpreter, option, module, *words = read_command(command)
    if (interpreter, option) != ("python3", "-m"):
        raise RuntimeError(f"the Procfile's command {command} runs no module of Python")
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
