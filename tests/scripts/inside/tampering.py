"""Stands between a caller and the real function, and tells the caller something else than the function said."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from functions.orders import contract

Change = Callable[[contract.Event], contract.Event]


@contextmanager
def tampering(url: str, change: Change = lambda reply: reply, *, sign_with: str | None = None) -> Iterator[str]:
    """The address of a server that passes on what it is asked, to `url`, and changes each reply.

    With `sign_with` it signs what it passes on: whoever asks, the function takes it for the shop.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            if sign_with is not None:
                event = contract.decode_event(headers, body)
                signature = contract.sign(sign_with, event, body, at=time.time())
                headers[contract.SIGNATURE_HEADER.lower()] = signature
            answer = requests.post(url, data=body, headers=headers, timeout=10)
            told, content = dict(answer.headers), answer.content
            if answer.status_code == 200:
                received = {name.lower(): value for name, value in answer.headers.items()}
                told, content = contract.encode_event(change(contract.decode_event(received, content)))
            self.send_response(answer.status_code)
            for name, value in told.items():
                if name.lower() not in ("content-length", "connection", "date", "server", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
