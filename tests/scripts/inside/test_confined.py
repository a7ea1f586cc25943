"""What a process is told that it may do, from facts and of this very process."""

import os
from pathlib import Path
from typing import Any

import pytest

from scripts.inside.confined import facts_of, is_writable, status_of, told
from tests.scripts.inside.pods import environment, run

STATUS = """\
Name:\tpython3
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
"""


def facts(**changes: Any) -> dict[str, dict[str, Any]]:
    given = {"uid": 1000, "root_is_writable": False, "has_token": False, "status": status_of(STATUS), **changes}
    return {each["fact"]: each for each in facts_of(**given)}


def test_a_process_as_the_manifests_have_it_is_confined() -> None:
    result = told(list(facts().values()))
    assert (result.code, result.data["good"]) == (0, True)
    assert {each["good"] for each in result.data["facts"]} == {True}
    assert [each["fact"] for each in result.data["facts"]] == [
        *("user", "root file system", "service account token", "CapEff", "CapPrm", "NoNewPrivs", "Seccomp"),
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"uid": 0}, "user: root"),
        ({"root_is_writable": True}, "root file system: writable"),
        ({"has_token": True}, "service account token: there is one"),
        ({"status": {**status_of(STATUS), "CapEff": "00000000a80425fb"}}, "CapEff: a80425fb"),
        ({"status": {**status_of(STATUS), "NoNewPrivs": "0"}}, "NoNewPrivs: 0"),
        ({"status": {**status_of(STATUS), "Seccomp": "0"}}, "Seccomp: 0"),
    ],
)
def test_each_freedom_that_a_process_has_is_named(changes: dict[str, Any], why: str) -> None:
    result = told(list(facts(**changes).values()))
    assert (result.code, result.data["good"], result.data["why"]) == (1, False, why)


def test_what_a_system_does_not_tell_is_neither_good_nor_bad() -> None:
    found = facts(status={"Name": "python3"})
    assert {name for name, each in found.items() if each["good"] is None} == {
        *("CapEff", "CapPrm", "NoNewPrivs", "Seccomp"),
    }
    assert told(list(found.values())).code == 0


def test_a_folder_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    assert is_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not is_writable(tmp_path / "absent")


def test_the_command_tells_of_the_process_that_it_runs_in() -> None:
    ended = run(["confined"], environment())
    found = {each["fact"]: each["found"] for each in ended.last["facts"]}
    own = status_of(Path("/proc/self/status").read_text())
    assert found["user"] == ("root" if os.geteuid() == 0 else f"uid {os.geteuid()}")
    assert found["CapEff"] == f"{int(own['CapEff'], 16):x}"
    assert ended.code == (0 if ended.last["good"] else 1)
