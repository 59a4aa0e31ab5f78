"""The options of a single call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict, TypeVar

from attrs import define, field

from confirma_async.errors import FindOut
from confirma_async.signatures import shows

C = TypeVar("C", bound=type)


class Options(TypedDict, total=False):
    """The keyword arguments that every verb takes.

    Attributes:
        timeout: Seconds for the whole call: waiting for the limiter, all attempts and the pauses between
            them; above 0 and at most 86,400 (a day). Each call of a list has all of it. None for the
            client's timeout.
        headers: Headers to add. Those that the SDK sets itself cannot be set.
        query: Query parameters to add. Parameters of the verb itself cannot be set.
        retries: How often a request that is safe to repeat is tried again: from 0 to 99. None for the
            client's policy.
        strict: Whether every difference of the answer from the contract is an error, even one that could be
            tolerated. None for the client's choice.
    """

    timeout: float | None
    headers: Mapping[str, str] | None
    query: Mapping[str, str | int | bool] | None
    retries: int | None
    strict: bool | None


@define(kw_only=True)
class CallOptions:
    """The options of a call: those of its caller, and those that its verb adds. They never change.

    Attributes:
        timeout: See ``Options``, as for the next four.
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
    """Decorate a class so that ``help()`` and ``inspect.signature`` show each of ``Options`` in its verbs."""
    return shows(Options, CallOptions)(cls)
