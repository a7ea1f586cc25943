"""Free ports: different ones, where they are to be, and nothing silent about a setting that can't be read."""

import socket

import pytest

from scripts.local import ports
from scripts.local.ports import NoFreePort, free_ports


def test_they_differ_and_are_free() -> None:
    found = free_ports(20)
    assert len({*found}) == 20
    for port in found:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_they_are_where_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ports.PORTS, "18100-18199")
    assert all(18100 <= port <= 18199 for port in free_ports(10))


def test_too_few_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ports.PORTS, "18100-18101")
    with pytest.raises(NoFreePort, match="no port is free"):
        free_ports(3)


@pytest.mark.parametrize("setting", ["", "18000", "a-b", "18000-17000", "1-2", "18000-70000"])
def test_a_setting_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv(ports.PORTS, setting)
    with pytest.raises(NoFreePort, match=r"FLAMETICKETS_PORTS is .* and not of the form 18000-29999"):
        free_ports(1)
