"""Whether the function is only the shop's: what is made of addresses, labels and reports."""

from typing import Any

import pytest

from scripts.cluster.errands import Report
from scripts.cluster.verify_isolation import by_gateway, domain_of, labelled, local, public_hosts, refused

VISIBILITY = "networking.knative.dev/visibility"
HOSTS = ("orders.t.example.org", "stable-orders.t.example.org", "chaos-orders.t.example.org")


def call(outcome: str, kind: str = "unsigned", why: str = "") -> dict[str, Any]:
    return {"url": "http://orders", "call": kind, "outcome": outcome, "why": why}


def route(*urls: str, **labels: str) -> dict[str, Any]:
    first, *rest = urls or ("",)
    return {"metadata": {"labels": labels}, "status": {"url": first, "traffic": [{}, *({"url": url} for url in rest)]}}


def frontend(url: str = "http://frontend.t.example.org", domain: str = "cluster.local") -> dict[str, Any]:
    return {"status": {"url": url, "address": {"url": f"http://frontend.t.svc.{domain}"}}}


def test_a_stranger_who_is_refused_each_time_is_good() -> None:
    check = refused("x", [call("refused"), call("refused", "wrongly signed")])
    assert (check.verdict, check.found) == ("good", "401 unsigned, 401 wrongly signed")


def test_it_is_said_which_of_the_two_it_was() -> None:
    check = refused("x", [call("no_route", why="the name orders is not known here"), call("refused", "wrongly signed")])
    assert check.verdict == "good"
    assert check.found == "no route unsigned (the name orders is not known here), 401 wrongly signed"


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [(("unclear", "refused"), "unclear"), (("unclear", "answered"), "MISSED"), (("refused", "answered"), "MISSED")],
)
def test_one_answer_to_a_stranger_is_a_miss(outcomes: tuple[str, str], verdict: str) -> None:
    check = refused("x", [call(each, why=f"that {each}") for each in outcomes])
    assert check.verdict == verdict
    assert f"unsigned: that {outcomes[1]}" in check.found or outcomes[1] == "refused"


def test_an_address_that_was_not_asked_is_not_taken_for_good() -> None:
    assert (refused("x", []).verdict, refused("x", []).found) == ("unclear", "it was not asked")


def test_both_labels_must_be_there() -> None:
    marked: dict[str, Any] = {"metadata": {"labels": {VISIBILITY: "cluster-local"}}}
    assert labelled(marked, marked).verdict == "good"
    for orders, own in ((marked, {"metadata": {}}), ({"metadata": {"labels": {}}}, marked), (marked, None)):
        check = labelled(orders, own)
        assert check.verdict == "MISSED"
        assert "no label" in check.found


def test_all_addresses_within_the_cluster_are_good() -> None:
    urls = ("http://orders.t.svc.cluster.local", "http://stable-orders.t.svc.cluster.local")
    check = local(route(*urls), frontend())
    assert (check.verdict, check.found) == ("good", "2, all of svc.cluster.local")


@pytest.mark.parametrize("of", ["http://{}.t.example.org", "http://{}.t.svc.example.org"])
def test_one_address_elsewhere_is_a_miss(of: str) -> None:
    urls = ("http://orders.t.svc.cluster.local", of.format("chaos-orders"))
    check = local(route(*urls), frontend())
    assert (check.verdict, check.found) == ("MISSED", f"public: {urls[1]}")


def test_the_clusters_own_domain_is_that_of_the_shops_address_within() -> None:
    assert local(route("http://orders.t.svc.house.lan"), frontend(domain="house.lan")).verdict == "good"
    assert domain_of({"status": {}}) == "cluster.local"


@pytest.mark.parametrize("absent", [None, route()])
def test_a_route_that_tells_no_address_is_not_taken_for_good(absent: Any) -> None:
    assert local(absent, frontend()).verdict == "unclear"


def test_the_functions_public_hosts_are_told_by_the_shops() -> None:
    assert public_hosts(frontend()) == HOSTS
    assert public_hosts(frontend("https://frontend.t.example.org")) == HOSTS


@pytest.mark.parametrize("url", ["", "http://tickets.example.org", "http://frontend", "http://frontend-t.example.org"])
def test_where_the_shops_address_has_another_form_they_are_not_guessed(url: str) -> None:
    assert public_hosts(frontend(url)) == ()


def gateway(code: int, *outcomes: str, why: str = "") -> Report:
    answers = [{"host": host, "outcome": outcome} for host, outcome in zip(HOSTS, outcomes, strict=False)]
    return Report(code, {"hosts": answers, "why": why})


def test_a_gateway_that_knows_none_of_them_is_good() -> None:
    check = by_gateway(gateway(0, "unknown", "unknown", "unknown"), HOSTS)
    assert (check.verdict, check.found) == ("good", f"404 for {HOSTS[0]} and its tags")


def test_a_gateway_that_has_a_way_to_one_is_a_miss() -> None:
    check = by_gateway(gateway(1, "unknown", "answered", "unclear", why="it answered 401"), HOSTS)
    assert (check.verdict, check.found) == ("MISSED", "it answered 401")


@pytest.mark.parametrize("report", [gateway(2, why="none reached"), gateway(2, "unknown", "unclear", why="late")])
def test_a_gateway_that_was_not_asked_all_is_said_to_be_unchecked(report: Report) -> None:
    check = by_gateway(report, HOSTS)
    assert (check.verdict, check.found) == ("not checked", f"not checked: {report.why}")
