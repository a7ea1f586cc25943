"""A missing or bad variable stops the start with one line that names it."""

import pytest

from frontend.settings import Settings, SettingsError, load, read_number

GOOD = {
    "ORDERS_URL": "http://orders.shop.svc.cluster.local",
    "ORDERS_STABLE_URL": "http://stable-orders.shop.svc.cluster.local:80/",
    "SIGNING_SECRETS": f"{'n' * 32}, {'o' * 40}",
    "ORDER_KEY_SECRET": "k" * 32,
    "FRONTEND_DATABASE_URL": "postgresql://shop:hunter2@pending/shop",
}


def test_the_environment_is_read_into_one_object() -> None:
    assert load(GOOD) == Settings(
        orders_url="http://orders.shop.svc.cluster.local/",
        orders_stable_url="http://stable-orders.shop.svc.cluster.local:80/",
        signing_secrets=("n" * 32, "o" * 40),
        order_key_secret="k" * 32,
        frontend_database_url="postgresql://shop:hunter2@pending/shop",
        log_level="info",
    )
    assert load({**GOOD, "LOG_LEVEL": "WARNING"}).log_level == "warning"


def test_what_is_optional_is_read_too() -> None:
    optional = {
        "HOST": "::1",
        "PORT": "81",
        "WEB_THREADS": "4",
        "WEB_WAITING": "0",
        "METRICS_PORT": "9100",
        "PENDING_LIMIT": "10",
        "PENDING_GIVE_UP_HOURS": "2",
        "PENDING_WORKERS": "1",
        "TRUSTED_ADDRESS_HEADER": "X-Real-IP",
        "CLIENT_LIMIT": "5/second",
    }
    read = load({**GOOD, **optional})
    assert (read.host, read.port, read.web_threads, read.web_waiting) == ("::1", 81, 4, 0)
    assert (read.metrics_port, read.pending_limit, read.pending_give_up_s, read.pending_workers) == (9100, 10, 7200, 1)
    assert (read.trusted_address_header, read.client_limit) == ("X-Real-IP", "5/second")


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    environ = {k: v for k, v in {**GOOD, name: value}.items() if v is not None}
    with pytest.raises(SettingsError, match=f"^{name}: is missing$"):
        load(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERS_URL", "orders"),
        ("ORDERS_URL", "https://orders"),
        ("ORDERS_URL", "http:///"),
        ("ORDERS_URL", "http://orders/path"),
        ("ORDERS_URL", "http://orders?query"),
        ("ORDERS_URL", "http://user:password@orders"),
        ("ORDERS_URL", "http://orders:99999"),
        ("ORDERS_URL", "http://orders:0"),
        ("ORDERS_URL", "http://[::1"),
        ("ORDERS_URL", "http://or ders"),
        ("ORDERS_STABLE_URL", "ftp://orders"),
        ("SIGNING_SECRETS", "short"),
        ("SIGNING_SECRETS", f"{'n' * 32},short"),
        ("SIGNING_SECRETS", ",".join(["n" * 32] * 3)),
        ("ORDER_KEY_SECRET", "k" * 31),
        ("FRONTEND_DATABASE_URL", "sqlite://"),
        ("LOG_LEVEL", "loud"),
        ("HOST", "a b"),
        ("PORT", "http"),
        ("WEB_THREADS", "257"),
        ("WEB_WAITING", "513"),
        ("METRICS_PORT", "8080"),
        ("METRICS_PORT", "65536"),
        ("PENDING_LIMIT", "some"),
        ("PENDING_GIVE_UP_HOURS", "0.5"),
        ("PENDING_WORKERS", "65"),
        ("TRUSTED_ADDRESS_HEADER", "X Forwarded For"),
        ("CLIENT_LIMIT", "60 per minute"),
        ("CLIENT_LIMIT", "0/hour"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_does_not_show_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({**GOOD, name: value})
    assert str(caught.value).startswith(f"{name}: must ")
    assert "\n" not in str(caught.value)
    assert value not in str(caught.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "http://[::1]:8080", "http://orders"])
def test_addresses_of_a_host_and_a_port_are_taken(address: str) -> None:
    assert load({**GOOD, "ORDERS_URL": address}).orders_url == f"{address}/"


def test_no_secret_shows_in_the_repr() -> None:
    shown = repr(load(GOOD))
    assert "orders.shop" in shown
    assert not any(secret in shown for secret in ("n" * 32, "o" * 40, "k" * 32, "hunter2"))


def test_a_number_has_bounds_and_a_default() -> None:
    assert read_number({}, "WEB_THREADS", default=16, low=1, high=64) == 16
    assert read_number({"WEB_THREADS": "4"}, "WEB_THREADS", default=16, low=1, high=64) == 4
    for bad in ("0", "65", "-1", "four", "1.5", "٤", "9" * 5000):
        with pytest.raises(SettingsError, match=r"^WEB_THREADS: must be a whole number from 1 to 64$"):
            read_number({"WEB_THREADS": bad}, "WEB_THREADS", default=16, low=1, high=64)
