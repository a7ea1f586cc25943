"""What every request must pass, and what every answer carries."""

import io
import re
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from frontend import static_urls
from frontend.security import CONTENT_SECURITY_POLICY, HEADERS, MAX_BODY_BYTES

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def app(app: Flask) -> Flask:
    """The shop with a form post that tells how much it got."""

    def echo() -> str:
        return str(len(request.get_data()))

    app.add_url_rule("/echo", view_func=echo, methods=["POST", "PUT", "DELETE"])
    app.add_url_rule("/api/echo", "api-echo", view_func=echo, methods=["POST"])
    return app


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://shop.example"}, 403),
        ({"Origin": "http://shop.example"}, 200),
        ({"Origin": "https://SHOP.example"}, 200),
        ({"Origin": "http://shop.example:8080"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://shop.example.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://["}, 403),
        ({"Referer": "http://shop.example/"}, 403),
        ({}, 403),
    ],
)
def test_a_form_post_comes_from_our_own_pages(http: FlaskClient, headers: dict[str, str], status: int) -> None:
    answer = http.post("/echo", base_url="http://shop.example", headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_every_method_that_changes_something_is_checked(http: FlaskClient, method: str) -> None:
    assert http.open("/echo", method=method).status_code == 403
    assert http.open("/echo", method=method, headers=SAME_ORIGIN).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), (SAME_ORIGIN, 200), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Origin": "http://evil.example"}, 403)],
)
def test_the_api_is_open_to_programs_but_not_to_other_sites(
    http: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert http.post("/api/echo", headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/apiary", "/x/api/echo", "/api"])
def test_only_the_api_is_the_api(http: FlaskClient, path: str) -> None:
    assert http.post(path).status_code == 403


@pytest.mark.parametrize("path", ["/echo", "/api/echo"])
def test_a_body_of_64_kib_is_the_longest(http: FlaskClient, path: str) -> None:
    fits, longer = b"x" * MAX_BODY_BYTES, b"x" * (MAX_BODY_BYTES + 1)
    assert http.post(path, data=fits, headers=SAME_ORIGIN).text == str(MAX_BODY_BYTES)
    assert http.post(path, data=longer, headers=SAME_ORIGIN).status_code == 413


def test_a_body_that_nobody_reads_is_bounded_as_well(http: FlaskClient) -> None:
    assert http.post("/api/orders/x/cancel", data=b"x" * MAX_BODY_BYTES).status_code == 404
    assert http.post("/api/orders/x/cancel", data=b"x" * (MAX_BODY_BYTES + 1)).status_code == 413
    assert http.get("/healthz", data=b"x" * (MAX_BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(("size", "status"), [(0, 200), (10, 200), (MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)])
def test_a_body_without_a_length_is_bounded_too(http: FlaskClient, size: int, status: int) -> None:
    """And never cut off in silence, for half a form is another purchase."""
    answer = http.post(
        "/echo",
        input_stream=io.BytesIO(b"x" * size),
        headers={**SAME_ORIGIN, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == status
    assert status != 200 or answer.text == str(size)


@pytest.mark.parametrize("error", [OSError, Exception])
def test_a_body_that_breaks_off_is_the_senders_mistake(http: FlaskClient, error: type[Exception]) -> None:
    class Broken(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise error("bad chunk")

    answer = http.post(
        "/echo",
        input_stream=Broken(),
        headers={**SAME_ORIGIN, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/api/shows"),
        ("GET", "/nowhere"),
        ("GET", "/api/nowhere"),
        ("POST", "/echo"),
        ("PUT", "/healthz"),
        ("GET", "/static/nowhere.css"),
        ("OPTIONS", "/api/orders"),
    ],
)
def test_every_answer_carries_the_headers(http: FlaskClient, method: str, path: str) -> None:
    answer = http.open(path, method=method)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_allows_no_inline_script_and_no_foreign_frame() -> None:
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    )


def test_a_static_file_is_kept_for_good_under_the_hash_of_its_content(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "shop.css").write_text("body { color: red }")
    app.static_folder = str(tmp_path)
    static_urls.init_app(app)
    with app.test_request_context():
        url = static_urls.static_url("deep/shop.css")
        with pytest.raises(KeyError):
            static_urls.static_url("no-such-file.css")
    http = app.test_client()
    assert url.startswith("/static/deep/shop.css?v=")
    with http.get(url) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("/static/deep/shop.css", "/static/deep/shop.css?v=0123456789abcdef"):
        with http.get(other) as answer:
            assert answer.headers["Cache-Control"] == "no-cache", "an old page may name content that is gone"


@pytest.mark.parametrize("page", ["/", "/shows/spring-gala", "/orders"])
def test_every_static_file_that_a_page_names_is_kept_for_good(http: FlaskClient, page: str) -> None:
    named = set(re.findall(r'"(/static/[^"]+)"', http.get(page).text))
    assert len(named) >= 4
    for address in named:
        with http.get(address) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address


def test_no_script_names_another_one_for_that_address_would_have_no_hash() -> None:
    scripts = list((Path(static_urls.__file__).parent / "static").glob("*.js"))
    assert scripts
    naming = re.compile(r'(?:\bfrom|\bimport\b)\s*\(?\s*["\']')
    assert not [script.name for script in scripts if naming.search(script.read_text())]
