"""Whether revisions can take traffic: ready, with their Secrets, and signed and accepted with a common secret. Pure.

A revision keeps the Secret that it was made with. One from before a rotation of the signing secret answers every call
401, or signs calls that every other revision answers so.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scripts.cluster.readiness import condition
from scripts.cluster.reasons import in_words

Revision = Mapping[str, Any]
SIGNING: Final = "SIGNING_SECRETS"


def objection(name: str, revision: Revision | None, secrets: Mapping[str, Any]) -> str | None:
    """Why a revision can't take traffic; `secrets` has, by name, those that are there. None when it can."""
    if revision is None:
        return f"{name} isn't there any more: the cluster deletes revisions that had no traffic for long"
    ready = condition(dict(revision), "Ready")
    if ready.get("status") != "True":
        return f"{name} is not ready: {in_words(ready.get('reason', ''), ready.get('message', ''))}"
    if gone := sorted(secrets_of(revision) - secrets.keys()):
        return f"{name} can't start a pod: its Secret {gone[0]} is gone"
    return None


def strife(frontend: Revision, orders: Revision, secrets: Mapping[str, Any]) -> str | None:
    """Why calls of the one would be answered 401 by the other; None when they are accepted."""
    signing, accepting = signing_secret_of(frontend), signing_secret_of(orders)
    if signing is None or accepting is None or signing == accepting:
        return None
    signs, accepts = (_values(secrets.get(name)) for name in (signing, accepting))
    if signs and signs[0] in accepts:
        return None
    return (
        f"{orders['metadata']['name']} would answer every call of {frontend['metadata']['name']} with 401: "
        f"they have different signing secrets ({accepting} and {signing})"
    )


def signing_secret_of(revision: Revision) -> str | None:
    """The name of the Secret that signs; None when the revision takes none from a Secret."""
    return next((name for variable, name in _references(revision) if variable == SIGNING), None)


def secrets_of(revision: Revision) -> set[str]:
    """The names of the Secrets that its containers can't do without."""
    return {name for _, name in _references(revision)}


def _references(revision: Revision) -> Iterator[tuple[str, str]]:
    """The variables that come from Secrets, with the Secret's name."""
    for container in revision.get("spec", {}).get("containers") or []:
        for variable in container.get("env") or []:
            reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
            if reference and not reference.get("optional"):
                yield variable["name"], reference["name"]


def _values(secret: Mapping[str, Any] | None) -> list[str]:
    """The signing secrets in a Secret, the one to sign with first."""
    encoded = ((secret or {}).get("data") or {}).get(SIGNING, "")
    return [value.strip() for value in base64.b64decode(encoded).decode(errors="replace").split(",") if value.strip()]
