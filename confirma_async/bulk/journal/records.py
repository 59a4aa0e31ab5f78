"""The records that are written to a journal and read from it."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from attrs import frozen

from confirma_async.bulk.models import SETTLE_SECONDS, Row, State
from confirma_async.schemas.identity import InvoiceKey

RUNS_WITH_REFUSALS = 100
"""The number of latest runs whose refused records are kept."""


@frozen
class JobName:
    """What a run sends, and where to.

    Attributes:
        target: The base URL or the sandbox that the invoices are sent to.
        inputs: Names of the input files.
        allowed: The rules that invoices may break in it.
        reading: How the input is read, as text that the command line writes and reads; empty elsewhere.
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
        known: How many of its records earlier runs had brought to acceptance.
        allowed: The rules that invoices might break in it.
        reading: How the input was read, as text that the command line writes and reads; empty elsewhere.
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
    """Why a journal may not know all that was sent. Each invoice is then looked up before it is sent.

    Attributes:
        reason: What was found, in words.
        since: When it was found, by this machine's clock; seconds since 1970.
        service_time: The time that the service named in its first answer after that; seconds since 1970. None
            before that answer.
    """

    reason: str
    since: float
    service_time: float | None = None


class Admission(enum.Enum):
    """The journal's answer to an entry that a job wants to send."""

    CLAIMED = "claimed"
    """This run sends it."""
    RETRIED = "retried"
    """This run sends it again; it was rejected before."""
    UNKNOWN = "unknown"
    """An earlier attempt may have arrived, so it is looked up first."""
    FINAL = "final"
    """It was decided in an earlier run."""
    ELSEWHERE = "elsewhere"
    """Another run has it in its hands, and is alive."""
    CLASH = "clash"
    """The same invoice came before in this run."""
    CHANGED = "changed"
    """The same invoice is in the journal with other contents."""


@frozen
class Version:
    """A version of an invoice that was sent.

    Attributes:
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of its body.
        date: Its date, in ISO 8601.
    """

    digest: bytes
    date: str


@frozen
class Admitted:
    """The journal's answer to one entry.

    Attributes:
        admission: The answer.
        position: The number of the item in the journal.
        row: The item as it was before; None where the journal did not know the invoice.
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
        status: The status that the service gave, in its own word.
        detail: Why, in words.
        duplicate: Whether the service had the invoice already.
        at: When it was decided; seconds since 1970.
        lost: Whether its answer was lost just now, so that its settle time counts from now.
        seconds: How long the deciding call took.
        says_no: Whether the service said no, though that did not decide it: the outcome is unknown, or it was
            rejected because no list showed it.
        form: The form of its answer, where a lookup must confirm that form.
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
        at: When the person said so; seconds since 1970.
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
        source: The place of the record: its file and line.
        number: Its number, as the file gives it.
        rule: The rule that it breaks.
        path: The path of what is wrong, in the record.
        message: What is wrong and what to do.
    """

    source: str
    number: str | None
    rule: str
    path: str
    message: str


@frozen(kw_only=True)
class PreviousVersion:
    """An earlier version of an item, from before it was sent again or a person decided about it.

    Attributes:
        position: The number of the item in the journal.
        at: When this version ended; seconds since 1970.
        state: The state it was in.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body that it had.
        status: The status that the service gave, in its own word.
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
