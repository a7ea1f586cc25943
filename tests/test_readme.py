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
    assert not [link for link in links if not (ROOT / link).exists()]


def test_each_folder_has_its_line() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert set(re.findall(r"^\| `(\w+)` \|", section("How it works"), re.MULTILINE)) == folders


def test_the_diagram_has_twelve_lines() -> None:
    assert len(section("How it works").split("```")[1].strip("\n").splitlines()) == 12
