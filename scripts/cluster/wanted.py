"""What a deploy wants, as far as the manifests are concerned."""

from dataclasses import dataclass
from typing import Final, Literal

Overlay = Literal["demo", "production"]
Storage = Literal["claim", "memory"]

NAMESPACE: Final = "flametickets"
POSTGRES_IMAGE: Final = "docker.io/library/postgres:17"
POSTGRES_PORT: Final = 5432
DEFAULT_FAULTS: Final = "error:0.3"


@dataclass(frozen=True)
class SecretNames:
    """The names of the Secrets that the pods refer to."""

    signing: str
    order_key: str
    orders_database: str
    frontend_database: str


@dataclass(frozen=True)
class Wanted:
    """`storage` and `postgres_image` are those of the demo's databases; the ports are those of databases elsewhere.

    With `storage` "memory" the demo's databases last as long as their pods.
    """

    namespace: str
    image: str
    overlay: Overlay
    secrets: SecretNames
    storage: Storage = "claim"
    postgres_image: str = POSTGRES_IMAGE
    chaos_faults: str = DEFAULT_FAULTS
    chaos_seed: str = "0"
    orders_database_port: int = POSTGRES_PORT
    frontend_database_port: int = POSTGRES_PORT
