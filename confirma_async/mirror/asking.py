"""Questions to the mirror in SQL, which can only read."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from confirma_async.errors import ConfigurationError
from confirma_async.mirror.store.database import Found
from confirma_async.mirror.store.opening import Where, open_mirror
from confirma_async.validation.sums import EXACT

MOST = 1_000_000
"""Rows of an answer at most, unless said otherwise."""

CENTS = "_cents"
"""How the name of a column ends that holds hundredths; its amounts are told without that."""


@frozen
class QueryResult:
    """The answer to a question.

    Attributes:
        columns: The names of the columns; of one that holds hundredths, without ``_cents``.
        rows: The rows; hundredths are exact decimals.
        cut: Whether there are more rows than were asked for.
    """

    columns: Sequence[str]
    rows: Sequence[Found] = field(repr=False)
    cut: bool = False

    def to_arrow(self) -> Any:
        """Return a ``pyarrow.Table``, whose amounts are decimals; ``.to_pandas()`` goes on from there.

        Raises:
            ConfigurationError: pyarrow is not installed.
        """
        try:
            arrow: Any = importlib.import_module("pyarrow")
        except ImportError as error:
            raise ConfigurationError("this needs pyarrow: pip install 'confirma-sdk[parquet]'") from error
        arrays: list[Any] = [
            arrow.array(values, type=arrow.decimal128(38, 2) if _are_decimals(values) else None)
            for values in ([row[place] for row in self.rows] for place in range(len(self.columns)))
        ]
        return arrow.table(arrays, names=list(self.columns))


def ask(question: str, db: Where = None, *, most: int = MOST) -> QueryResult:
    """Ask the mirror: ``ask("SELECT currency, sum(amount_cents) AS paid_cents FROM payments GROUP BY 1")``.

    Args:
        question: One SELECT; anything else is refused before it begins.
        db: The mirror; that of CONFIRMA_MIRROR, else one beside the journals, unless given.
        most: Rows that are returned at most, from 1 on.

    Raises:
        MirrorError: there is no mirror, or the question cannot be answered.
    """
    database = open_mirror(db)
    try:
        found = database.ask(question, most)
    finally:
        database.close()
    exact = [
        name.endswith(CENTS) and all(row[place] is None or _is_exact(row[place]) for row in found.rows)
        for place, name in enumerate(found.columns)
    ]
    return QueryResult(
        [
            name.removesuffix(CENTS) if is_exact else name
            for name, is_exact in zip(found.columns, exact, strict=True)
        ],
        [
            tuple(_amount(value) if is_exact else value for value, is_exact in zip(row, exact, strict=True))
            for row in found.rows
        ],
        found.cut,
    )


def _is_exact(value: object) -> bool:
    return isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool))


def _amount(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-2, EXACT)


def _are_decimals(values: Sequence[object]) -> bool:
    return any(isinstance(value, Decimal) for value in values)
