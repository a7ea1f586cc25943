"""What the manifests promise: isolation, names, the two revisions, and what is filled in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.cluster import kustomize
from scripts.cluster.databases import DEMO_NAMES, DEMO_USER, DatabaseChoice, Side
from scripts.cluster.filling import start_command
from scripts.cluster.kustomize import ManifestError
from scripts.cluster.manifests import FOLDER, job, plan, revision_of
from scripts.cluster.render import render
from scripts.cluster.secrets import secrets_for
from scripts.local.procfile import read_command
from tests.scripts.cluster.wanting import DEMO, PRODUCTION, environment, everything, of_demo, one, pods, tokens

BOTH = pytest.mark.parametrize("wanted", [DEMO, PRODUCTION], ids=["demo", "production"])


@BOTH
def test_every_pod_runs_without_rights(wanted: Any) -> None:
    for name, labels, spec in pods(plan(wanted)):
        (container,) = spec["containers"]
        context = container["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["readOnlyRootFilesystem"] is True, name
        assert context["runAsUser"] == (999 if name.endswith("-database") else 1000), name
        assert context["allowPrivilegeEscalation"] is False, name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert set(container["resources"]) == {"requests", "limits"}, name
        assert labels["app.kubernetes.io/part-of"] == "flametickets", name
        assert labels["flametickets.org/role"], name


@BOTH
def test_everything_is_in_the_namespace_and_known_as_ours(wanted: Any) -> None:
    planned = plan(wanted)
    assert planned.namespace["metadata"]["name"] == "tickets"
    for obj in everything(planned):
        assert obj["metadata"]["labels"]["app.kubernetes.io/part-of"] == "flametickets"
        if obj is not planned.namespace:
            assert obj["metadata"]["namespace"] == "tickets"
    assert "flametickets.svc" not in yaml.dump(everything(planned))


def test_the_two_revisions_differ_in_their_faults_alone() -> None:
    orders = plan(DEMO).orders
    stable, chaos = (environment(orders[name]) for name in ("stable", "chaos"))
    assert {name: value for name, value in chaos.items() if name not in stable} == {
        "CHAOS_FAULTS": "error:0.3",
        "CHAOS_SEED": "0",
    }
    for form in orders.values():
        assert "traffic" not in form["spec"]
        form["spec"]["template"]["metadata"].pop("name")
        form["spec"]["template"]["spec"]["containers"][0]["env"] = []
    assert orders["stable"] == orders["chaos"]


def test_a_revisions_name_changes_with_its_template_and_not_otherwise() -> None:
    first, second = plan(DEMO), plan(DEMO)
    other = plan(replace(DEMO, chaos_faults="error:0.5"))
    assert revision_of(first.orders["stable"]) == revision_of(second.orders["stable"])
    assert revision_of(first.orders["stable"]) == revision_of(other.orders["stable"])
    assert revision_of(first.orders["chaos"]) != revision_of(other.orders["chaos"])
    assert revision_of(first.frontend) != revision_of(plan(replace(DEMO, image="another")).frontend)


def test_a_migration_is_another_job_for_another_image_or_database() -> None:
    names = [
        tuple(each["metadata"]["name"] for each in plan(wanted).migrations)
        for wanted in (
            DEMO,
            replace(DEMO, image="another"),
            replace(DEMO, secrets=replace(DEMO.secrets, orders_database="x", signing="y")),
        )
    ]
    assert names[0] == tuple(each["metadata"]["name"] for each in plan(DEMO).migrations)
    assert names[0][0] != names[1][0]
    assert names[0][0] != names[2][0]
    assert names[0][1] == names[2][1]


def test_every_pod_of_our_image_takes_the_byte_code_that_is_in_it() -> None:
    """Paketo's image looks elsewhere, where nothing is, unless the variable is there; to Python empty means unset."""
    planned = plan(DEMO)
    jobs = (
        job(DEMO, "a", ["python3"], within_s=9),
        job(DEMO, "a", ["python3"], role="stranger", within_s=9),
        job(DEMO, "a", ["python3", "-m", "frontend.pending", "list"], within_s=9),
    )
    for obj in (*planned.orders.values(), planned.frontend, *planned.migrations, *jobs):
        assert environment(obj)["PYTHONPYCACHEPREFIX"] == "", obj["metadata"]["name"]


def test_the_function_has_no_public_route_and_the_shop_is_never_at_zero() -> None:
    planned = plan(DEMO)
    assert planned.orders["stable"]["metadata"]["labels"]["networking.knative.dev/visibility"] == "cluster-local"
    assert "networking.knative.dev/visibility" not in planned.frontend["metadata"]["labels"]
    scale = "autoscaling.knative.dev/min-scale"
    annotations = [
        form["spec"]["template"]["metadata"]["annotations"] for form in (planned.orders["stable"], planned.frontend)
    ]
    assert [each[scale] for each in annotations] == ["0", "1"]


def test_production_keeps_pods_for_a_sale_and_has_no_databases() -> None:
    planned = plan(PRODUCTION)
    annotations = planned.frontend["spec"]["template"]["metadata"]["annotations"]
    assert annotations["autoscaling.knative.dev/min-scale"] == "4"
    assert not [obj for obj in planned.foundations if obj["kind"] == "StatefulSet"]
    ports = [rule["ports"] for rule in one(planned, "NetworkPolicy", "job-to-databases")["spec"]["egress"]]
    assert ports == [[{"port": 6432}], [{"port": 5433}]]


def test_only_its_service_and_jobs_reach_a_database() -> None:
    (rule,) = of_demo("NetworkPolicy", "frontend-database")["spec"]["ingress"]
    assert rule["from"][0]["podSelector"]["matchExpressions"][0]["values"] == ["frontend", "job"]
    assert "egress" not in of_demo("NetworkPolicy", "frontend-database")["spec"]


def test_without_a_storage_class_a_database_keeps_its_data_in_its_pod() -> None:
    kept = one(plan(replace(DEMO, storage="memory")), "StatefulSet", "orders-database")
    assert "volumeClaimTemplates" not in kept["spec"]
    assert {"name": "data", "emptyDir": {"sizeLimit": "2Gi"}} in kept["spec"]["template"]["spec"]["volumes"]
    assert "volumeClaimTemplates" in of_demo("StatefulSet", "orders-database")["spec"]


def test_a_readiness_probe_of_the_shop_never_wakes_the_function() -> None:
    (container,) = plan(DEMO).frontend["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/readyz"
    assert container["startupProbe"]["timeoutSeconds"] >= 3


def test_a_stranger_gets_no_secret_and_a_command_for_pending_all_of_the_shops() -> None:
    stranger = job(DEMO, "stranger-1", ["python3"], role="stranger", within_s=9)
    pending = job(DEMO, "pending-1", ["python3", "-m", "frontend.pending", "list"], within_s=9)
    assert not [value for value in environment(stranger).values() if isinstance(value, tuple)]
    assert stranger["spec"]["template"]["metadata"]["labels"]["flametickets.org/role"] == "stranger"
    assert set(environment(plan(DEMO).frontend)) - {"METRICS_PORT"} <= set(environment(pending))


def test_a_job_runs_its_words_once_with_its_files() -> None:
    made = job(DEMO, "publish-1", ["python3", "-m", "scripts.inside", "publish"], files="shows", within_s=30)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["--", "python3", "-m", "scripts.inside", "publish"]
    assert made["metadata"]["name"] == "publish-1"
    assert (made["spec"]["backoffLimit"], made["spec"]["activeDeadlineSeconds"]) == (0, 30)
    assert {"name": "files", "configMap": {"name": "shows"}} in made["spec"]["template"]["spec"]["volumes"]
    assert environment(made)["ORDERS_CHAOS_URL"] == "http://chaos-orders.tickets.svc.cluster.local"


@pytest.mark.parametrize(("service", "process"), [("orders", "orders"), ("frontend", "web")])
def test_the_file_starts_what_the_procfile_says(service: str, process: str) -> None:
    written = kustomize.read(FOLDER / "base" / f"{service}.Service.yaml")
    (container,) = written["spec"]["template"]["spec"]["containers"]
    assert container["command"] == start_command(process, {process: read_command(process)})


def test_each_file_is_named_after_the_one_resource_in_it() -> None:
    files = [path for path in FOLDER.rglob("*.yaml") if path.name != kustomize.FILE and ".patch." not in path.name]
    for path in files:
        obj = kustomize.read(path)
        assert path.name == f"{obj['metadata']['name']}.{obj['kind']}.yaml"
    listed = {
        obj["metadata"]["name"] for name in ("demo", "production") for obj in kustomize.load(FOLDER / "overlays" / name)
    }
    assert {path.name.partition(".")[0] for path in files if path.parent.name != "jobs"} == listed


HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
LISTED = "resources: [a.ConfigMap.yaml]\n"
PATCHED = LISTED + "patches: [{path: p.yaml, target: {kind: ConfigMap}}]\n"


@pytest.mark.parametrize(
    ("kustomization", "patch", "said"),
    [
        ("namePrefix: x-\n", "[]", "namePrefix"),
        ("resources: [missing.yaml]\n", "[]", "missing.yaml"),
        ("resources: [a.ConfigMap.yaml, a.ConfigMap.yaml]\n", "[]", "twice"),
        (PATCHED.replace("kind:", "labelSelector:"), "[]", "labelSelector"),
        (PATCHED.replace("ConfigMap}", "Secret}"), "[]", "no resource is the target"),
        (PATCHED, "[{op: replace, path: /metadata/nmae, value: b}]", "/metadata/nmae"),
        (PATCHED, "[{op: remove, path: /metadata/name}]", "op: replace"),
    ],
)
def test_what_is_not_known_of_kustomize_is_refused_by_name(
    tmp_path: Path, kustomization: str, patch: str, said: str
) -> None:
    (tmp_path / "kustomization.yaml").write_text(HEAD + kustomization)
    (tmp_path / "a.ConfigMap.yaml").write_text(OBJECT)
    (tmp_path / "p.yaml").write_text(patch)

    with pytest.raises(ManifestError, match=said):
        kustomize.load(tmp_path)


@BOTH
def test_a_rendered_file_is_complete_and_sends_nothing_to_chaos(wanted: Any) -> None:
    secrets = secrets_for(None, DatabaseChoice(), "keep", tokens(), namespace="tickets")
    text = render(replace(wanted, secrets=secrets.names), secrets)
    documents = list(yaml.safe_load_all(text))
    orders = [each for each in documents if each["kind"] == "Service" and each["metadata"]["name"] == "orders"]
    assert documents[0]["kind"] == "Namespace"
    assert documents[-1] == orders[-1]
    assert [revision_of(each)[:13] for each in orders] == ["orders-chaos-", "orders-stable"]
    for each in orders:
        assert [(line["tag"], line["percent"]) for line in each["spec"]["traffic"]] == [("stable", 100), ("chaos", 0)]
    there = {each["metadata"]["name"] for each in documents if each["kind"] == "Secret"}
    referred = {value[0] for each in orders for value in environment(each).values() if isinstance(value, tuple)}
    assert referred <= there
    assert "holds secrets that were made just now" in text


@pytest.mark.parametrize("side", ["orders", "frontend"])
def test_a_demo_database_is_asked_as_a_user_that_it_knows(side: Side) -> None:
    """Or it logs each question as a failed login, every two seconds."""
    (container,) = of_demo("StatefulSet", f"{side}-database")["spec"]["template"]["spec"]["containers"]
    words = container["readinessProbe"]["exec"]["command"]
    assert {f"--username={DEMO_USER}", f"--dbname={DEMO_NAMES[side]}"} <= set(words)
