"""The import rules know every module: one that is new can't slip past them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
INSIDES = {f"functions.orders.{path.stem}" for path in (ROOT / "functions/orders").glob("*.py")}
OPEN_TO_SCRIPTS = {"functions.orders.faults"}  # the grammar of an option: Python's own library alone


def test_the_insides_of_the_function_are_closed_to_the_frontend_and_the_scripts() -> None:
    for outside, is_open in (("frontend", set[str]()), ("scripts", OPEN_TO_SCRIPTS)):
        closed = [set(rule["forbidden_modules"]) for rule in CONTRACTS if rule.get("source_modules") == [outside]]
        assert INSIDES - {"functions.orders.__init__"} - is_open <= set.union(*closed)


def test_each_policy_of_the_shop_is_closed_to_io() -> None:
    """A simulator drives these in place of threads and clocks."""
    rule = next(rule for rule in CONTRACTS if rule["name"].endswith("is decided without I/O"))
    policies = {"breaker", "retry_budget", "sliding_window", "routes", "calls", "replies", "pending.policy"}
    assert {f"frontend.{policy}" for policy in policies} <= set(rule["source_modules"])
    assert {"requests", "psycopg", "frontend.transport", "frontend.pending.database"} <= set(rule["forbidden_modules"])
    assert not rule.get("allow_indirect_imports", False)


def test_every_module_of_pending_has_its_place() -> None:
    rule = next(rule for rule in CONTRACTS if rule.get("containers") == ["frontend.pending"])
    modules = {path.stem for path in (ROOT / "frontend/pending").glob("*.py")} - {"__init__"}
    assert {module for layer in rule["layers"] for module in layer.split(" | ")} == modules
    assert rule["exhaustive"]
