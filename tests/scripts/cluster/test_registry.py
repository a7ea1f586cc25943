"""An image's tag becomes a digest: over real HTTP, with the logins that Docker remembers."""

import hashlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.cluster.errors import NOT_DONE
from scripts.cluster.registry import NOT_RESOLVED, ImageError, not_resolved, pin
from tests.scripts.cluster.registry_server import (
    DIGEST,
    MANIFEST,
    Rules,
    RunningRegistry,
    auth,
    docker_config,
    running_registry,
)

Start = Callable[..., RunningRegistry]
PINNED = f"shop/tickets@{DIGEST}"


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as running:
        yield lambda certificate=None, **rules: running.enter_context(running_registry(Rules(**rules), certificate))


def pinned(image: str, home: Path, **environ: str) -> str:
    return pin(image, environ=environ, home=home)


def failure(image: str, home: Path, **environ: str) -> str:
    with pytest.raises(ImageError) as caught:
        pinned(image, home, **environ)
    assert caught.value.code == NOT_DONE
    return str(caught.value)


def test_a_tag_becomes_the_digest_that_the_registry_names(start: Start, tmp_path: Path) -> None:
    registry = start()
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"
    assert registry.rules.requests == ["HEAD /v2/shop/tickets/manifests/1.0"]


def test_an_image_with_a_digest_is_left_as_it_is(tmp_path: Path) -> None:
    image = f"ghcr.io/shop/tickets:1.0@{DIGEST}"
    assert pinned(image, tmp_path) == image


@pytest.mark.parametrize("registry", NOT_RESOLVED)
def test_a_registry_that_the_cluster_skips_is_not_asked(registry: str, tmp_path: Path) -> None:
    assert pinned(f"{registry}/tickets:1.0", tmp_path) == f"{registry}/tickets:1.0"


def test_which_registries_are_skipped_is_the_clusters_to_say(start: Start, tmp_path: Path) -> None:
    registry = start()
    setting = {"data": {"registries-skipping-tag-resolving": f"dev.local, {registry.host}"}}
    assert pin(registry.image(), not_resolved(setting), {}, tmp_path) == registry.image()
    assert registry.rules.requests == []
    assert not_resolved(None) == not_resolved({"data": {}}) == NOT_RESOLVED
    assert not_resolved({"data": {"registries-skipping-tag-resolving": ""}}) == ()


def test_a_token_is_asked_for_where_the_registry_wants_one(start: Start, tmp_path: Path) -> None:
    registry = start(challenge="bearer")
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"
    assert registry.rules.requests[1] == "GET /token?service=a+registry&scope=repository%3Ashop%2Ftickets%3Apull"


@pytest.mark.parametrize("challenge", ["basic", "bearer"])
def test_the_login_that_docker_remembers_is_used(challenge: str, start: Start, tmp_path: Path) -> None:
    registry = start(challenge=challenge, login=("ann", "a:secret"))
    docker_config(tmp_path, auths={registry.host: auth("ann", "a:secret")})
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"


def test_the_login_of_a_helper_program_is_used(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = start(challenge="basic", login=("ann", "secret"))
    answer = '{"Username": "ann", "Secret": "secret"}'
    _program(tmp_path, "docker-credential-safe", f"read host; test $host = {registry.host} && echo '{answer}'")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    docker_config(tmp_path, auths={registry.host: {}}, credsStore="safe")
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"
    docker_config(tmp_path, credHelpers={registry.host: "safe"})
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"


def test_an_identity_token_is_exchanged(start: Start, tmp_path: Path) -> None:
    registry = start(challenge="bearer", login=("ann", "x"), refresh_token="long-lived")
    docker_config(tmp_path, auths={registry.host: {"identitytoken": "long-lived", "auth": "YW5uOg=="}})
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"
    assert registry.rules.forms[0]["grant_type"] == ["refresh_token"]


def test_docker_config_and_podmans_file_are_found_where_they_are_said_to_be(start: Start, tmp_path: Path) -> None:
    registry = start(challenge="basic", login=("ann", "secret"))
    docker_config(tmp_path, auths={registry.host: auth("ann", "secret")})
    file = tmp_path / ".docker" / "config.json"
    elsewhere = tmp_path / "elsewhere"
    for variables in ({"DOCKER_CONFIG": str(file.parent)}, {"REGISTRY_AUTH_FILE": str(file)}):
        assert pinned(registry.image(), elsewhere, **variables) == f"{registry.host}/{PINNED}"


@pytest.mark.parametrize("rules", [{"has_digest": False}, {"takes_head": False, "has_digest": False}])
def test_a_registry_that_names_no_digest_has_it_computed(rules: dict[str, bool], start: Start, tmp_path: Path) -> None:
    registry = start(**rules)
    assert pinned(registry.image(), tmp_path).endswith(f"@sha256:{hashlib.sha256(MANIFEST).hexdigest()}")


def test_a_tag_that_is_not_there_is_said(start: Start, tmp_path: Path) -> None:
    registry = start()
    said = failure(registry.image("shop/tickets:2.0"), tmp_path)
    assert said.startswith(f"{registry.host} has no image {registry.host}/shop/tickets:2.0;")
    assert "latest" in failure(registry.image("shop/tickets"), tmp_path)


@pytest.mark.parametrize("challenge", ["basic", "bearer", "strange"])
def test_somebody_without_a_login_is_told_to_log_in(challenge: str, start: Start, tmp_path: Path) -> None:
    registry = start(challenge=challenge, login=("ann", "secret"))
    said = failure(registry.image(), tmp_path)
    assert "doesn't show" in said
    assert "to somebody without a login" in said
    assert f"docker login {registry.host}" in said


def test_a_wrong_login_is_said_and_not_shown(start: Start, tmp_path: Path) -> None:
    registry = start(challenge="bearer", login=("ann", "secret"))
    docker_config(tmp_path, auths={registry.host: auth("ann", "wrong-password")})
    said = failure(registry.image(), tmp_path)
    assert "to the login that is remembered for it" in said
    assert "wrong-password" not in said


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"status": 403}, "doesn't show"),
        ({"status": 429}, "asked too often"),
        ({"status": 500}, "answered 500"),
        ({"challenge": "bearer", "token_answer": b"[]"}, "gave no token"),
        ({"challenge": "bearer", "token_answer": b"<html>"}, "is no JSON"),
    ],
)
def test_what_a_registry_does_instead_of_answering_is_said(
    rules: dict[str, object], words: str, start: Start, tmp_path: Path
) -> None:
    said = failure(start(**rules).image(), tmp_path)
    assert words in said
    assert "NAME@sha256:" in said


def test_a_registry_that_is_away_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        host = f"127.0.0.1:{taken.getsockname()[1]}"
    assert f"the registry {host} was not reached: no connection" in failure(f"{host}/shop/tickets:1.0", tmp_path)


def test_a_certificate_that_nobody_vouches_for_is_refused_and_never_bypassed(start: Start, tmp_path: Path) -> None:
    registry = start(_certificate(tmp_path), challenge="basic", login=("ann", "secret"))
    docker_config(tmp_path, auths={registry.host: auth("ann", "secret")})
    assert "its certificate is not trusted here" in failure(registry.image(), tmp_path)
    assert registry.rules.requests == []


def test_tls_is_spoken_where_the_registry_does(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = _certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    registry = start(certificate, challenge="bearer")
    assert pinned(registry.image(), tmp_path) == f"{registry.host}/{PINNED}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "config.json: cannot be read"),
        ("[]", "must hold a JSON object"),
        ('{"auths": {"ghcr.io": {"auth": "%"}}}', "not base64 of user:password"),
        ('{"credsStore": "which-is-nowhere"}', "docker-credential-which-is-nowhere, which Docker's settings name"),
    ],
)
def test_a_login_that_cannot_be_read_is_said(content: str, words: str, tmp_path: Path) -> None:
    docker_config(tmp_path)
    (tmp_path / ".docker" / "config.json").write_text(content)
    assert words in failure("ghcr.io/shop/tickets:1.0", tmp_path)


def test_what_is_no_name_is_said(tmp_path: Path) -> None:
    assert "is no name of an image" in failure("ghcr.io/Shop", tmp_path)


def _program(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _certificate(folder: Path) -> Path:
    """A certificate for this machine that nobody but itself vouches for, with its key."""
    file = folder / "certificate.pem"
    openssl = shutil.which("openssl")
    assert openssl is not None
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [openssl, *words.split(), *names, "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file
