"""The mirror, for blocking code."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from confirma_async import mirror as asynchronous
from confirma_sync.waiting.proxy import TAKEN_OVER, SyncProxy, blocking

P = ParamSpec("P")
T = TypeVar("T")


def _iterating(
    verb: Callable[Concatenate[Any, P], AsyncGenerator[T]],
) -> Callable[Concatenate[SyncProxy, P], Iterator[T]]:
    def call(twin: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return twin.portal.iterate(verb(twin.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


class Mirror(SyncProxy):
    """``confirma.mirror``: a database with a copy of what the service lists, and with its history."""

    sync: Final = blocking(asynchronous.Mirror.sync)
    reconcile: Final = blocking(asynchronous.Mirror.reconcile)
    explain: Final = blocking(asynchronous.Mirror.explain)
    events: Final = _iterating(asynchronous.Mirror.events)
    rebuild: Final = blocking(asynchronous.Mirror.rebuild)
    query: Final = blocking(asynchronous.Mirror.query)
