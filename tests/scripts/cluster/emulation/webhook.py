"""Knative's webhooks: what they add to a Service, and what they will not take, in their words."""

from typing import Any

from tests.scripts.cluster.emulation.knobs import Knobs
from tests.scripts.cluster.emulation.served import SERVING
from tests.scripts.cluster.emulation.statuses import denied, webhook_is_down
from tests.scripts.cluster.emulation.store import Object

_VALIDATION = "validation.webhook.serving.knative.dev"


def admit(knobs: Knobs, before: Object | None, after: Object) -> Object:
    """The object as it is stored. Raises Failure."""
    if not after["apiVersion"].startswith(f"{SERVING}/") or after["kind"] != "Service":
        return after
    if knobs.webhook_is_down:
        raise webhook_is_down("webhook.serving.knative.dev")
    result = _with_defaults(before, after)
    _validate(before, result)
    return result


def _with_defaults(before: Object | None, after: Object) -> Object:
    spec = after["spec"]
    if before is None or _name_of(before) != _name_of(after):  # Knative adds nothing to a template whose name it knows
        _fill_template(spec["template"])
    spec.setdefault("traffic", [{"latestRevision": True, "percent": 100}])
    for target in spec["traffic"]:
        target.setdefault("latestRevision", "revisionName" not in target)
    notes = after["metadata"].setdefault("annotations", {})
    notes.setdefault("serving.knative.dev/creator", "visitor")
    if before is None or before["spec"] != spec:
        notes["serving.knative.dev/lastModifier"] = "visitor"
    return after


def _name_of(service: Object) -> str | None:
    name: str | None = service["spec"]["template"].get("metadata", {}).get("name")
    return name


def _fill_template(template: Object) -> None:
    """Knative's defaults, and what another webhook of this cluster adds to each container."""
    inner = template.setdefault("spec", {})
    inner.setdefault("containerConcurrency", 0)
    inner.setdefault("enableServiceLinks", False)
    inner.setdefault("timeoutSeconds", 300)
    for container in inner.get("containers", []):
        container.setdefault("name", "user-container")
        container.setdefault("resources", {}).setdefault("limits", {}).setdefault("ephemeral-storage", "1Gi")
        if probe := container.get("readinessProbe"):
            probe.setdefault("successThreshold", 1)


def try_pod(service: Object, *, has_account: bool) -> None:
    """At a dry run Knative tries a pod of the template, which needs its account. Raises Failure."""
    spec = service.get("spec", {}).get("template", {}).get("spec", {})
    if (account := spec.get("serviceAccountName")) and not has_account:
        namespace = service["metadata"]["namespace"]
        raise denied(
            _VALIDATION,
            'validation callback failed: dry run failed with pods "dry-run-validation" is forbidden: error looking up '
            f'service account {namespace}/{account}: serviceaccount "{account}" not found: spec.template',
        )


def _validate(before: Object | None, after: Object) -> None:
    spec = after["spec"]
    if not spec["template"]["spec"].get("containers"):
        raise _invalid("missing field(s): spec.template.spec.containers")
    if (together := sum(target.get("percent") or 0 for target in spec["traffic"])) != 100:
        raise _invalid(f"Traffic targets sum to {together}, want 100: spec.traffic")
    tags = [target["tag"] for target in spec["traffic"] if target.get("tag")]
    if len(tags) != len(set(tags)):
        raise _invalid("Multiple definitions for spec.traffic")
    name = spec["template"].get("metadata", {}).get("name", "")
    if name and not name.startswith(f"{after['metadata']['name']}-"):
        raise _invalid(f"invalid value: {name}: spec.template.metadata.name")
    if before is None or not name:
        return
    old, new = before["spec"]["template"], spec["template"]
    if old.get("metadata", {}).get("name") == name and old != new:
        raise _invalid(
            "Saw the following changes without a name change (-old +new): spec.template.metadata.name\n"
            + _difference(old, new, "{*v1.RevisionTemplateSpec}")
        )


def _invalid(why: str) -> Exception:
    return denied(_VALIDATION, f"validation failed: {why}")


def _difference(old: Any, new: Any, path: str) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        return "".join(_difference(old.get(key), new.get(key), f"{path}.{key}") for key in sorted({*old, *new}))
    return "" if old == new else f"{path}:\n\t-: {old!r}\n\t+: {new!r}\n"
