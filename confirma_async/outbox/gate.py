"""What keeps a service from asking again and again with a key that is refused."""

from __future__ import annotations

from attrs import define, field

from confirma_async.contract import Operation
from confirma_async.errors import AuthenticationError, CallError, ConfigurationError, PermissionDeniedError
from confirma_async.privacy import Secret
from confirma_async.session.pipeline import Pipeline

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after a refusal in which nothing is sent: doubled by each further refusal."""


@define
class Gate:
    """Is closed while the service refuses the key: one call tries again after each pause.

    It opens when a call succeeds, or when there is another key.
    """

    _refusal: CallError | None = None
    _key: Secret | None = None
    _pause: float = 0.0
    _opens_at: float = field(init=False, default=0.0)
    _trying: bool = field(init=False, default=False)

    def passed(self, key: Secret | None, now: float) -> CallError | None:
        """Let a write through and return None, or return the refusal for which it is not sent.

        Args:
            key: The key that it would bear; None where that is asked for only then.
            now: The loop time.
        """
        if self._refusal is None or key != self._key:
            return None
        if now < self._opens_at:
            return self._refusal
        self._opens_at, self._trying = now + self._pause, True  # the others wait for what this one comes to
        return None

    def note(self, cause: CallError | None, key: Secret | None, now: float) -> None:
        """Take note of what a call came to: close for a refusal of the key, and open for an answer.

        Args:
            cause: The error for which it was not taken; None where the service answered.
            key: The key that it bore.
            now: The loop time.
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
        self._refusal, self._key, self._opens_at, self._trying = cause, key, now + self._pause, False


def current_key(pipeline: Pipeline, operation: Operation[object]) -> Secret | None:
    """Return the key that a call would bear now; None where there is none, which the call itself says."""
    try:
        return pipeline.keys.of(operation).current
    except ConfigurationError:
        return None
