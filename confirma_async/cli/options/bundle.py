"""Gives a command the values of several options as one object."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")
Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]


def bundle(
    name: str, make: Callable[..., object], *options: Decorator, parameters: Sequence[str] | None = None
) -> Decorator:
    """Make a decorator that adds options to a command, which gets one object made from them.

    Args:
        name: The parameter of the command that gets the object.
        make: Makes the object. The names of its parameters are those of the options' values.
        options: The options, in the order in which the help shows them.
        parameters: The parameters of ``make`` that have options; all of them unless given.
    """
    taken = tuple(inspect.signature(make).parameters) if parameters is None else parameters

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def with_bundle(*args: Any, **values: Any) -> R:
            made = make(**{parameter: values.pop(parameter) for parameter in taken})
            return command(*args, **{name: made}, **values)

        decorated: Callable[..., R] = with_bundle
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
