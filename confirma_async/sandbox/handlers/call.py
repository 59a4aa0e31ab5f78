"""What a handler is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.sandbox.answers import Answer
from confirma_async.sandbox.clock import VirtualClock
from confirma_async.sandbox.store import Client, Store


@frozen(kw_only=True)
class World:
    """What the sandbox is made of: its state, its time, and the wire names it speaks."""

    store: Store
    clock: VirtualClock
    converter: Converter


@frozen(kw_only=True)
class Call:
    """One request whose token was accepted.

    Attributes:
        client: Who asks.
        query: The query parameters; of one given twice, the first.
        body: The body as it came.
        listing_delay: Real seconds that what this call stores stays unlisted (a fault).
    """

    client: Client
    query: Mapping[str, str]
    body: bytes
    listing_delay: float = 0.0


Handler: TypeAlias = Callable[[World, Call], Answer]
