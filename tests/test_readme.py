"""The README says what is so: its commands, its settings, its folders and its links."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^python3 (scripts/\S+\.py)(.*?)(?:\s+#.*)?$", README, re.MULTILINE)
SETTINGS = set(re.findall(r"`([A-Z_]+)`", README.split("## Settings")[1].split("## ")[0]))
SET_BY_THE_FRAMEWORK = {"PORT", "HOST"}


def section(title: str) -> str:
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("script", sorted({script for script, _ in COMMANDS}))
def test_each_command_is_there_and_explains_itself(script: str) -> None:
    told = subprocess.run([sys.executable, ROOT / script, "--help"], capture_output=True, text=True, check=True)
    assert "usage" in told.stdout


def test_the_options_and_subcommands_that_it_names_exist() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "scripts/dev.py", "--help"], capture_output=True, text=True, check=True
    ).stdout
    named = set(re.findall(r"`(--[a-z]+)", section("Run it"))) | {"traffic", "status"}
    assert len(named) == 5
    assert not [word for word in named if word not in told]


def test_the_settings_are_those_that_the_code_reads() -> None:
    sources = [ROOT / "functions/orders/settings.py", ROOT / "frontend/settings.py", ROOT / "frontend/gunicorn.conf.py"]
    read = set().union(*(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', source.read_text()) for source in sources))
    assert {name for name in read if "_" in name} == SETTINGS - SET_BY_THE_FRAMEWORK


def test_each_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert not [link for link in links if not (ROOT / link.partition("#")[0]).exists()]


def test_each_folder_has_its_line() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert set(re.findall(r"^\| `(\w+)` \|", section("How it works"), re.MULTILINE)) == folders


def test_the_diagram_has_twelve_lines() -> None:
    assert len(section("How it works").split("```")[1].strip("\n").splitlines()) == 12


def test_the_commands_for_pending_purchases_are_those_there_are() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "frontend.pending", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    there = set(re.search(r"{([a-z,]+)}", told)[1].split(","))  # type: ignore[index]
    assert set(re.findall(r"`python3 -m frontend\.pending (\w+)", README)) == there


def test_the_options_for_pending_purchases_exist() -> None:
    for command, line in re.findall(r"^\| `python3 -m frontend\.pending (\w+)(.*)$", README, re.MULTILINE):
        told = subprocess.run(
            [sys.executable, "-m", "frontend.pending", command, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert not [option for option in re.findall(r"(--[a-z]+)", line) if option not in told]


def test_the_defaults_are_those_of_the_code() -> None:
    """Where the table says a number, a process without the variable has it."""
    named = dict(
        re.findall(r"^\| `(WEB_\w+|PENDING_\w+|CLIENT_LIMIT)` \| web \| .*`([^`]+)` if unset", README, re.MULTILINE)
    )
    source = (ROOT / "frontend/settings.py").read_text()
    read = dict(re.findall(r'"(WEB_\w+|PENDING_\w+|CLIENT_LIMIT)",.*? default="?([\w/]+)"?', source))
    assert named == read
    assert len(named) == 6


def test_the_words_of_the_pages_are_those_that_buyers_read() -> None:
    pages = "".join(path.read_text() for path in (ROOT / "frontend/templates").glob("*.html"))
    words = re.findall(r"\*([^*]+)\*", section("When parts fail"))
    assert len(words) == 3
    assert not [word for word in words if word.replace("'", "\u2019") not in pages]


def test_the_metrics_that_it_names_are_there() -> None:
    named = re.findall(r"`(flametickets_\w+)`", README)
    assert named
    assert not [name for name in named if f"| `{name}` |" not in (ROOT / "docs/metrics.md").read_text()]
