"""Stops the calls of an outbox while the service rejects its key."""

from __future__ import annotations

import asyncio

from attrs import define, field

from confirma_async.contract import Operation
from confirma_async.errors import AuthenticationError, CallError, ConfigurationError, PermissionDeniedError
from confirma_async.privacy import Secret
from confirma_async.session.pipeline import Pipeline

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after a refusal in which nothing is sent: doubled by each further refusal."""


@define
class Gate:
    """Lets no write through while the service rejects the key, except one after each pause, as a test.

    It opens when a call succeeds, or when the key changes.

    Attributes:
        pipeline: The way to the service, which has the keys.
        operation: An operation that bears the key.
    """

    pipeline: Pipeline
    operation: Operation[object]
    _refusal: CallError | None = field(init=False, default=None)
    _key: Secret | None = field(init=False, default=None)
    _pause: float = field(init=False, default=0.0)
    _opens_at: float = field(init=False, default=0.0)
    _trying: bool = field(init=False, default=False)

    @property
    def key(self) -> Secret | None:
        """The key that a call would use now; None where there is none: the call itself then fails."""
        try:
            return self.pipeline.keys.of(self.operation).current
        except ConfigurationError:
            return None

    def passed(self) -> CallError | None:
        """Let a write through and return None, or return the refusal for which it is not sent."""
        if self._refusal is None or self.key != self._key:
            return None
        now = asyncio.get_running_loop().time()
        if now < self._opens_at:
            return self._refusal
        self._opens_at, self._trying = now + self._pause, True  # the others wait for what this one comes to
        return None

    def note(self, cause: CallError | None, key: Secret | None = None) -> None:
        """Close after a refusal of the key, and open after a call that the service accepted.

        Args:
            cause: The error of the call; None where the service accepted the call.
            key: The key that the call used; needed with an error.
        """
        if cause is None:
            self._refusal, self._trying = None, False
            return
        if not isinstance(cause, AuthenticationError | PermissionDeniedError):
            return
        if self._refusal is None or key != self._key:
            self._pause = FIRST_PAUSE
        elif self._trying:
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
        else:
            return  # one of those that were under way when the first was refused
        self._refusal, self._key, self._trying = cause, key, False
        self._opens_at = asyncio.get_running_loop().time() + self._pause
