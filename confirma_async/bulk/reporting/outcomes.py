"""Makes the outcomes of records: from classifications, from rows of the journal, from refused records."""

from __future__ import annotations

import re
from typing import Any

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.models import VERDICTS, Entry, Outcome, RefusedRecord, Row, State, Verdict
from confirma_async.errors import Problem

_PARTICULAR = re.compile(r"\d[\d.,:/-]*|'[^']*'|\"[^\"]*\"")


def decided(entry: Entry, found: Classification, *, unproven: bool = False) -> Outcome:
    """Return the outcome of an invoice that this run decided.

    Args:
        entry: The invoice, with its place in the input.
        found: The classification of its last answer or lookup.
        unproven: Whether it was sent again only because the settle time had passed.
    """
    return _of_entry(
        entry,
        VERDICTS[found.state],
        status=found.status,
        detail=found.detail,
        duplicate=found.duplicate,
        warnings=entry.warnings,
        unproven=unproven,
    )


def resumed(entry: Entry, row: Row) -> Outcome:
    """Return the outcome of an invoice that an earlier run decided."""
    moved = row.source != str(entry.place)
    return _of_entry(
        entry,
        VERDICTS[row.state],
        status=row.status,
        detail=row.detail or (f"sent before from {row.source}" if moved else None),
        duplicate=row.duplicate,
        resumed=True,
        warnings=entry.warnings,
    )


def elsewhere(entry: Entry) -> Outcome:
    """Return the outcome of an invoice that another job of the account still has in its hands."""
    return _of_entry(
        entry,
        Verdict.UNKNOWN,
        detail="another job of this account has it in its hands, and has not brought it to an end; run the "
        "job again when that one has",
    )


def _of_entry(entry: Entry, verdict: Verdict, **more: Any) -> Outcome:
    return Outcome(
        verdict=verdict,
        type=entry.key.type,
        number=entry.key.number,
        place=entry.place,
        remarks=entry.remarks,
        original_number=entry.original_number,
        amount=entry.amount,
        currency=entry.currency,
        **more,
    )


def refused(refusal: RefusedRecord) -> Outcome:
    """Return the outcome of a record that was refused."""
    return Outcome(
        verdict=Verdict.REFUSED,
        place=refusal.place,
        number=refusal.number,
        problems=refusal.problems,
        detail="; ".join(str(problem) for problem in refusal.problems),
        amount=refusal.amount,
        currency=refusal.currency,
    )


def contradiction(entry: Entry, admission: Admission, row: Row) -> RefusedRecord:
    """Return the refused record for an invoice that contradicts the journal; it names both places."""
    if admission is Admission.CLASH:
        contents = "the same contents" if row.digest == entry.digest else "different contents"
        message = (
            f"{entry.key} stands twice in this job, at {row.source} and at {entry.place}, with "
            f"{contents}; only the first is sent. Remove the other, or give it its own number if it is "
            "another invoice"
        )
    elif row.state is State.REJECTED:
        message = (
            f"{entry.key} at {entry.place} differs from what the service rejected, from {row.source}; it is "
            "sent again under this number by bulk.submit(..., retry='changed'), not without"
        )
    else:
        message = (
            f"{entry.key} at {entry.place} differs from what the journal has for it from {row.source} "
            f"({row.state.name.lower()}), which the service has or may have; it is not sent. Restore it; "
            "what was sent is corrected by a credit note"
        )
    return RefusedRecord(
        place=entry.place,
        number=str(entry.key.number),
        problems=[Problem("$.invoice.header.number", f"job.{admission.value}", message)],
        amount=entry.amount,
        currency=entry.currency,
    )


def cause_of(detail: str | None) -> str:
    """Return the cause of a rejection: its words, without numbers and quoted values."""
    return _PARTICULAR.sub("…", detail or "no reason given")
