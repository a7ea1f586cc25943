"""An image is made by pack: a stand-in program here, which says how it was called and writes the report."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scripts.cluster.building import DEFAULT_BUILDER, BuildError, build
from scripts.cluster.registry import ImageError
from scripts.image import contents
from tests.scripts.waiting import is_alive, wait_until

ROOT = Path(__file__).parents[3]
DIGEST = f"sha256:{'b2' * 32}"
_PACK = """#!{python}
import json, os, pathlib, sys
words = sys.argv[1:]
values = {{words[i]: words[i + 1] for i in range(len(words) - 1) if words[i].startswith("--")}}
project = pathlib.Path(values["--path"])
files = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
modes = sorted({{oct(path.stat().st_mode & 0o777) for path in project.rglob("*")}})
environment = [words[i + 1] for i, word in enumerate(words) if word == "--env"]
called = {{"words": words, "files": files, "modes": modes, "environment": environment}}
pathlib.Path({called!r}).write_text(json.dumps(called))
pathlib.Path(values["--report-output-dir"], "report.toml").write_text({report!r})
print({output!r}, flush=True)
{then}
"""


class Pack:
    """A stand-in for pack on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._called = folder / "called.json"
        self.behave()

    def behave(
        self, report: str = f'[image]\ntags = []\ndigest = "{DIGEST}"\n', output: str = "", then: str = ""
    ) -> None:
        text = _PACK.format(python=sys.executable, called=str(self._called), report=report, output=output, then=then)
        (self.folder / "pack").write_text(text)
        (self.folder / "pack").chmod(0o755)

    def called(self) -> dict[str, list[str]]:
        called: dict[str, list[str]] = json.loads(self._called.read_text())
        return called


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Pack(folder)


def test_a_published_image_is_named_by_the_digest_of_the_report(pack: Pack, tmp_path: Path) -> None:
    assert build(ROOT, "ghcr.io/ann/flametickets", _silent, tmp_path / "log") == f"ghcr.io/ann/flametickets@{DIGEST}"
    words = pack.called()["words"]
    assert words[:2] == ["build", f"ghcr.io/ann/flametickets:{contents.tag(ROOT)}"]
    assert "--publish" in words
    assert words[words.index("--builder") + 1] == DEFAULT_BUILDER


def test_an_image_for_the_clusters_own_nodes_is_not_published_and_keeps_its_tag(pack: Pack, tmp_path: Path) -> None:
    assert build(ROOT, None, _silent, tmp_path / "log") == f"dev.local/flametickets:{contents.tag(ROOT)}"
    assert "--publish" not in pack.called()["words"]
    assert build(ROOT, "mine.example/x:1", _silent, tmp_path / "log", skipped=["mine.example"]) == "mine.example/x:1"


def test_builder_platform_and_tag_are_the_users_to_choose(pack: Pack, tmp_path: Path) -> None:
    options = {"builder": "example.org/builder:2", "platform": "linux/arm64"}
    build(ROOT, "ghcr.io/ann/flametickets:1.0", _silent, tmp_path / "log", **options)
    line = shlex.join(pack.called()["words"])
    assert "ghcr.io/ann/flametickets:1.0" in line
    assert "--builder example.org/builder:2" in line
    assert "--platform linux/arm64" in line


def test_the_image_holds_what_runs_in_it_and_every_user_may_read_it(pack: Pack, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        build(ROOT, None, _silent, tmp_path / "log")
    finally:
        os.umask(old)
    called = pack.called()
    assert {"Procfile", "requirements.txt", "functions/orders/main.py", "frontend/app.py", "scripts/migrate.py"} <= set(
        called["files"]
    )
    assert {name.split("/")[0] for name in called["files"]} == {part.split("/")[0] for part in contents.PARTS}
    assert not [
        name for name in called["files"] if name.endswith(".pyc") or name.startswith(("scripts/cluster", "tests"))
    ]
    assert called["modes"] == ["0o644", "0o755"]


def test_byte_code_and_process_1_are_as_a_start_from_zero_wants_them(pack: Pack, tmp_path: Path) -> None:
    build(ROOT, None, _silent, tmp_path / "log")
    environment = dict(setting.split("=", 1) for setting in pack.called()["environment"])
    assert environment["BP_CPYTHON_VERSION"] == f"{sys.version_info.major}.{sys.version_info.minor}.*"
    assert environment["BP_DIRECT_PROCESS"] == "true"
    assert (environment["PYTHONPYCACHEPREFIX"], environment["SOURCE_DATE_EPOCH"]) == ("", "315532801")


def test_what_pack_says_is_told_and_kept(pack: Pack, tmp_path: Path) -> None:
    said: list[str] = []
    pack.behave(output="===> DETECTING\n===> BUILDING")
    build(ROOT, None, said.append, tmp_path / "logs" / "log")
    assert said == ["===> DETECTING", "===> BUILDING"]
    assert (tmp_path / "logs" / "log").read_text() == "===> DETECTING\n===> BUILDING\n"


def test_a_failed_build_shows_the_last_lines(pack: Pack, tmp_path: Path) -> None:
    pack.behave(output="\n".join(f"line {number}" for number in range(50)), then="sys.exit(7)")
    with pytest.raises(BuildError, match="pack made no image") as caught:
        build(ROOT, None, _silent, tmp_path / "log")
    assert caught.value.lines == [f"line {number}" for number in range(30, 50)]
    assert str(tmp_path / "log") in caught.value.hint


def test_without_docker_both_other_ways_are_named(pack: Pack, tmp_path: Path) -> None:
    pack.behave(output="ERROR: failed to build: Cannot connect to the Docker daemon at unix:///x", then="sys.exit(1)")
    with pytest.raises(BuildError, match="found no Docker") as caught:
        build(ROOT, None, _silent, tmp_path / "log")
    assert "--image" in caught.value.hint
    assert "build_image.py" in caught.value.hint


def test_without_pack_both_other_ways_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="pack, which --build makes the image with, is not installed") as caught:
        build(ROOT, None, _silent, tmp_path / "log")
    assert "--image" in caught.value.hint
    assert "build_image.py" in caught.value.hint


@pytest.mark.parametrize("report", ["", "[image]\n", "[image", '[image]\ndigest = "abc"\n'])
def test_a_report_without_a_digest_deploys_nothing(report: str, pack: Pack, tmp_path: Path) -> None:
    pack.behave(report=report)
    with pytest.raises(BuildError, match="pack's report"):
        build(ROOT, "ghcr.io/ann/flametickets", _silent, tmp_path / "log")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("flametickets", "nobody can publish there"),
        (f"ghcr.io/ann/x@{DIGEST}", "has no digest yet"),
        ("ghcr.io/Ann", "no name of an image"),
    ],
)
def test_a_name_that_cannot_be_built_is_said_before_the_build(
    image: str, words: str, pack: Pack, tmp_path: Path
) -> None:
    with pytest.raises(ImageError, match=words):
        build(ROOT, image, _silent, tmp_path / "log")
    assert not (pack.folder / "called.json").exists()


def test_an_interrupted_build_leaves_no_pack_behind(pack: Pack, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    pack.behave(then=f"import time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)")
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        wait_until(lambda: pid.exists() and pid.read_text())
        signal.pthread_kill(main, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        build(ROOT, None, _silent, tmp_path / "log")
    interrupter.join()
    assert not is_alive(int(pid.read_text()))


def test_the_tag_says_the_commit_and_when_it_is_not_what_is_built(tmp_path: Path) -> None:
    assert contents.tag(_project(tmp_path)).startswith("tree-")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "first")
    commit = contents.tag(tmp_path)
    assert _git(tmp_path, "rev-parse", "HEAD").startswith(commit)
    (tmp_path / "README.md").write_text("not in the image")
    assert contents.tag(tmp_path) == commit
    (tmp_path / "functions" / "new.py").write_text("x = 1")
    assert contents.tag(tmp_path) == f"{commit}-{contents.digest(tmp_path)[:12]}"


def _project(folder: Path) -> Path:
    (folder / "functions").mkdir()
    (folder / "functions" / "rules.py").write_text("")
    (folder / "Procfile").write_text("web: true\n")
    return folder


def _git(folder: Path, *words: str) -> str:
    git = ["git", "-C", str(folder), *words]
    return subprocess.run(git, check=True, capture_output=True, text=True).stdout


def _silent(_line: str) -> None: ...
