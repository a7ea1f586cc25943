"""Whether the function is only the shop's: a stranger gets nowhere, and no public address leads to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from scripts.cluster.errands import Report
from scripts.cluster.filling import address
from scripts.cluster.kinds import ROUTE
from scripts.cluster.targets import FRONTEND, ORDERS
from scripts.cluster.verify_shown import Check, Verdict
from scripts.cluster.verify_site import Site

Object = Mapping[str, Any]
_HOSTS: Final = {"the weighted address": ORDERS, "the tag stable": "stable-orders", "the tag chaos": "chaos-orders"}
_ROUTES: Final = ("orders", "stable", "chaos")  # by which the stranger's environment names these
_PATIENCE: Final = ("--try-seconds", "20", "--within", "180")  # its call may be what wakes the revision
_VERDICTS: Final[Mapping[str, Verdict]] = {"refused": "good", "no_route": "good", "answered": "MISSED"}
_VISIBILITY: Final = "networking.knative.dev/visibility"
_LOCAL: Final = "cluster-local"
_USUAL_DOMAIN: Final = "cluster.local"
_GATEWAYS: Final = (  # the public ones, where Knative's manifests put them
    "http://kourier.kourier-system.svc.cluster.local",
    "http://kourier.knative-serving-ingress.svc.cluster.local",
    "http://istio-ingressgateway.istio-system.svc.cluster.local",
    "http://envoy.contour-external.svc.cluster.local",
)


def strangers(site: Site) -> Iterator[Check]:
    """Call the function from a pod without its secrets, at each of its addresses. Raises ClusterError."""
    words = ("stranger", *_ROUTES, *_PATIENCE)
    report = site.ask("call the function as a stranger, from another pod", *words, role="stranger")
    calls = report.data.get("calls") or []
    hosts = {what: address(host, site.cluster.namespace) for what, host in _HOSTS.items()}
    yield from (refused(what, [call for call in calls if call["url"] == url]) for what, url in hosts.items())


def refused(what: str, calls: Sequence[Object]) -> Check:
    """Whether all calls of a stranger at one address were refused, or found no way there."""
    name, expected = f"a stranger at {what}", "401, or no route"
    found = ", ".join(dict.fromkeys(_of_call(call) for call in calls)) or "it was not asked"
    verdicts = {_VERDICTS.get(call["outcome"], "unclear") for call in calls} or {"unclear"}
    worst = next(each for each in ("MISSED", "unclear", "good") if each in verdicts)
    return Check(name, expected, found, worst, detail={"calls": list(calls)})


def _of_call(call: Object) -> str:
    match call["outcome"]:
        case "refused":
            return f"401 {call['call']}"
        case "no_route":
            return f"no route {call['call']} ({call['why']})"
    return f"{call['call']}: {call['why']}"


def addresses(site: Site, orders: Object, frontend: Object) -> Iterator[Check]:
    """Whether the function has addresses within the cluster alone. Raises ClusterError."""
    route = site.cluster.get(ROUTE, ORDERS)
    yield labelled(orders, route)
    yield local(route, frontend)
    yield at_gateway(site, frontend)


def labelled(orders: Object, route: Object | None) -> Check:
    """Whether Service and Route are marked to stay within the cluster."""
    found = {
        what: ((obj or {}).get("metadata", {}).get("labels") or {}).get(_VISIBILITY, "no label")
        for what, obj in (("Service", orders), ("Route", route))
    }
    is_good = set(found.values()) == {_LOCAL}
    words = _LOCAL if is_good else ", ".join(f"{what}: {label}" for what, label in found.items())
    return Check("the visibility of orders", f"{_LOCAL}, Service and Route", words, "good" if is_good else "MISSED")


def local(route: Object | None, frontend: Object) -> Check:
    """Whether each address of the Route, those of its tags too, is one within the cluster."""
    name, expected = "the addresses of orders", "in the cluster alone"
    urls = list(urls_of(route or {}))
    if not urls:
        return Check(name, expected, "its Route tells none", "unclear")
    end = f".svc.{domain_of(frontend)}"
    public = [url for url in urls if not (urlsplit(url).hostname or "").endswith(end)]
    found = f"public: {', '.join(public)}" if public else f"{len(urls)}, all of {end[1:]}"
    return Check(name, expected, found, "MISSED" if public else "good", detail={"urls": urls})


def urls_of(route: Object) -> Iterator[str]:
    """The addresses of a Route: its own, and those of its tags."""
    status = route.get("status", {})
    yield from filter(None, [status.get("url"), *(line.get("url") for line in status.get("traffic") or [])])


def domain_of(frontend: Object) -> str:
    """The cluster's own domain, by the address that even a public Service has within the cluster."""
    host = urlsplit((frontend.get("status", {}).get("address") or {}).get("url", "")).hostname or ""
    return host.partition(".svc.")[2] or _USUAL_DOMAIN


def public_hosts(frontend: Object) -> tuple[str, ...]:
    """What the function's public hosts would be, by the shop's; none when that doesn't begin with its name."""
    host = urlsplit(frontend.get("status", {}).get("url", "")).hostname or ""
    first, dot, rest = host.partition(".")
    return tuple(f"{each}{dot}{rest}" for each in _HOSTS.values()) if first == FRONTEND and rest else ()


def at_gateway(site: Site, frontend: Object) -> Check:
    """Whether the public gateway, where it can be asked, knows none of those hosts. Raises ClusterError."""
    url, hosts = frontend.get("status", {}).get("url", ""), public_hosts(frontend)
    if not hosts:
        return _at_gateway("not checked", f"nobody knows what its public address would be, by the shop's ({url})")
    known = urlsplit(url).netloc
    at = [word for gateway in (*_GATEWAYS, url.rstrip("/")) for word in ("--at", gateway)]
    words = ("gateway", "--known", known, *at, *hosts)
    report = site.ask("ask the public gateway for the function, from another pod", *words, role="stranger")
    return by_gateway(report, hosts)


def by_gateway(report: Report, hosts: Sequence[str]) -> Check:
    """What the report of `scripts.inside gateway` says. That no gateway is reached is no miss, and is said."""
    answers = report.data.get("hosts") or []
    outcomes = {answer["outcome"] for answer in answers}
    if "answered" in outcomes:
        return _at_gateway("MISSED", report.why, answers)
    if outcomes == {"unknown"}:
        return _at_gateway("good", f"404 for {hosts[0]} and its tags", answers)
    return _at_gateway("not checked", report.why, answers)


def _at_gateway(verdict: Verdict, found: str, answers: Sequence[Object] = ()) -> Check:
    found = f"not checked: {found}" if verdict == "not checked" else found
    return Check("orders at the public gateway", "404", found, verdict, detail={"answers": list(answers)})
