"""The function as functions-framework serves it, on a database of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from functions_framework.aio import create_asgi_app

from functions.orders import contract
from tests.functions.local_invoker import SECRET, LocalInvoker, make_show

MAIN = Path(__file__).parents[2] / "functions" / "orders" / "main.py"
StartFunction = Callable[..., Awaitable[LocalInvoker]]


@pytest.fixture
async def start_function(orders_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartFunction]:
    """Starts the function, as often as asked, all on one database: each is what another process would be."""
    async with AsyncExitStack() as stack:

        async def start(**environ: str) -> LocalInvoker:
            settings = {"ORDERS_DATABASE_URL": orders_database_url, "SIGNING_SECRETS": SECRET, **environ}
            with monkeypatch.context() as environment:
                for name, value in settings.items():
                    environment.setenv(name, value)
                app = create_asgi_app(target="orders", source=str(MAIN), signature_type="http")  # type: ignore[no-untyped-call]
            invoker = LocalInvoker(app)
            assert (await invoker.post({}, b"", method="GET", path="/readyz")).status == 200
            stack.push_async_callback(app.state.service.close)
            return invoker

        yield start


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
