"""Turns what the API server answers to a request into one of our errors. Pure: a status and a body in, an error out."""

import json
import re
from typing import Any, Final

from scripts.cluster.errors import ClusterError, Conflict, Forbidden, Refused, Unreachable, Unsuitable

INSTALL_PAGE: Final = "https://knative.dev/docs/install/"
_WEBHOOK: Final = re.compile(r'admission webhook "([^"]+)" denied the request: (.*)', re.DOTALL)
_FORBIDDEN: Final = re.compile(r'User "([^"]*)" cannot (\S+) resource "([^"]+)"')
_OWNER: Final = re.compile(r'conflict(?:s)? with "([^"]+)"')
_UNDER_ITS_NAME: Final = "Saw the following changes without a name change"


def error_of(status: int, body: str, what: str) -> ClusterError:
    """The error that an answer other than 2xx stands for; `what` names the resource, as `Knative Service orders`."""
    answer = _read(body)
    known = {401: _unknown_user, 404: _not_found, 409: _conflict}
    if status in known:
        return known[status](answer, what)
    if _has_cause(answer, "NamespaceTerminating"):
        return Refused(
            f"{what} can't be made: the namespace is being deleted",
            hint="Wait until it is gone (deploy.py status says so), and run the same command again.",
        )
    if status == 403 and _FORBIDDEN.search(_message(answer, body)):
        return _forbidden(_message(answer, body), what)
    if status in {400, 403, 413, 422}:
        return Refused(
            f"{what} was refused: {_plainly(_message(answer, body))}",
            hint="Nothing of it was changed. Mend what is named, and run the same command again.",
        )
    return _failed(status, _message(answer, body), what)


def _read(body: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}


def _message(answer: dict[str, Any], body: str) -> str:
    return str(answer.get("message") or body or "no reason was given")


def _causes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return list((answer.get("details") or {}).get("causes") or [])


def _has_cause(answer: dict[str, Any], reason: str) -> bool:
    return any(cause.get("reason") == reason for cause in _causes(answer))


def is_absence(status: int, body: str) -> bool:
    """Whether the answer says that the resource isn't there, and not that its kind isn't."""
    return status == 404 and bool((_read(body).get("details") or {}).get("name"))


def _unknown_user(_answer: dict[str, Any], _what: str) -> ClusterError:
    return Unreachable(
        "the cluster doesn't know you: the credentials of this context are wrong or have run out",
        hint="Log in to the cluster again, or choose another context with --context.",
    )


def _not_found(answer: dict[str, Any], what: str) -> ClusterError:
    details = answer.get("details") or {}
    if details.get("kind") == "namespaces":
        return Refused(
            f"{what} can't be made: the namespace {details.get('name')} isn't there",
            hint="Run deploy.py deploy, which makes it.",
        )
    if details.get("name"):
        return Refused(f"{what} isn't there any more", hint="Run the same command again.")
    if what.startswith("Knative"):
        return Unsuitable("the cluster has no Knative Serving", hint=f"Install it: {INSTALL_PAGE}")
    return Unsuitable(f"the cluster doesn't know the kind of {what}", hint="It is too old: Kubernetes 1.28 is needed.")


def _conflict(answer: dict[str, Any], what: str) -> ClusterError:
    found = [cause for cause in _causes(answer) if cause.get("reason") == "FieldManagerConflict"]
    if not found:
        return Conflict(f"{what} was changed by somebody else at the same moment", hint="Run the same command again.")
    owners = [owner[1] for cause in found if (owner := _OWNER.search(cause.get("message", "")))]
    fields = [str(cause.get("field", "")) for cause in found]
    who, where = ", ".join(dict.fromkeys(owners)) or "somebody else", ", ".join(dict.fromkeys(fields))
    return Conflict(
        f"{what}: {who} changed {where} last; it was left as it is",
        owner=who,
        field=where,
        hint="Run the same command with --take-over to take it over.",
    )


def _forbidden(message: str, what: str) -> ClusterError:
    found = _FORBIDDEN.search(message)
    assert found is not None
    user, verb, resource = found.groups()
    return Forbidden(
        f"{what}: {user or 'this user'} may not {verb} {resource}",
        lines=[" ".join(message.split())],
        hint="Ask whoever looks after the cluster for the right, or choose another context with --context.",
    )


def _failed(status: int, message: str, what: str) -> ClusterError:
    said = " ".join(message.split())
    if "failed calling webhook" in said:
        return Unreachable(
            f"{what} can't be checked: a webhook of the cluster doesn't answer",
            lines=[said],
            hint="Look at the pods of its namespace: kubectl get pods -n knative-serving. It may just be starting.",
        )
    return Unreachable(
        f"{what}: the cluster failed with status {status}: {said}", hint="Run the same command again in a moment."
    )


def _plainly(message: str) -> str:
    if found := _WEBHOOK.search(message):
        message = found[2]
    said = " ".join(message.split()).replace("validation failed: ", "")
    if _UNDER_ITS_NAME in said:
        return f"its template was changed under the name of a revision that exists: {said}"
    return said
