"""The image is made by Buildah: a stand-in program here, which writes down how it was called."""

import json
import sys
import tarfile
from pathlib import Path

import pytest

from scripts import build_image
from scripts.image import buildah, contents
from scripts.image.buildah import BuildahError, Order
from scripts.image.names import ImageName

ROOT = Path(__file__).parents[3]
NAME = ImageName.parse("dev.local/flametickets:1")
DIGEST = f"sha256:{'c3' * 32}"
_BUILDAH = """#!{python}
import json, pathlib, sys
verb, words = sys.argv[1], sys.argv[2:]
with open({called!r}, "a") as called:
    called.write(json.dumps(sys.argv[1:]) + "\\n")
for option, text in (("--iidfile", "sha256:made"), ("--digestfile", {digest!r})):
    if option in words:
        pathlib.Path(words[words.index(option) + 1]).write_text(text)
if verb == "copy":
    pathlib.Path({copied!r}).write_text(json.dumps(sorted(path.name for path in pathlib.Path(words[-2]).iterdir())))
print({{"from": "a-container", "pull": "an-image"}}.get(verb, ""))
if verb == {fails_at!r}:
    sys.exit("no space left")
"""


class Buildah:
    """The stand-in on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.behave()

    def behave(self, fails_at: str = "") -> None:
        text = _BUILDAH.format(
            python=sys.executable,
            called=str(self.folder / "called"),
            copied=str(self.folder / "copied"),
            digest=DIGEST,
            fails_at=fails_at,
        )
        (self.folder / "buildah").write_text(text)
        (self.folder / "buildah").chmod(0o755)

    def calls(self, verb: str = "") -> list[list[str]]:
        calls = [json.loads(line) for line in (self.folder / "called").read_text().splitlines()]
        return [words for words in calls if verb in ("", words[0])]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Buildah:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Buildah(folder)


def make(archive: Path, base: str = "python:3.11", wheels: Path | None = None) -> str:
    return buildah.make(ROOT, Order(NAME, base, wheels), archive, lambda _: None)


def test_the_image_keeps_the_contract(program: Buildah, tmp_path: Path) -> None:
    archive = tmp_path / "out" / "image.tar"
    assert make(archive) == "sha256:made"
    (configured,) = program.calls("config")
    settings = dict(zip(configured[1:-1:2], configured[2:-1:2], strict=True))
    assert (settings["--user"], settings["--workingdir"]) == ("1000:1000", "/workspace")
    assert f"PYTHONPATH={buildah.PACKAGES}" in configured
    assert json.loads(settings["--cmd"])[-1].startswith("exec python3 -m gunicorn ")
    assert json.loads((program.folder / "copied").read_text()) == sorted(
        {part.split("/")[0] for part in contents.PARTS}
    )
    assert program.calls("push") == [["push", "--quiet", "sha256:made", f"docker-archive:{archive}:{NAME}"]]


def test_the_locked_packages_are_installed_by_the_images_own_python(program: Buildah, tmp_path: Path) -> None:
    make(tmp_path / "image.tar")
    install, compile_ = (words[words.index("--") + 1 :] for words in program.calls("run"))
    assert install[:4] == ["python3", "-m", "pip", "install"]
    assert {"--no-deps", "--require-hashes", "--no-compile", "requirements.txt"} <= set(install)
    assert compile_[-2:] == [buildah.PACKAGES, buildah.WORKSPACE]
    assert "UNCHECKED_HASH" in compile_[2]


def test_pip_is_told_of_the_users_index_and_proxy(
    program: Buildah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    make(tmp_path / "image.tar")
    install, _ = program.calls("run")
    assert {"PIP_INDEX_URL=https://index.example/simple", "https_proxy=http://proxy.example:3128"} <= set(install)


def test_wheels_in_a_folder_need_no_index(program: Buildah, tmp_path: Path) -> None:
    make(tmp_path / "image.tar", wheels=tmp_path)
    install, _ = program.calls("run")
    assert f"{tmp_path}:/wheels:ro" in install
    assert "--no-index" in install


def test_two_makings_give_the_same_image_so_nothing_in_it_tells_the_time(program: Buildah, tmp_path: Path) -> None:
    make(tmp_path / "image.tar")
    (commit,) = program.calls("commit")
    assert commit[commit.index("--timestamp") + 1] == "0"
    assert "--omit-history" in commit


@pytest.mark.parametrize(("inside", "kind"), [("manifest.json", "docker-archive"), ("index.json", "oci-archive")])
def test_a_base_may_be_an_archive(inside: str, kind: str, program: Buildah, tmp_path: Path) -> None:
    (tmp_path / inside).write_text("{}")
    base = tmp_path / "base.tar"
    with tarfile.open(base, "w") as archive:
        archive.add(tmp_path / inside, inside)
    make(tmp_path / "image.tar", str(base))
    assert program.calls("from") == [["from", "--quiet", f"{kind}:{base}"]]


@pytest.mark.parametrize("verb", ["copy", "run", "config", "commit", "push"])
def test_a_failed_step_is_named_and_leaves_no_container(verb: str, program: Buildah, tmp_path: Path) -> None:
    program.behave(fails_at=verb)
    with pytest.raises(BuildahError, match=f"buildah {verb} failed") as caught:
        make(tmp_path / "image.tar")
    assert caught.value.lines[-1] == "no space left"
    assert program.calls()[-1] == ["rm", "a-container"]


def test_without_buildah_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build_image.main([]) == 2
    assert capsys.readouterr().err == "Buildah is not installed; on Debian and Ubuntu: apt install buildah\n"


def test_what_deploy_takes_is_printed_alone(
    program: Buildah, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(tmp_path / "image.tar")
    assert build_image.main(["--archive", archive]) == 0
    assert capsys.readouterr().out == f"dev.local/flametickets:{contents.tag(ROOT)}\n"
    assert build_image.main(["--archive", archive, "--image", "ghcr.io/ann/shop:2", "--push"]) == 0
    assert capsys.readouterr().out == f"ghcr.io/ann/shop@{DIGEST}\n"
    assert program.calls("push")[-1][-1] == "docker://ghcr.io/ann/shop:2"
