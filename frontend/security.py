"""What every request must pass and every answer carries."""

import io
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request
from werkzeug.wsgi import get_content_length

from frontend import static_urls

MAX_BODY_BYTES: Final = 64 * 1024
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' https: data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    # An order's key is in its address, which no other site may see. Under `no-referrer` a browser would hide the origin
    # of our own forms from us too, and over plain http that is all that says where they come from.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Refuses cross-site posts and over-long bodies, and puts the headers on every answer, errors included."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(_guard)
    app.after_request(_add_headers)


def is_same_origin(asked: Request) -> bool:
    """Whether the browser says that one of our own pages, or the user in person, made this request.

    Without word from a browser only the API is open: no page of another site can send what it asks for.
    """
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    if origin is not None:
        return _host_of(origin) == asked.host.lower()
    return is_api(asked.path)


def is_api(path: str) -> bool:
    """Whether a path belongs to the JSON interface."""
    return path.startswith("/api/")


def _host_of(origin: str) -> str:
    """Host and port of an origin; nothing for `null` and for what is no origin, which then equals no host."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _guard() -> None:
    _bound_body()
    if request.method not in _SAFE_METHODS and not is_same_origin(request):
        abort(403)


def _bound_body() -> None:
    """Refuses a longer body, told or not: of one without a length Flask would cut off the rest and say nothing."""
    environ = request.environ
    length = get_content_length(environ)
    if length is None and "HTTP_TRANSFER_ENCODING" in environ:
        try:
            body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
        except Exception:  # the server's own errors for a broken chunk, which quote the body, have no base but this
            abort(400)
        length = len(body)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(length)
        del environ["HTTP_TRANSFER_ENCODING"]
    if length is not None and length > MAX_BODY_BYTES:
        abort(413)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        name = (request.view_args or {}).get("filename", "")
        current = static_urls.is_current(name, request.args.get("v"))
        response.headers["Cache-Control"] = _FOR_GOOD if current else "no-cache"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
