"""The data of a bulk job: items and their states, outcomes, options."""

from __future__ import annotations

import datetime
import enum
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypedDict, cast

from attrs import Factory, asdict, field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.errors import Problem
from confirma_async.formats.attached.placeholders import Placeholder
from confirma_async.formats.models import Place
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.schemas.identity import InvoiceKey
from confirma_async.validation import Checks, Validate


class State(enum.IntEnum):
    """The state of an item in the journal. The numbers are stored: never change one."""

    PENDING = 0
    """Not under way. It was never sent, or what was sent surely did not arrive."""
    CLAIMED = 1
    """A run has it in its hands, and has surely not sent it yet."""
    SENDING = 2
    """Its first byte may have left. After a crash this counts as UNKNOWN."""
    UNKNOWN = 3
    """It may have arrived, and must be looked up before anything else."""
    ACCEPTED = 4
    """The service has it. Final."""
    REJECTED = 5
    """The service rejected it. Final."""


FINAL = frozenset({State.ACCEPTED, State.REJECTED})


class Verdict(enum.Enum):
    """What became of a record of a job, or of a write of an outbox."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The service rejected it."""
    REFUSED = "refused"
    """This SDK did not send it: it is invalid, or contradicts the journal."""
    UNKNOWN = "unknown"
    """It may have arrived. It is looked up again when the job is run again."""
    NOT_SENT = "not sent"
    """It was surely not sent. An outbox waits until it is given again; a job counts it as pending."""


VERDICTS: Mapping[State, Verdict] = {
    State.PENDING: Verdict.NOT_SENT,
    State.CLAIMED: Verdict.NOT_SENT,
    State.SENDING: Verdict.UNKNOWN,
    State.UNKNOWN: Verdict.UNKNOWN,
    State.ACCEPTED: Verdict.ACCEPTED,
    State.REJECTED: Verdict.REJECTED,
}
"""The verdict that each state is reported as."""


def gross_of(request: SalesInvoiceRequest) -> Decimal | None:
    """Return the amount that an invoice asks for; None where it names none.

    It is the gross amount with its rounding. Where there is none, it is the sum of the gross amounts of the
    rows, if each row has one.
    """
    amounts = request.invoice.amounts
    if amounts is not None and amounts.gross_amount is not None:
        return amounts.gross_amount + (amounts.rounding_amount or 0)
    rows = [row.gross_amount for row in request.invoice.rows]
    known = [amount for amount in rows if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(rows) else None


DIGEST_BYTES = 16
"""Bytes that are kept of the SHA-256 of a body; they are enough to tell two versions of an invoice apart."""

_UNSHARED = 2047
"""The longest data, in bytes, that hashlib digests without releasing Python's lock."""

_LONG = 1 << 16
"""Bytes of a body from which on Python's lock is released while it is digested."""


def digest_of(body: bytes) -> bytes:
    """Return the digest of an invoice's contents: ``DIGEST_BYTES`` of the SHA-256 of its body.

    A body of usual size is digested in parts, so that Python does not release its lock: a switch to the
    journal's thread and back would cost more than the digest.
    """
    if len(body) >= _LONG:
        return hashlib.sha256(body).digest()[:DIGEST_BYTES]
    digest = hashlib.sha256()
    for begin in range(0, len(body), _UNSHARED):
        digest.update(body[begin : begin + _UNSHARED])
    return digest.digest()[:DIGEST_BYTES]


@frozen(kw_only=True)
class Entry:
    """A record of the input that is ready to send.

    Attributes:
        place: The place of the record in the input.
        key: What identifies the invoice.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body; the journal keeps them instead of it.
        body: The encoded request; with placeholders for documents, which are loaded as it is sent.
        placeholders: The placeholders in it.
        amount: The amount that it asks for; None where it names none.
        currency: The currency of the amount.
        remarks: What the reader decided by itself, in words.
        warnings: Problems for which it is not refused.
        original_number: The number that the file gives, where another one is sent; None elsewhere.
    """

    place: Place
    key: InvoiceKey
    digest: bytes = field(repr=False)
    body: bytes = field(repr=False)
    placeholders: Sequence[Placeholder] = ()
    amount: Decimal | None = None
    currency: str = ""
    remarks: Sequence[str] = ()
    warnings: Sequence[Problem] = ()
    original_number: str | None = None


@frozen(kw_only=True)
class RefusedRecord:
    """A record of the input that is not sent, with its problems.

    Attributes:
        place: The place of the record in the input.
        problems: What is wrong with it.
        number: The number that the file gives; None where it gives none.
        amount: The amount that it asks for; None where it is not known.
        currency: The currency of the amount; empty where it is not known.
    """

    place: Place
    problems: Sequence[Problem]
    number: str | None = None
    amount: Decimal | None = None
    currency: str = ""


@frozen(kw_only=True)
class Row:
    """An item as the journal holds it.

    Attributes:
        position: The number of the item in the journal, in the order of admission.
        key: What identifies the invoice.
        source: The place of its record when that was last read.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body.
        state: Its state.
        attempts: How often it was sent.
        attempted_at: When it was last sent; seconds since 1970.
        run: The number of the run that last took it up.
        sequence: The place of its last attempt among all attempts of the journal, in the order of their
            intents; 0 before the first.
        ended: The place of the last attempt that had begun when this one had surely ended, where it was lost;
            None where that is not known.
        ends_at: The latest moment at which its last call could end, while it is open; seconds since 1970.
        status: The status that the service gave, in its own word.
        detail: The reason, in words.
        duplicate: Whether the service had it already.
        amount: The amount that it asks for; None where it names none.
        currency: The currency of the amount.
        decided_at: When it came to a final state; seconds since 1970.
        seconds: How long the deciding call took, its retries included.
        says_no: Whether the service said no to its last attempt, and did not decide it by that: the item is
            unknown, or was rejected because no list showed it.
        form: The form of the answer to its last attempt, while a lookup has to confirm that form.
        holder: The number of the run that has it in its hands; None where no run has.
    """

    position: int
    key: InvoiceKey
    source: str
    digest: bytes = field(repr=False)
    state: State
    attempts: int = 0
    attempted_at: float | None = None
    run: int
    sequence: int = 0
    ended: int | None = None
    ends_at: float | None = None
    status: str | None = None
    detail: str | None = None
    duplicate: bool = False
    amount: Decimal | None = None
    currency: str = ""
    decided_at: float | None = None
    seconds: float | None = None
    says_no: bool = False
    form: str | None = None
    holder: int | None = None


@frozen(kw_only=True)
class Outcome:
    """What became of one record of the input.

    Attributes:
        verdict: Accepted, rejected, refused or unknown.
        place: The place of the record in the input.
        number: The invoice number as sent; the file's text where none could be made of it.
        type: The invoice type, where it is known.
        status: The status in the service's answer, where it gave one (``PAUSED``, ``DUPLICATE``, ...).
        detail: Why, in words; None for a plain acceptance.
        duplicate: Whether the service had the invoice already; this counts as acceptance.
        resumed: Whether it was decided in an earlier run of the job; nothing was sent now.
        problems: What is wrong with a refused record.
        remarks: What the reader decided for itself, in words.
        warnings: Problems that did not keep the invoice from being sent.
        original_number: The number that the file gives, where another one was sent.
        unproven: Whether it was sent again after the settle time, though nothing proved that it had not
            arrived.
        amount: The amount that it asks for (Decimal); None where it does not say.
        currency: The currency of the amount.
    """

    verdict: Verdict
    place: Place
    number: int | str | None
    type: str | None = None
    status: str | None = None
    detail: str | None = None
    duplicate: bool = False
    resumed: bool = False
    problems: Sequence[Problem] = ()
    remarks: Sequence[str] = ()
    warnings: Sequence[Problem] = ()
    original_number: str | None = None
    unproven: bool = False
    amount: Decimal | None = None
    currency: str = ""


class Unknown(enum.Enum):
    """What to do with an invoice that may have arrived, is not listed, and has no witness."""

    HOLD = "hold"
    """Leave it to a later run, whose invoices may be witnesses, or to a person."""
    RESEND = "resend"
    """Send it again once the settle time has passed: the invoice is doubled if the list was later than
    that."""


MAX_CONSECUTIVE_REJECTIONS = 50
"""Rejections in a row for the same cause after which a job pauses, unless set otherwise: a cause that all
share (a provisional name, an agreement) would have the rest rejected, too."""

SETTLE_SECONDS = 60.0
"""Seconds for which the service may still be at work on a call that has ended, unless set otherwise."""

CHUNK_SIZE = 500
"""Planned invoices that a worker takes at a time, unless set otherwise."""


class Retry(enum.Enum):
    """Which rejected invoices a job sends again, under the same number."""

    NONE = "none"
    CHANGED = "changed"
    """Those whose contents have changed since."""
    ALL = "all"
    """All of them: the cause was not in the invoices, and is cured."""


def _checks_of(options: JobOptions) -> Checks:
    return Checks(options.validate, options.allow)


@frozen(kw_only=True)
class JobOptions:
    """How a job runs; ``submit`` and ``stream`` take each of these by its name.

    Attributes:
        settle_seconds: Seconds for which the service may still be at work on a call that has ended. Before
            they have passed, an invoice that is not listed may still appear. No figure is documented; 60 is
            this project's choice. From 0 to 604,800, which is a week.
        on_unknown: What to do with an invoice that may have arrived, is not listed, and has no witness of its
            absence: ``hold`` it for the next run or a person, or ``resend`` it after the settle time, which
            doubles it if the service's list was later than that.
        validate: Whether to check invoices against the rules that need no server; ``"strict"`` refuses them
            also for what is a warning otherwise.
        allow: Rules that invoices may break, by their ids; the journal and the report name them.
        retry: Which invoices that the service rejected in an earlier run are sent again, under the same
            number: ``none``, those that have ``changed`` since, or ``all``.
        max_consecutive_rejections: Rejections in a row of the same cause that pause the job, from 1 to
            1,000,000; None for no such limit.
        until: A moment at which the job pauses, even if invoices are left; None for none.
        target: What the journal is bound to; the client's base URL unless given.
        inputs: Names of the inputs, for people who look at the run later.
        expected: How many records the whole input has, where that is known, so that the time left can be
            estimated.
        reading: How the inputs are read, as text that the command line writes and reads; empty elsewhere.
    """

    settle_seconds: float = field(default=SETTLE_SECONDS, validator=within(bounds.SETTLE))
    on_unknown: Unknown = field(default=Unknown.HOLD, converter=Unknown)
    validate: Validate = True
    allow: Sequence[str] = field(default=(), converter=tuple[str, ...])
    retry: Retry = field(default=Retry.NONE, converter=Retry)
    max_consecutive_rejections: int | None = field(
        default=MAX_CONSECUTIVE_REJECTIONS, validator=within(bounds.MAX_CONSECUTIVE_REJECTIONS, optional=True)
    )
    until: datetime.datetime | None = None
    target: str | None = None
    inputs: Sequence[str] = field(default=(), converter=tuple[str, ...])
    expected: int | None = field(default=None, validator=within(bounds.EXPECTED, optional=True))
    reading: str = ""
    checks: Checks = field(init=False, repr=False, default=Factory(_checks_of, takes_self=True))
    """How strictly invoices are held against the rules that need no server."""

    def as_arguments(self) -> JobArguments:
        """Return the same as the keyword arguments of ``submit`` and ``stream``."""
        given = asdict(self, recurse=False, filter=lambda attribute, _: attribute.init)
        return cast("JobArguments", given)


class JobArguments(TypedDict, total=False):
    """The attributes of ``JobOptions`` as keyword arguments, for type checkers."""

    settle_seconds: float
    on_unknown: Unknown | str
    validate: Validate
    allow: Iterable[str]
    retry: Retry | str
    max_consecutive_rejections: int | None
    until: datetime.datetime | None
    target: str | None
    inputs: Iterable[str]
    expected: int | None
    reading: str
