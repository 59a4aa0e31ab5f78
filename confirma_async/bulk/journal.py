"""The port to a journal: what a job asks of it, whatever it is kept in.

A journal says of every invoice where it stands, and holds no payload. ``sqlite_journal`` keeps one in a file;
another form has to pass the same tests (``tests/bulk/test_journal.py``). A journal belongs to one thread, the
writer's (``writer.py``), and what is written within ``transaction`` is durable when it ends.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from attrs import frozen

from confirma_async.bulk.items import FINAL, Entry, InvoiceKey, Refusal, Retry, Row, State
from confirma_async.errors import JournalMismatchError
from confirma_async.formats.records import Identity


class Journal(Protocol):
    """The states of a job's invoices, durable.

    Every method raises ``JournalError`` when the journal cannot be read or written.
    """

    @property
    def name(self) -> str:
        """What names it to people, such as the path of its file."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """What is written inside becomes durable together when the block ends, or not at all."""
        ...

    def close(self) -> None:
        """Lets go of it. Closing twice is fine."""
        ...

    # --- a job writes -----------------------------------------------------------------------------

    def begin(self, job: JobName, *, now: float, longest_call: float) -> int:
        """Ties the journal to its job, or checks that it is this job's; returns the number of this run.

        Whatever an earlier run left under way is settled: claims surely were not sent, sends may have been,
        and may have gone on for as long as a call takes. The refusals of earlier runs are forgotten.

        Raises:
            JournalMismatchError: it belongs to another target or other files.
        """
        ...

    def admit(self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE) -> list[Admitted]:
        """Claims each entry for this run, unless ``admission_of`` has something to say against it."""
        ...

    def sending(self, positions: Sequence[int], now: float) -> None:
        """The next thing that happens to these items is their first byte."""
        ...

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Writes down what became of items, in this order."""
        ...

    def put_back(self, run: int) -> None:
        """Lets go of what this run has claimed and not sent: it is pending again."""
        ...

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Writes down records that will not be sent, so that reports can name them."""
        ...

    def resolve(self, resolution: Resolution) -> None:
        """Writes down what a person found out about an item, and keeps what it was before."""
        ...

    def keep_numbers(self, given: Mapping[Identity, int]) -> None:
        """Keeps the whole numbers given to documents whose own is none; one that is there stays."""
        ...

    def expect(self, records: int) -> None:
        """Keeps how many records the whole input has, so that the time left can be told."""
        ...

    # --- anybody reads ----------------------------------------------------------------------------

    def job(self) -> JobName | None:
        """What the journal is tied to; None before the first run."""
        ...

    def expected(self) -> int | None:
        """How many records the whole input has, where somebody counted."""
        ...

    def run_began(self) -> float | None:
        """When the last run began, in seconds since 1970; None before the first."""
        ...

    def decided_since(self, moment: float) -> int:
        """How many items were decided since a moment, in seconds since 1970."""
        ...

    def find(self, key: InvoiceKey) -> Row | None:
        """The item of this key; else one of the same number where only one of the two names its seller."""
        ...

    def rivals(self, position: int, key: InvoiceKey) -> Rivals:
        """What else a lookup by this item's number would find."""
        ...

    def rows(self, *states: State) -> Iterator[Row]:
        """The items in the given states, in the order of the input; all of them when none is given."""
        ...

    def counts(self) -> Mapping[State, int]:
        """How many items are in each state."""
        ...

    def open_counts(self) -> Mapping[State, int]:
        """The same for the states that are not final, which is quick however large the journal is."""
        ...

    def refusals(self) -> Iterator[Refused]:
        """The problems of records refused in the last run."""
        ...

    def refused(self) -> int:
        """How many records were refused in the last run."""
        ...

    def withheld(self) -> int:
        """How many pending items are among those, for want of a document as they were to be sent."""
        ...

    def former(self) -> Iterator[Former]:
        """What items were before they were sent again, or resolved by a person; oldest first."""
        ...

    def numbered(self) -> Mapping[Identity, int]:
        """The whole numbers given so far to documents whose own is none, smallest first."""
        ...


@frozen
class JobName:
    """What a journal is tied to.

    Attributes:
        target: Where the invoices go.
        inputs: Names of the input files.
    """

    target: str
    inputs: Sequence[str] = ()


class Admission(enum.Enum):
    """What the journal says to an entry that a job wants to send."""

    CLAIMED = "claimed"
    """It is this run's to send."""
    RETRIED = "retried"
    """The same, though it was rejected before."""
    UNKNOWN = "unknown"
    """An earlier attempt may have arrived: look it up first."""
    FINAL = "final"
    """It was decided in an earlier run."""
    CLASH = "clash"
    """The same invoice came before in this run."""
    CHANGED = "changed"
    """The same invoice is in the journal with other contents."""


@frozen
class Admitted:
    """The answer to one entry.

    Attributes:
        admission: What the journal says.
        position: The item's name in the journal.
        row: What the journal had for the invoice before; None for one that it did not know.
    """

    admission: Admission
    position: int
    row: Row | None = None


@frozen(kw_only=True)
class Decision:
    """What became of an item.

    Attributes:
        position: The item.
        state: Its new state.
        status: The service's own word.
        detail: Why, in words.
        duplicate: The service had the invoice already.
        at: Now; seconds since 1970.
        lost: Whether its answer was lost just now, so that its settle time counts from now.
        seconds: How long the deciding call took.
    """

    position: int
    state: State
    status: str | None = None
    detail: str | None = None
    duplicate: bool = False
    at: float
    lost: bool = False
    seconds: float | None = None


@frozen(kw_only=True)
class Resolution:
    """What a person found out about an item of unknown outcome.

    Attributes:
        position: The item.
        state: ACCEPTED if the service has it, PENDING if it surely has not, REJECTED if it is in error.
        note: How the person knows.
        at: Now; seconds since 1970.
    """

    position: int
    state: State
    note: str
    at: float


@frozen(kw_only=True)
class Refused:
    """A problem of a record that the job refused before sending.

    Attributes:
        source: Where the record stands.
        number: Its number, as the file gives it.
        rule: The rule that it breaks.
        path: Where in the record.
        message: What is wrong and what to do.
    """

    source: str
    number: str | None
    rule: str
    path: str
    message: str


@frozen(kw_only=True)
class Former:
    """What an item was, before it was sent again or a person decided about it.

    Attributes:
        position: The item.
        at: When that ended; seconds since 1970.
        state: The state it was in.
        digest: SHA-256 of the body it had.
        status: The service's own word.
        detail: Why, in words.
        note: Why it was taken up again.
    """

    position: int
    at: float
    state: State
    digest: bytes
    status: str | None
    detail: str | None
    note: str


@frozen(kw_only=True)
class Rivals:
    """What else a lookup by an item's number would find.

    Attributes:
        others: The job sent another document under the same number.
        former: The item itself was sent before, and rejected; the service may list that as an error.
    """

    others: bool = False
    former: bool = False


def admission_of(entry: Entry, row: Row | None, run: int, retry: Retry) -> Admission:
    """The rule of admission, the same for every form of the journal.

    Args:
        entry: What the job wants to send.
        row: What the journal has for the same invoice, or None.
        run: The number of this run.
        retry: Which rejected invoices are sent again.
    """
    if row is None:
        return Admission.CLAIMED
    if row.key != entry.key:  # only one of the two names its seller
        return Admission.CHANGED
    if row.run == run:
        return Admission.CLASH
    changed = row.digest != entry.digest
    if row.state is State.REJECTED and (retry is Retry.ALL or (retry is Retry.CHANGED and changed)):
        return Admission.RETRIED
    if changed and row.state is not State.PENDING:  # one that surely did not arrive may still be corrected
        return Admission.CHANGED
    if row.state in FINAL:
        return Admission.FINAL
    return Admission.UNKNOWN if row.state is State.UNKNOWN else Admission.CLAIMED


class Keyed(Protocol):
    """Whatever is of one invoice."""

    @property
    def key(self) -> InvoiceKey:
        """Which one."""
        ...


K = TypeVar("K", bound=Keyed)


def same_invoice(known: Sequence[K], key: InvoiceKey) -> K | None:
    """Of what is known of one number, type and repeat: that of a key, or where only one names its seller."""
    found = None
    for item in known:
        if item.key.seller == key.seller:
            return item
        if not item.key.seller or not key.seller:
            found = found or item
    return found


def same_job(name: str, known: JobName | None, job: JobName) -> JobName:
    """Checks that a journal is this job's; returns the job with all its input files so far.

    Args:
        name: What names the journal.
        known: What it is tied to; None before the first run.
        job: What it shall be tied to.

    Raises:
        JournalMismatchError: it belongs to another target or other files.
    """
    if known is None:
        return job
    if known.target != job.target:
        raise JournalMismatchError(
            f"the journal {name} belongs to a job for {known.target}, this one is for {job.target}; "
            "name another one with --journal"
        )
    if known.inputs and job.inputs and not set(known.inputs) & set(job.inputs):
        raise JournalMismatchError(
            f"the journal {name} belongs to a job of other files ({known.inputs[0]}"
            f"{' and others' if len(known.inputs) > 1 else ''}); name another one with --journal"
        )
    return JobName(job.target, sorted({*known.inputs, *job.inputs}))
