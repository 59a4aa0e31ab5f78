"""How a write is done: what every verb of an outbox takes, by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from attrs import field, frozen

from confirma_async.bulk.models import Retry
from confirma_async.errors import ConfigurationError
from confirma_async.validation import Checks, Validate


class WriteArguments(TypedDict, total=False):
    """The attributes of ``WriteOptions`` as keyword arguments, for type checkers."""

    validate: Validate
    allow: Iterable[str]
    timeout: float | None
    headers: Mapping[str, str] | None
    retry: Retry | str


def _retry_of(given: Retry | str) -> Retry:
    try:
        return Retry(given)
    except ValueError:
        words = ", ".join(one.value for one in Retry)
        raise ConfigurationError(f"retry must be one of {words}; nothing was sent") from None


@frozen(kw_only=True)
class WriteOptions:
    """How a write is done; every verb of an outbox takes each of these by its name.

    Attributes:
        validate: Whether to check it against the rules that need no server; ``"strict"`` refuses it also for
            what is a warning otherwise.
        allow: Rules that it may break, by their ids.
        timeout: Seconds for the call, its wait for a turn included; at most the client's.
        headers: Headers to add.
        retry: Whether what the service rejected before is sent again, under the same number or key: ``none``,
            if it has ``changed``, or ``all``.
    """

    validate: Validate = True
    allow: Sequence[str] = field(default=(), converter=tuple[str, ...])
    timeout: float | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    retry: Retry = field(default=Retry.NONE, converter=_retry_of)

    @property
    def checks(self) -> Checks:
        """How strictly it is held against the rules."""
        return Checks(self.validate, self.allow)
