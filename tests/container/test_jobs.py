"""What a cluster runs in our image beside the services, and what of the image it imports."""

import ast
import json
import sys
from collections.abc import Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from scripts.local.postgres import EmbeddedPostgres
from tests.container.image import Image, locked
from tests.container.pods import SIGNING_SECRET, documented, job_command, web_settings
from tests.container.relay import over_tcp
from tests.container.sandbox import running

# Imports every module of the image that a process of it may need; prints why the others can't be.
_IMPORT_ALL = """
import importlib, json, pkgutil, sys
failed = {}
def walk(name):
    module = importlib.import_module(name)
    for each in pkgutil.iter_modules(getattr(module, "__path__", []), name + "."):
        if each.name.endswith(".__main__"):
            continue
        try:
            walk(each.name)
        except BaseException as error:
            failed[each.name] = repr(error)
for name in sys.argv[1:]:
    walk(name)
print(json.dumps(failed))
"""


@pytest.mark.parametrize("side", ["orders", "frontend"])
def test_migrating_is_done_once_and_said(
    side: str, image: Image, postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    name = f"migrated_in_a_container_{side}"
    variable = {"orders": "ORDERS_DATABASE_URL", "frontend": "FRONTEND_DATABASE_URL"}[side]
    with over_tcp(postgres_server.ensure_database(name)) as url:
        first, second = (
            _run(image, ["python3", "scripts/migrate.py", side], {variable: url}, tmp_path / "log") for _ in range(2)
        )
    assert first[0] == 0
    assert first[1].startswith(f"{side}: applied 0001")
    assert second == (0, f"{side}: up to date\n")


def test_pending_purchases_are_listed(image: Image, pending_url: str, tmp_path: Path) -> None:
    words = ["python3", "-m", "frontend.pending", "list", "--output", "json"]
    code, said = _run(image, words, web_settings(pending_url), tmp_path / "log")
    assert (code, json.loads(said)) == (0, [])


def test_the_exit_code_of_a_job_is_its_programs(image: Image, tmp_path: Path) -> None:
    code, said = _run(image, ["python3", "scripts/migrate.py", "orders"], {}, tmp_path / "log")
    assert (code, said) == (2, "ORDERS_DATABASE_URL: is not set\n")


def test_a_job_too_is_started_by_the_launcher_of_a_buildpacks_image(image: Image, tmp_path: Path) -> None:
    """After -- comes a command of ours; without it the launcher would look for a line of the Procfile."""
    launcher = tmp_path / "launcher"
    launcher.write_text('#!/bin/sh\ntest "$1" = -- && shift && exec "$@" --launched\n')
    launcher.chmod(0o755)
    files = {"/cnb/lifecycle/launcher": launcher}
    code, said = _run(image, ["python3", "-c", "import sys; print(sys.argv)", "a b"], {}, tmp_path / "log", files)
    assert (code, said) == (0, "['-c', 'a b', '--launched']\n")


def test_what_runs_in_the_image_imports_nothing_outside_its_lock(image: Image, tmp_path: Path) -> None:
    installed = {_normal(path.name.split("-")[0]) for path in image.site_packages.glob("*.dist-info")}
    assert installed == {_normal(name) for name in locked()}
    code, said = _run(
        image,
        ["python3", "-c", _IMPORT_ALL, "functions", "frontend", "scripts.migrate", "scripts.inside"],
        {"ORDERS_DATABASE_URL": "postgresql://127.0.0.1:9/orders", "SIGNING_SECRETS": SIGNING_SECRET},
        tmp_path / "log",
    )
    assert code == 0, said
    assert json.loads(said) == {}


def test_not_even_inside_a_function_is_anything_imported_from_outside_the_lock(image: Image) -> None:
    """Read from the sources, since an import in a function is not run by importing its module."""
    names = {_normal(name) for name in locked()}
    ours = {
        module for module, owners in packages_distributions().items() if names & {_normal(owner) for owner in owners}
    }
    allowed = {*ours, *sys.stdlib_module_names, "functions", "frontend", "scripts"}
    folders = ("functions", "frontend", "scripts/inside", "scripts/migrate.py")
    sources = [path for name in folders for path in _sources(image.workspace / name)]
    assert len(sources) > 50
    foreign = {f"{path.relative_to(image.workspace)}: {name}" for path in sources for name in _imported(path) - allowed}
    assert foreign == set()


def _sources(path: Path) -> list[Path]:
    return [*path.rglob("*.py")] if path.is_dir() else [path]


def _imported(path: Path) -> set[str]:
    """The packages at the top of all that the file imports."""
    tree = ast.walk(ast.parse(path.read_text()))
    names = set[str]()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _run(
    image: Image, words: list[str], settings: Mapping[str, str], log: Path, files: Mapping[str, Path] | None = None
) -> tuple[int, str]:
    """Exit code and output of a job with these settings."""
    assert set(settings) <= documented()
    environ = {"HOME": "/tmp", **settings}  # noqa: S108 - in the container
    with running(image, job_command(*words), environ, log, files) as container:
        return container.wait(60), container.text()
