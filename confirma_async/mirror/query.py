"""Queries the mirror by SQL, and can only read."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from attrs import field, frozen

from confirma_async.errors import ConfigurationError, MirrorError
from confirma_async.mirror.store.database import Found
from confirma_async.mirror.store.opening import Where, open_mirror
from confirma_async.validation.sums import EXACT

MOST = 1_000_000
"""The greatest number of rows in an answer, by default."""

CENTS = "_cents"
"""The suffix of columns that hold hundredths. A result has amounts in units, under names without it."""


@frozen
class QueryResult:
    """The result of a query.

    Attributes:
        columns: The names of the columns, without the suffix ``_cents`` of hundredths. The second column of a
            name ends in ``_2``.
        rows: The rows. Amounts are exact decimals in whole currency units: 12345 cents are 123.45.
        cut: Whether there are more rows than ``most``.
    """

    columns: Sequence[str]
    rows: Sequence[Found] = field(repr=False)
    cut: bool = False

    def to_arrow(self) -> Any:
        """Return the rows as a ``pyarrow.Table``, whose amounts are decimals; it has ``.to_pandas()``.

        Raises:
            ConfigurationError: pyarrow is not installed.
            MirrorError: a column holds values of several kinds.
        """
        try:
            arrow: Any = importlib.import_module("pyarrow")
        except ImportError as error:
            raise ConfigurationError("this needs pyarrow: pip install 'confirma-sdk[parquet]'") from error
        arrays: list[Any] = []
        for place, name in enumerate(self.columns):
            values = [row[place] for row in self.rows]
            try:
                arrays.append(
                    arrow.array(values, type=arrow.decimal128(38, 2) if _are_amounts(values) else None)
                )
            except arrow.ArrowException as error:
                raise MirrorError(f"the column {name} holds values of several kinds; use CAST") from error
        return arrow.table(arrays, names=list(self.columns))


def ask(question: str, db: Where = None, *, most: int = MOST) -> QueryResult:
    """Query the mirror: ``ask("SELECT currency, sum(amount_cents) AS paid_cents FROM payments GROUP BY 1")``.

    Args:
        question: One SELECT statement; anything else is refused before it begins.
        db: The mirror: a file, or ``postgresql://...``. By default CONFIRMA_MIRROR, else a file beside the
            journals.
        most: The greatest number of rows to return; 1 or more.

    Raises:
        MirrorError: there is no mirror, or the question cannot be answered.
    """
    with contextlib.closing(open_mirror(db)) as database:
        found = database.ask(question, most)
    exact = [
        name.endswith(CENTS) and all(row[place] is None or _is_exact(row[place]) for row in found.rows)
        for place, name in enumerate(found.columns)
    ]
    return QueryResult(
        _distinct(
            name.removesuffix(CENTS) if is_exact else name
            for name, is_exact in zip(found.columns, exact, strict=True)
        ),
        [
            tuple(_amount(value) if is_exact else value for value, is_exact in zip(row, exact, strict=True))
            for row in found.rows
        ],
        found.cut,
    )


def _distinct(names: Iterable[str]) -> list[str]:
    """Return the names of columns, with ``_2`` and so on added to names that a join repeats."""
    distinct: list[str] = []
    for name in names:
        places = (f"{name}_{place}" for place in count(2))
        distinct.append(
            name if name not in distinct else next(other for other in places if other not in distinct)
        )
    return distinct


def _is_exact(value: object) -> bool:
    """Say whether a value is an exact whole number, and not a float such as a mean."""
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def _amount(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(int(value)).scaleb(-2, EXACT)


def _are_amounts(values: Sequence[object]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, Decimal) and value.as_tuple().exponent == -2 for value in known
    )
