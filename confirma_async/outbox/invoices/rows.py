"""Makes entries, outcomes and errors of contradictions from the journal's rows."""

from __future__ import annotations

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.models import Entry, Row, State, digest_of
from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.formats.models import Place
from confirma_async.outbox.outcomes import VERDICTS, WriteOutcome
from confirma_async.schemas import InvoiceReceipt


def entry_of(row: Row, journal: JournalReader) -> Entry:
    """Return an entry as the journal has it, with its body where that was kept.

    A body that was kept before a correction of the invoice is left out.
    """
    kept = journal.payloads.of(row.position)
    body = kept if kept is not None and digest_of(kept) == row.digest else b""
    return Entry(
        place=Place(row.source), key=row.key, digest=row.digest, body=body, amount=row.amount,
        currency=row.currency,
    )  # fmt: skip


def known(row: Row, key: str | None) -> WriteOutcome[InvoiceReceipt]:
    """Return the outcome that the journal has from before."""
    return WriteOutcome(
        verdict=VERDICTS[row.state], subject=str(row.key), key=key, status=row.status, detail=row.detail,
        duplicate=row.duplicate, resumed=True,
    )  # fmt: skip


def differs(entry: Entry, source: str, state: str) -> RequestInvalidError:
    """Return the error for an invoice that the journal has with other contents.

    Args:
        entry: The invoice as it was given.
        source: The place from which the journal has the invoice.
        state: Its state in the journal, in a word.
    """
    cure = (
        "give it again with retry='changed' to send it so, under the same number"
        if state == State.REJECTED.name.lower()
        else "the service has or may have that; give it as it was, and correct what was sent by a credit note"
    )
    message = (
        f"{entry.key} from {entry.place} differs from what the journal has for it from {source} ({state}); "
        f"{cure}"
    )
    problem = Problem("$.invoice.header.number", "outbox.changed", message)
    return RequestInvalidError(f"invoice {entry.key.number}", [problem])
