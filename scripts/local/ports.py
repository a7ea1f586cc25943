"""Free TCP ports of this machine."""

import os
import random
import re
import socket
from contextlib import ExitStack, suppress
from typing import Final

PORTS: Final = "FLAMETICKETS_PORTS"
"""The setting that says where to look, for who starts several things at a time that must not find the same port."""

# Below what the system hands out by itself. From that range an outgoing connection could take the port of a
# process that is just restarting, or even connect to itself.
ALL: Final = range(18000, 30000)


class NoFreePort(Exception):
    """Almost every port is taken, or it is not known where to look."""


def free_ports(count: int) -> list[int]:
    """`count` different ports on which nothing listens. Raises NoFreePort."""
    among = _among(os.environ.get(PORTS))
    with ExitStack() as held:
        ports: list[int] = []
        for port in random.SystemRandom().sample(among, k=len(among)):
            if len(ports) == count:
                break
            with suppress(OSError):
                held.enter_context(_bound(port))
                ports.append(port)
    if len(ports) < count:
        raise NoFreePort("no port is free")
    return ports


def is_taken(port: int) -> bool:
    """Whether something listens where a browser would look for `localhost`. Raises PermissionError."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            if probe.connect_ex((address, port)) == 0:
                return True
    try:
        _bound(port).close()
    except PermissionError:
        raise
    except OSError:
        return True
    return False


def _among(setting: str | None) -> range:
    if setting is None:
        return ALL
    match = re.fullmatch(r"(\d{4,5})-(\d{4,5})", setting)
    if match is None or not 1024 <= int(match[1]) <= int(match[2]) <= 65535:
        raise NoFreePort(f"{PORTS} is {setting!r}, and not of the form {ALL[0]}-{ALL[-1]}")
    return range(int(match[1]), int(match[2]) + 1)


def _bound(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
    except BaseException:
        held.close()
        raise
    return held
