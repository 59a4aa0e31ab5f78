"""The options of a write: every verb of an outbox takes them by keyword."""

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
    """The options of a write; every verb of an outbox takes each of these by its name.

    Attributes:
        validate: Whether to check the request against the rules that need no server. ``"strict"`` also
            refuses it for what is only a warning otherwise.
        allow: Ids of rules that the request may break.
        timeout: Seconds for the call, with its wait for the rate limit; at most the client's own timeout.
            None for the client's own.
        headers: Headers to add. The SDK's own cannot be set.
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
        """Which rules are checked, and how strictly."""
        return Checks(self.validate, self.allow)
