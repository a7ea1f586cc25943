"""The function as functions-framework serves it, on a database of its own."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from functions_framework.aio import create_asgi_app

from functions.orders import contract
from tests.functions.local_invoker import SECRET, LocalInvoker, make_show

MAIN = Path(__file__).parents[2] / "functions" / "orders" / "main.py"
StartFunction = Callable[..., Awaitable[LocalInvoker]]
StartFunctionOn = Callable[..., Awaitable[LocalInvoker]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def start_function_on(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartFunctionOn]:
    """Starts the function on the database with the URL that is given."""
    async with AsyncExitStack() as stack:

        async def start(database_url: str, **environ: str) -> LocalInvoker:
            settings = {"ORDERS_DATABASE_URL": database_url, "SIGNING_SECRETS": SECRET, **environ}
            with monkeypatch.context() as environment:
                for name, value in settings.items():
                    environment.setenv(name, value)
                app = create_asgi_app(target="orders", source=str(MAIN), signature_type="http")  # type: ignore[no-untyped-call]
            invoker = LocalInvoker(app, database_url)
            assert (await invoker.post({}, b"", method="GET", path="/readyz")).status == 200
            stack.push_async_callback(app.state.service.close)
            return invoker

        yield start


@pytest.fixture
def start_function(orders_database_url: str, start_function_on: StartFunctionOn) -> StartFunction:
    """Starts the function, as often as asked, all on one database: each is what another process would be."""

    async def start(**environ: str) -> LocalInvoker:
        return await start_function_on(orders_database_url, **environ)

    return start


@pytest.fixture
async def lonely_function(start_function_on: StartFunctionOn) -> LocalInvoker:
    """A function whose database is away: what needs none is answered all the same."""
    return await start_function_on(f"postgresql://127.0.0.1:{free_port()}/orders")


@pytest.fixture
async def function(start_function: StartFunction) -> LocalInvoker:
    """One stable function, with nothing on sale."""
    return await start_function(K_REVISION="orders-stable-1")


@pytest.fixture
async def on_sale(function: LocalInvoker) -> LocalInvoker:
    """One stable function with `make_show()` on sale."""
    published = await function.send(contract.PUBLISH, make_show())
    assert published.event.type == contract.PUBLISHED
    return function
