"""Reads records into the typed columns, and finds the places that the contract does not describe."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

import attrs
from attrs import frozen

from confirma_async.converters import Converter, wire_names
from confirma_async.errors import ResponseDecodeError
from confirma_async.mirror.content import RawRecord
from confirma_async.mirror.streams import CASES, DISTRIBUTED, PAID, SETTLED
from confirma_async.schemas import (
    AllocationType,
    Beneficiary,
    Case,
    CaseBalance,
    CaseSummary,
    DistributionRecord,
    Moment,
    Payment,
    Settlement,
    SettlementAllocation,
)
from confirma_async.schemas.values import ZERO
from confirma_async.schemas.wire import Schema
from confirma_async.validation.sums import EXACT

T = TypeVar("T")

ColumnValues: TypeAlias = tuple[Any, ...]
RowsAndCases: TypeAlias = tuple[Mapping[str, Sequence[ColumnValues]], Sequence[int | None]]
"""The rows of a record by table, and the numbers of the cases that it names."""

LARGEST = 2**63 - 1
"""The largest whole number that a column of the database can hold."""


@frozen
class UndescribedPlace:
    """A place in a record that the contract does not describe.

    Attributes:
        path: Its path of wire names, without indexes of lists.
        kind: ``unknown``, a key without an attribute, or ``unreadable``, a value of another type.
    """

    path: str
    kind: str


@frozen
class Projection:
    """The rows of a record in the typed tables.

    Attributes:
        rows: The rows by table, without the columns ``record`` and ``account``.
        drift: The places that the contract does not describe.
        cases: The numbers of the cases that the record names.
    """

    rows: Mapping[str, Sequence[ColumnValues]]
    drift: Sequence[UndescribedPlace]
    cases: Sequence[int]


def project(stream: str, raw: RawRecord, converter: Converter) -> Projection:
    """Read a record as far as possible; a value that cannot be read is NULL, and stays in the raw record."""
    schema, rows_of = _PROJECTED[stream]
    record, drift = _structured(raw, schema, converter)
    if record is None:
        return Projection({}, drift, ())
    rows, cases = rows_of(record)
    kept = {table: [tuple(map(_kept, row)) for row in found] for table, found in rows.items()}
    known = [case for case in map(_kept, cases) if case is not None]
    return Projection(kept, (*drift, *_unknown(record, "$")), known)


def _kept(value: T) -> T | None:
    """Return a value if a column can hold it; None for a number that is too large for a database."""
    return None if isinstance(value, int) and abs(value) > LARGEST else value


def cents(amount: Decimal | None) -> int | None:
    """Return an amount in hundredths; None for no amount, or for one with fractions of a hundredth."""
    if amount is None:
        return None
    whole = amount.scaleb(2, EXACT)
    return int(whole) if whole == whole.to_integral_value() and abs(whole) <= LARGEST else None


def moment(value: Moment | None) -> str | None:
    """Return a moment in UTC, or a day, as ISO 8601 text, which sorts by time."""
    if isinstance(value, datetime.datetime):
        try:
            value = value.astimezone(datetime.UTC)
        except OverflowError:  # at the first day or the last one that there is
            value = value.replace(tzinfo=datetime.UTC)
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return None if value is None else value.isoformat()


def day(value: Moment | None) -> str | None:
    """Return the day of a moment, in ISO 8601."""
    return None if value is None else value.isoformat()[:10]


def _structured(
    raw: RawRecord, schema: type[Schema], converter: Converter
) -> tuple[Any, Sequence[UndescribedPlace]]:
    """Return the record read by its schema, without the values that cannot be read, and their places."""
    drift: list[UndescribedPlace] = []
    left: Any = raw
    for _ in range(_PASSES):
        try:
            return converter.structure(left, schema, strict=True), drift
        except ResponseDecodeError as error:
            for problem in error.problems:
                drift.append(UndescribedPlace(_without_places(problem.path), "unreadable"))
                left = _without(left, _steps(problem.path))
    return None, drift


_PASSES = 5
"""How many times unreadable values are removed: the decoder may report others only after that."""


def _steps(path: str) -> list[str | int]:
    """Return the names and indexes of a path such as ``$.allocations[3].amount``."""
    parts = path.removeprefix("$").replace("[", ".[").split(".")
    return [int(part[1:-1]) if part.startswith("[") else part for part in parts if part]


def _without_places(path: str) -> str:
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in _steps(path)) or "."


def _without(value: object, steps: Sequence[str | int]) -> Any:
    """Return a value without the part at a path, which may lead to an element of a list."""
    if not steps:
        return None
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict) and step in value:
        members = cast("dict[str | int, Any]", value)
        kept = {name: each for name, each in members.items() if name != step}
        return {**kept, step: _without(members[step], rest)} if rest else kept
    if isinstance(value, list) and isinstance(step, int):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        changed = [_without(items[step], rest)] if rest else []
        return [*items[:step], *changed, *items[step + 1 :]]
    return cast("Any", value)


def _unknown(record: Schema, path: str) -> Iterator[UndescribedPlace]:
    """Return the places of a record's keys for which its schema has no attribute."""
    for name, value in record.extra.items():
        if value is not None and name not in _wire_names(cast("Any", type(record))):
            yield UndescribedPlace(f"{path}.{name}".removeprefix("$"), "unknown")
    for item in attrs.fields(type(record)):
        found = getattr(record, item.name)
        several: tuple[Any, ...] = found if isinstance(found, tuple) else (found,)  # pyright: ignore[reportUnknownVariableType]
        for below in several:
            if isinstance(below, Schema):
                yield from _unknown(below, f"{path}.{item.name}")


@cache
def _wire_names(cls: type[Schema]) -> frozenset[str]:
    return frozenset(wire_names(cls).values())


def _of_distribution(record: DistributionRecord) -> RowsAndCases:
    row = (
        record.invoice_number,
        day(record.invoice_date),
        record.status and str(record.status),
        record.method and str(record.method),
        moment(record.created_at),
        moment(record.distributed_at),
        record.payment_control_status,
        record.case_id,
        record.error,
    )
    return {"distribution_data": [row]}, [record.case_id]


def _of_payment(payment: Payment) -> RowsAndCases:
    row = (
        payment.case_id,
        payment.invoice_number,
        payment.invoice_payment_reference,
        payment.original_payment_reference,
        payment.account_name,
        moment(payment.booking_date),
        moment(payment.payment_date),
        cents(payment.amount),
        payment.currency,
    )
    return {"payment_data": [row]}, [payment.case_id]


def _of_settlement(settlement: Settlement) -> RowsAndCases:
    beneficiary = settlement.beneficiary or Beneficiary()
    row = (
        settlement.settlement_id,
        day(settlement.settlement_date),
        settlement.agency,
        settlement.remittance_reference,
        beneficiary.name,
        beneficiary.iban,
        cents(settlement.settlement_amount),
        settlement.currency,
    )
    allocations = [
        (position, *_of_allocation(each, settlement.currency))
        for position, each in enumerate(settlement.allocations)
    ]
    cases = [each.case_id for each in settlement.allocations]
    return {"settlement_data": [row], "allocation_data": allocations}, cases


def _of_allocation(allocation: SettlementAllocation, currency: str | None) -> ColumnValues:
    parts: dict[str, Decimal] = {}
    known = {AllocationType.CAPITAL, AllocationType.INTEREST, AllocationType.FEES}
    for part in allocation.breakdown:
        if part.amount is not None:
            name = str(part.type) if part.type in known else ""
            parts[name] = EXACT.add(parts.get(name, ZERO), part.amount)
    return (
        allocation.allocation_id,
        day(allocation.allocation_date),
        allocation.case_id,
        allocation.original_invoice_number,
        allocation.original_payment_reference,
        cents(allocation.allocated_total_amount),
        *(cents(parts.get(name)) for name in ("CAPITAL", "INTEREST", "FEES", "")),
        allocation.currency or currency,
    )


def _of_case(case: Case) -> RowsAndCases:
    summary, balance = case.summary or CaseSummary(), case.balance or CaseBalance()
    row = (
        summary.case_id,
        summary.status,
        summary.stage,
        moment(summary.created_at),
        moment(summary.closed_at),
        summary.creditor,
        summary.agency,
        summary.currency,
        cents(balance.capital_amount),
        cents(balance.interest_amount),
        cents(balance.costs_amount),
        cents(balance.total_amount),
    )
    return {"case_data": [row]}, ()


_PROJECTED: Mapping[str, tuple[type[Schema], Callable[[Any], RowsAndCases]]] = {
    DISTRIBUTED.name: (DistributionRecord, _of_distribution),
    PAID.name: (Payment, _of_payment),
    SETTLED.name: (Settlement, _of_settlement),
    CASES: (Case, _of_case),
}
