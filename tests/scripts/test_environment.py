"""The set-up of the virtual environment: when pip runs, what an interruption leaves, and why it fails."""

import ast
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from scripts.local import supported
from scripts.local.environment import LOCAL_LOCK, TEST_LOCK, Environment, SetupError
from scripts.local.installation import InstallError, explain, install
from tests.scripts.waiting import is_alive, wait_until

ROOT = Path(__file__).parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A project with two locks, and an environment whose Python runs but in which nothing was installed."""
    for lock in (LOCAL_LOCK, TEST_LOCK):
        (tmp_path / lock).write_text(f"# {lock}\n")
    environment = Environment(tmp_path)
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    return environment


def _record(environment: Environment, *locks: str, version: str = VERSION) -> None:
    digests = {lock: environment._digest(lock) for lock in locks}
    environment._record.write_text(json.dumps({"python": version, "locks": digests}))


def test_a_lock_that_was_never_installed_is_not_satisfied(environment: Environment) -> None:
    assert environment.works()
    assert not environment.satisfies(LOCAL_LOCK)


def test_an_installed_lock_is_satisfied_until_it_changes(environment: Environment) -> None:
    _record(environment, LOCAL_LOCK)
    assert environment.satisfies(LOCAL_LOCK)
    assert not environment.satisfies(TEST_LOCK)
    (environment.root / LOCAL_LOCK).write_text("# another\n")
    assert not environment.satisfies(LOCAL_LOCK)


def test_what_the_tests_need_holds_all_that_the_stack_needs(environment: Environment) -> None:
    _record(environment, TEST_LOCK)
    assert environment.satisfies(TEST_LOCK)
    assert environment.satisfies(LOCAL_LOCK)


def test_the_lock_of_the_tests_does_hold_that_of_the_stack() -> None:
    pins = [
        {line.split()[0] for line in (ROOT / lock).read_text().splitlines() if line[:1].isalnum() and "==" in line}
        for lock in ("requirements.txt", LOCAL_LOCK, TEST_LOCK)
    ]
    assert pins[0] < pins[1] < pins[2]


def test_an_installation_that_was_cut_short_satisfies_nothing(environment: Environment) -> None:
    _record(environment, LOCAL_LOCK)
    environment._unfinished.parent.mkdir()
    environment._unfinished.touch()
    assert not environment.satisfies(LOCAL_LOCK)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"locks": 5}', '{"python": "3.2"}'])
def test_a_record_that_says_nothing_satisfies_nothing(environment: Environment, content: str) -> None:
    environment._record.write_text(content)
    assert not environment.satisfies(LOCAL_LOCK)


def test_an_environment_of_another_python_or_of_none_satisfies_nothing(environment: Environment) -> None:
    _record(environment, LOCAL_LOCK, version="3.2")
    assert not environment.satisfies(LOCAL_LOCK)
    _record(environment, LOCAL_LOCK)
    environment.python.unlink()
    environment.python.symlink_to("/no/such/python")
    assert not environment.works()
    assert not environment.satisfies(LOCAL_LOCK)


def test_what_was_cut_short_is_made_anew_and_a_whole_environment_is_left_alone(
    environment: Environment, capfd: pytest.CaptureFixture[str]
) -> None:
    _record(environment, LOCAL_LOCK)
    half = environment.folder / "half-installed"
    half.touch()
    environment._unfinished.parent.mkdir()
    environment._unfinished.touch()
    assert environment.ensure(LOCAL_LOCK)
    assert not half.exists()
    told = capfd.readouterr().err
    assert "cut short" in told
    assert "making the virtual environment" in told
    assert environment.satisfies(LOCAL_LOCK)
    assert not environment.ensure(LOCAL_LOCK)
    assert capfd.readouterr() == ("", "")


def test_a_project_that_cannot_be_written_to_is_one_line(environment: Environment) -> None:
    environment._state.write_text("a file where the folder should be")
    with pytest.raises(SetupError, match=r"\.flametickets cannot be written to: "):
        environment.ensure(LOCAL_LOCK)


def test_a_missing_wheel_is_named_with_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = tmp_path / LOCAL_LOCK
    lock.write_text(f"flametickets-part==1.2.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(InstallError) as caught:
        install(Path(sys.executable), lock, tmp_path / "logs" / "setup.log")
    message = str(caught.value)
    assert message.startswith("there is no wheel of flametickets-part 1.2.3 for this platform, ")
    assert f"with Python {VERSION}" in message
    assert "\n" not in message
    assert "No matching distribution" in (tmp_path / "logs" / "setup.log").read_text()


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("WARNING: Retrying (Retry(total=4\nERROR: No matching distribution found for a==1", "index can't be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "its hash differs"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "no space left"),
        ("ERROR: something new\n", "pip failed: something new"),
        ("", "pip failed: it gave no reason"),
    ],
)
def test_the_reason_of_a_failure_is_told_in_one_line(output: str, reason: str) -> None:
    assert reason in explain(output, LOCAL_LOCK)


def test_a_request_to_end_during_the_set_up_leaves_no_process(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    script = f"""
        import sys
        from pathlib import Path
        from scripts.local import environment, installation

        class Slow(environment.Environment):
            def ensure(self, lock):
                code = "import os, time; print(os.getpid(), file=open(r'{inner}', 'w'), flush=True); time.sleep(60)"
                installation.run_to_the_end([sys.executable, "-c", code])

        environment.Environment = Slow
        environment.enter("any", failure_code=7)
    """
    outer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: inner.exists() and inner.read_text().endswith("\n"))
        os.kill(outer.pid, signal.SIGTERM)
        assert "Interrupted. The next start completes the set-up." in outer.communicate(timeout=10)[1]
        assert outer.returncode == 7
        wait_until(lambda: not is_alive(int(inner.read_text())))
    finally:
        outer.kill()


def test_the_set_up_needs_nothing_but_pythons_own_library() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        "from scripts.local import arguments, environment, installation, supported"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, cwd="/")


@pytest.mark.parametrize("path", ["scripts/dev.py", "scripts/test.py", "scripts/local/supported.py"])
def test_an_old_python_can_read_the_file_that_refuses_it(path: str) -> None:
    ast.parse((ROOT / path).read_text(), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("attribute", "value", "line"),
    [
        ("version_info", (3, 9, 1), "FlameTickets needs Python 3.11 or newer; this is Python 3.9."),
        ("platform", "win32", "FlameTickets runs on Linux and macOS; on Windows, run it inside WSL."),
    ],
)
def test_what_cannot_run_it_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, attribute: str, value: object, line: str
) -> None:
    supported.check()
    monkeypatch.setattr(f"sys.{attribute}", value)
    with pytest.raises(SystemExit) as caught:
        supported.check()
    monkeypatch.undo()
    assert caught.value.code == line
