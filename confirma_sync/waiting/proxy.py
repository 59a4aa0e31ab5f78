"""Derives blocking verbs from asynchronous ones, with their parameters and docstrings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast

from confirma_async import pagination
from confirma_async.errors import ConfigurationError
from confirma_async.pagination import Page
from confirma_async.session.closing import AsyncClosing
from confirma_sync.waiting.portal import PerFork, Portal

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Answer = TypeVar("Answer")
Record = TypeVar("Record")

TAKEN_OVER = tuple(name for name in functools.WRAPPER_ASSIGNMENTS if name != "__module__")
"""The attributes that a derived function takes from its original: all but the module's name."""


class SyncProxy:
    """The blocking counterpart of an asynchronous object.

    Attributes:
        portal: Runs the coroutines of the asynchronous object.
    """

    def __init__(self, portal: Portal[Any], find: Callable[[], Any]) -> None:
        self.portal: Portal[Any] = portal
        self._find = find

    @property
    def original(self) -> Any:
        """The asynchronous object; a child process has another one."""
        return self._find()


class Closing(SyncProxy):
    """A blocking object with ``close``, which is called at the end of its ``with`` block, too."""

    def _open(self, make: Callable[..., AsyncClosing], options: Mapping[str, object]) -> None:
        """Make an asynchronous client, and a portal to it.

        Args:
            make: Makes the client; called again in a child process.
            options: The keyword arguments for ``make``.

        Raises:
            ConfigurationError: ``options`` has a ``session``, which belongs to another event loop.
        """
        if options.get("session") is not None:
            raise ConfigurationError(
                "confirma_sync runs on an event loop of its own, where no session of yours can work; "
                "give an ssl_context or a transport instead"
            )
        if isinstance(hooks := options.get("hooks"), Iterable):  # a child process needs them again
            options = {**options, "hooks": tuple(cast("Iterable[object]", hooks))}
        portal = Portal(functools.partial(make, **options), lambda client: client.aclose())
        SyncProxy.__init__(self, portal, lambda: portal.target)

    def close(self) -> None:
        """End the calls under way, and close what was opened. Closing twice is fine."""
        self.portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Opening(SyncProxy):
    """A blocking object that is open only in its ``with`` block, like its original in ``async with``."""

    def __enter__(self) -> Self:
        self.portal.run(self.original.__aenter__)
        return self

    def __exit__(self, *_: object) -> None:
        self.portal.run(lambda: self.original.__aexit__(None, None, None))


class Pager(Generic[Answer, Record]):
    """A list that is not fetched yet.

    ``fetch()`` returns one call's whole answer, as ``await`` does in ``confirma_async``. Iterate over the
    list itself for its records, or over ``pages()`` for the records of one call at a time. The iteration
    fetches a page only when it comes to it.
    """

    def __init__(self, portal: Portal[Any], find: Callable[[], pagination.Pager[Answer, Record]]) -> None:
        self._portal = portal
        self._find = find

    def fetch(self) -> Answer:
        """Return the whole answer to one call.

        Raises:
            CallError: the call failed.
        """

        async def fetched() -> Answer:
            return await self._find()

        return self._portal.run(fetched)

    def __iter__(self) -> Iterator[Record]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[Page[Record]]:
        """Yield the pages, each with the records of one call; a call that finds none yields an empty page."""
        return self._portal.iterate(self._find().pages())


def blocking(
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[SyncProxy, P], R]:
    """Return a verb that waits for the given one, and has its name, parameters, docstring and return type."""

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return proxy.portal.run(lambda: verb(proxy.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def blocking_after(
    prepare: Callable[Concatenate[Any, P], Callable[[], Coroutine[Any, Any, R]]],
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[SyncProxy, P], R]:
    """Return a verb that waits for the given one, and does in the calling thread all that needs no loop.

    What this thread has prepared is then in its own processor's cache, from which the loop's thread would
    have to fetch it.

    Args:
        prepare: Does the part that needs no loop, and returns a function that makes the coroutine of the
            rest.
        verb: The whole verb, whose name, parameters, docstring and return type the result has.
    """

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return proxy.portal.run(prepare(proxy.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def on_the_loop(function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[SyncProxy, P], R]:
    """Return a function that calls the given one on the loop, and waits for its result."""

    async def awaited(original: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(original, *args, **kwargs)

    return functools.update_wrapper(blocking(awaited), function, assigned=TAKEN_OVER)


def standing_for(
    verb: Callable[Concatenate[Any, P], R], make: Callable[[Portal[Any], Callable[[], R]], S]
) -> Callable[Concatenate[SyncProxy, P], S]:
    """Return a verb that returns the blocking counterpart of what the given one returns.

    Args:
        verb: The asynchronous client's verb, which returns an object without waiting.
        make: Makes the counterpart, given the portal and a function that returns the asynchronous object.
    """

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> S:
        return make(proxy.portal, PerFork(proxy.portal, lambda: verb(proxy.original, *args, **kwargs)))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def listing(
    verb: Callable[Concatenate[Any, P], pagination.Pager[Answer, Record]],
) -> Callable[Concatenate[SyncProxy, P], Pager[Answer, Record]]:
    """Return a verb that returns a blocking ``Pager`` for the asynchronous one of the given verb."""
    return standing_for(verb, Pager[Answer, Record])


def constructor(
    original: Callable[Concatenate[Any, P], None],
) -> Callable[[Callable[Concatenate[S, ...], None]], Callable[Concatenate[S, P], None]]:
    """Return a decorator that gives an ``__init__`` the signature of another one."""

    def decorate(init: Callable[Concatenate[S, ...], None]) -> Callable[Concatenate[S, P], None]:
        return functools.update_wrapper(init, original, assigned=())

    return decorate
