"""What is kept of a run is enough to make its report again, and a journal of the Chaos Toolkit is told in short."""

from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import run_experiment  # type: ignore[import-untyped]

from scripts.proof.report import RecordError, read_record, summarized, write_record, write_report
from tests.scripts.proof.report.samples import run


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = write_record(tmp_path, run(tmp_path, state="red"))
    written = path.read_bytes()
    assert write_record(tmp_path, read_record(tmp_path)).read_bytes() == written


def test_the_report_is_made_again_from_the_folder(tmp_path: Path) -> None:
    path, _ = write_report(tmp_path, run(tmp_path))
    page = path.read_bytes()
    path.unlink()
    assert write_report(tmp_path)[0].read_bytes() == page


@pytest.mark.parametrize("content", [None, b"{", b'{"at": 1}'])
def test_a_folder_without_a_record_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "record.json").write_bytes(content)
    with pytest.raises(RecordError, match=r"record\.json"):
        read_record(tmp_path)


class TestJournal:
    """Journals as the Chaos Toolkit itself writes them."""

    def test_a_run_that_goes_well(self) -> None:
        journal = summarized(run_experiment(experiment(tolerance=True)))
        assert (journal.status, journal.deviated, journal.before, journal.after) == ("completed", False, "met", "met")
        assert [(one.name, one.kind, one.status) for one in journal.method] == [("compare", "action", "succeeded")]
        assert [one.name for one in journal.rollbacks] == ["calm-down"]
        assert journal.method[0].seconds is not None

    def test_a_steady_state_that_is_never_met(self) -> None:
        journal = summarized(run_experiment(experiment(tolerance=False)))
        assert (journal.status, journal.before, journal.after) == ("completed", "not met", "not asked")
        assert [(one.status, one.said) for one in journal.hypothesis] == [("not tolerated", "True")]

    def test_an_action_that_fails_says_why(self) -> None:
        journal = summarized(run_experiment(experiment(tolerance=True, value="no number")))
        assert journal.method[0].status == "failed"
        assert "TypeError" in journal.method[0].said

    def test_what_is_missing_is_not_asked(self) -> None:
        assert summarized({}).before == "not asked"
        assert summarized({"status": "aborted", "steady_states": {"before": None}, "run": None}).status == "aborted"


def experiment(*, tolerance: bool, value: Any = 0) -> dict[str, Any]:
    def call(name: str, kind: str, module: str, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
        provider = {"type": "python", "module": module, "func": function, "arguments": arguments}
        return {"name": name, "type": kind, "provider": provider}

    probe = call("there", "probe", "os.path", "isabs", {"s": "/"}) | {"tolerance": tolerance}
    return {
        "title": "t",
        "description": "d",
        "steady-state-hypothesis": {"title": "steady", "probes": [probe]},
        "method": [call("compare", "action", "math", "isclose", {"a": value, "b": 0})],
        "rollbacks": [call("calm-down", "action", "os.path", "isabs", {"s": "/"})],
    }
