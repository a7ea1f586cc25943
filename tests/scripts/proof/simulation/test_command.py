"""The simulator's command line, its exit codes, and what it says of a world that breaks a promise."""

import json
import re

import pytest

from scripts.proof.simulation.command import COULD_NOT, GOOD, VIOLATED, main


def test_clean_worlds_are_good_and_say_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1-5"]) == GOOD
    captured = capsys.readouterr()
    assert "P1 to P5: kept in 5 worlds" in captured.out
    assert "in 5 worlds" in captured.err


def test_purchases_are_counted_over_worlds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--purchases", "60", "--output", "json"]) == GOOD
    told = json.loads(capsys.readouterr().out)
    assert 60 <= told["purchases"] < 60 + 60
    assert told["violations"] == []
    assert told["worlds"] > 1


def test_a_broken_promise_is_told_with_its_seed_the_smallest_world_and_how_to_see_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--sabotage", "sold-out-unchecked"]) == VIOLATED
    told = capsys.readouterr().out
    again = re.search(r"again: python3 -m scripts.proof.simulate (.+)", told)
    assert again
    assert "breaks P4" in told
    assert "the smallest world found" in told
    assert re.search(r"^P4  sold out is decided by version", told, flags=re.MULTILINE)
    assert main(again[1].split()) == VIOLATED
    assert "hears rejected sold_out" in capsys.readouterr().out


def test_a_program_reads_the_seeds_that_break_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1-20", "--sabotage", "sold-out-unchecked", "--keep-going", "--output", "json"]) == VIOLATED
    told = json.loads(capsys.readouterr().out)
    assert told["worlds"] == 20
    assert len(told["violations"]) > 1
    assert told["violations"][0]["broken"][0]["promise"] == "P4"


def test_one_world_is_replayed_with_its_whole_story(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1", "--replay"]) == GOOD
    told = capsys.readouterr().out
    assert "every promise was kept" in told
    assert re.search(r"shop-\d +order \d+ +sends place, try 1, to ", told)


@pytest.mark.parametrize(
    "words", [["--seeds", "5-1"], ["--purchases", "0"], ["--sabotage", "none"], ["--replay"], ["--seed", "x"], ["now"]]
)
def test_what_can_not_be_read_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == COULD_NOT
    assert "usage" in capsys.readouterr().err
