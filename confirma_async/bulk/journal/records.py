"""Records that go into a journal and come out of it."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from attrs import frozen

from confirma_async.bulk.models import SETTLE_SECONDS, Row, State
from confirma_async.schemas.identity import InvoiceKey

RUNS_WITH_REFUSALS = 100
"""Runs of which the refused records are kept."""


@frozen
class JobName:
    """Where a run sends to, and what.

    Attributes:
        target: Where the invoices go.
        inputs: Names of the input files.
        allowed: The rules that invoices may break in it.
        reading: How the input is read, in words that only whoever reads it understands.
    """

    target: str
    inputs: Sequence[str] = ()
    allowed: Sequence[str] = ()
    reading: str = ""


@frozen(kw_only=True)
class Run:
    """A run of a job.

    Attributes:
        number: Its number in the journal.
        began_at: When it began; seconds since 1970.
        ended_at: When it ended; None while it goes on, or where it died.
        ending: How it ended, in words.
        inputs: Names of the input files.
        expected: How many records the whole input has, where it was counted.
        known: Records that earlier runs had brought to their acceptance.
        allowed: The rules that invoices might break in it.
        reading: How the input was read, in words that only whoever read it understands.
    """

    number: int
    began_at: float
    ended_at: float | None = None
    ending: str | None = None
    inputs: Sequence[str] = ()
    expected: int | None = None
    known: int = 0
    allowed: Sequence[str] = ()
    reading: str = ""


@frozen
class Doubt:
    """Why a journal may not know all that was sent: every invoice that is not final is looked up first.

    Attributes:
        reason: What was found, in words.
        since: When, by this machine's clock; seconds since 1970.
        service_time: What the service's own clock said in its first answer after that, likewise; None before.
    """

    reason: str
    since: float
    service_time: float | None = None


class Admission(enum.Enum):
    """The journal's answer to an entry that a job wants to send."""

    CLAIMED = "claimed"
    """It is this run's to send."""
    RETRIED = "retried"
    """The same, though it was rejected before."""
    UNKNOWN = "unknown"
    """An earlier attempt may have arrived: look it up first."""
    FINAL = "final"
    """It was decided in an earlier run."""
    ELSEWHERE = "elsewhere"
    """Another run that is alive has it in its hands."""
    CLASH = "clash"
    """The same invoice came before in this run."""
    CHANGED = "changed"
    """The same invoice is in the journal with other contents."""


@frozen
class Version:
    """One version of an invoice.

    Attributes:
        digest: SHA-256 of its body, shortened like an item's.
        date: Its date.
    """

    digest: bytes
    date: str


@frozen
class Admitted:
    """The answer to one entry.

    Attributes:
        admission: What the journal says.
        position: The item's name in the journal.
        row: What the journal had for the invoice before; None for one that it did not know.
        sent: The version that was sent last, where the item was corrected or retried since.
    """

    admission: Admission
    position: int
    row: Row | None = None
    sent: Version | None = None


@frozen(kw_only=True)
class Decision:
    """The outcome of an item, to be written.

    Attributes:
        position: The item.
        state: Its new state.
        status: The service's own word.
        detail: Why, in words.
        duplicate: Whether the service had the invoice already.
        at: Now; seconds since 1970.
        lost: Whether its answer was lost just now, so that its settle time counts from now.
        seconds: How long the deciding call took.
        says_no: Whether the service said no, though that did not decide it: the outcome is unknown, or it was
            rejected because no list showed it.
        form: The form of its answer, where that has to be confirmed.
        kept: Whether the run keeps an item in its hands, to look it up: its call has ended just now, and its
            outcome is unknown.
    """

    position: int
    state: State
    status: str | None = None
    detail: str | None = None
    duplicate: bool = False
    at: float
    lost: bool = False
    seconds: float | None = None
    says_no: bool = False
    form: str | None = None
    kept: bool = False


@frozen(kw_only=True)
class Resolution:
    """What a person found out about an item of unknown outcome.

    Attributes:
        position: The item.
        state: ACCEPTED if the service has it, REJECTED if it is in error. PENDING if it surely has not: then
            no attempt counts any more, so that it is sent without another look.
        note: How the person knows.
        at: Now; seconds since 1970.
        settle_seconds: Seconds for which the service may still be at work on a call that has ended. Before
            they have passed, nobody can have seen that it has not got the item.
    """

    position: int
    state: State
    note: str
    at: float
    settle_seconds: float = SETTLE_SECONDS


@frozen(kw_only=True)
class StoredProblem:
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
class PreviousVersion:
    """What an item was, before it was sent again or a person decided about it.

    Attributes:
        position: The item.
        at: When this version ended; seconds since 1970.
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
class AmbiguousMatches:
    """The other documents that a lookup by an item's number could find.

    Attributes:
        others: Other documents under the same number that any run has sent.
        former: Whether an earlier version of the item was sent, and rejected or corrected; the service may
            list that version as an error.
        forgotten: Whether there may be further ones that the journal, which is in doubt, does not know.
    """

    others: Sequence[InvoiceKey] = ()
    former: bool = False
    forgotten: bool = False
