"""Counts the differences of answers from the contract (drift), and logs each place once."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from attrs import define, evolve, field

from confirma_async.privacy import visible
from confirma_async.schemas.drift import Drift

logger: logging.Logger = logging.getLogger("confirma_async")


@define
class Drifts:
    """The differences that a client has met, by operation. Their paths hold only names of the contract."""

    _found: dict[tuple[str, Drift], int] = field(factory=dict[tuple[str, Drift], int])

    def note(self, operation: str, drifts: Sequence[Drift]) -> None:
        """Count differences, and log those that are new as warnings.

        Args:
            operation: The operation that was called.
            drifts: The differences of its answer.
        """
        for drift in drifts:
            place = operation, evolve(drift, count=1)
            if place not in self._found:
                message = f"{drift.path}: expected {drift.expected}, found {drift.found}"
                logger.warning(
                    "%s: the answer is not as the contract says, and was read as far as it is: %s",
                    operation,
                    visible(message),
                    extra={"operation": operation, "path": drift.path, "found": drift.found},
                )
            self._found[place] = self._found.get(place, 0) + drift.count

    def by_operation(self) -> Mapping[str, Sequence[Drift]]:
        """Return all differences so far, with their numbers."""
        result: dict[str, list[Drift]] = {}
        for (operation, drift), count in self._found.items():
            result.setdefault(operation, []).append(evolve(drift, count=count))
        return result
