"""The outcomes of an outbox's invoices, and who gets them."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.models import VERDICTS, Entry, RefusedRecord, State, Verdict
from confirma_async.contract import CREATE_INVOICE
from confirma_async.converters import Converter
from confirma_async.errors import Problem, RequestInvalidError, ResponseDecodeError
from confirma_async.outbox.gate import Gate
from confirma_async.outbox.held import CLOSED, Held, HeldWrites
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.schemas import InvoiceReceipt

InvoiceOutcome = WriteOutcome[InvoiceReceipt]


@define(eq=False, kw_only=True)
class HeldInvoice(Held):
    """An invoice that is under way in this outbox, or that is looked up."""

    entry: Entry
    task: Task | None = None


def held_invoice(entry: Entry, key: str | None = None) -> HeldInvoice:
    """Return an invoice as it is held; ``key`` is the caller's own name for it."""
    return HeldInvoice(
        operation=CREATE_INVOICE.name, name=entry.key, subject=str(entry.key), key=key, entry=entry
    )


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


@define(eq=False)
class InvoiceOutcomes:
    """Gives the outcome of each invoice to its caller; the ``ItemListener`` of an outbox.

    Attributes:
        held: The invoices that are under way here, or looked up.
        converter: Reads the receipts.
        gate: Opened when the service has accepted the key.
        look_again: Called with an invoice that a lookup left unknown, to look it up later.
    """

    held: HeldWrites[HeldInvoice]
    converter: Converter
    gate: Gate
    look_again: Callable[[HeldInvoice], None]

    def decided(self, task: Task, found: Classification) -> None:
        """Report the outcome of an invoice."""
        held = self.held.get(task.entry.key)
        if held is None:
            return
        verdict = VERDICTS[found.state]
        receipt = self._receipt(task) if verdict is Verdict.ACCEPTED else None
        outcome = held.outcome(
            verdict, status=found.status, detail=found.detail or found.pause, receipt=receipt,
            duplicate=found.duplicate, unproven=task.unproven, error=found.cause,
        )  # fmt: skip
        if verdict is Verdict.UNKNOWN:
            self.held.report_unknown(held, outcome)
            self.look_again(held)
            return
        if verdict is not Verdict.NOT_SENT:
            self.gate.note(None)
        self.held.report(held, outcome)

    def unknown(self, task: Task, found: Classification) -> None:
        """Report that the outcome of an invoice is unknown; it is looked up from now on."""
        held = self.held.get(task.entry.key)
        if held is not None:
            outcome = held.outcome(Verdict.UNKNOWN, status=found.status, detail=found.detail)
            self.held.report_unknown(held, outcome)

    def refused(self, task: Task, refusal: RefusedRecord) -> None:
        """Raise for the caller why a document cannot be loaded."""
        self.failed(task, RequestInvalidError(f"invoice {refusal.number}", refusal.problems))

    def failed(self, task: Task, error: Exception) -> None:
        """Raise an error for the caller that gave the invoice."""
        held = self.held.get(task.entry.key)
        if held is not None:
            self.held.fail(held, error)

    def dropped(self, task: Task) -> None:
        """Report to the caller that the outbox was closed before the invoice was sent."""
        held = self.held.get(task.entry.key)
        if held is not None and held.reported is None:
            self.held.report(held, held.outcome(Verdict.NOT_SENT, detail=CLOSED))

    def _receipt(self, task: Task) -> InvoiceReceipt | None:
        if task.reply is None:
            return None
        try:
            return self.converter.structure(task.reply.found or {}, InvoiceReceipt)
        except ResponseDecodeError:  # its words were enough to know that it was taken
            return None
