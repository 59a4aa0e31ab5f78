"""Keeps answers with the key of a new client in memory, until a caller has received them."""

from __future__ import annotations

import logging
from typing import Any

from attrs import define, field

from confirma_async.outbox.outcomes import WriteOutcome

logger: logging.Logger = logging.getLogger("confirma_async")


@define
class UnheardAnswers:
    """Answers to writes that no caller has received yet, because the call was cancelled."""

    _outcomes: dict[str, tuple[bytes, WriteOutcome[Any]]] = field(
        init=False, factory=dict[str, tuple[bytes, WriteOutcome[Any]]]
    )

    def add(self, key: str, digest: bytes, outcome: WriteOutcome[Any]) -> None:
        """Keep the outcome of a write, with its answer."""
        self._outcomes[key] = digest, outcome

    def take(self, key: str, digest: bytes) -> WriteOutcome[Any] | None:
        """Return and remove the kept outcome for a caller that gives the same write again; None for none."""
        kept, outcome = self._outcomes.get(key, (b"", None))
        if outcome is None or kept != digest:
            return None
        del self._outcomes[key]
        return outcome

    def heard(self, key: str) -> None:
        """Remove an answer that its caller has got."""
        self._outcomes.pop(key, None)

    def close(self) -> None:
        """Log which answers are lost now."""
        for key in self._outcomes:
            logger.error(
                "the service has made the client %s, and no caller has taken the answer: its key is lost. "
                "Ask the vendor for another one",
                key,
            )
        self._outcomes.clear()
