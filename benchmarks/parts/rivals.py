"""Client libraries of other services, to compare with: each posts an object as JSON, in its own way.

They are no dependencies of the project: ``make bench`` installs them, and what is not installed is left out.
They know nothing of invoices: no checks, no exact decimals, no names of their own for what is sent.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeAlias

from parts.drive import API_KEY

Post: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[object]]

PATH = "/v2/invoice"
"""What the server is asked for: it gives every path the same answer, and stripe sends JSON below /v2 only."""


@contextlib.asynccontextmanager
async def rival_posts(url: str) -> AsyncIterator[dict[str, Post]]:
    """Open the libraries that are installed; give each one's way of posting and reading the answer."""
    async with AsyncExitStack() as opened:
        yield {
            name: await opened.enter_async_context(open_it(url))
            for name, open_it in _RIVALS.items()
            if importlib.util.find_spec(name)
        }


def rival_versions() -> dict[str, str]:
    """Return the version of each, or that it is not installed."""
    return {
        name: importlib.metadata.version(name) if importlib.util.find_spec(name) else "not installed"
        for name in _RIVALS
    }


@contextlib.asynccontextmanager
async def _openai(url: str) -> AsyncIterator[Post]:
    from openai import AsyncOpenAI, BaseModel

    class Receipt(BaseModel):  # type: ignore[misc]  # its types are not looked at
        message: str
        status: str
        errors: list[str]

    async with AsyncOpenAI(api_key=API_KEY, base_url=url) as client:

        async def post(invoice: Mapping[str, Any]) -> object:
            return await client.post(PATH, body=invoice, cast_to=Receipt)

        yield post


@contextlib.asynccontextmanager
async def _stripe(url: str) -> AsyncIterator[Post]:
    import stripe

    http = stripe.AIOHTTPClient()
    client = stripe.StripeClient(API_KEY, base_addresses={"api": url}, http_client=http)

    async def post(invoice: Mapping[str, Any]) -> object:
        answer = await client.raw_request_async("post", PATH, **invoice)
        return client.deserialize(answer, api_mode="V2")

    try:
        yield post
    finally:
        await http.close_async()


_RIVALS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Post]]] = {
    "openai": _openai,
    "stripe": _stripe,
}
