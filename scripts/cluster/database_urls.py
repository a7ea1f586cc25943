"""What a database's address says of its server; the address itself holds a password, and is never repeated."""

import re
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from scripts.cluster.errors import ClusterError
from scripts.cluster.wanted import POSTGRES_PORT

_HOST: Final = re.compile(r"(?P<host>\[[^]]+\]|[^:\[\]]*)(?::(?P<port>\d{1,5}))?")


class DatabaseError(ClusterError):
    """A database can't be used as it was given; the message names the option or the Secret, and quotes no address."""


def servers(url: str, name: str) -> frozenset[tuple[str, int]]:
    """The hosts and ports in a `postgresql://` address. `name` is what errors call it. Raises DatabaseError."""
    wrong = DatabaseError(f"{name} must be of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    if not url.startswith(("postgresql://", "postgres://")):
        raise wrong
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
    except ValueError:
        raise wrong from None
    listed = parts.netloc.rpartition("@")[2] or options.get("host", [""])[0]
    default = options.get("port", [str(POSTGRES_PORT)])[0]
    found = [_HOST.fullmatch(unquote(each)) for each in listed.split(",")]
    if not default.isdigit() or any(match is None or not match["host"] for match in found):
        raise wrong
    listening = frozenset((match["host"], int(match["port"] or default)) for match in found if match is not None)
    if any(not 0 < number < 65536 for _, number in listening):
        raise wrong
    return listening


def port(url: str, name: str) -> int:
    """The port that a pod must be let out to. Raises DatabaseError when there are several, or none."""
    ports = {number for _, number in servers(url, name)}
    if len(ports) > 1:
        raise DatabaseError(f"{name} has hosts with different ports, and the policies let pods out to one")
    (only,) = ports
    return only
