"""Whether a resource is one that Kubernetes, or Knative, would take: a field that they don't know is an error."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import kubernetes_validate  # type: ignore[import-untyped]
from cloudcoil.models.knative_serving.serving import v1 as serving
from pydantic import ValidationError

VERSIONS: Final = ("1.31", "1.37")  # of Kubernetes
_OF_THE_REVISION: Final = ("containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds")

# What Knative lets through of a pod's spec with its features as they are set by default (its fieldmask.go).
_POD_FIELDS: Final = {
    *("serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "imagePullSecrets"),
    *("containers", "volumes", *_OF_THE_REVISION),
}
_SCALING: Final = "autoscaling.knative.dev/"
_WHOLE: Final = re.compile(r"\d+")
_SECONDS: Final = re.compile(r"\d+[sm]")
_ANNOTATIONS: Final = {
    f"{_SCALING}min-scale": _WHOLE,
    f"{_SCALING}max-scale": _WHOLE,
    f"{_SCALING}activation-scale": re.compile(r"[2-9]|\d\d+"),
    f"{_SCALING}target": re.compile(r"\d+(\.\d+)?"),
    f"{_SCALING}target-burst-capacity": re.compile(r"-1|\d+"),
    f"{_SCALING}window": _SECONDS,
    f"{_SCALING}scale-to-zero-pod-retention-period": _SECONDS,
}


class Invalid(AssertionError):
    """The resource would be refused, or something in it would silently do nothing."""


def check(obj: Mapping[str, Any]) -> None:
    """Raises Invalid."""
    if obj["apiVersion"].startswith("serving.knative.dev/"):
        _check_knative(obj)
    else:
        _check_kubernetes(obj)


def _check_kubernetes(obj: Mapping[str, Any]) -> None:
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(dict(obj), version, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(step) for step in error.path)
            raise Invalid(f"{obj['kind']} {obj['metadata']['name']}: {where}: {error.message}") from None


def _check_knative(obj: Mapping[str, Any]) -> None:
    name = f"Knative {obj['kind']} {obj['metadata']['name']}"
    obj = _in_thousandths(copy.deepcopy(dict(obj)))
    try:
        model = getattr(serving, obj["kind"]).model_validate(obj)
    except ValidationError as error:
        raise Invalid(f"{name}: {error}") from None
    # The models drop what they don't know, without a word: so what comes out is compared with what went in.
    known = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    for path in _lost(obj, known):
        raise Invalid(f"{name}: {path} is no field of Knative's")
    template = obj["spec"]["template"]
    if others := set(template["spec"]) - _POD_FIELDS:
        raise Invalid(f"{name}: Knative's webhook refuses {', '.join(sorted(others))}")
    _check_annotations(name, template["metadata"]["annotations"])
    _check_pod(name, template["spec"])


def _in_thousandths(obj: dict[str, Any]) -> dict[str, Any]:
    """The models stumble over a quantity that is a whole number (a pattern of theirs is set on an integer)."""
    for container in obj["spec"]["template"]["spec"]["containers"]:
        for quantities in container["resources"].values():
            quantities.update({key: f"{value}000m" for key, value in quantities.items() if value.isdigit()})
    return obj


def _check_pod(name: str, spec: Mapping[str, Any]) -> None:
    """Volumes are anything to Knative's schema; Kubernetes knows better."""
    pod = {key: value for key, value in spec.items() if key not in _OF_THE_REVISION}
    head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name.rpartition(" ")[2]}}
    _check_kubernetes({**head, "spec": pod})


def _check_annotations(name: str, annotations: Mapping[str, str]) -> None:
    """Knative ignores a scaling annotation that it doesn't know."""
    for key, value in annotations.items():
        if key not in _ANNOTATIONS or not _ANNOTATIONS[key].fullmatch(value):
            raise Invalid(f"{name}: {key}: {value} is no annotation of Knative's")


def _lost(given: Any, known: Any, path: str = "") -> Iterator[str]:
    if isinstance(given, dict):
        for key, value in given.items():
            if not isinstance(known, dict) or key not in known:
                yield f"{path}.{key}".lstrip(".")
            else:
                yield from _lost(value, known[key], f"{path}.{key}")
    elif isinstance(given, list):
        if not isinstance(known, list) or len(known) != len(given):
            yield path
            return
        for number, (each, other) in enumerate(zip(given, known, strict=True)):
            yield from _lost(each, other, f"{path}[{number}]")
    elif given != known:
        yield path
