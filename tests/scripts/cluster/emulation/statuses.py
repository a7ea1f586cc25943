"""What the server answers when it will not: `Status` objects with the reasons and causes of the real one."""

from typing import Any


class Failure(Exception):
    """An answer other than 2xx. Without a reason it is a plain text, as of a path that isn't served."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        causes: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = {**(details or {}), **({"causes": causes} if causes else {})}

    def as_dict(self) -> dict[str, Any]:
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        details = {"details": self.details} if self.details else {}
        return {**status, "message": str(self), "reason": self.reason, **details, "code": self.code}


def resource_of(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> Failure:
    details = {"name": name, "kind": plural, **({"group": group} if group else {})}
    return Failure(404, "NotFound", f'{resource_of(group, plural)} "{name}" not found', details=details)


def not_served() -> Failure:
    return Failure(404, "", "404 page not found\n")


def exists(group: str, plural: str, name: str) -> Failure:
    details = {"name": name, "kind": plural, **({"group": group} if group else {})}
    return Failure(409, "AlreadyExists", f'{resource_of(group, plural)} "{name}" already exists', details=details)


def changed_meanwhile(group: str, plural: str, name: str) -> Failure:
    message = (
        f'Operation cannot be fulfilled on {resource_of(group, plural)} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    return Failure(409, "Conflict", message, details={"name": name, "kind": plural})


def terminating(group: str, plural: str, name: str, namespace: str) -> Failure:
    message = (
        f'{resource_of(group, plural)} "{name}" is forbidden: unable to create new content in namespace {namespace} '
        "because it is being terminated"
    )
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    return Failure(403, "Forbidden", message, details={"name": name, "kind": plural}, causes=[cause])


def forbidden(verb: str, group: str, plural: str, name: str, namespace: str) -> Failure:
    where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    of = f'{resource_of(group, plural)} "{name}"' if name else resource_of(group, plural)
    message = f'{of} is forbidden: User "visitor" cannot {verb} resource "{plural}" in API group "{group}"{where}'
    return Failure(403, "Forbidden", message, details={"name": name, "group": group, "kind": plural})


def denied(webhook: str, why: str) -> Failure:
    return Failure(400, "BadRequest", f'admission webhook "{webhook}" denied the request: {why}')


def webhook_is_down(webhook: str) -> Failure:
    message = (
        f'Internal error occurred: failed calling webhook "{webhook}": failed to call webhook: Post '
        '"https://webhook.knative-serving.svc:443/defaulting?timeout=10s": dial tcp 10.0.0.9:443: connect: '
        "connection refused"
    )
    return Failure(500, "InternalError", message, details={"causes": [{"message": message}]})


def immutable(plural: str, name: str, field: str) -> Failure:
    message = f'{plural} "{name}" is invalid: {field}: Invalid value: field is immutable'
    cause = {"reason": "FieldValueInvalid", "message": "Invalid value: field is immutable", "field": field}
    return Failure(422, "Invalid", message, details={"name": name, "kind": plural}, causes=[cause])


def too_old() -> Failure:
    return Failure(410, "Expired", "The resourceVersion for the provided watch is too old.")
