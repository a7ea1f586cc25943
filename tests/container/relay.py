"""PostgreSQL over TCP, as a container reaches it: the server of the tests listens on a socket for its user alone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import parse_qs, urlsplit

from scripts.local.places import SOCKET_NAME


@contextmanager
def over_tcp(url: str) -> Iterator[str]:
    """The URL of the same database at an address of this machine, while the block runs."""
    parts = urlsplit(url)
    (folder,) = parse_qs(parts.query)["host"]
    target = f"{folder}/{SOCKET_NAME}"

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(target)
                back = threading.Thread(target=_pump, args=(server, self.request))
                back.start()
                _pump(self.request, server)
                back.join()

    with _Server(("127.0.0.1", 0), Handler) as relay:
        thread = threading.Thread(target=relay.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"postgresql://postgres@127.0.0.1:{relay.server_address[1]}{parts.path}"
        finally:
            relay.shutdown()
            thread.join()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on all that comes from `source`, and that no more comes."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
