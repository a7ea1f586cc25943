"""The command line of deploy.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.cluster.arguments import VERBS, parse

ROOT = Path(__file__).parents[3]
ORDER_ID = "0190c1f7-0c4e-7d0c-9a52-4f6d2f0b7a11"


def test_without_a_verb_it_deploys_what_the_options_say() -> None:
    parsed = parse(["--image", "dev.local/flametickets:1", "--namespace", "shop", "--timeout", "5m"])
    assert (parsed.verb, parsed.image, parsed.namespace, parsed.timeout) == (
        "deploy", "dev.local/flametickets:1", "shop", 300.0,
    )  # fmt: skip
    assert parsed.chaos_faults is None, "as before"
    assert parse(["--chaos-faults", ""]).chaos_faults == "", "none"
    assert not parsed.take_over


@pytest.mark.parametrize(
    "words", [["--context", "kind", "traffic", "chaos=20"], ["traffic", "chaos=20", "--context", "kind"]]
)
def test_options_of_every_verb_stand_before_or_after_it(words: list[str]) -> None:
    parsed = parse([*words, "--output", "json"])
    assert (parsed.verb, parsed.context, parsed.output) == ("traffic", "kind", "json")
    assert parsed.split == {"stable": 80, "chaos": 20}


def test_what_pending_takes_is_handed_on_as_it_is() -> None:
    assert parse(["pending", "refuse", ORDER_ID, "--message", "Sorry"]).words == [
        "refuse", ORDER_ID, "--message", "Sorry",
    ]  # fmt: skip


def test_steps_shares_and_times_are_read_as_numbers() -> None:
    parsed = parse(["canary", "chaos", "--steps", "10,100", "--watch", "2m", "--limit", "0.01", "--metric", "calls"])
    assert (parsed.steps, parsed.watch, parsed.limit, parsed.metric) == ((10, 100), 120.0, 0.01, "calls")


DATABASE = "--orders-database-url=postgresql://db/orders"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trafic"], "invalid choice: 'trafic'"),
        (["traffic", "chaos=120"], "chaos=120: must be one of stable, chaos with a percentage"),
        (["--namespace", "Shop"], "Shop is no name of a namespace"),
        (["--timeout", "soon"], "soon is no time such as 90s"),
        (["--timeout", "0s"], "0s is no time such as 90s"),
        (["canary", "chaos", "--steps", "20,10"], "shares are from 1 to 100 and grow"),
        (["canary", "chaos", "--limit", "2"], "2 is no share"),
        (["logs", "--order", "7"], "7 is no order id"),
        (["render"], "--image: which image the manifests are to name"),
        (["pending"], "say what: list, replay ORDER_ID"),
        ([DATABASE], "give both databases or none"),
        ([DATABASE, "--orders-database-secret", "x"], "name the same thing; give one"),
        (["--rotate-signing-secret", "--retire-signing-secret"], "one after the other"),
        (["--hold", "--retire-signing-secret"], "rotate without it"),
        (["traffic", "--conte", "x"], "unrecognized arguments: --conte"),
        (["--chaos-faults", "error:2"], "--chaos-faults: 'error:2': the rate must be from 0 to 1"),
        (["render", "--image", "x", "--chaos-faults", "erorr:1"], "'erorr:1': the faults are error, latency"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_help_needs_nothing_installed_and_names_every_verb() -> None:
    code = "import sys; sys.argv[0] = 'deploy.py'; from scripts.cluster.arguments import parse; parse(['--help'])"
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert all(f"    {verb} " in answer.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_has_the_options_of_every_verb(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([verb, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(option in said for option in ("--context", "--namespace", "--image", "--timeout", "--output"))
