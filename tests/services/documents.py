"""A host of documents on loopback, which counts what it is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web
from attrs import define, field

PDF = b"%PDF-1.7 hours %%EOF"

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@define
class Documents:
    """The host.

    Attributes:
        answers: By path, what is answered next; the last answer stays.
        seen: Every request, in its order.
        url: Where it listens.
    """

    answers: dict[str, list[Answer]] = field(factory=dict)
    seen: list[web.Request] = field(factory=list)
    url: str = ""

    async def answer(self, request):
        self.seen.append(request)
        answers = self.answers.get(request.path, [says(status=404)])
        return await (answers.pop(0) if len(answers) > 1 else answers[0])(request)


def says(body=PDF, status=200, **headers):
    """Answers with the same thing every time."""

    async def answer(_request):
        return web.Response(status=status, body=body, headers=headers)

    return answer


def leads_to(location, status=302):
    """Answers with a redirect."""
    return says(b"", status, Location=location)


def pours(size, poured):
    """Answers with a PDF of so many bytes, without saying how many they are; notes what got away."""

    async def answer(request):
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(PDF)
            for _ in range(0, size, 65536):
                await response.write(bytes(65536))
                poured.append(65536)
        return response

    return answer


@contextlib.asynccontextmanager
async def hosting(**answers):
    """A host that is up; what it answers, by path."""
    host = Documents({f"/{name}": list(reported) for name, reported in answers.items()})
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", host.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield host
    finally:
        await runner.cleanup()
