"""The experiments as files: valid for the Chaos Toolkit, alike in what they ask, and one for each fault."""

from typing import Any

import pytest
from chaoslib.experiment import ensure_experiment_is_valid  # type: ignore[import-untyped]

from functions.orders.faults import parse
from scripts.experiments.arguments import names
from scripts.experiments.running import load

NAMES = names()
ASKED = ["sells", "nothing_waits", "promises_are_kept"]


def actions(name: str) -> list[dict[str, Any]]:
    """The method's actions: what is called, with what."""
    return [each["provider"] for each in load(name)["method"]]


@pytest.mark.parametrize("name", NAMES)
def test_the_chaos_toolkit_takes_it(name: str) -> None:
    """It looks up each function, and whether the arguments are the function's."""
    ensure_experiment_is_valid(load(name))


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_the_promises_and_leaves_all_as_it_was(name: str) -> None:
    experiment = load(name)
    assert [probe["provider"]["func"] for probe in experiment["steady-state-hypothesis"]["probes"]] == ASKED
    assert [each["provider"]["func"] for each in experiment["rollbacks"]] == ["calm"]
    assert experiment["controls"][0]["provider"]["arguments"] == {"name": name}
    called = [action["func"] for action in actions(name)]
    assert "open_sale" in called
    assert called[-1] == "finish_sale"


@pytest.mark.parametrize("name", NAMES)
def test_its_faults_are_of_the_grammar(name: str) -> None:
    for action in actions(name):
        if action["func"] == "deploy_chaos":
            parse(action["arguments"]["faults"])


def test_each_fault_of_the_chaos_revision_has_an_experiment() -> None:
    meant = {
        fault.kind for name in NAMES for action in actions(name) if action["func"] == "deploy_chaos"
        for fault in parse(action["arguments"]["faults"])
    }  # fmt: skip
    assert meant == {
        *("error", "latency", "hang:never", "hang:late", "drop_reply", "duplicate", "crash:before", "crash:after")
    }


def test_each_fault_from_outside_has_an_experiment() -> None:
    hit = {(action["func"], action["arguments"].get(what)) for name in NAMES for action in actions(name)
           for what in ("part", "mode", "how") if "arguments" in action}  # fmt: skip
    assert hit >= {
        ("end", "stable"),
        ("end", "chaos"),
        ("end", "frontend"),
        ("end", "ledger-database"),
        ("end", "restarted"),
        ("keep_down_and_end", "pending-database"),
        ("link", "cut"),
        ("link", "silent"),
        ("link", "slow"),
        ("deploy", "stable"),
        ("deploy", "frontend"),
        ("jump", "stable"),
    }
    called = {action["func"] for name in NAMES for action in actions(name)}
    assert called >= {"keep_down", "shift_to_and_fro", "storm", "stop_at_harm"}
