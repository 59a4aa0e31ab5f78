"""Answers that are nowhere else, until a caller has them: those with the key of a new client."""

from __future__ import annotations

import logging
from typing import Any

from attrs import define, field

from confirma_async.outbox.outcomes import WriteOutcome

logger: logging.Logger = logging.getLogger("confirma_async")


@define
class UnheardAnswers:
    """What was answered to writes whose callers have not heard of it yet: they may have been cancelled."""

    _told: dict[str, tuple[bytes, WriteOutcome[Any]]] = field(
        init=False, factory=dict[str, tuple[bytes, WriteOutcome[Any]]]
    )

    def add(self, key: str, digest: bytes, told: WriteOutcome[Any]) -> None:
        """Keep the outcome of a write, with its answer."""
        self._told[key] = digest, told

    def take(self, key: str, digest: bytes) -> WriteOutcome[Any] | None:
        """Return what is kept of a write for a caller that gives the same again, once; None for nothing."""
        kept, told = self._told.get(key, (b"", None))
        if told is None or kept != digest:
            return None
        del self._told[key]
        return told

    def heard(self, key: str) -> None:
        """Forget an answer that its caller has."""
        self._told.pop(key, None)

    def close(self) -> None:
        """Log which answers are lost now."""
        for key in self._told:
            logger.error(
                "the service has made the client %s, and no caller has taken the answer: its key is lost. "
                "Ask the vendor for another one",
                key,
            )
        self._told.clear()
