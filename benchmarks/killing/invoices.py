"""The invoices of one job, in every version that was sent, and what must have become of each.

Each is known by its number here, and the credit note of the same number by that number below zero.

Whether the service takes a version stands in the version itself, so that it is known without asking the job.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable

from attrs import define, evolve, field
from killing.fault_mix import REFUSALS
from killing.input_files import Inputs
from parts.sample import FIRST_NUMBER, numbered, sample_invoice

from confirma_async.bulk import State
from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import PreviousVersion
from confirma_async.bulk.models import DIGEST_BYTES
from confirma_async.converters import Converter
from confirma_async.sandbox import StoredInvoice
from confirma_async.schemas import InvoiceReferences, InvoiceType, SalesInvoiceRequest

INVOICES = 360
LEFT_ALONE = 4
"""Of so many invoices that are refused, one is never corrected."""
IN_ORDER = "in order"
RIVALS = 15
"""Credit notes that bear the numbers of invoices: the list tells the two apart in nothing."""
CAUSES = tuple(REFUSALS)
CAUSES_OF_WAVES = tuple(cause for cause in CAUSES if "409" not in cause)
"""What a wave is refused for: a 409 has each invoice looked up and waited for, which takes its time."""

WRONGS = ("lost", "doubled", "unwanted", "disagreeing", "unlinked")
"""What must be true of no invoice: that the service was to take it and has it not; that it has it twice; that
it has it though it refused it, and nobody corrected it; that the journal says otherwise, or is about other
contents than the service has; that the journal does not hold what was rejected before, version by version."""


@define
class Batch:
    """What a job is to send.

    Attributes:
        inputs: The files that it stands in.
        dice: Decides what is refused.
        remarks: Of each, what its present version says: a cause to refuse it, or that it is in order.
        versions: Of each, the digests of its versions, the present one last.
    """

    inputs: Inputs
    dice: random.Random
    remarks: dict[int, str] = field(factory=dict[int, str])
    versions: dict[int, list[bytes]] = field(factory=dict[int, list[bytes]])
    _more: int = field(init=False, default=0)
    _converter: Converter = field(factory=Converter)

    def begin(self) -> None:
        """Write the first version of every invoice: some rows of refusals for one cause, others between."""
        remarks: list[str] = []
        while len(remarks) < INVOICES:
            remarks += [self.dice.choice(CAUSES_OF_WAVES)] * self.dice.randint(30, 70)
            remarks += [self._remark(refused=0.3) for _ in range(self.dice.randint(60, 100))]
        invoices = dict(enumerate(remarks[:INVOICES], FIRST_NUMBER))
        rivals = self.dice.sample([*invoices], RIVALS)
        self._write(invoices | {-number: self._remark(refused=0.3) for number in rivals})

    def correct(self, *, wrongly: float) -> None:
        """Correct what was refused, but for what is left alone; a part of it is refused once more."""
        self._write(
            {
                number: self._remark(refused=wrongly)
                for number, remark in self.remarks.items()
                if remark in CAUSES and abs(number) % LEFT_ALONE
            }
        )

    def add_more(self) -> None:
        """Add one more invoice and credit note, as witnesses of what was lost before."""
        number = FIRST_NUMBER + INVOICES + self._more
        self._more += 1
        self.inputs.append(self._lines({number: IN_ORDER, -number - 1_000_000: IN_ORDER}))

    @property
    def added(self) -> set[int]:
        """Those that came last."""
        return {number for number in self.versions if abs(number) >= FIRST_NUMBER + INVOICES}

    @property
    def in_order(self) -> set[int]:
        """Those whose present version the service takes."""
        return {number for number, remark in self.remarks.items() if remark == IN_ORDER}

    @property
    def refused(self) -> int:
        """How many versions the service had to reject so far."""
        sent = sum(len(versions) for versions in self.versions.values())
        return sent - sum(remark == IN_ORDER for remark in self.remarks.values())

    @property
    def corrected(self) -> int:
        """How many invoices are in order that were refused before."""
        return sum(
            self.remarks[number] == IN_ORDER and len(versions) > 1
            for number, versions in self.versions.items()
        )

    def wrongs(self, stored: Iterable[StoredInvoice], journal: JournalReader) -> Counter[str]:
        """Compare service and journal with what must be, invoice by invoice; count what is wrong."""
        arrived, former = (
            defaultdict[int, list[StoredInvoice]](list),
            defaultdict[int, list[PreviousVersion]](list),
        )
        for invoice in stored:
            arrived[known_as(invoice.number, invoice.type)].append(invoice)
        for one in journal.previous_versions():
            if one.state is State.REJECTED:  # what a person resolved is kept as well
                former[one.position].append(one)
        rows = {known_as(row.key.number, row.key.type): row for row in journal.rows()}
        found = Counter[str]()
        for number, versions in self.versions.items():
            row, there = rows.get(number), arrived[number]
            in_order = self.remarks[number] == IN_ORDER
            found["lost"] += in_order and not there
            found["doubled"] += len(there) > 1
            if len(there) > 1 or (in_order and not there):  # so rare that each is worth a look
                earlier = [one for one in journal.previous_versions() if row and one.position == row.position]
                came = [each.received_at.isoformat() for each in there]
                print(f"invoice {number}: came at {came}; {row}; before: {earlier}", file=sys.stderr)
            found["unwanted"] += bool(there) and not in_order
            if row is None:
                found["disagreeing"] += 1
                continue
            state = State.ACCEPTED if there else State.REJECTED
            bodies = {_digest(each.body) for each in there}
            found["disagreeing"] += row.state is not state or {row.digest, *bodies} != {versions[-1]}
            before = [(one.state, one.digest, bool(one.detail)) for one in former[row.position]]
            found["unlinked"] += before != [(State.REJECTED, digest, True) for digest in versions[:-1]]
        return found

    def _remark(self, *, refused: float) -> str:
        return self.dice.choice(CAUSES) if self.dice.random() < refused else IN_ORDER

    def _write(self, remarks: dict[int, str]) -> None:
        self.inputs.write(self._lines(remarks))

    def _lines(self, remarks: dict[int, str]) -> dict[int, bytes]:
        base, lines = sample_invoice(), dict[int, bytes]()
        for number, remark in remarks.items():
            versions = self.versions.setdefault(number, [])
            invoice = numbered(base, number) if number > 0 else _credit_note(base, -number)
            header = evolve(invoice.invoice.header, description=f"version {len(versions)}, {remark}")
            line = self._converter.dumps(evolve(invoice, invoice=evolve(invoice.invoice, header=header)))
            versions.append(_digest(line))
            lines[number] = line
        self.remarks |= remarks
        return lines


def known_as(number: int, kind: str) -> int:
    """Return what an invoice or a credit note is known by here."""
    return -number if kind == InvoiceType.CREDIT_NOTE else number


def _credit_note(base: SalesInvoiceRequest, number: int) -> SalesInvoiceRequest:
    content = numbered(base, number).invoice
    references = evolve(content.references or InvoiceReferences(), credited_invoice_number=FIRST_NUMBER - 1)
    header = evolve(content.header, type=InvoiceType.CREDIT_NOTE)
    return evolve(base, invoice=evolve(content, header=header, references=references))


def _digest(body: bytes) -> bytes:
    """Return what a journal keeps of a body."""
    return hashlib.sha256(body).digest()[:DIGEST_BYTES]
