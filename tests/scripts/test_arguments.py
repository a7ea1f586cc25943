"""The command line of dev.py."""

from pathlib import Path

import pytest

from scripts.local.arguments import parse, read_split

FOLDER = Path("/some/folder")


def test_without_arguments_the_shop_is_at_8080() -> None:
    parsed = parse([], FOLDER)
    assert (parsed.command, parsed.port, parsed.fresh, parsed.shows, parsed.folder) == (None, 8080, False, None, FOLDER)


def test_options_are_taken() -> None:
    parsed = parse(["--port", "9000", "--fresh", "--shows", "a.yaml", "--folder", "/other"], FOLDER)
    assert (parsed.port, parsed.fresh, parsed.shows, parsed.folder) == (9000, True, Path("a.yaml"), Path("/other"))


def test_all_after_the_process_is_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    parsed = parse(["exec", "web", "python", "-m", "frontend.pending", "list", "--dead"], FOLDER)
    assert (parsed.process, parsed.words) == ("web", ["python", "-m", "frontend.pending", "list", "--dead"])
    for bad in (["exec", "web"], ["exec", "gateway", "true"]):
        with pytest.raises(SystemExit):
            parse(bad, FOLDER)
    assert "name the command to run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shares", "split"),
    [
        ([], {}),
        (["chaos=20"], {"stable": 80, "chaos": 20}),
        (["stable=100"], {"stable": 100, "chaos": 0}),
        (["chaos=50", "stable=50"], {"stable": 50, "chaos": 50}),
    ],
)
def test_one_share_is_enough(shares: list[str], split: dict[str, int]) -> None:
    assert read_split(shares) == split
    assert parse(["traffic", *shares], FOLDER).split == split


@pytest.mark.parametrize(
    ("shares", "problem"),
    [
        (["chaos"], "must be one of stable, chaos with a percentage"),
        (["chaos="], "must be one of"),
        (["chaos=101"], "must be one of"),
        (["chaos=-1"], "must be one of"),
        (["chaos=2.5"], "must be one of"),
        (["other=5"], "must be one of"),
        (["chaos=20", "stable=70"], "are 90 % together"),
        (["chaos=20", "chaos=20"], "is given twice"),
    ],
)
def test_wrong_shares_are_named(shares: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["traffic", *shares], FOLDER)
    assert caught.value.code == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("port", ["x", "-1", "65536", "8080.5", "٨٠٨٠"])
def test_what_is_no_port_is_told(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse([f"--port={port}"], FOLDER)
    assert caught.value.code == 2
    assert "is no port" in capsys.readouterr().err
