"""The part of a registry's HTTP interface that tells the digest of a tag, with the tokens that it takes."""

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from scripts.cluster.registry_credentials import Credentials
from scripts.image.names import DOCKER_HUB, ImageName, is_digest

_ACCEPTED: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_HUB: Final = "registry-1.docker.io"
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_TIMEOUT_S: Final = (5.0, 15.0)  # to connect, and for each wait on an answer


class NoDigest(Exception):
    """The registry doesn't say which image is meant; the message is one for a person."""


class _Anonymous(AuthBase):
    """Keeps requests from looking for a login of its own."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Registry:
    """Asks the registry of `name`, which has a tag, with a login or without."""

    def __init__(self, session: requests.Session, name: ImageName, login: Credentials | None) -> None:
        self._session = session
        self._name = name
        self._login = login

    def digest(self) -> str:
        """The digest that the tag stands for. Raises NoDigest."""
        answer = self._ask("HEAD")
        digest = answer.headers.get("Docker-Content-Digest", "")
        if answer.status_code == requests.codes.not_allowed or (answer.ok and not digest):
            answer = self._ask("GET")
            digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if not answer.ok:
            raise self._refusal(answer)
        if not is_digest(digest):
            raise NoDigest(f"{self._name.registry} gave no digest for {self._name}")
        return digest

    def _ask(self, method: str) -> requests.Response:
        """The answer about the tag, over plain HTTP where the host is near and knows nothing else."""
        host = _HUB if self._name.registry == DOCKER_HUB else self._name.registry
        try:
            try:
                return self._ask_over("https", host, method)
            except requests.ConnectionError as error:
                if not _is_near(host) or isinstance(error, requests.Timeout) or "CERTIFICATE_VERIFY" in str(error):
                    raise
                return self._ask_over("http", host, method)
        except requests.RequestException as error:
            raise NoDigest(f"the registry {self._name.registry} was not reached: {_why(error)}") from error

    def _ask_over(self, scheme: str, host: str, method: str) -> requests.Response:
        url = f"{scheme}://{host}/v2/{self._name.repository}/manifests/{self._name.tag}"
        headers = {"Accept": _ACCEPTED}
        answer = self._session.request(method, url, headers=headers, auth=_Anonymous(), timeout=_TIMEOUT_S)
        if answer.status_code != requests.codes.unauthorized:
            return answer
        authority = self._authority(answer.headers.get("WWW-Authenticate", ""), scheme)
        return self._session.request(method, url, headers=headers, auth=authority, timeout=_TIMEOUT_S)

    def _authority(self, challenge: str, scheme: str) -> AuthBase:
        """What the challenge asks for: the login itself, or a token for it, or for nobody. Raises NoDigest."""
        kind, _, rest = challenge.partition(" ")
        parameters = dict(_PARAMETER.findall(rest))
        if kind.lower() == "basic" and self._login is not None and not self._login.is_token:
            return HTTPBasicAuth(self._login.user, self._login.secret)
        realm = parameters.get("realm", "")
        if kind.lower() != "bearer" or urlsplit(realm).scheme not in {"https", scheme}:
            return _Anonymous()  # never a password in the clear where the registry itself was not
        scope = f"repository:{self._name.repository}:pull"
        answer = self._ask_for_token(realm, {"service": parameters.get("service", ""), "scope": scope})
        if not answer.ok:
            raise self._refusal(answer)
        given = answer.json()
        if not isinstance(given, dict) or not (token := given.get("token") or given.get("access_token")):
            raise NoDigest(f"the token service of {self._name.registry} gave no token")
        return _Bearer(str(token))

    def _ask_for_token(self, realm: str, asked: Mapping[str, str]) -> requests.Response:
        login = self._login
        if login is None or not login.is_token:
            auth = HTTPBasicAuth(login.user, login.secret) if login else _Anonymous()
            return self._session.get(realm, params=asked, auth=auth, timeout=_TIMEOUT_S)
        form = {"grant_type": "refresh_token", "refresh_token": login.secret, "client_id": "flametickets", **asked}
        return self._session.post(realm, data=form, auth=_Anonymous(), timeout=_TIMEOUT_S)

    def _refusal(self, answer: requests.Response) -> NoDigest:
        registry, name, status = self._name.registry, self._name, answer.status_code
        if status == requests.codes.not_found:
            return NoDigest(f"{registry} has no image {name}; look at its name and tag, and whether it is pushed")
        if status in (requests.codes.unauthorized, requests.codes.forbidden):
            to = "the login that is remembered for it" if self._login else "somebody without a login"
            return NoDigest(f"{registry} doesn't show {name} to {to}; docker login {registry} remembers another")
        if status == requests.codes.too_many_requests:
            return NoDigest(f"{registry} answers no more for now, for it was asked too often")
        return NoDigest(f"{registry} answered {status} when asked for {name}")


def _is_near(host: str) -> bool:
    """Whether it is on this machine or in a private network, where Knative and engines speak plain HTTP if need be."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith((".local", ".localhost"))
    return address.is_loopback or address.is_private


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "it did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here"
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return "the answer of its token service is no JSON"
    return "no connection could be made"
