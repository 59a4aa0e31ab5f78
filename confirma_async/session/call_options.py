"""What one call does differently from the others."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict, TypeVar

from attrs import define, field

from confirma_async.errors import FindOut

C = TypeVar("C", bound=type)


class Options(TypedDict, total=False):
    """What every verb takes, by keyword.

    Attributes:
        timeout: Seconds for the whole call: waiting for the limiter, all attempts and the pauses between
            them; above 0 and at most 86,400 (a day). Each call of a list has as much. None for the client's
            own.
        headers: Headers to add. The SDK's own cannot be set.
        query: Query parameters to add. Parameters of the verb itself cannot be set.
        retries: How often a request that is safe to repeat is tried again: from 0 to 99. None for the
            client's own.
        strict: Whether every difference of the answer from the contract is an error, also one that could be
            tolerated. None for the client's own choice.
    """

    timeout: float | None
    headers: Mapping[str, str] | None
    query: Mapping[str, str | int | bool] | None
    retries: int | None
    strict: bool | None


@define(kw_only=True)
class CallOptions:
    """The options of one call: those of its caller, and those that its verb adds.

    Made once, and not changed.

    Attributes:
        timeout: See ``Options``, as for the four that follow.
        headers: Headers to add.
        query: Query parameters to add.
        retries: How often it is tried again.
        strict: Whether a tolerable difference from the contract is an error.
        subject: What the call is about, for messages: ``invoice 1042``.
        find_out: Returns the call that shows the outcome; called only if the outcome is unknown.
        before_send: Awaited after the limiter, right before each attempt sends its first byte. An error that
            it raises stops the call, and that attempt sends nothing.
    """

    timeout: float | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    query: Mapping[str, str | int | bool] | None = field(default=None, repr=False)
    retries: int | None = None
    strict: bool | None = None
    subject: str | None = None
    find_out: Callable[[], FindOut | None] | None = None
    before_send: Callable[[], Awaitable[None]] | None = None


def takes_options(cls: C) -> C:
    """Make ``help()`` and ``inspect.signature`` show each of ``Options`` in the verbs of a class."""
    return shows(Options, CallOptions)(cls)


def shows(arguments: type, options: type) -> Callable[[C], C]:
    """Make ``help()`` and ``inspect.signature`` show each option of the verbs of a class by its own name.

    Args:
        arguments: The typed dict that the verbs unpack.
        options: The class that has an attribute for each of them, with its default.
    """
    parameters = inspect.signature(options).parameters
    shown = [
        parameters[name].replace(annotation=kind) for name, kind in typing.get_type_hints(arguments).items()
    ]

    def show(cls: C) -> C:
        for name, verb in vars(cls).items():
            if not name.startswith("_") and inspect.isfunction(verb):
                signature = inspect.signature(verb)
                own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
                if len(own) < len(signature.parameters):
                    verb.__signature__ = signature.replace(parameters=[*own, *shown])  # type: ignore[attr-defined]  # a function takes any attribute
        return cls

    return show
