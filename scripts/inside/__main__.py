"""`python3 -m scripts.inside COMMAND`: reads the command line and the environment, and prints what came of it."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from scripts.inside import arguments, probe, settings
from scripts.inside.asking import Function, Patience
from scripts.inside.confined import confined
from scripts.inside.gateway import public
from scripts.inside.observe import Terms, observe
from scripts.inside.orders import cancel_all, find_one, place_one
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
    match asked.command:
        case "observe":
            return observe(asked.urls, Terms(asked.metric, asked.seconds, asked.every, asked.limit, asked.least), _say)
        case "probe":
            return _probe(asked, environ)
        case "gateway":
            return public(asked.gateways, asked.known, asked.hosts)
        case "confined":
            return confined()
    return _question(asked, environ)


def _probe(asked: argparse.Namespace, environ: Mapping[str, str]) -> Result:
    (url,) = (settings.address(each, environ) for each in asked.urls)
    terms = probe.Terms(asked.seconds, asked.every, asked.try_seconds)
    if asked.order is None:
        return probe.probe(probe.page(url), terms, _say)
    return probe.probe(probe.lookup(url, settings.signing_secrets(environ), asked.order), terms, _say)


def _question(asked: argparse.Namespace, environ: Mapping[str, str]) -> Result:
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
            return place_one(functions[0], asked.order_id)
        case "find":
            return find_one(functions[0], asked.order_id)
    return cancel_all(functions[0], asked.order_ids)


def _say(data: dict[str, Any]) -> None:
    print(json.dumps(data), flush=True)


def _end(number: int, _frame: object) -> NoReturn:
    """The first process of a container gets no signal that it does not ask for: without this it could not be ended."""
    os._exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
