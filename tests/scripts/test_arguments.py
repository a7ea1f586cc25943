"""The command line of dev.py."""

from pathlib import Path

import pytest

from scripts.local.arguments import parse

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


def test_the_words_of_a_split_become_one() -> None:
    assert parse(["traffic"], FOLDER).split == {}
    assert parse(["traffic", "chaos=20"], FOLDER).split == {"stable": 80, "chaos": 20}


def test_a_wrong_share_is_named_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["traffic", "chaos=101"], FOLDER)
    assert caught.value.code == 2
    assert "chaos=101: must be one of stable, chaos" in capsys.readouterr().err


def test_the_faults_are_those_of_the_environment() -> None:
    assert parse([], FOLDER, {}).chaos_faults == "error:0.3"
    assert parse([], FOLDER, {"CHAOS_FAULTS": "latency:0.2:400ms"}).chaos_faults == "latency:0.2:400ms"
    assert parse([], FOLDER, {"CHAOS_FAULTS": ""}).chaos_faults == ""


def test_faults_that_cannot_be_read_start_nothing_and_keep_nobody_from_looking(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = {"CHAOS_FAULTS": "hang:0.1"}
    with pytest.raises(SystemExit) as caught:
        parse([], FOLDER, bad)
    assert caught.value.code == 2
    assert "CHAOS_FAULTS: 'hang:0.1': must be hang:RATE:never or hang:RATE:late" in capsys.readouterr().err
    assert parse(["status"], FOLDER, bad).command == "status"


@pytest.mark.parametrize("port", ["x", "-1", "65536", "8080.5", "٨٠٨٠"])
def test_what_is_no_port_is_told(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse([f"--port={port}"], FOLDER)
    assert caught.value.code == 2
    assert "is no port" in capsys.readouterr().err
