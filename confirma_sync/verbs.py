"""Blocking verbs, each derived from its asynchronous one: nothing is written twice."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from confirma_async import pagination
from confirma_sync.listing import Listing
from confirma_sync.portal import PerGuest, Portal

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
Answer = TypeVar("Answer")
Record = TypeVar("Record")

TAKEN_OVER = tuple(name for name in functools.WRAPPER_ASSIGNMENTS if name != "__module__")
"""What a derived function has from its original; the module that it stands in is its own."""


class Twin:
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


def blocking(
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Twin, P], R]:
    """The verb, waited for. Name, parameters, docstring and return type stay as they are."""

    def call(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return twin.portal.run(lambda: verb(twin.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def blocking_after(
    prepare: Callable[Concatenate[Any, P], Callable[[], Coroutine[Any, Any, R]]],
    verb: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Twin, P], R]:
    """The verb, waited for; the calling thread itself does all that needs no loop.

    What it prepares is at hand in its processor then, and would have to be fetched into the loop's.

    Args:
        prepare: Does that, and returns the rest of the verb.
        verb: The verb as a whole, whose name, parameters, docstring and return type this has.
    """

    def call(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return twin.portal.run(prepare(twin.original, *args, **kwargs))

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def on_the_loop(function: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Twin, P], R]:
    """The same function, called on the loop."""

    async def awaited(original: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(original, *args, **kwargs)

    return functools.update_wrapper(blocking(awaited), function, assigned=TAKEN_OVER)


def listing(
    verb: Callable[Concatenate[Any, P], pagination.Listing[Answer, Record]],
) -> Callable[Concatenate[Twin, P], Listing[Answer, Record]]:
    """The verb, with a list that is iterated, or fetched, by a thread that waits for it."""

    def call(twin: Twin, /, *args: P.args, **kwargs: P.kwargs) -> Listing[Answer, Record]:
        find = PerGuest(twin.portal, lambda _: verb(twin.original, *args, **kwargs))
        return Listing(twin.portal, find)

    return functools.update_wrapper(call, verb, assigned=TAKEN_OVER)


def constructor(
    original: Callable[Concatenate[Any, P], None],
) -> Callable[[Callable[Concatenate[S, ...], None]], Callable[Concatenate[S, P], None]]:
    """Gives an ``__init__`` the parameters of another one, for people and type checkers alike."""

    def decorate(init: Callable[Concatenate[S, ...], None]) -> Callable[Concatenate[S, P], None]:
        return functools.update_wrapper(init, original, assigned=())

    return decorate
