"""Every manifest is one that Kubernetes or Knative takes, and a misspelt field in any part of one is noticed."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scripts.cluster.databases import DatabaseChoice
from scripts.cluster.manifests import job, plan
from scripts.cluster.secrets import secrets_for
from tests.scripts.cluster.schemas import Invalid, check
from tests.scripts.cluster.wanting import DEMO, PRODUCTION, everything, tokens

WANTED = {"demo": DEMO, "demo in memory": replace(DEMO, storage="memory"), "production": PRODUCTION}
JOBS = {
    "task": job(DEMO, "smoke", ["python3", "-m", "scripts.inside"], within_s=60, files="files"),
    "pending": job(DEMO, "pending", ["python3", "-m", "frontend.pending", "list"], within_s=60),
    "stranger": job(DEMO, "stranger", ["python3", "-m", "scripts.inside"], role="stranger", within_s=60),
}


@pytest.mark.parametrize("name", WANTED)
def test_every_resource_of_a_plan_is_valid(name: str) -> None:
    for obj in everything(plan(WANTED[name])):
        check(obj)


@pytest.mark.parametrize("name", JOBS)
def test_every_job_is_valid(name: str) -> None:
    check(JOBS[name])


def test_every_secret_is_valid() -> None:
    for secret in secrets_for([], DatabaseChoice(), "keep", tokens(), namespace="tickets").objects:
        check(secret)


Spoil = Callable[[dict[str, Any]], None]


def _container(obj: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = obj["spec"]["template"]["spec"]["containers"][0]
    return first


MISSPELT: dict[str, tuple[str, str, Spoil]] = {
    "of the Service": ("orders", "Service", lambda obj: obj["spec"].update(trafic=[])),
    "of the revision": ("orders", "Service", lambda obj: obj["spec"]["template"]["spec"].update(timeoutSecond=1)),
    "of the pod": ("orders", "Service", lambda obj: obj["spec"]["template"]["spec"].update(enableServiceLink=False)),
    "of the container": ("frontend", "Service", lambda obj: _container(obj).update(readynessProbe={})),
    "of a probe": ("frontend", "Service", lambda obj: _container(obj)["livenessProbe"].update(periodSecond=1)),
    "of the security": ("orders", "Service", lambda obj: _container(obj)["securityContext"].update(runAsNonroot=True)),
    "of a variable": ("orders", "Service", lambda obj: _container(obj)["env"][1].update(valuefrom={})),
    "of a volume": (
        "orders",
        "Service",
        lambda obj: obj["spec"]["template"]["spec"]["volumes"][0]["emptyDir"].update(sizelimit="1Mi"),
    ),
    "of scaling": (
        "orders",
        "Service",
        lambda obj: obj["spec"]["template"]["metadata"]["annotations"].update(
            {"autoscaling.knative.dev/minscale": "1"}
        ),
    ),
    "of a StatefulSet": ("orders-database", "StatefulSet", lambda obj: obj["spec"].update(replica=1)),
    "of a database's pod": ("orders-database", "StatefulSet", lambda obj: _container(obj).update(argz=[])),
    "of a policy": ("frontend", "NetworkPolicy", lambda obj: obj["spec"]["ingress"][0].update(form=[])),
    "of a port": ("job", "NetworkPolicy", lambda obj: obj["spec"]["egress"][0]["ports"][0].update(protokol="TCP")),
    "of a budget": ("orders", "PodDisruptionBudget", lambda obj: obj["spec"].update(maxUnavailble=1)),
    "of an account": ("job", "ServiceAccount", lambda obj: obj.update(automountServiceAccountTokens=False)),
    "of a Kubernetes Service": ("orders-database", "Service", lambda obj: obj["spec"].update(selektor={})),
}


@pytest.mark.parametrize("where", MISSPELT)
def test_a_misspelt_field_is_an_error(where: str) -> None:
    name, kind, spoil = MISSPELT[where]
    found = [obj for obj in everything(plan(DEMO)) if (obj["metadata"]["name"], obj["kind"]) == (name, kind)]
    spoilt = copy.deepcopy(found[0])
    spoil(spoilt)

    with pytest.raises(Invalid):
        check(spoilt)


@pytest.mark.parametrize("field", ["ttlSecondAfterFinished", "backofLimit"])
def test_a_misspelt_field_of_a_job_is_an_error(field: str) -> None:
    spoilt = copy.deepcopy(JOBS["task"])
    spoilt["spec"][field] = 1

    with pytest.raises(Invalid, match=field):
        check(spoilt)


def test_a_field_that_knative_allows_no_pod_is_an_error() -> None:
    """The schema has it; the webhook refuses it while the feature is off, as it is by default."""
    spoilt = copy.deepcopy(plan(DEMO).frontend)
    spoilt["spec"]["template"]["spec"]["securityContext"] = {"runAsNonRoot": True}

    with pytest.raises(Invalid, match="securityContext"):
        check(spoilt)
