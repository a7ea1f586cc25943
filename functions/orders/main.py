"""The order function: a CloudEvent in, a CloudEvent out, and an answer to everything else.

functions-framework loads this file as a module named `main`, before it forks: nothing here opens a
connection or keeps state. What does is made at the first request, and hangs on the application.
"""

import gc

gc.disable()  # until the first request: collecting while modules are loaded is a third of the time that loading takes

import os  # noqa: E402
from typing import TYPE_CHECKING, Final  # noqa: E402

from starlette.requests import Request  # noqa: E402

from functions.orders import logs  # noqa: E402
from functions.orders.service import Service  # noqa: E402
from functions.orders.settings import Settings, SettingsError, load  # noqa: E402

if TYPE_CHECKING:
    from functions.orders.chaos import Chaos


def _chaos(settings: Settings) -> "Chaos | None":
    if not settings.chaos_faults:
        return None
    from functions.orders import chaos, faults  # noqa: PLC0415  # a revision without faults never loads them

    try:
        return chaos.Chaos(faults.parse(settings.chaos_faults), settings.chaos_seed)
    except faults.FaultsError as error:
        raise SettingsError(f"CHAOS_FAULTS: {error}") from None


try:
    SETTINGS: Final = load(os.environ)
    CHAOS: Final = _chaos(SETTINGS)
except SettingsError as error:
    raise SystemExit(f"the order function can't start: {error}") from None
logs.configure(SETTINGS.log_level, SETTINGS.revision)


async def orders(request: Request) -> Service:
    """The target of functions-framework: an ASGI application, which the framework lets answer the request.

    From the second request on it stands in the place of the framework's routing, tracing and error pages, which
    cost a purchase as much of the processor as deciding it does.
    """
    framework = request.app
    service: Service | None = getattr(framework.state, "service", None)
    if service is None:
        service = Service(SETTINGS.database_url, SETTINGS.signing_secrets, SETTINGS.revision, CHAOS)
        framework.state.service = framework.middleware_stack = service
        _collect_seldom()
    return service


def _collect_seldom() -> None:
    """Keep the garbage collector out of purchases: what the start made is here to stay, and a purchase makes no cycles.

    By default it runs about once for every ten requests in flight, and took a tenth of the processor.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
