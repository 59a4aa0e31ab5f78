"""Classifies lists: which kind of evidence a listed record, a list or a missing record is."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve, frozen

from confirma_async.bulk.evidence.classification import TAKEN, Classification
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.words import (
    KNOWN_TYPES,
    amounts_in,
    has_more,
    names_number,
    says_no,
    sellers_in,
    type_word,
    types_in,
)
from confirma_async.bulk.journal.records import AmbiguousMatches
from confirma_async.bulk.models import State, Unknown
from confirma_async.schemas import (
    DistributionInformation,
    DistributionRecord,
    InvoiceStatus,
    InvoiceType,
)
from confirma_async.schemas.identity import InvoiceKey, same_seller

WINDOW = datetime.timedelta(days=7)
"""Days by which the date of a record may differ from that of its invoice; so many are asked for on both
sides.

A service may date an invoice by another time zone, or move it to the next banking day. The longest row of
holidays with its weekend is shorter than seven days.
"""


@frozen
class LookupQuery:
    """What a lookup asks for.

    Attributes:
        key: The key of the invoice.
        amount: The amount that the invoice asks for; None where it is not known.
        also: Other dates, in ISO 8601, that it may have had when it was sent.
    """

    key: InvoiceKey
    amount: Decimal | None = None
    also: Sequence[str] = ()

    @property
    def first(self) -> datetime.date:
        """The first date asked for."""
        return _days_from(min((self.key.date, *self.also)), -WINDOW.days)

    @property
    def last(self) -> datetime.date:
        """The last date asked for."""
        return _days_from(max((self.key.date, *self.also)), WINDOW.days)


def days_around(date: str, days: int) -> Sequence[str]:
    """Return the dates that lie ``days`` before and after a date, in ISO 8601, within the years 1 to 9999."""
    return _days_from(date, -days).isoformat(), _days_from(date, days).isoformat()


def _days_from(date: str, days: int) -> datetime.date:
    """Return the date ``days`` after a date (before it where negative), within the years 1 to 9999."""
    ordinal = min(max(datetime.date.fromisoformat(date).toordinal() + days, 1), datetime.date.max.toordinal())
    return datetime.date.fromordinal(ordinal)


def classify_list(
    answer: DistributionInformation, wanted: LookupQuery, rivals: AmbiguousMatches
) -> Classification:
    """Classify the list that a lookup of an invoice got.

    The names of the query are provisional: a service that ignores them would answer about other invoices. So
    an empty list counts only where it repeats what was asked. It is then ``NOT_LISTED``, and proves nothing
    yet, since lists may be late.

    Args:
        answer: The list as the service answered it.
        wanted: The invoice, and the dates that were asked for.
        rivals: The other documents of the same number that the journal knows at this moment.
    """
    number = wanted.key.number
    found = [record for record in answer.data if record.invoice_number == str(number)]
    if found:
        return _listed(found, wanted, rivals)
    kind = _not_listed(answer, wanted)
    return Classification(kind=kind, detail=kind.reading.detail)


def _not_listed(answer: DistributionInformation, wanted: LookupQuery) -> EvidenceKind:
    number, meta = wanted.key.number, answer.meta_data
    filters = meta.filters_applied if meta else None
    numbers = [record.invoice_number for record in answer.data]
    if any(said is not None and names_number(said, number) for said in numbers):
        return EvidenceKind.NEAR
    if None in numbers:
        return EvidenceKind.NO_NUMBERS
    if says_no(answer.extra) is not None or (meta is not None and says_no(meta.extra) is not None):
        return EvidenceKind.LIST_FAILED
    if meta is None or filters is None or filters.invoice_number is None:
        return EvidenceKind.NO_FILTERS
    if filters.invoice_number != str(number):
        return EvidenceKind.OTHER_FILTERS
    if numbers:
        return EvidenceKind.PADDED
    counts = (meta.total_count, meta.successful_count, meta.failed_count)
    if meta.total_count is None or any(counts) or has_more(answer.extra) or has_more(meta.extra):
        return EvidenceKind.NOT_WHOLE
    first, last = filters.from_inv_date, filters.to_inv_date
    if first is None or last is None or first > wanted.first or last < wanted.last:
        return EvidenceKind.OTHER_WINDOW
    return EvidenceKind.NOT_LISTED


def _listed(
    records: Sequence[DistributionRecord], wanted: LookupQuery, rivals: AmbiguousMatches
) -> Classification:
    found = [record for record in records if not _is_anothers(record, wanted, rivals)]
    kind = (
        (None if found else EvidenceKind.RIVAL)
        or _not_its_own(found, wanted, rivals)
        or next(filter(None, map(_unclear, found)), None)
        or _by_words(found, former=rivals.former)
    )
    first = [record for record in found if record.status != InvoiceStatus.DUPLICATE] or found or records
    if kind is EvidenceKind.LISTED_IN_ERROR:
        said = first[0].error or "the service found it in error"
        return Classification(kind=kind, status=first[0].status, detail=said)
    status = first[0].status
    if kind.reading.state is State.UNKNOWN:
        return Classification(kind=kind, status=status, detail=kind.reading.detail)
    note = "the service has it from before" if kind.reading.duplicate else None
    return Classification(kind=kind, status=status, detail=note)


def _is_anothers(record: DistributionRecord, wanted: LookupQuery, rivals: AmbiguousMatches) -> bool:
    """Say whether a record is of another document: it contradicts the invoice, and fits one of its rivals."""
    return _contradicts(record, wanted) and any(_may_be(record, other) for other in rivals.others)


def _not_its_own(
    found: Sequence[DistributionRecord], wanted: LookupQuery, rivals: AmbiguousMatches
) -> EvidenceKind | None:
    """Return the kind of evidence where a record may be of another document; None where none may be."""
    if wanted.key.type == InvoiceType.REMINDER:
        return EvidenceKind.REMINDER
    if any(not _fits(record, wanted.key) for record in found):
        return EvidenceKind.OTHER_DATE
    if any(_contradicts(record, wanted) for record in found):
        return EvidenceKind.CONTRADICTION
    if any(_may_be(record, other) for record in found for other in rivals.others):
        return EvidenceKind.RIVAL
    if rivals.forgotten and not all(types_in(record.extra) for record in found):
        return EvidenceKind.UNTYPED
    return None


def _fits(record: DistributionRecord, key: InvoiceKey) -> bool:
    date = record.invoice_date
    return date is not None and abs(date - datetime.date.fromisoformat(key.date)) <= WINDOW


def _contradicts(record: DistributionRecord, wanted: LookupQuery) -> bool:
    """Say whether the type, the amount or the seller of a record differs from the invoice's."""
    key, extra = wanted.key, record.extra
    own = wanted.amount
    return (
        any(kind != type_word(key.type) for kind in types_in(extra))
        or any(
            amount is None or (own is not None and amount != own.copy_abs()) for amount in amounts_in(extra)
        )
        or any(key.seller and same_seller(said) not in {"", key.seller} for said in sellers_in(extra))
    )


def _may_be(record: DistributionRecord, other: InvoiceKey) -> bool:
    """Say whether a record may be of another document: neither its type nor its date contradicts that."""
    own = type_word(other.type)
    same_kind = all(kind == own or kind not in KNOWN_TYPES for kind in types_in(record.extra))
    return same_kind and (record.invoice_date is None or not other.date or _fits(record, other))


def _unclear(record: DistributionRecord) -> EvidenceKind | None:
    """Return the kind of evidence where a record leaves open what became of the invoice; None elsewhere."""
    if record.status in {InvoiceStatus.ERROR, InvoiceStatus.DUPLICATE}:
        return None
    if record.error or says_no(record.extra) is not None:
        return EvidenceKind.HAS_ERROR
    if record.status is None:
        return EvidenceKind.NO_WORD
    return None if record.status in TAKEN else EvidenceKind.UNKNOWN_WORD


def _by_words(found: Sequence[DistributionRecord], *, former: bool) -> EvidenceKind:
    if former:  # rejected before, and sent again: what is in error may be what was rejected
        found = [record for record in found if record.status != InvoiceStatus.ERROR]
        if not found:
            return EvidenceKind.FORMER_ERROR
    first = [record for record in found if record.status != InvoiceStatus.DUPLICATE]
    if not first:  # where one was rejected before, it may be that which it is a duplicate of
        return EvidenceKind.FORMER_ERROR if former else EvidenceKind.LISTED_DUPLICATE
    in_error = {record.status == InvoiceStatus.ERROR for record in first}
    if len(in_error) > 1:
        return EvidenceKind.SEVERAL
    return EvidenceKind.LISTED_IN_ERROR if True in in_error else EvidenceKind.LISTED


def after_no(listed: Classification, said: str | None) -> Classification:
    """Classify a record that is listed though the service rejected the attempt: it is of an earlier attempt.

    Args:
        listed: The classification of the record itself.
        said: The reason that the service gave.
    """
    if listed.state is State.UNKNOWN:
        return evolve(listed, detail=held(listed.detail or "", said))
    if listed.kind is not EvidenceKind.LISTED:
        return listed
    return Classification(
        kind=EvidenceKind.LISTED_AFTER_NO,
        status=listed.status,
        detail=f"the service has it from before: {said}",
    )


def classify_absence(
    *, witnessed: bool, on_unknown: Unknown, says_no: bool, said: str | None, new: bool = False
) -> Classification:
    """Classify an invoice that a list does not show after the settle time.

    Args:
        witnessed: Whether the list shows a witness: an invoice that was accepted by an attempt which started
            after the lost one had surely ended.
        on_unknown: Whether the invoice is held or sent again without a witness.
        says_no: Whether the service rejected the lost attempt.
        said: The reason that it gave, or why the outcome is unknown.
        new: Whether the journal is in doubt, and knows of no attempt of this invoice.
    """
    if witnessed:
        return Classification(
            kind=EvidenceKind.ABSENT_AFTER_NO if says_no else EvidenceKind.ABSENT,
            detail=said if says_no else None,
        )
    if on_unknown is Unknown.RESEND and not new and not says_no:
        return Classification(kind=EvidenceKind.ABSENT_BY_TIME)
    if new:
        return Classification(
            kind=EvidenceKind.NOTHING_KNOWN,
            detail="the journal may not know all that was sent, and nothing that is listed is known to be "
            "newer than that doubt: say that the journal is whole (trust), or what became of this invoice "
            "(resolve)",
        )
    return Classification(kind=EvidenceKind.NO_WITNESS, detail=held(_HELD, said))


def held(why: str, said: str | None) -> str:
    """Return why an invoice is held, followed by why its outcome became unknown (``said``)."""
    return f"{why}{_AT_FIRST}{said}" if said else why


def reason_of(detail: str | None) -> str | None:
    """Return why the outcome became unknown, out of the detail of an invoice that is held."""
    if not detail or detail == _HELD:
        return None
    return detail.partition(_AT_FIRST)[2] or detail


_AT_FIRST = "; at first: "


_HELD = (
    "not listed, and no invoice that was accepted after it is listed either, so that the list may be late; "
    "held for the next run that has invoices to send, or for a person"
)
