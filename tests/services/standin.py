"""A service over a real socket that answers as a test says, to see how the client takes it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from aiohttp import web

from confirma_async import Confirma, RetryPolicy

Answering = Callable[[str, str, Mapping[str, str]], Any]
"""Method, path and query of a request; gives the JSON of the answer, a status, or a whole response."""


class StandIn:
    """What was asked, and where it runs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.headers: list[Mapping[str, str]] = []

    def client(self, **options: Any) -> Confirma:
        """A client of it; retries without long pauses."""
        options = {"retry": RetryPolicy(attempts=3, base_seconds=0.001), **options}
        return Confirma("the-key", base_url=self.url, **options)


@contextlib.asynccontextmanager
async def stand_in(answering: Answering) -> AsyncIterator[StandIn]:
    """Serves on a free port until the block ends."""

    async def serve(request: web.Request) -> web.StreamResponse:
        service.asked.append((request.method, request.path, dict(request.query)))
        service.headers.append(request.headers)
        answer = answering(request.method, request.path, request.query)
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, int):
            return web.Response(status=answer)
        return web.Response(text=json.dumps(answer), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    service = StandIn(f"http://{host}:{port}")
    try:
        yield service
    finally:
        await runner.cleanup()
