"""Every error has an answer of ours, and none shows what is inside."""

import pytest
import structlog
from flask import Flask, abort
from flask.testing import FlaskClient
from structlog.testing import capture_logs

ORDER_ID = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
INTERNAL = "postgresql://shop:hunter2@db"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def app(app: Flask) -> Flask:
    """The shop with views that go wrong."""

    def fail(order_id: str) -> str:
        raise RuntimeError(f"{INTERNAL} {order_id}")

    def refuse(status: int) -> str:
        abort(status)

    for prefix in ("", "/api"):
        app.add_url_rule(f"{prefix}/fail/<order_id>", f"fail{prefix}", fail)
        app.add_url_rule(f"{prefix}/refuse/<int:status>", f"refuse{prefix}", refuse)
    return app


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 500, 503])
def test_the_api_answers_with_problem_details(http: FlaskClient, status: int) -> None:
    answer = http.get(f"/api/refuse/{status}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status
    assert answer.json["retryable"] is (status >= 500)
    assert ("Retry-After" in answer.headers) is (status >= 500)
    assert answer.json["title"]
    assert answer.json["detail"]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 500, 503])
def test_everything_else_answers_with_a_page(http: FlaskClient, status: int) -> None:
    answer = http.get(f"/refuse/{status}")
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert answer.text.lower().startswith("<!doctype html>")


@pytest.mark.parametrize("path", [f"/fail/{ORDER_ID}", f"/api/fail/{ORDER_ID}"])
def test_a_bug_is_logged_with_its_order_and_shows_nothing(http: FlaskClient, path: str) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        answer = http.get(f"{path}?key=secret-key", headers={"traceparent": TRACE})
    assert answer.status_code == 500
    assert INTERNAL not in answer.text
    assert "Traceback" not in answer.text
    bug = next(entry for entry in logs if entry["event"] == "bug")
    assert bug["log_level"] == "error"
    assert bug["order_id"] == ORDER_ID
    assert bug["traceparent"][:36] == TRACE[:36]
    assert isinstance(bug["exc_info"], RuntimeError)


def test_an_address_tells_which_requests_it_takes(http: FlaskClient) -> None:
    answer = http.post("/api/shows")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_page_of_an_error_is_there_even_when_the_templates_are_broken(
    app: Flask, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError(INTERNAL)

    monkeypatch.setattr("frontend.errors.render_template", broken)
    answer = http.get("/nowhere")
    assert answer.status_code == 404
    assert "nothing at this address" in answer.text
    assert INTERNAL not in answer.text
