"""Whether the containers run as they were declared: what the cluster says of the live pods, and what is seen inside."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from scripts.cluster.errands import Report
from scripts.cluster.failures import container_of
from scripts.cluster.kinds import POD, REVISION
from scripts.cluster.targets import FRONTEND, ORDERS
from scripts.cluster.verify_shown import Check, Verdict
from scripts.cluster.verify_site import Site

Object = Mapping[str, Any]
_REVISION: Final = "serving.knative.dev/revision"
_TOKENS: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_DIGEST: Final = re.compile(r"@(sha256:[0-9a-f]{64})$")
_AS_DECLARED: Final = {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False}


def containers(site: Site) -> Iterator[Check]:
    """Look at each pod that runs, and into one that is confined as they are. Raises ClusterError."""
    with site.progress.step("compare the pods that run with what was declared") as step:
        live = {name: _running(site, name) for name in (ORDERS, FRONTEND)}
        revisions = {each["metadata"]["name"]: each for each in site.cluster.list(REVISION)}
        step.end(", ".join(f"{len(pods)} of {name}" for name, pods in live.items()))
    yield from (of_pods(name, pods, revisions) for name, pods in live.items())
    contexts = {json.dumps(context, sort_keys=True): context for pods in live.values() for context in _contexts(pods)}
    yield from (seen_inside(_look_inside(site, context)) for context in contexts.values())


def _running(site: Site, service: str) -> list[Object]:
    pods = site.cluster.list(POD, f"serving.knative.dev/service={service}")
    return [
        pod
        for pod in pods
        if pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]


def _contexts(pods: Sequence[Object]) -> Iterator[Object]:
    yield from (ours(pod["spec"], container_of(dict(pod))).get("securityContext") or {} for pod in pods)


def _look_inside(site: Site, context: Object) -> Report:
    return site.ask("look into a pod that is confined as they are", "confined", confined_as=context)


def of_pods(service: str, pods: Sequence[Object], revisions: Mapping[str, Object]) -> Check:
    """Whether the pods of a Service run what their revisions declare, and as confined as they must be."""
    name, expected = f"the containers of {service}", "as declared"
    if not pods:
        return Check(name, expected, "no pod runs", "unclear")
    against = [
        f"{pod['metadata']['name']}: {why}"
        for pod in pods
        for why in objections(pod, revisions.get(pod["metadata"].get("labels", {}).get(_REVISION, "")))
    ]
    images = sorted({image_of(pod) for pod in pods})
    found = f"{_count(len(pods))}: {', '.join(images)}, confined, without a token"
    detail = {"pods": [pod["metadata"]["name"] for pod in pods], "images": images, "objections": against}
    return Check(name, expected, "; ".join(against) or found, "MISSED" if against else "good", detail=detail)


def objections(pod: Object, revision: Object | None) -> list[str]:
    """What a live pod has otherwise than its revision declares, or freer than any of ours may be."""
    container = ours(pod["spec"], container_of(dict(pod)))
    if revision is None:
        return ["its revision isn't there any more"]
    declared = ours(revision["spec"], container["name"])
    return [*_of_image(pod, container, revision), *_of_command(container, declared), *_freedoms(pod, container)]


def _of_image(pod: Object, container: Object, revision: Object) -> Iterator[str]:
    """Knative gives a pod the digest that it found for the image that its revision declares."""
    declared = declared_image(revision, container["name"])
    if (named := _named(container)) not in (declared, _named(ours(revision["spec"], container["name"]))):
        yield f"its image is {named}, declared is {declared}"
    wanted, running = (_DIGEST.search(each) for each in (declared, image_of(pod)))
    if wanted and running and wanted[1] != running[1]:
        yield f"it runs the image {running[1]}, declared is {wanted[1]}"


def _of_command(container: Object, declared: Object) -> Iterator[str]:
    for part in ("command", "args"):
        if (container.get(part) or []) != (declared.get(part) or []):
            yield f"its {part} is not the declared one"


def _freedoms(pod: Object, container: Object) -> Iterator[str]:
    """What it may do that nothing of ours needs."""
    context, spec = container.get("securityContext") or {}, pod["spec"]
    of_pod = spec.get("securityContext") or {}
    for field, needed in _AS_DECLARED.items():
        if (found := context.get(field, of_pod.get(field))) is not needed:
            yield f"{field} is {_said(found)}"
    if 0 in (context.get("runAsUser"), of_pod.get("runAsUser")):
        yield "runAsUser is 0"
    if context.get("privileged"):
        yield "privileged is true"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []) or capabilities.get("add"):
        yield "it keeps capabilities"
    seccomp = (context.get("seccompProfile") or of_pod.get("seccompProfile") or {}).get("type")
    if seccomp != "RuntimeDefault":
        yield f"its seccomp profile is {_said(seccomp)}"
    yield from (f"{field} is true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field))
    yield from _tokens(spec, container)


def _tokens(spec: Object, container: Object) -> Iterator[str]:
    """Ways to a token of its account. Knative's own container beside it is not ours to judge."""
    if spec.get("automountServiceAccountToken") is not False:
        yield f"automountServiceAccountToken is {_said(spec.get('automountServiceAccountToken'))}"
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or []}
    for mount in container.get("volumeMounts") or []:
        sources = (volumes.get(mount["name"], {}).get("projected") or {}).get("sources") or []
        if mount["mountPath"].startswith(_TOKENS) or any("serviceAccountToken" in each for each in sources):
            yield f"a token is mounted at {mount['mountPath']}"


def seen_inside(report: Report) -> Check:
    """What a process that is confined as the pods are says of itself; what its system doesn't tell is said so."""
    name, expected = "seen from inside a pod like theirs", "as confined as declared"
    facts = report.data.get("facts") or []
    bad = [fact for fact in facts if fact["good"] is False]
    found = ", ".join(f"{fact['fact']} {fact['found']}" for fact in (bad or facts)) or report.why
    verdict: Verdict = "MISSED" if bad else "good" if facts else "unclear"
    return Check(name, expected, found, verdict, detail={"facts": facts})


def ours(spec: Object, name: str) -> Object:
    """The container of this name, else the first."""
    named: Sequence[Object] = spec.get("containers") or []
    return next((each for each in named if each.get("name") == name), named[0] if named else {})


def declared_image(revision: Object, name: str) -> str:
    """The image of a revision's container: by the digest that Knative found for it, else as its spec names it."""
    statuses = revision.get("status", {}).get("containerStatuses") or []
    found = next((each.get("imageDigest") for each in statuses if each.get("name") == name), None)
    return str(found or _named(ours(revision["spec"], name)))


def image_of(pod: Object) -> str:
    """The image that the node says it runs, by digest where it has one of a registry; else as the pod names it."""
    name = container_of(dict(pod))
    statuses = pod.get("status", {}).get("containerStatuses") or []
    running = str(next((each.get("imageID", "") for each in statuses if each["name"] == name), ""))
    return running.removeprefix("docker-pullable://") if _DIGEST.search(running) else _named(ours(pod["spec"], name))


def _named(container: Object) -> str:
    return str(container.get("image", ""))


def _said(value: object) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _count(number: int) -> str:
    return f"{number} pod{'' if number == 1 else 's'}"
