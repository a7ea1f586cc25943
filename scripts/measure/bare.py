"""The bare framework's hello-world, for comparison."""

from starlette.requests import Request
from starlette.responses import Response


async def hello(_request: Request) -> Response:
    return Response(b"hello", media_type="text/plain")
