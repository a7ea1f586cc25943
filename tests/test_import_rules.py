"""The import rules know every module: one that is new can't slip past them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
INSIDES = {f"functions.orders.{path.stem}" for path in (ROOT / "functions/orders").glob("*.py")}


def test_the_insides_of_the_function_are_closed_to_the_frontend_and_the_scripts() -> None:
    for outside in ("frontend", "scripts"):
        closed = [set(rule["forbidden_modules"]) for rule in CONTRACTS if rule.get("source_modules") == [outside]]
        assert INSIDES - {"functions.orders.__init__"} <= set.union(*closed)
