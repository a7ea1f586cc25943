"""An image that was built on this machine gets to the nodes of kind: a stand-in program here."""

import sys
from pathlib import Path

import pytest

from scripts.cluster import deploying, nodes
from scripts.cluster.arguments import parse
from scripts.cluster.building import BuildError
from scripts.cluster.connection import context_name
from scripts.cluster.preflight import Findings
from scripts.cluster.wishes import Present
from tests.scripts.cluster.test_deploying import Said

IMAGE = "dev.local/flametickets:1"
_PROGRAM = """#!{python}
import pathlib, sys
pathlib.Path({called!r}).write_text(" ".join(sys.argv[1:]))
print("ERROR: no nodes found for cluster", file=sys.stderr)
sys.exit({code})
"""


class Programs:
    """Stand-ins for pack and kind on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, code: int = 0) -> None:
        program = self.folder / name
        program.write_text(
            _PROGRAM.format(python=sys.executable, called=str(self.folder / f"{name}.called"), code=code)
        )
        program.chmod(0o755)

    def called(self, name: str) -> str:
        return (self.folder / f"{name}.called").read_text()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(deploying, "BUILD_LOG", tmp_path / "build.log")
    return Programs(tmp_path)


def build(*words: str) -> Said:
    """What a person sees of a deploy with --build, up to where the image is."""
    said = Said()
    options = parse(["--build", "--image", IMAGE, *words])
    assert deploying._image(options, Present(None, None), Findings(None, None, "memory"), said) == IMAGE
    return said


def test_kind_is_given_what_was_built_for_the_cluster_of_the_context(programs: Programs) -> None:
    programs.add("pack")
    programs.add("kind")
    assert "load the image into the nodes of knative" in str(build("--context", "kind-knative"))
    assert programs.called("kind") == f"load docker-image {IMAGE} --name knative"


@pytest.mark.parametrize(("context", "has_kind"), [("minikube", True), ("kind-knative", False)])
def test_elsewhere_a_person_is_told_what_is_left_to_do(context: str, has_kind: bool, programs: Programs) -> None:
    programs.add("pack")
    if has_kind:
        programs.add("kind")
    assert f"minikube image load {IMAGE}" in " ".join(str(build("--context", context)).split())
    assert not (programs.folder / "kind.called").exists()


def test_what_kind_says_is_the_evidence(programs: Programs) -> None:
    programs.add("kind", code=1)
    with pytest.raises(BuildError, match="kind didn't load") as raised:
        nodes.load(IMAGE, "knative")
    assert raised.value.lines == ["ERROR: no nodes found for cluster"]


def test_the_context_is_the_one_that_is_named_else_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert (context_name(None), context_name("kind-knative")) == ("", "kind-knative")
    (tmp_path / "some").write_text(
        "current-context: kind-a\ncontexts: [{name: kind-a, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: https://localhost}}]\nusers: [{name: u, user: {}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "some"))
    assert context_name(None) == "kind-a"
