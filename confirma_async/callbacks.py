"""Functions of the user's, which may be coroutine functions or not."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


async def result_of(function: Callable[P, Awaitable[T] | T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls a function and returns its result, awaited where it must be."""
    result: Any = function(*args, **kwargs)
    return cast("T", await result if inspect.isawaitable(result) else result)
