"""Says in tables which events a change in the mirror causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from confirma_async.converters import Converter
from confirma_async.mirror.content import RawRecord, digest
from confirma_async.mirror.streams import CASES, DISTRIBUTED, PAID, SETTLED, Names, of_summary
from confirma_async.schemas import Case, CaseSummary, DistributionRecord, InvoiceStatus, Payment, Settlement
from confirma_async.schemas.wire import Schema

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
"""Every type of event, with what it says."""

_OF_KIND: Mapping[tuple[str, str], str] = {
    (CASES, "new"): "case.opened",
    (PAID.name, "new"): "payment.seen",
    (PAID.name, "changed"): "payment.changed",
    (SETTLED.name, "new"): "settlement.seen",
    (SETTLED.name, "changed"): "settlement.changed",
}
"""The type of event by stream and kind of change, if it does not matter what has changed."""

_OF_STATUS: Mapping[str, Sequence[str]] = {
    "invoice.distributed": (str(InvoiceStatus.INVOICED), str(InvoiceStatus.INTERMEDIATED)),
    "invoice.failed": (str(InvoiceStatus.ERROR),),
}
"""The statuses of an invoice that cause each type of event when it reaches them."""

_DATA: Mapping[str, tuple[str, type[Schema], Sequence[str]]] = {
    DISTRIBUTED.name: (
        "invoice",
        DistributionRecord,
        ("invoice_number", "invoice_date", "status", "method", "case_id", "error"),
    ),
    PAID.name: ("invoice", Payment, ("invoice_number", "case_id", "booking_date", "amount", "currency")),
    SETTLED.name: (
        "settlement",
        Settlement,
        ("settlement_id", "settlement_date", "settlement_amount", "currency"),
    ),
    CASES: ("case", CaseSummary, ("case_id", "status", "stage")),
}
"""The subject of events of each stream, and the attributes in their data, the number first.

None of the attributes names a person.
"""

EventRow: TypeAlias = tuple[str, str, str, RawRecord]
"""The name, the type, the subject and the data of an event."""


@frozen
class RecordChange:
    """A change of a record.

    Attributes:
        kind: ``new``, ``changed``, ``gone`` or ``back`` (listed again).
        stream: The name of the stream that the record is of.
        record: The number that the mirror gave the record.
        revision: The number of the record's version.
        raw: The JSON of the record now; None if it is unchanged.
        before: The JSON of the record before the change.
        pair: The number of the record of which this one may be a new version.
        since: Since when the record counts as gone; a record can be gone several times in one version.
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
    """Yield the events that a change causes."""
    if change.raw is None:
        return
    for kind in _types_of(change, converter):
        word, schema, attributes = _DATA[change.stream]
        raw = Names(converter, Case).get(change.raw, "summary") if change.stream == CASES else change.raw
        names = Names(converter, schema)
        data = {name: value for name in attributes if (value := names.get(raw, name)) is not None}
        subject = f"{word} {data.get(attributes[0])}"
        if change.kind == "gone":
            data = {"stream": change.stream, **data}
        name = digest([kind, change.record, change.revision, *filter(None, [change.since])])
        yield f"evt_{name}", kind, subject, data


def _types_of(change: RecordChange, converter: Converter) -> list[str]:
    if change.kind == "gone":
        return ["record.gone"]
    if change.stream == DISTRIBUTED.name:
        names = Names(converter, DistributionRecord)
        now, before = names.get(change.raw, "status"), names.get(change.before, "status")
        return [kind for kind, words in _OF_STATUS.items() if now in words and before not in words]
    if change.stream == CASES and change.before is not None:
        now, before = (of_summary(raw, "stage", converter) for raw in (change.raw, change.before))
        return ["case.stage_changed"] if now != before else []
    kind = _OF_KIND.get((change.stream, change.kind))
    return [] if kind is None else [kind]
