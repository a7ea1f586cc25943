"""A missing or bad setting stops the start, by name and without its value."""

import pytest

from functions.orders.settings import SettingsError, load

GOOD = {"ORDERS_DATABASE_URL": "postgresql://host/orders", "SIGNING_SECRETS": "s" * 32}


def test_the_settings_are_read_whole() -> None:
    settings = load({**GOOD, "SIGNING_SECRETS": f"{'a' * 32}, {'b' * 32}", "K_REVISION": "orders-stable-7"})
    assert settings.signing_secrets == ("a" * 32, "b" * 32)
    assert (settings.revision, settings.chaos_faults, settings.log_level) == ("orders-stable-7", "", "info")
    assert "aaaa" not in repr(settings)
    assert "host" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"ORDERS_DATABASE_URL": ""}, "ORDERS_DATABASE_URL"),
        ({"ORDERS_DATABASE_URL": "mysql://secret@host"}, "ORDERS_DATABASE_URL"),
        ({"SIGNING_SECRETS": " "}, "SIGNING_SECRETS"),
        ({"SIGNING_SECRETS": "too-short-secret"}, "SIGNING_SECRETS"),
        ({"SIGNING_SECRETS": ",".join(["s" * 32] * 3)}, "SIGNING_SECRETS"),
        ({"LOG_LEVEL": "secret-level"}, "LOG_LEVEL"),
        ({"CHAOS_FAULTS": "error:0.3", "K_REVISION": "orders-stable-1"}, "CHAOS_FAULTS"),
    ],
)
def test_a_bad_setting_is_named_without_its_value(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{named}: ") as raised:
        load({**GOOD, **change})
    assert "secret@" not in str(raised.value)
    assert "too-short-secret" not in str(raised.value)
    assert "secret-level" not in str(raised.value)
