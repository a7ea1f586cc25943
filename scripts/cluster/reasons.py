"""The reasons that Knative and Kubernetes give, in plain words: what it means, and what to do next."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Meaning:
    """`what` is wrong, in a clause after the resource's name; `then` is a whole sentence."""

    what: str
    then: str = ""


_PULL: Final = Meaning(
    "its image can't be pulled",
    "Check the image's name and digest, that the registry has it, and that the nodes may pull from there.",
)
_CRASH: Final = Meaning(
    "its process ends by itself just after the start", "The log below says why; mend it and run the same command again."
)
_MEANINGS: Final = {
    # Knative
    "RevisionMissing": Meaning(
        "the traffic names a revision that isn't there",
        "Run the same command again: a revision that was just made may not have been known yet.",
    ),
    "RevisionNameTaken": Meaning(
        "a revision of this name exists and is different",
        "Delete that revision (kubectl delete revision NAME) if nobody needs it, and run the same command again.",
    ),
    "RevisionNotOwned": Meaning(
        "the traffic names a revision of another Knative Service", "Only revisions of the same Service can share it."
    ),
    "RevisionFailed": Meaning("its newest revision doesn't come up"),
    "ContainerMissing": Meaning(
        "the registry doesn't have its image, or doesn't let Knative ask for it",
        "Check the image's name and digest, and the registry's access for the namespace's service account.",
    ),
    "ResolvingDigests": Meaning("Knative is asking the registry for the image's digest"),
    "ProgressDeadlineExceeded": Meaning(
        "no pod of it became ready in the time that Knative allows",
        "The pod's reason and log below say more; mend that and run the same command again.",
    ),
    "IngressNotConfigured": Meaning(
        "no ingress serves it",
        "Install an ingress for Knative, Kourier for one: https://knative.dev/docs/install/",
    ),
    "TrafficNotMigrated": Meaning("the ingress has not taken the new traffic yet"),
    "Uninitialized": Meaning("the ingress has not said anything about it yet"),
    "NoTraffic": Meaning("no request comes, so it has no pods"),
    "Deploying": Meaning("its pods are being started"),
    "HealthCheckContainerExited": _CRASH,
    # Kubernetes, of a container that waits
    "ContainerCreating": Meaning("its container is being made"),
    "PodInitializing": Meaning("its container is being made"),
    "ErrImagePull": _PULL,
    "ImagePullBackOff": _PULL,
    "InvalidImageName": Meaning("its image's name is no image's name", "Check --image."),
    "ErrImageNeverPull": Meaning(
        "its image isn't on the node, and may not be pulled", "Load the image onto the nodes, or push it to a registry."
    ),
    "CreateContainerConfigError": Meaning(
        "a Secret or ConfigMap that its container names isn't there, or has no such key",
        "If you gave a Secret by name, check that it is in this namespace and has the key.",
    ),
    "CreateContainerError": Meaning("its container can't be made"),
    "RunContainerError": Meaning("its container can't be started"),
    "CrashLoopBackOff": _CRASH,
    "OOMKilled": Meaning("its process took more memory than its limit", "Raise the memory limit."),
    # Kubernetes, of a pod
    "Unschedulable": Meaning(
        "no node has room for its pod", "Add a node, or free some processor or memory; the scheduler's words are above."
    ),
    "Evicted": Meaning("the node threw its pod out", "The node is short of memory or disk."),
    "FailedCreate": Meaning("its pod is not let in", "The cluster's policy or quota refuses it; its words are above."),
    "NotReady": Meaning("its process runs, and its readiness check fails", "The log below may say what it waits for."),
    # Jobs
    "BackoffLimitExceeded": Meaning("its process failed", "The log below says why."),
    "DeadlineExceeded": Meaning("it didn't end in the time that it has", "Run again with a larger --timeout."),
    # Ours, of the demo's databases
    "ScaledToZero": Meaning("somebody scaled it to no pods", "python3 scripts/deploy.py brings its pod back."),
    "LostData": Meaning(
        "it lost its data with its former pod, for the cluster has no storage class",
        "python3 scripts/deploy.py brings its tables again, and python3 scripts/deploy.py shows FILE the shows.",
    ),
    # Namespaces
    "Terminating": Meaning("it is being deleted", "Wait until it is gone, and run the same command again."),
}
# What Knative says of each change for a moment, in the words of a fault.
_NOT_YET: Final = "Ingress has not yet been reconciled"
_PASSING_WORDS: Final = frozenset({"Uninitialized"})
_EXIT_CODE: Final = re.compile(r"(?:ExitCode)(\d+)")

# Waiting reasons after which no patience helps: somebody must change something.
HOPELESS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"}
)


def meaning(reason: str) -> Meaning:
    """What a reason means; of one that isn't known, the reason itself."""
    if code := _EXIT_CODE.fullmatch(reason):
        return Meaning(f"its process ended with exit code {code[1]}", _CRASH.then)
    return _MEANINGS.get(reason, Meaning(reason))


def in_words(reason: str, message: str = "") -> str:
    """`the ingress has not taken the new traffic yet (TrafficNotMigrated: …)`."""
    detail = " ".join(message.split())
    if reason in _PASSING_WORDS or detail.startswith(_NOT_YET):
        return "waiting for the ingress to take the change"
    known = meaning(reason).what
    if known == reason:
        return f"{reason}: {detail}" if detail else reason or "no reason is given"
    return f"{known} ({reason}: {detail})" if detail else f"{known} ({reason})"
