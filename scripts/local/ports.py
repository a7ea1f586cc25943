"""Free TCP ports of this machine."""

import random
import socket
from contextlib import ExitStack, suppress
from typing import Final

# Below what the system hands out by itself. From that range an outgoing connection could take the port of a
# process that is just restarting, or even connect to itself.
_RANGE: Final = range(18000, 30000)


class NoFreePort(Exception):
    """Almost every port of the machine is taken."""


def free_ports(count: int) -> list[int]:
    """`count` different ports on which nothing listens."""
    with ExitStack() as held:
        ports: list[int] = []
        for port in random.SystemRandom().sample(_RANGE, k=len(_RANGE)):
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


def _bound(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
    except BaseException:
        held.close()
        raise
    return held
