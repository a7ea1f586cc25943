"""What every target keeps: the shop of this machine, with real processes, and the one in a cluster, emulated."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.experiments.local import LocalTarget
from scripts.experiments.target import How, NotHere, Part, Target
from tests.scripts.experiments.targets import in_emulation
from tests.scripts.waiting import wait_until

STABLE = {"stable": 100, "chaos": 0}
WITHIN_S = 30.0


@pytest.fixture(scope="module", params=["local", "knative"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp(str(request.param))
    if request.param == "local":
        folder.chmod(0o755)  # PostgreSQL's own user must get in
        with LocalTarget(folder / "shop") as local:
            yield local
    else:
        with in_emulation(folder) as emulated:
            yield emulated.target


def serves_anew(target: Target, part: Part, former: str) -> None:
    wait_until(lambda: target.generation(part) not in ("", former) and target.is_serving(part), WITHIN_S)


@pytest.mark.parametrize("part", ["stable", "frontend"])
@pytest.mark.parametrize("how", ["killed", "restarted"])
def test_a_part_that_is_ended_comes_back_as_another(target: Target, part: Part, how: How) -> None:
    wait_until(lambda: target.is_serving(part), WITHIN_S)
    former = target.generation(part)
    assert former
    assert target.generation(part) == former
    target.end(part, how)
    serves_anew(target, part, former)


def test_what_is_kept_down_serves_again_afterwards(target: Target) -> None:
    former = target.generation("chaos")
    with target.kept_down("chaos"):
        wait_until(lambda: target.generation("chaos") != former)
    serves_anew(target, "chaos", former)


def test_the_split_is_what_was_set_and_calm_takes_it_back(target: Target) -> None:
    assert dict(target.split()) == STABLE
    target.shift({"stable": 30, "chaos": 70})
    assert dict(target.split()) == {"stable": 30, "chaos": 70}
    target.calm()
    assert dict(target.split()) == STABLE


def test_other_faults_are_another_chaos_revision_and_move_no_traffic(target: Target) -> None:
    stable, chaos = target.generation("stable"), target.generation("chaos")
    target.deploy_chaos("error:0.1", 7)
    serves_anew(target, "chaos", chaos)
    assert target.generation("stable") == stable
    assert dict(target.split()) == STABLE
    target.calm()
    assert target.is_serving("chaos")


def test_a_deploy_is_another_process_and_moves_no_traffic(target: Target) -> None:
    for part in ("stable", "frontend"):
        former = target.generation(part)
        target.deploy(part)
        serves_anew(target, part, former)
    assert dict(target.split()) == STABLE
    target.calm()


def test_what_cant_be_done_is_refused_in_the_words_that_were_told(target: Target) -> None:
    deeds: dict[str, Callable[[], object]] = {
        "link": lambda: target.link("shop-database", "cut"),
        "clock": lambda: target.jump("stable", 60),
        "control": target.open_control,
        "deploy ledger-database": lambda: target.deploy("ledger-database"),
        "deploy pending-database": lambda: target.deploy("pending-database"),
    }
    assert target.cannot.keys() <= deeds.keys()
    for deed, why in target.cannot.items():
        with pytest.raises(NotHere) as refused:
            deeds[deed]()
        assert str(refused.value) == why
