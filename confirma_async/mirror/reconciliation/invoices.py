"""Compares every invoice of the journals with the distribution information and the cases."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from attrs import frozen

from confirma_async.mirror.matching import grouped
from confirma_async.mirror.projections import moment
from confirma_async.mirror.reconciliation.facts import Allocated, Facts, Listed, Owed, SentInvoice
from confirma_async.mirror.reconciliation.kinds import Difference, DifferenceKind, Horizons, difference

_UNDELIVERED = frozenset({"ERROR"})
_REPEATED = frozenset({"DUPLICATE"})
_WAITING = frozenset({"pending", "claimed"})
"""States of invoices that the service surely does not have yet: the job has not sent them."""


@frozen
class InvoiceStanding:
    """The result for one invoice of a journal.

    Attributes:
        sent: The invoice.
        kind: The result of its comparison.
        listed: Its record at the service; None if the service does not list it.
        case: Its case; None if it has none, or if its case was not read.
    """

    sent: SentInvoice
    kind: DifferenceKind
    listed: Listed | None = None
    case: Owed | None = None


def check_invoices(facts: Facts, horizons: Horizons) -> tuple[list[InvoiceStanding], list[Difference]]:
    """Compare the invoices that were sent with the listed ones; each listed record is used once."""
    cases = {case.id: case for case in facts.owed}
    listed = grouped(((record.number or "", record.date or ""), record) for record in facts.listed)
    sent = grouped(((invoice.number, invoice.date), invoice) for invoice in facts.sent)
    standings: list[InvoiceStanding] = []
    differences: list[Difference] = []
    for key, invoices in sent.items():
        records = sorted(listed.pop(key, []), key=_weight)
        real = [record for record in records if record.status not in _REPEATED]
        for invoice, theirs in zip_longest(invoices, real[: len(invoices)]):
            case = None if theirs is None or theirs.case is None else cases.get(theirs.case)
            standing = InvoiceStanding(invoice, _kind(facts, horizons, invoice, theirs, case), theirs, case)
            standings.append(standing)
            differences += _differences(standing)
        delivered = [record for record in real if record.status not in _UNDELIVERED]
        for extra in delivered[len(invoices) :]:
            differences.append(_twice(invoices[0], extra, records))
    differences += _unexpected(facts, listed)
    return standings, differences


def _weight(record: Listed) -> tuple[bool, bool, int]:
    """Return the sort key by which records are matched: duplicates and errors come last."""
    return record.status in _REPEATED, record.status in _UNDELIVERED, record.record


def _kind(
    facts: Facts, horizons: Horizons, sent: SentInvoice, listed: Listed | None, case: Owed | None
) -> DifferenceKind:
    proved = facts.proved["distributions"].since(sent.date)
    if listed is None:
        return _of_absent(facts, horizons, sent, proved)
    if listed.status in _UNDELIVERED:
        return DifferenceKind.FAILED
    if proved is None:
        return DifferenceKind.NOT_CHECKED
    if case is not None and _differs(sent, case, facts):
        return DifferenceKind.AMOUNT_DIFFERS
    return DifferenceKind.CREDITED if listed.status == "CREDITED" else DifferenceKind.MATCHED


def _of_absent(facts: Facts, horizons: Horizons, sent: SentInvoice, proved: str | None) -> DifferenceKind:
    if sent.state in _WAITING:
        return DifferenceKind.PENDING
    until = datetime.timedelta(days=horizons.listed_days)
    expected = None if sent.sent_at is None else datetime.datetime.fromisoformat(sent.sent_at) + until
    if expected is not None and facts.now < expected:
        return DifferenceKind.PENDING
    if proved is None or (expected is not None and proved < (moment(expected) or "")):
        return DifferenceKind.NOT_CHECKED
    return DifferenceKind.MISSING


def _differs(sent: SentInvoice, case: Owed, facts: Facts) -> bool:
    """Say whether a case claims another sum than was sent, although nothing was paid on it."""
    if sent.cents is None or case.capital is None or sent.type == "CREDIT_NOTE" or case.closed_at is not None:
        return False
    if case.currency is not None and case.currency != sent.currency:
        return True
    return case.id not in facts.moved and case.capital != sent.cents


def _differences(standing: InvoiceStanding) -> Iterator[Difference]:
    sent, listed, case = standing.sent, standing.listed, standing.case
    ours = {
        "journal": sent.journal,
        "date": sent.date,
        "state": sent.state,
        "amount_cents": sent.cents,
        "sent_at": sent.sent_at,
    }
    theirs = {} if listed is None else _theirs(listed)
    if standing.kind in {DifferenceKind.MISSING, DifferenceKind.FAILED}:
        yield _difference(standing.kind, sent, cents=sent.cents, ours=ours, theirs=theirs)
    if standing.kind is DifferenceKind.AMOUNT_DIFFERS and case is not None and sent.cents is not None:
        claimed = {**theirs, "case_id": case.id, "amount_cents": case.capital, "currency": case.currency}
        cents = (case.capital or 0) - sent.cents
        yield _difference(standing.kind, sent, case.id, cents=cents, ours=ours, theirs=claimed)


def _difference(kind: DifferenceKind, sent: SentInvoice, *parts: object, **attributes: Any) -> Difference:
    """Make a difference of an invoice that was sent; see ``difference``."""
    return difference(
        kind,
        f"{sent.type.replace('_', ' ').lower()} {sent.number}",
        sent.type,
        sent.seller,
        sent.repeat,
        *parts,
        currency=sent.currency,
        day=sent.date,
        seller=sent.seller,
        **attributes,
    )


def _theirs(record: Listed) -> dict[str, object]:
    return {
        "record": record.record,
        "date": record.date,
        "status": record.status,
        "case_id": record.case,
        "error": record.error,
    }


def _twice(sent: SentInvoice, extra: Listed, records: Sequence[Listed]) -> Difference:
    return difference(
        DifferenceKind.TWICE, f"invoice {sent.number}", extra.record, cents=sent.cents,
        currency=sent.currency, day=sent.date, seller=sent.seller,
        ours={"journal": sent.journal, "date": sent.date},
        theirs={**_theirs(extra), "records": [record.record for record in records]},
    )  # fmt: skip


def check_overpaid(standings: Sequence[InvoiceStanding], allocated: Sequence[Allocated]) -> list[Difference]:
    """Find invoices on which more was paid than they ask for, not counting interest and costs."""
    capital: Counter[object] = Counter()
    for each in allocated:
        capital[each.number if each.case is None else each.case] += each.capital or 0
    found: list[Difference] = []
    for standing in standings:
        sent, case = standing.sent, standing.case
        if sent.cents is None or sent.type == "CREDIT_NOTE":
            continue
        owed_back = -case.total if case is not None and case.total is not None and case.total < 0 else 0
        number = standing.listed.case if standing.listed is not None and standing.listed.case else sent.number
        over = max(owed_back, capital[number] - sent.cents)
        if over > 0:
            ours = {"journal": sent.journal, "amount_cents": sent.cents}
            theirs = {"capital_paid_cents": capital[number], "case_id": case and case.id}
            found.append(_difference(DifferenceKind.OVERPAID, sent, cents=over, ours=ours, theirs=theirs))
    return found


def _unexpected(facts: Facts, listed: Mapping[tuple[str, str], Sequence[Listed]]) -> Iterator[Difference]:
    """Yield listed invoices that no journal has, from the date of the journals' first invoice on."""
    if facts.begun is None:
        return
    for (number, date), records in listed.items():
        for record in records:
            if date >= facts.begun and record.status not in _REPEATED:
                subject, theirs = f"invoice {number}", _theirs(record)
                yield difference(DifferenceKind.UNEXPECTED, subject, record.record, day=date, theirs=theirs)
