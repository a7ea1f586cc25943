"""Runs commands as a pod of the image would: with its packages alone, and with nothing else in the environment."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from scripts.local.stack import Stack

ROOT = Path(__file__).parents[3]
IMAGE_ONLY = Path(__file__).with_name("image_only")


@dataclass(frozen=True)
class Ended:
    code: int
    lines: Sequence[dict[str, Any]]
    err: str

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]


@cache
def lacking() -> str:
    """The packages of this environment that the image lacks, with commas between."""
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    there = {_plain(name) for name in locked}
    return ",".join(
        package
        for package, distributions in packages_distributions().items()
        if not {_plain(name) for name in distributions} & there
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def environment(stack: Stack | None = None, **others: str) -> dict[str, str]:
    """What a Job's container has: the addresses and the secret of the stack, if there is one."""
    always = {"PYTHONPATH": str(IMAGE_ONLY), "LACKING": lacking(), "PATH": "/usr/bin:/bin", "HOME": "/tmp"}  # noqa: S108
    if stack is None:
        return {**always, **others}
    urls = stack.gateway_urls
    routes = {
        "ORDERS_URL": urls["orders"],
        "ORDERS_STABLE_URL": urls["stable-orders"],
        "ORDERS_CHAOS_URL": urls["chaos-orders"],
    }
    return {**always, **routes, "SIGNING_SECRETS": stack.signing_secret, **others}


def start(words: Sequence[str], env: dict[str, str]) -> "subprocess.Popen[str]":
    """`python3 -m scripts.inside` with these words, still running."""
    command = [sys.executable, "-m", "scripts.inside", *words]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(words: Sequence[str], env: dict[str, str], within_s: float = 60.0) -> Ended:
    """What `python3 -m scripts.inside` with these words printed, and its exit code."""
    process = start(words, env)
    try:
        out, err = process.communicate(timeout=within_s)
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, [json.loads(line) for line in out.splitlines()], err)
