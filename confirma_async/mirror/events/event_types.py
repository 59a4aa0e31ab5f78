"""Which events a change in the mirror makes: one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from attrs import field, frozen

from confirma_async.converters import Converter
from confirma_async.mirror.content import RawRecord, digest
from confirma_async.mirror.streams import CASES, DISTRIBUTED, PAID, SETTLED, Names
from confirma_async.schemas import Case, CaseSummary, DistributionRecord, InvoiceStatus, Payment, Settlement

TYPES: Mapping[str, str] = {
    "invoice.distributed": "An invoice is INVOICED or INTERMEDIATED now.",
    "invoice.failed": "An invoice is in ERROR now.",
    "case.opened": "A case was read for the first time.",
    "case.stage_changed": "A case stands at another stage than when it was read before.",
    "payment.seen": "A payment is listed.",
    "payment.changed": "A payment that was listed says something else now.",
    "settlement.seen": "A settlement is listed.",
    "settlement.changed": "A settlement that was listed says something else now.",
    "record.gone": "A record was missing from two complete lists, a day apart.",
    "difference.found": "A reconciliation found a difference that was not known.",
}
"""Every type of event."""

_DISTRIBUTED = frozenset({str(InvoiceStatus.INVOICED), str(InvoiceStatus.INTERMEDIATED)})
_FAILED = frozenset({str(InvoiceStatus.ERROR)})

EventRow: TypeAlias = tuple[str, str, str, RawRecord]
"""Its name, its type, its subject and its data."""


@frozen
class RecordChange:
    """A change of a record.

    Attributes:
        kind: ``new``, ``changed``, ``gone`` or ``back``.
        stream: The name of the stream that the record is of.
        record: The mirror's number of the record.
        revision: The number of its version.
        raw: Its JSON now; None where it is unchanged.
        before: Its JSON before the change.
        pair: The record that it may be a new version of.
        since: Since when it counts as gone; a record can be gone several times in one version.
    """

    kind: str
    stream: str
    record: int
    revision: int
    raw: RawRecord | None = field(default=None, repr=False)
    before: RawRecord | None = field(default=None, repr=False)
    pair: int | None = None
    since: str | None = None


def events_of(change: RecordChange, converter: Converter) -> Iterator[EventRow]:
    """Return the events that a change makes."""
    if change.raw is None:
        return
    if change.kind == "gone":
        subject, data = _about(change.stream, change.raw, converter)
        yield _event("record.gone", change, subject, {"stream": change.stream, **data})
        return
    for kind in _KINDS[change.stream](change, converter):
        subject, data = _about(change.stream, change.raw, converter)
        yield _event(kind, change, subject, data)


def _event(kind: str, change: RecordChange, subject: str, data: RawRecord) -> EventRow:
    name = digest([kind, change.record, change.revision, *filter(None, [change.since])])
    return f"evt_{name}", kind, subject, data


def _of_distribution(change: RecordChange, converter: Converter) -> Iterator[str]:
    names = Names(converter, DistributionRecord)
    now = names.get(change.raw or {}, "status")
    before = names.get(change.before or {}, "status")
    for kind, words in (("invoice.distributed", _DISTRIBUTED), ("invoice.failed", _FAILED)):
        if now in words and before not in words:
            yield kind


def _of_case(change: RecordChange, converter: Converter) -> Iterator[str]:
    if change.kind == "new":
        yield "case.opened"
    elif _stage(change.raw, converter) != _stage(change.before, converter) and change.before is not None:
        yield "case.stage_changed"


def _stage(raw: RawRecord | None, converter: Converter) -> object:
    summary = Names(converter, Case).get(raw or {}, "summary")
    return (
        Names(converter, CaseSummary).get(cast("RawRecord", summary), "stage")
        if isinstance(summary, dict)
        else None
    )


def _plainly(seen: str, changed: str) -> Callable[[RecordChange, Converter], Iterator[str]]:
    def kinds(change: RecordChange, _converter: Converter) -> Iterator[str]:
        if change.kind in {"new", "changed"}:
            yield seen if change.kind == "new" else changed

    return kinds


_KINDS: Mapping[str, Callable[[RecordChange, Converter], Iterator[str]]] = {
    DISTRIBUTED.name: _of_distribution,
    CASES: _of_case,
    PAID.name: _plainly("payment.seen", "payment.changed"),
    SETTLED.name: _plainly("settlement.seen", "settlement.changed"),
}


def _about(stream: str, raw: RawRecord, converter: Converter) -> tuple[str, RawRecord]:
    """Return the subject and the contents of an event, without anything that names a person."""
    if stream == CASES:
        summary = Names(converter, Case).get(raw, "summary")
        data = _data(
            cast("RawRecord", summary or {}), Names(converter, CaseSummary), "case_id", "status", "stage"
        )
        return f"case {data.get('case_id')}", data
    if stream == SETTLED.name:
        names = Names(converter, Settlement)
        data = _data(raw, names, "settlement_id", "settlement_date", "settlement_amount", "currency")
        return f"settlement {data.get('settlement_id')}", data
    if stream == PAID.name:
        names = Names(converter, Payment)
        data = _data(raw, names, "invoice_number", "case_id", "booking_date", "amount", "currency")
    else:
        names = Names(converter, DistributionRecord)
        data = _data(raw, names, "invoice_number", "invoice_date", "status", "method", "case_id", "error")
    return f"invoice {data.get('invoice_number')}", data


def _data(raw: RawRecord, names: Names, *attributes: str) -> dict[str, Any]:
    return {name: value for name in attributes if (value := names.get(raw, name)) is not None}
