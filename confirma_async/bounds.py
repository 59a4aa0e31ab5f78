"""Bounds of numbers: one table, from which arguments are checked and help texts are made."""

from __future__ import annotations

import numbers
from typing import Any, cast

import attrs
from attrs import frozen

from confirma_async.errors import ConfigurationError

DAY = 86_400


@frozen(kw_only=True)
class Bounds:
    """The least and the greatest that a number may be.

    Attributes:
        least: The least.
        most: The greatest.
        above: Whether the least itself is too little.
        whole: Whether it must be a whole number.
        of: What it counts: ``seconds``.
    """

    least: float
    most: float
    above: bool = False
    whole: bool = False
    of: str = ""

    def __str__(self) -> str:
        noun = f"a {'whole ' if self.whole else ''}number{f' of {self.of}' if self.of else ''}"
        if self.above:
            return f"{noun} above {self.least:,} and at most {self.most:,}"
        return f"{noun} from {self.least:,} to {self.most:,}"

    def hold(self, value: object) -> bool:
        """Say whether a value is such a number: not ``nan``, infinite, a truth value or a text."""
        if isinstance(value, bool) or not isinstance(value, numbers.Integral if self.whole else numbers.Real):
            return False
        number = cast("float", value)
        return self.least < number <= self.most if self.above else self.least <= number <= self.most

    def check(self, name: str, value: object) -> None:
        """Refuse what is no such number.

        Args:
            name: What a caller knows it by: the name of the parameter.
            value: What it was given; None is no number either.

        Raises:
            ConfigurationError: it is none.
        """
        if not self.hold(value):  # the value itself is not shown: it may be a key that was mixed up
            raise ConfigurationError(f"{name} must be {self}")


@frozen
class Within:
    """Holds an attribute of an attrs class against bounds: its validator, which says what the bounds are.

    Attributes:
        bounds: The bounds.
        optional: Whether None passes.
    """

    bounds: Bounds
    optional: bool

    def __call__(self, _instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        """Refuse what is out of the bounds."""
        if value is not None or not self.optional:
            self.bounds.check(attribute.name, value)


def within(bounds: Bounds, *, optional: bool = False) -> Any:
    """Hold an attribute of an attrs class against bounds; None passes where it is optional."""
    return Within(bounds, optional)


TIMEOUT = Bounds(least=0, most=DAY, above=True, of="seconds")
"""For one call. No call waits for ever, and none longer than a day."""
ANSWER_LIMIT = Bounds(least=1, most=2**32, whole=True, of="bytes")

PER_SECOND = Bounds(least=0.001, most=100_000, of="calls per second")
BURST = Bounds(least=1, most=10_000, whole=True, of="calls")
CONCURRENCY = Bounds(least=1, most=10_000, whole=True, of="calls")
"""Each call under way may hold a connection and a file descriptor."""

PROCESSES = Bounds(least=1, most=64, whole=True)

ATTEMPTS = Bounds(least=1, most=100, whole=True)
RETRIES = Bounds(least=0, most=99, whole=True)
BACKOFF = Bounds(least=0, most=3600, above=True, of="seconds")
BUDGET = Bounds(least=0, most=1_000_000, whole=True, of="retries")

SETTLE = Bounds(least=0, most=7 * DAY, of="seconds")
MAX_CONSECUTIVE_REJECTIONS = Bounds(least=1, most=1_000_000, whole=True, of="rejections")
EXPECTED = Bounds(least=0, most=10**12, whole=True, of="records")
KEEP_DAYS = Bounds(least=1, most=3650, whole=True, of="days")
CHUNK_SIZE = Bounds(least=1, most=10_000, whole=True, of="invoices")
"""Of what a worker takes at a time."""

NUMBER = Bounds(least=0, most=10**18 - 1, whole=True)
"""Of an invoice or a case, as one asks for it."""
FIRST_NUMBER = Bounds(least=1, most=10**18 - 1, whole=True)
"""The first that is given to an invoice."""
DUE_DAYS = Bounds(least=0, most=3650, whole=True, of="days")

HORIZON = Bounds(least=0, most=365, whole=True, of="days")
"""For which a reconciliation waits for the other side."""

PAGE = Bounds(least=1, most=10**9, whole=True)
PAGE_SIZE = Bounds(least=1, most=1_000_000, whole=True, of="records")
SKIPPED = Bounds(least=0, most=1_000_000, whole=True, of="records")
WINDOW = Bounds(least=1, most=3650, whole=True, of="days")

PORT = Bounds(least=0, most=65_535, whole=True)
TIMES = Bounds(least=1, most=10**9, whole=True, of="requests")
PROBABILITY = Bounds(least=0, most=1, above=True)
FAULT_SECONDS = Bounds(least=0, most=DAY, of="seconds")
WEEKDAY = Bounds(least=0, most=6, whole=True)
