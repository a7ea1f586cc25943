"""`python3 -m scripts.inside COMMAND`: reads the command line and the environment, and prints what came of it."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from scripts.inside import arguments, settings
from scripts.inside.asking import Function, Patience
from scripts.inside.observe import Terms, observe
from scripts.inside.orders import cancel_one, find_one, place_one
from scripts.inside.publishing import publish
from scripts.inside.results import INTERRUPTED, NOT_DONE, Result
from scripts.inside.smoke import smoke
from scripts.inside.stranger import knock


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Do what the command line says, print the result as JSON, and return the exit code."""
    asked = arguments.parse(words)
    try:
        result = _run(asked, environ)
    except settings.SettingsError as error:
        result = Result(NOT_DONE, {"command": asked.command, "why": str(error)})
    except KeyboardInterrupt:
        return INTERRUPTED
    _say(result.data)
    return result.code


def _run(asked: argparse.Namespace, environ: Mapping[str, str]) -> Result:
    if asked.command == "observe":
        return observe(asked.urls, Terms(asked.metric, asked.seconds, asked.every, asked.limit, asked.least), _say)
    patience = Patience(asked.tries, asked.try_seconds, time.monotonic() + asked.within)
    urls = [settings.address(url, environ) for url in asked.urls]
    if asked.command == "stranger":
        return knock(urls, patience)
    secrets = settings.signing_secrets(environ)
    if asked.command == "smoke":
        secrets = secrets[:1]  # a revision that knows only the second would fail once that is retired
    functions = [Function(url, secrets, patience) for url in urls]
    try:
        return _ask(functions, asked)
    finally:
        for function in functions:
            function.close()


def _ask(functions: Sequence[Function], asked: argparse.Namespace) -> Result:
    match asked.command:
        case "smoke":
            return smoke(functions)
        case "publish":
            return publish(functions[0], asked.file)
        case "place":
            return place_one(functions[0])
        case "find":
            return find_one(functions[0], asked.order_id)
    return cancel_one(functions[0], asked.order_id)


def _say(data: dict[str, Any]) -> None:
    print(json.dumps(data), flush=True)


def _end(number: int, _frame: object) -> NoReturn:
    """The first process of a container gets no signal that it does not ask for: without this it could not be ended."""
    os._exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
