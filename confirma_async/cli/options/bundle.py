"""Several options of a command as one object."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")
Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def bundle(name: str, make: Callable[..., object], *options: Decorator) -> Decorator:
    """Make a decorator that gives a command some options, and the command one object of them.

    Args:
        name: The parameter of the command that gets the object.
        make: Makes the object. The names of its parameters are those of the options' values.
        options: The options, in the order in which the help shows them.
    """
    parameters = tuple(inspect.signature(make).parameters)

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def with_bundle(*args: Any, **values: Any) -> R:
            bundled = {parameter: values.pop(parameter) for parameter in parameters}
            return command(*args, **{name: make(**bundled)}, **values)

        decorated: Callable[..., R] = with_bundle
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
