"""Whether live pods run as they were declared: the real manifests' pods, and each way to be otherwise."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from scripts.cluster.errands import Report
from scripts.cluster.manifests import plan, revision_of
from scripts.cluster.verify_declared import image_of, objections, of_pods, seen_inside
from tests.scripts.cluster.wanting import DEMO

DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
Change = Callable[[dict[str, Any]], Any]


def revision(image: str = DEMO.image, resolved: str = "") -> dict[str, Any]:
    """The stable revision of the manifests, and the digest that Knative found for its image."""
    service = copy.deepcopy(plan(DEMO).orders["stable"])
    spec = service["spec"]["template"]["spec"]
    spec["containers"][0]["image"] = image
    statuses = [{"name": "user-container", "imageDigest": resolved}] if resolved else []
    return {"metadata": {"name": revision_of(service)}, "spec": spec, "status": {"containerStatuses": statuses}}


def pod(of: dict[str, Any], image: str = "", running: str = "") -> dict[str, Any]:
    """A pod as Knative makes it of the revision: its image by digest, a proxy beside it with a token of its own."""
    spec = copy.deepcopy(of["spec"])
    container = spec["containers"][0]
    container["image"] = image or container["image"]
    spec["containers"].append({"name": "queue-proxy", "image": "queue"})
    status = {"containerStatuses": [{"name": "user-container", "imageID": running or container["image"]}]}
    labels = {"serving.knative.dev/revision": of["metadata"]["name"]}
    return {"metadata": {"name": "orders-1", "labels": labels}, "spec": spec, "status": status}


def changed(change: Change) -> list[str]:
    """What is held against a pod that was changed so."""
    live = pod(revision())
    change(live["spec"])
    return objections(live, revision())


def security(spec: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = spec["containers"][0]["securityContext"]
    return context


def mount_token(spec: dict[str, Any]) -> None:
    sources = {"sources": [{"serviceAccountToken": {"path": "token"}}]}
    spec["volumes"].append({"name": "kube-api-access", "projected": sources})
    spec["containers"][0]["volumeMounts"].append({"name": "kube-api-access", "mountPath": "/tokens"})


def test_a_pod_of_the_manifests_runs_as_declared() -> None:
    assert objections(pod(revision()), revision()) == []


FREEDOMS: dict[str, Change] = {
    "runAsNonRoot is not set": lambda spec: security(spec).pop("runAsNonRoot"),
    "readOnlyRootFilesystem is false": lambda spec: security(spec).update(readOnlyRootFilesystem=False),
    "allowPrivilegeEscalation is true": lambda spec: security(spec).update(allowPrivilegeEscalation=True),
    "runAsUser is 0": lambda spec: security(spec).update(runAsUser=0),
    "privileged is true": lambda spec: security(spec).update(privileged=True),
    "it keeps capabilities": lambda spec: security(spec).update(capabilities={"drop": ["NET_RAW"]}),
    "its seccomp profile is not set": lambda spec: security(spec).pop("seccompProfile"),
    "hostNetwork is true": lambda spec: spec.update(hostNetwork=True),
    "automountServiceAccountToken is not set": lambda spec: spec.pop("automountServiceAccountToken"),
    "a token is mounted at /tokens": mount_token,
    "its command is not the declared one": lambda spec: spec["containers"][0].update(command=["sleep", "inf"]),
    "its args is not the declared one": lambda spec: spec["containers"][0].update(args=["more"]),
}


@pytest.mark.parametrize(("why", "change"), FREEDOMS.items(), ids=FREEDOMS)
def test_each_freedom_that_a_pod_has_is_held_against_it(why: str, change: Change) -> None:
    assert changed(change) == [why]


def test_capabilities_that_are_added_again_are_kept() -> None:
    added = {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    assert changed(lambda spec: security(spec).update(capabilities=added)) == ["it keeps capabilities"]


def test_what_the_pod_declares_for_all_its_containers_counts() -> None:
    def move(spec: dict[str, Any]) -> None:
        spec["securityContext"] = {name: security(spec).pop(name) for name in ("runAsNonRoot", "seccompProfile")}

    assert changed(move) == []


def test_the_token_of_knatives_own_container_is_not_ours_to_judge() -> None:
    def mount(spec: dict[str, Any]) -> None:
        spec["volumes"].append({"name": "tokens", "projected": {"sources": [{"serviceAccountToken": {}}]}})
        spec["containers"][1]["volumeMounts"] = [{"name": "tokens", "mountPath": "/var/run/secrets/tokens"}]

    assert changed(mount) == []


def test_another_image_than_the_declared_one_is_held_against_it() -> None:
    other = f"registry.example/shop@{OTHER}"
    named = objections(pod(revision(), image=other), revision())
    assert named == [
        f"its image is {other}, declared is {DEMO.image}",
        f"it runs the image {OTHER}, declared is {DIGEST}",
    ]
    assert objections(pod(revision(), running=f"docker-pullable://{other}"), revision()) == [named[1]]


@pytest.mark.parametrize("running", [f"docker-pullable://elsewhere/shop@{DIGEST}", OTHER, ""])
def test_a_node_that_names_the_same_digest_or_none_of_a_registry_is_believed(running: str) -> None:
    """Of an image that was loaded onto the node, its own digest is told, which is not that of a registry."""
    assert objections(pod(revision(), running=running), revision()) == []


def test_a_tag_is_declared_as_the_digest_that_knative_found_for_it() -> None:
    resolved = f"registry.example/shop@{DIGEST}"
    declared = revision("registry.example/shop:1", resolved)
    assert objections(pod(declared, image=resolved), declared) == []
    running = f"registry.example/shop@{OTHER}"
    assert objections(pod(declared, image=resolved, running=running), declared) == [
        f"it runs the image {OTHER}, declared is {DIGEST}"
    ]


def test_a_tag_that_knative_was_told_not_to_resolve_stays_one() -> None:
    declared = revision("dev.local/shop:1")
    live = pod(declared, running="sha256:" + "3" * 64)
    assert objections(live, declared) == []
    assert image_of(live) == "dev.local/shop:1"


def test_a_pod_whose_revision_is_gone_is_told_of() -> None:
    assert objections(pod(revision()), None) == ["its revision isn't there any more"]


def test_all_pods_of_a_service_are_told_in_one_check() -> None:
    good, loose = pod(revision()), pod(revision())
    loose["metadata"]["name"] = "orders-2"
    loose["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False
    known = {revision()["metadata"]["name"]: revision()}
    check = of_pods("orders", [good], known)
    assert (check.verdict, check.found) == ("good", f"1 pod: {DEMO.image}, confined, without a token")
    check = of_pods("orders", [good, loose], known)
    assert (check.verdict, check.found) == ("MISSED", "orders-2: readOnlyRootFilesystem is false")
    assert check.detail["pods"] == ["orders-1", "orders-2"]


def test_without_a_pod_nothing_is_known() -> None:
    assert of_pods("orders", [], {}).verdict == "unclear"


def fact(name: str, found: str, good: bool | None) -> dict[str, Any]:
    return {"fact": name, "found": found, "good": good}


def test_what_is_seen_inside_is_told_and_a_freedom_is_told_alone() -> None:
    facts = [fact("user", "uid 1000", True), fact("Seccomp", "not told here", None)]
    check = seen_inside(Report(0, {"facts": facts}))
    assert (check.verdict, check.found) == ("good", "user uid 1000, Seccomp not told here")
    check = seen_inside(Report(1, {"facts": [*facts, fact("CapEff", "a80425fb", False)]}))
    assert (check.verdict, check.found) == ("MISSED", "CapEff a80425fb")
    assert seen_inside(Report(2, {"why": "no such command"})).verdict == "unclear"
