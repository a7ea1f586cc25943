"""The load's own HTTP: connections are kept, a broken one is told, and a closed tab closes its connection at once."""

import asyncio

import pytest

from scripts.local.ports import free_ports
from scripts.proof.sale.buyer import Request
from scripts.proof.sale.client import Address, Broken, Client
from scripts.proof.sale.messages import decode, encode, new_traceparent, redirection
from tests.scripts.proof.sale.servers import OK, serving

GET = encode(Request("GET", "/api/orders/1?key=k"), "shop", new_traceparent())


async def test_a_connection_serves_one_request_after_the_other() -> None:
    async def speak(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    async with serving(speak) as (server, address):
        client = Client()
        assert [(await client.ask(address, GET)).body for _ in range(3)] == [b"{}"] * 3
        assert server.made == 1
        client.close()
        await asyncio.wait_for(server.closed.wait(), 5)


async def test_an_answer_in_pieces_and_one_in_chunks_are_whole() -> None:
    json, chunks = "content-type: application/json\r\n", "transfer-encoding: chunked\r\n"
    pieces = [
        ("HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nconte", json[5:], "content-length: 14\r\n\r\n{", '"status":503}'),
        ("HTTP/1.1 200 OK\r\n", json, chunks, "\r\n6\r\n", '{"a":1\r\n', "1\r\n}\r\n0\r\n\r\n"),
    ]

    async def speak(_request: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in pieces.pop(0):
            writer.write(piece.encode())
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serving(speak) as (server, address):
        client = Client()
        busy = decode(await client.ask(address, GET))
        assert (busy.status, busy.body, busy.retry_after_s) == (503, {"status": 503}, 2.0)
        assert decode(await client.ask(address, GET)).body == {"a": 1}
        assert server.made == 1
        client.close()


async def test_an_answer_that_closes_the_connection_is_the_last_on_it() -> None:
    async def speak(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))

    async with serving(speak) as (server, address):
        client = Client()
        for _ in range(2):
            await client.ask(address, GET)
        assert server.made == 2
        client.close()


@pytest.mark.parametrize("said", [b"", OK[:40], b"no HTTP at all\r\n\r\n"])
async def test_a_connection_that_breaks_is_told(said: bytes) -> None:
    async def speak(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    async with serving(speak) as (_, address):
        with pytest.raises(Broken):
            await asyncio.wait_for(Client().ask(address, GET), 5)


async def test_nobody_there_is_told() -> None:
    (port,) = free_ports(1)
    with pytest.raises(Broken):
        await Client().ask(Address(f"http://127.0.0.1:{port}"), GET)


async def test_who_is_no_longer_waited_for_is_hung_up_on() -> None:
    async def speak(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        """Never a word."""

    async with serving(speak) as (server, address):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Client().ask(address, GET)
        await asyncio.wait_for(server.closed.wait(), 5)


async def test_what_is_sent_is_a_request() -> None:
    requests: list[bytes] = []

    async def speak(request: bytes, writer: asyncio.StreamWriter) -> None:
        requests.append(request)
        writer.write(OK)

    async with serving(speak) as (_, address):
        client = Client()
        order = Request("POST", "/api/orders", {"Idempotency-Key": "1"}, {"show": "s"})
        form = Request("POST", "/shows/s/orders", form={"name": "Ann Buyer"})
        for request in (order, form):
            await client.ask(address, encode(request, "the-shop", "00-1-2-01"))
        client.close()
    assert requests[0].startswith(b"POST /api/orders HTTP/1.1\r\nhost: the-shop\r\ntraceparent: 00-1-2-01\r\n")
    assert requests[0].endswith(b'\r\nIdempotency-Key: 1\r\n\r\n{"show":"s"}')
    assert b"sec-fetch-site: same-origin\r\n" in requests[1]
    assert requests[1].endswith(b"\r\n\r\nname=Ann+Buyer")


def test_an_address_may_have_another_name_than_its_own() -> None:
    plain, named = Address("http://10.0.0.1:8081"), Address("https://10.0.0.1", host="shop.example.org")
    assert (plain.name, plain.port, plain.is_secure, plain.host) == ("10.0.0.1", 8081, False, "10.0.0.1:8081")
    assert (named.name, named.port, named.is_secure, named.host) == ("10.0.0.1", 443, True, "shop.example.org")


async def test_a_broken_body_says_nothing() -> None:
    async def speak(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.replace(b"{}", b"[}"))

    async with serving(speak) as (_, address):
        client = Client()
        reply = await client.ask(address, GET)
        assert (decode(reply).body, redirection(reply)) == ({}, "")
        client.close()
