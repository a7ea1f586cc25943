"""What this process may do in its pod, seen from within: nothing that the manifests take from it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from scripts.inside.results import BAD, GOOD, Result

TOKEN: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_STATUS: Final = Path("/proc/self/status")
_FILTER: Final = "2"  # of seccomp: a list of system calls that are let through

Fact = dict[str, Any]
"""`fact`, what is `expected` and was `found`, and whether that is `good`; None where the system doesn't tell."""


def confined() -> Result:
    """The command `confined`: 0 when the process is as confined as the manifests declare, else 1."""
    facts = facts_of(os.geteuid(), is_writable(Path("/")), TOKEN.exists(), status_of(_STATUS.read_text()))
    return told(facts)


def facts_of(uid: int, root_is_writable: bool, has_token: bool, status: Mapping[str, str]) -> list[Fact]:
    """The facts by what was found out; `status` has the fields of /proc/self/status."""
    held = {name: status.get(name) for name in ("CapEff", "CapPrm")}
    return [
        _fact("user", "not root", "root" if uid == 0 else f"uid {uid}", good=uid != 0),
        _fact("root file system", "read-only", "writable" if root_is_writable else "read-only",
              good=not root_is_writable),
        _fact("service account token", "none", "there is one" if has_token else "none", good=not has_token),
        *(_told(name, "0", value and f"{int(value, 16):x}") for name, value in held.items()),
        _told("NoNewPrivs", "1", status.get("NoNewPrivs")),
        _told("Seccomp", _FILTER, status.get("Seccomp")),
    ]  # fmt: skip


def told(facts: list[Fact]) -> Result:
    """Bad when one of the facts is; what the system doesn't tell is no objection."""
    bad = [each for each in facts if each["good"] is False]
    why = {"why": ", ".join(f"{each['fact']}: {each['found']}" for each in bad)} if bad else {}
    return Result(BAD if bad else GOOD, {"command": "confined", "good": not bad, "facts": facts, **why})


def is_writable(folder: Path) -> bool:
    """Whether a file can be made in the folder; none is left there."""
    path = folder / f".flametickets-{os.getpid()}"
    try:
        path.touch(exist_ok=False)
    except OSError:
        return False
    path.unlink()
    return True


def status_of(text: str) -> dict[str, str]:
    """The fields of a /proc/…/status."""
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def _told(name: str, expected: str, found: str | None) -> Fact:
    """One that not every system tells: a sandbox may do without these."""
    return _fact(name, expected, found or "not told here", good=None if found is None else found == expected)


def _fact(name: str, expected: str, found: str, *, good: bool | None) -> Fact:
    return {"fact": name, "expected": expected, "found": found, "good": good}
