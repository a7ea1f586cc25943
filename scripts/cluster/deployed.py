"""What is deployed, as the Jobs of the other verbs need it: read from the two Services that are there."""

from collections.abc import Mapping
from typing import Any, Final

from scripts.cluster.api import Cluster
from scripts.cluster.errors import NotReady
from scripts.cluster.kinds import SERVICE, STATEFUL_SET
from scripts.cluster.secrets import ORDER_KEY, in_use
from scripts.cluster.targets import FRONTEND, ORDERS
from scripts.cluster.wanted import SecretNames, Wanted

Service = Mapping[str, Any]
_DEPLOY: Final = "Deploy first: python3 scripts/deploy.py --image …; --namespace names another place."
_DEPLOY_AGAIN: Final = "Somebody changed it since the last deploy; deploy again, which puts it back."


def wanted_of(cluster: Cluster, image: str | None = None) -> Wanted:
    """What the shop of this namespace runs with, `image` in the place of its own. Raises NotReady without a shop."""
    orders, frontend = (cluster.get(SERVICE, name) for name in (ORDERS, FRONTEND))
    if orders is None or frontend is None:
        absent = ORDERS if orders is None else FRONTEND
        raise NotReady(f"Knative Service {absent} isn't in the namespace {cluster.namespace}", hint=_DEPLOY)
    return Wanted(
        namespace=cluster.namespace,
        image=image or image_of(orders),
        overlay="production" if cluster.get(STATEFUL_SET, "orders-database") is None else "demo",
        secrets=names_of(orders, frontend),
    )


def names_of(orders: Service, frontend: Service) -> SecretNames:
    """The Secrets that the two Services refer to. Raises NotReady when one takes what is secret from elsewhere."""
    used = in_use(orders, frontend)
    return SecretNames(
        _there(FRONTEND, "SIGNING_SECRETS", used.signing),
        ORDER_KEY,
        _there(ORDERS, "ORDERS_DATABASE_URL", used.orders_database),
        _there(FRONTEND, "FRONTEND_DATABASE_URL", used.frontend_database),
    )


def image_of(service: Service) -> str:
    """The image that the Service's template names."""
    return str(service["spec"]["template"]["spec"]["containers"][0]["image"])


def _there(service: str, variable: str, name: str | None) -> str:
    if name is None:
        raise NotReady(f"Knative Service {service} takes {variable} from no Secret", hint=_DEPLOY_AGAIN)
    return name
