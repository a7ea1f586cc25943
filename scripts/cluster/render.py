"""All of a deploy as one YAML text, for `kubectl apply` and for people."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from scripts.cluster.manifests import Plan, plan, revision_of
from scripts.cluster.secrets import Secrets
from scripts.cluster.wanted import Wanted

_HEAD: Final = """\
# FlameTickets: everything of a deploy, in the order of its application.
#
#   kubectl apply --server-side -f FILE
#
# {secrets}
# The Service `orders` is here twice: first as the revision `chaos`, last as the revision `stable`. Both have the same
# traffic, all of it to `stable`, so the chaos revision gets none until it is asked to. Should `orders` say
# RevisionMissing afterwards, Knative has skipped the first form: apply the file once more.
"""
_FRESH: Final = """\
It holds secrets that were made just now: keep it as you keep those, and apply this file again rather than a newly
# rendered one, which would have others (a new password doesn't reach a database that is made already, and a new order
# key makes the addresses that buyers have invalid)."""
_NONE: Final = "It refers to Secrets that must be there, and holds none."
_MIGRATION_TRIES: Final = 8  # as often as its ten minutes allow: nobody waits here until the databases answer


def render(wanted: Wanted, secrets: Secrets) -> str:
    """The documents: namespace, Secrets, all else, and both forms of `orders`. Raises ManifestError."""
    head = _HEAD.format(secrets=_FRESH if secrets.objects else _NONE)
    return head + "".join(f"---\n{_as_yaml(document)}" for document in documents(plan(wanted), secrets))


def documents(planned: Plan, secrets: Secrets) -> list[dict[str, Any]]:
    """The resources in the order of their application, the two forms of `orders` as far apart as can be.

    A controller sees what is there when it looks, and would not see the first form if the second came at once.
    """
    chaos, stable = (_with_traffic(planned.orders[name], planned) for name in ("chaos", "stable"))
    accounts = [obj for obj in planned.foundations if obj["kind"] == "ServiceAccount"]
    others = [obj for obj in planned.foundations if obj["kind"] != "ServiceAccount"]
    migrations = [_patient(job) for job in planned.migrations]
    return [planned.namespace, *secrets.objects, *accounts, chaos, *others, *migrations, planned.frontend, stable]


def _with_traffic(service: Mapping[str, Any], planned: Plan) -> dict[str, Any]:
    traffic = [
        {"revisionName": revision_of(form), "latestRevision": False, "percent": percent, "tag": tag}
        for tag, percent, form in (("stable", 100, planned.orders["stable"]), ("chaos", 0, planned.orders["chaos"]))
    ]
    return {**service, "spec": {**service["spec"], "traffic": traffic}}


def _patient(job: Mapping[str, Any]) -> dict[str, Any]:
    return {**job, "spec": {**job["spec"], "backoffLimit": _MIGRATION_TRIES}}


class _Dumper(yaml.SafeDumper):
    """Writes each value out where it stands: no anchors, which people misread."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _as_yaml(document: Mapping[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
