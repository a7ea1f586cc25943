"""One HTTP request to the order function and what came back; all that can go wrong with it is translated here."""

from collections.abc import Mapping
from contextlib import closing
from typing import Final

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from frontend.deadlines import DeadlineAdapter, deadline
from frontend.replies import NoReply, Reply

MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
MAX_IDLE_CONNECTIONS: Final = 64
_PIECE_BYTES: Final = 16 * 1024

# One word for each way that `requests` names a failure; for logs and later for metrics.
FAILURES: Final[Mapping[type[requests.RequestException], str]] = {
    requests.RequestException: "failed",
    requests.HTTPError: "failed",
    requests.Timeout: "timed_out",
    requests.ConnectTimeout: "timed_out",
    requests.ReadTimeout: "timed_out",
    requests.ConnectionError: "unreachable",
    requests.exceptions.ProxyError: "unreachable",
    requests.exceptions.SSLError: "unreachable",
    requests.exceptions.RetryError: "unreachable",
    requests.TooManyRedirects: "broken_reply",
    requests.exceptions.ChunkedEncodingError: "broken_reply",
    requests.exceptions.ContentDecodingError: "broken_reply",
    requests.exceptions.StreamConsumedError: "broken_reply",
    requests.exceptions.InvalidJSONError: "broken_reply",
    requests.JSONDecodeError: "broken_reply",
    requests.exceptions.InvalidHeader: "broken_reply",
    requests.URLRequired: "not_sent",
    requests.exceptions.MissingSchema: "not_sent",
    requests.exceptions.InvalidSchema: "not_sent",
    requests.exceptions.InvalidURL: "not_sent",
    requests.exceptions.InvalidProxyURL: "not_sent",
    requests.exceptions.UnrewindableBodyError: "not_sent",
}


class Transport:
    """Connections to the function's routes, kept open between requests; used by many threads at once."""

    def __init__(self) -> None:
        self._adapter = DeadlineAdapter(pool_connections=8, pool_maxsize=MAX_IDLE_CONNECTIONS)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, *, within_s: float) -> Reply | NoReply:
        """Posts once, and returns within `within_s` seconds whatever the server does; raises nothing."""
        try:
            with deadline(within_s):
                return self._post(url, headers, body)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return NoReply(failure(error))

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._adapter.close()

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply | NoReply:
        # Straight to the adapter, which keeps the deadline: a session would look for cookies, proxies, redirects and
        # hooks, all of which are none here, and take as long as the rest. A redirect is an answer like any other.
        request = requests.PreparedRequest()
        request.method, request.url, request.body = "POST", url, body
        sent = {**headers, "Accept-Encoding": "identity", "Content-Length": str(len(body))}
        request.headers = CaseInsensitiveDict(sent)
        with closing(self._adapter.send(request, stream=True)) as response:
            received = bytearray()
            for piece in response.iter_content(_PIECE_BYTES):
                received += piece
                if len(received) > MAX_REPLY_BYTES:
                    return NoReply("too_long")
            names_in_lower_case = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, names_in_lower_case, bytes(received))


def failure(error: Exception) -> str:
    """The word for a failed request."""
    if _is_timeout(error):
        return "timed_out"
    kinds = (FAILURES.get(kind) for kind in type(error).__mro__ if issubclass(kind, requests.RequestException))
    return next((word for word in kinds if word is not None), "failed")


def _is_timeout(error: BaseException) -> bool:
    """A wait that ends while something is sent or a body is read is a ConnectionError to `requests`: look inside."""
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return True
    return any(_is_timeout(inner) for inner in error.args if isinstance(inner, BaseException))
