"""Carries out a verb of deploy.py and says how it ended: for people on lines, with `--output json` for programs."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import ClusterError
from scripts.cluster.progress import Progress
from scripts.cluster.results import GOOD, INTERRUPTED, NOT_DONE, Result
from scripts.local.shows import ShowsFileError

# The module of each verb that works on a cluster; it is loaded when it is asked for, so that none waits for another's.
MODULES: Final = {
    "deploy": "deploying",
    "traffic": "traffic",
    "canary": "canary",
    "rollback": "rollback",
    "shows": "shows",
    "pending": "pending",
    "status": "status",
    "logs": "logs",
    "verify": "verify",
    "destroy": "destroying",
}


def run(options: argparse.Namespace) -> int:
    """Carry out the verb; returns the exit code. Nothing but the result goes to standard output."""
    progress = Progress()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    try:
        result = _carry_out(options, progress)
        _say(options, result)
    except ClusterError as error:
        return _fail(options, error.code, error.as_dict(), str(error))
    except ShowsFileError as error:
        return _fail(options, NOT_DONE, {"error": "ShowsFileError", "message": str(error)}, str(error))
    except KeyboardInterrupt:
        why = "stopped; the same command goes on from here"
        return _fail(options, INTERRUPTED, {"error": "Interrupted", "message": why}, why)
    except BrokenPipeError:  # whoever read the output has gone, and Python is not to complain of it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    return result.code


def _carry_out(options: argparse.Namespace, progress: Progress) -> Result:
    if options.verb == "render":
        return _render(options)
    verb: Callable[[Cluster, argparse.Namespace, Progress], Result] = import_module(
        f"scripts.cluster.{MODULES[options.verb]}"
    ).run
    return verb(Cluster.connect(options.context, options.namespace), options, progress)


def _render(options: argparse.Namespace) -> Result:
    """The manifests; no cluster is asked for anything."""
    from scripts.cluster.render import render  # noqa: PLC0415  # YAML and manifests, for this verb alone
    from scripts.cluster.secrets import secrets_for  # noqa: PLC0415
    from scripts.cluster.wishes import choice_of, random_token, rendered  # noqa: PLC0415

    secrets = secrets_for(None, choice_of(options), "keep", random_token, namespace=options.namespace)
    text = render(rendered(options, secrets), secrets)
    return Result(GOOD, tuple(text.splitlines()), {"manifests": text})


def _say(options: argparse.Namespace, result: Result) -> None:
    if options.output == "json":
        print(json.dumps(result.data, ensure_ascii=False), flush=True)
        return
    for line in result.lines:
        print(line)
    sys.stdout.flush()


def _fail(options: argparse.Namespace, code: int, data: dict[str, Any], words: str) -> int:
    print(words, file=sys.stderr)
    if options.output == "json":
        print(json.dumps(data, ensure_ascii=False), flush=True)
    return code
