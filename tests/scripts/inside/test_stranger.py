"""Who has no secret gets 401 from every revision; the command says so, or that there is no way to the function."""

import socket
import threading

import pytest

from scripts.local.ports import free_ports
from scripts.local.stack import Stack
from tests.frontend.function_server import raw_server, read_request
from tests.scripts.inside.pods import environment, run
from tests.scripts.inside.tampering import tampering


def test_each_route_refuses_a_stranger_whatever_its_faults(faulty_stack: Stack) -> None:
    urls = list(faulty_stack.gateway_urls.values())
    ended = run(["stranger", *urls], environment())
    assert (ended.code, ended.last["good"]) == (0, True)
    calls = [(call["url"], call["call"], call["outcome"], call["status"]) for call in ended.last["calls"]]
    assert calls == [(url, call, "refused", 401) for url in urls for call in ("unsigned", "wrongly signed")]


def test_where_nothing_listens_there_is_no_route() -> None:
    (port,) = free_ports(1)
    ended = run(["stranger", f"http://127.0.0.1:{port}", "--tries", "1"], environment())
    assert ended.code == 0
    assert {(call["outcome"], call["status"], call["why"]) for call in ended.last["calls"]} == {
        ("no_route", None, f"nothing takes connections at 127.0.0.1:{port}")
    }


def test_a_name_that_is_not_known_is_no_route() -> None:
    ended = run(["stranger", "http://orders.nowhere.invalid", "--tries", "1"], environment())
    assert ended.code == 0
    assert {(call["outcome"], call["why"]) for call in ended.last["calls"]} == {
        ("no_route", "the name orders.nowhere.invalid is not known here")
    }


def no_such_host(connection: socket.socket, _over: threading.Event) -> None:
    """What a gateway answers for a host that it has no route for."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 404 Not Found\r\nServer: envoy\r\nContent-Length: 0\r\n\r\n")


def test_a_gateway_that_knows_no_such_host_is_no_route() -> None:
    with raw_server(no_such_host) as url:
        ended = run(["stranger", url, "--tries", "1"], environment())
    assert ended.code == 0
    assert {(call["outcome"], call["status"]) for call in ended.last["calls"]} == {("no_route", 404)}


@pytest.mark.parametrize("path", ["", "/orders"])
def test_an_answer_that_says_neither_is_left_open(stack: Stack, path: str) -> None:
    ended = run(["stranger", f"{stack.url}{path}", "--tries", "1"], environment())
    assert (ended.code, ended.last["good"]) == (2, False)
    assert {call["outcome"] for call in ended.last["calls"]} == {"unclear"}


def test_a_function_that_answers_a_stranger_is_found(stack: Stack) -> None:
    refusing = stack.gateway_urls["stable-orders"]
    with tampering(refusing, sign_with=stack.signing_secret) as answering:
        ended = run(["stranger", refusing, answering], environment())
    assert (ended.code, ended.last["good"]) == (1, False)
    outcomes = [(call["url"], call["outcome"]) for call in ended.last["calls"]]
    assert outcomes == [(refusing, "refused")] * 2 + [(answering, "answered")] * 2
    assert ended.last["calls"][-1]["why"] == "the revision orders-stable-local answered a stranger"
