"""An image of the project, and its databases as a container reaches them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from scripts.local.postgres import EmbeddedPostgres
from tests.container.image import Image, make_image
from tests.container.pods import Pod, orders_settings, serving, web_settings
from tests.container.relay import over_tcp
from tests.pending_store import pending_database

Start = Callable[..., Pod]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """One image for all tests: nobody can write to it."""
    return make_image(tmp_path_factory.mktemp("container") / "image")


@pytest.fixture
def orders_url(orders_database_url: str) -> Iterator[str]:
    """The ledger's database, fresh and migrated, over TCP."""
    with over_tcp(orders_database_url) as url:
        yield url


@pytest.fixture
def pending_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The database of pending purchases, fresh and migrated, over TCP."""
    with pending_database(postgres_server) as url, over_tcp(url) as reachable:
        yield reachable


@pytest.fixture
def running_pods() -> Iterator[ExitStack]:
    """Ends what a test has started, the last first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_orders(image: Image, orders_url: str, tmp_path: Path, running_pods: ExitStack) -> Start:
    """Starts the order function; `files` are put into its image."""

    def start(files: dict[str, Path] | None = None) -> Pod:
        pod: AbstractContextManager[Pod] = serving(image, "orders", orders_settings(orders_url), tmp_path, files)
        return running_pods.enter_context(pod)

    return start


@pytest.fixture
def start_web(image: Image, pending_url: str, tmp_path: Path, running_pods: ExitStack) -> Start:
    """Starts the shop on the function at a URL."""

    def start(function_url: str, files: dict[str, Path] | None = None) -> Pod:
        settings = web_settings(pending_url, function_url)
        return running_pods.enter_context(serving(image, "web", settings, tmp_path, files))

    return start
