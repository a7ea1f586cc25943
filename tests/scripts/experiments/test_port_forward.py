"""A port of this machine leads to a pod, however the pod's end behaves: real sockets here, a fake stream there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.cluster.errors import NotReady
from scripts.cluster.pod_streams import StreamError
from scripts.experiments.port_forward import PortForward
from tests.scripts.waiting import wait_until


class FakeStream:
    """A pod that sends back what it is sent, three bytes a message, of which TLS may read several at once."""

    def __init__(self, *, is_secure: bool) -> None:
        self._ours, self._pods = socket.socketpair()
        self._is_secure = is_secure
        self._read = b""
        self.is_closed = False

    def fileno(self) -> int:
        return self._ours.fileno()

    def has_more(self) -> bool:
        return bool(self._read)

    def receive(self) -> bytes:
        self._read = self._read or self._ours.recv(3000 if self._is_secure else 3)
        if not self._read:
            raise StreamError("it was closed")
        data, self._read = self._read[:3], self._read[3:]
        return data

    def send(self, data: bytes) -> None:
        self._pods.sendall(data)

    def close(self) -> None:
        self.is_closed = True
        self._ours.close()
        self._pods.close()

    def die(self) -> None:
        self._pods.shutdown(socket.SHUT_RDWR)


class Pod:
    """Its streams, one for each connection."""

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.is_there = True
        self.is_secure = False

    def dial(self) -> FakeStream:
        if not self.is_there:
            raise NotReady("the pod is gone")
        self.streams.append(FakeStream(is_secure=self.is_secure))
        return self.streams[-1]


@pytest.fixture
def pod() -> Pod:
    return Pod()


@pytest.fixture
def forward(pod: Pod) -> Iterator[PortForward]:
    forward = PortForward(pod.dial)
    yield forward
    forward.close()


@contextmanager
def connected(forward: PortForward) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", forward.port), timeout=10) as connection:
        yield connection


def ask(connection: socket.socket, said: bytes) -> bytes:
    """What comes back, all of it or what came until the end."""
    connection.sendall(said)
    heard = b""
    while len(heard) < len(said) and (more := connection.recv(1024)):
        heard += more
    return heard


@pytest.mark.parametrize("is_secure", [False, True])
def test_bytes_go_there_and_back_also_those_that_were_read_ahead(
    pod: Pod, forward: PortForward, is_secure: bool
) -> None:
    pod.is_secure = is_secure
    with connected(forward) as connection:
        assert ask(connection, b"SELECT 1") == b"SELECT 1"
        assert ask(connection, b"x" * 2000) == b"x" * 2000


def test_connections_are_apart(pod: Pod, forward: PortForward) -> None:
    with connected(forward) as one, connected(forward) as other:
        assert (ask(one, b"one"), ask(other, b"other")) == (b"one", b"other")
    assert len(pod.streams) == 2


def test_a_connection_ends_with_its_pod_and_the_next_one_goes_to_the_next(pod: Pod, forward: PortForward) -> None:
    with connected(forward) as connection:
        ask(connection, b"hello")
        pod.streams[0].die()
        assert connection.recv(1) == b""
    with connected(forward) as connection:
        assert ask(connection, b"again") == b"again"


def test_without_a_pod_a_connection_is_closed_at_once(pod: Pod, forward: PortForward) -> None:
    pod.is_there = False
    with connected(forward) as connection:
        assert connection.recv(1) == b""
    pod.is_there = True
    with connected(forward) as connection:
        assert ask(connection, b"back") == b"back"


def test_the_pods_end_is_closed_with_this_one(pod: Pod, forward: PortForward) -> None:
    with connected(forward) as connection:
        ask(connection, b"hello")
    wait_until(lambda: pod.streams[0].is_closed)


def test_closed_it_ends_all_connections_and_takes_no_more(pod: Pod, forward: PortForward) -> None:
    with connected(forward) as connection:
        ask(connection, b"hello")
        forward.close()
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", forward.port), timeout=10)
