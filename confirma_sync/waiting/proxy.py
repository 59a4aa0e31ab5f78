"""Blocking verbs, each derived from its asynchronous one: nothing is written twice."""

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
"""What a derived function has from its original; the module that it stands in is its own."""


class SyncProxy:
    """What stands for an asynchronous object on the other side of a portal.

    Attributes:
        portal: The way there.
    """

    def __init__(self, portal: Portal[Any], find: Callable[[], Any]) -> None:
        self.portal: Portal[Any] = portal
        self._find = find

    @property
    def original(self) -> Any:
        """The asynchronous object; another one in a child process."""
        return self._find()


class Closing(SyncProxy):
    """What is closed for good, at the latest at the end of its ``with`` block."""

    def _open(self, make: Callable[..., AsyncClosing], options: Mapping[str, object]) -> None:
        """Make an asynchronous client, and a portal to it.

        Args:
            make: Makes the client.
            options: What it takes by keyword.

        Raises:
            ConfigurationError: there is a ``session``, which could belong to no loop but another one.
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
        """End what is under way and close what was opened. Closing twice is fine."""
        self.portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Opening(SyncProxy):
    """What is open within its ``with`` block only, as its original is within ``async with``."""

    def __enter__(self) -> Self:
        self.portal.run(self.original.__aenter__)
        return self

    def __exit__(self, *_: object) -> None:
        self.portal.run(lambda: self.original.__aexit__(None, None, None))


class Pager(Generic[Answer, Record]):
    """A list that is not fetched yet.

    ``fetch()`` gives one call's whole answer, as ``await`` does in ``confirma_async``. Iterate over it for
    record after record, or over ``pages()`` for the records of one call at a time. Iterating fetches page
    after page, only as far as the iteration goes.
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
        """Return the pages, each with the records of one call; a call that finds none gives an empty page."""
        return self._portal.iterate(self._find().pages())


def blocking(
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[SyncProxy, P], R]:
    """Return the verb, waited for. Name, parameters, docstring and return type stay as they are."""

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return proxy.portal.run(lambda: verb(proxy.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def blocking_after(
    prepare: Callable[Concatenate[Any, P], Callable[[], Coroutine[Any, Any, R]]],
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[SyncProxy, P], R]:
    """Return the verb, waited for; the calling thread itself does all that needs no loop.

    What it prepares is at hand in its processor then, and would have to be fetched into the loop's.

    Args:
        prepare: Does that, and returns what makes the rest of the call.
        verb: The verb as a whole, whose name, parameters, docstring and return type this has.
    """

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return proxy.portal.run(prepare(proxy.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def on_the_loop(function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[SyncProxy, P], R]:
    """Return the same function, called on the loop."""

    async def awaited(original: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(original, *args, **kwargs)

    return functools.update_wrapper(blocking(awaited), function, assigned=TAKEN_OVER)


def standing_for(
    verb: Callable[Concatenate[Any, P], R], make: Callable[[Portal[Any], Callable[[], R]], S]
) -> Callable[Concatenate[SyncProxy, P], S]:
    """Return the verb, with what stands here for what it returns.

    Args:
        verb: The verb, which waits for nothing.
        make: Makes that, of the portal and of what finds the asynchronous object.
    """

    def call(proxy: SyncProxy, /, *args: P.args, **kwargs: P.kwargs) -> S:
        return make(proxy.portal, PerFork(proxy.portal, lambda: verb(proxy.original, *args, **kwargs)))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def listing(
    verb: Callable[Concatenate[Any, P], pagination.Pager[Answer, Record]],
) -> Callable[Concatenate[SyncProxy, P], Pager[Answer, Record]]:
    """Return the verb, with a list that is iterated, or fetched, by a thread that waits for it."""
    return standing_for(verb, Pager[Answer, Record])


def constructor(
    original: Callable[Concatenate[Any, P], None],
) -> Callable[[Callable[Concatenate[S, ...], None]], Callable[Concatenate[S, P], None]]:
    """Give an ``__init__`` the parameters of another one, for people and type checkers alike."""

    def decorate(init: Callable[Concatenate[S, ...], None]) -> Callable[Concatenate[S, P], None]:
        return functools.update_wrapper(init, original, assigned=())

    return decorate
