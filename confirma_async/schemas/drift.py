"""Where an answer is not as the contract says: places, kinds and counts, never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from attrs import evolve, frozen


@frozen
class Drift:
    """One way in which an answer differs from the contract.

    Attributes:
        path: Where, as a JSON path with wire names; ``[]`` stands for every record of a list:
            ``$.settlements[].settlementDate``.
        expected: What the contract says, in words: ``a date as YYYY-MM-DD``.
        found: What stands there: ``text``, ``nothing``, ``object``, ``missing``.
        count: How often.
    """

    path: str
    expected: str
    found: str
    count: int = 1

    def __str__(self) -> str:
        often = f", {self.count} times" if self.count > 1 else ""
        return f"{self.path}: expected {self.expected}, found {self.found}{often}"


class Kept(dict[str, Any]):
    """The ``extra`` of an object in which something was not as the contract says."""

    drift: tuple[Drift, ...] = ()


def counted(found: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return the same, those of one place and kind counted together, in the order of their first."""
    counts: Counter[Drift] = Counter()
    for each in found:
        counts[evolve(each, count=1)] += each.count
    return tuple(evolve(each, count=count) for each, count in counts.items())
