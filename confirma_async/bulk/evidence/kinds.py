"""The one table of what each kind of evidence proves: the state of the invoice that follows from it.

Every kind is a member of ``EvidenceKind``, with the state that follows from it and the reason.
``classification.py`` says which kind something is. The docs show the same table.
"""

from __future__ import annotations

import enum
from functools import partial

from attrs import field, frozen

from confirma_async.bulk.models import State


@frozen
class EvidenceRow:
    """What one kind of evidence proves.

    Attributes:
        of: What is read: an ``answer``, a ``receipt``, a ``record``, a ``list`` or an ``absence``.
        what: Which of them it is, in words: ``3xx``, ``that does not hold all the dates asked for``.
        state: The state that the invoice gets; ``SENDING`` where it is sent again.
        reason: Why that state follows.
        pause: Whether the job pauses: the next invoice would get the same.
        says_no: Whether the service said no: shown to be absent, the invoice is rejected, not sent again.
        duplicate: Whether the service had the invoice already.
    """

    of: str
    what: str
    state: State
    reason: str
    pause: bool = field(default=False, kw_only=True)
    says_no: bool = field(default=False, kw_only=True)
    duplicate: bool = field(default=False, kw_only=True)

    @property
    def detail(self) -> str:
        """The message for an invoice whose outcome a record or a list leaves unknown."""
        subject = "there is a record" if self.of == "record" else "the list is one"
        return f"{subject} {self.what}: {self.reason}"

    @property
    def going_on(self) -> bool:
        """Whether the service may still be at work on the request, though the call has ended.

        A gateway that lost its upstream breaks the connection, or answers in words of its own.
        """
        return self.of in {"answer", "receipt"} and self.state is State.UNKNOWN


_answer = partial(EvidenceRow, "answer")
_receipt = partial(EvidenceRow, "receipt")
_record = partial(EvidenceRow, "record")
_absence = partial(EvidenceRow, "absence")


def _unsure(of: str, what: str, reason: str) -> EvidenceRow:
    return EvidenceRow(of, what, State.UNKNOWN, reason)


class EvidenceKind(enum.Enum):
    """Every kind of evidence, with what follows from it.

    Attributes:
        reading: What it proves; the same object as ``value``.
    """

    def __init__(self, reading: EvidenceRow) -> None:
        # Found more quickly than the value: it is asked for ten times an invoice.
        self.reading: EvidenceRow = reading

    NOT_SENT = _answer(
        "none, and nothing was sent", State.PENDING, "no byte of it left this machine", pause=True
    )
    BUSY = _answer(
        "429, or 503 with `Retry-After`, to the last of several attempts",
        State.PENDING,
        "the service says that it took nothing and when to come back",
        pause=True,
    )
    REJECTED_FOR_ALL = _answer(
        "401, 403, 404, 405, 406, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431, 501, 505",
        State.PENDING,
        "it rejects the way of asking, not this invoice, and the next one would get the same",
        pause=True,
    )
    REJECTED = _answer(
        "400, 402, 413, 422, 451", State.REJECTED, "it rejects this invoice, for a reason that it gives"
    )
    CONFLICT = _answer(
        "409, 412, 423",
        State.UNKNOWN,
        "it contradicts what the service has, which may be this invoice",
        says_no=True,
    )
    REDIRECT = _answer(
        "3xx", State.UNKNOWN, "a gateway may point elsewhere after the service took the invoice"
    )
    GATEWAY = _answer(
        "408, 502, 504, or 503 without `Retry-After`",
        State.UNKNOWN,
        "a gateway gives it for an answer that it did not get, and the service may still be at work",
    )
    FAILED = _answer("any other 5xx", State.UNKNOWN, "the service failed, and does not say how far it came")
    UNHEARD_OF = _answer(
        "any other 4xx", State.UNKNOWN, "no standard says what it means, so that it proves nothing"
    )
    NO_WHOLE_ANSWER = _answer(
        "1xx, 203, 205, 206, 207 or any other 2xx",
        State.UNKNOWN,
        "it is no whole answer of the service to what was sent",
    )
    REJECTED_AFTER_RESEND = _answer(
        "400, 402, 413, 422, 451, or a receipt with status `ERROR`, after it was sent again on time alone",
        State.UNKNOWN,
        "it may be rejected because the attempt before it was taken",
        says_no=True,
    )
    UNREADABLE = _answer(
        "200, 201, 202 or 204 with a body that is cut off, too long, or no JSON object",
        State.UNKNOWN,
        "a proxy or a login page may answer so as well",
    )
    BROKEN = _answer(
        "none: the connection broke", State.UNKNOWN, "the invoice may have arrived before it did"
    )
    NO_ANSWER = _answer(
        "none in time",
        State.UNKNOWN,
        "the invoice may have arrived, and the service may still be at work",
    )

    ANOTHER = _receipt("names another invoice", State.UNKNOWN, "it is the answer to something else")
    IN_ERROR = _receipt("status `ERROR`", State.REJECTED, "documented: validation failed, or data is missing")
    DUPLICATE = _receipt(
        "status `DUPLICATE`",
        State.UNKNOWN,
        "documented: the service has it from before; but it may be another document of this number",
        says_no=True,
    )
    SAYS_NO = _receipt(
        "a sign of failure: `error`, `errors`, `success: false`, a word such as `FAILED`, in any letters",
        State.UNKNOWN,
        "it says no, but not in a way that is documented",
        says_no=True,
    )
    TAKEN = _receipt(
        "a status that is documented, and is not one of those above",
        State.ACCEPTED,
        "the service says what the invoice is to it",
    )
    FORM_KNOWN = _receipt(
        "no word that is known, in a form that is",
        State.ACCEPTED,
        "a lookup has found an invoice that was answered in this form",
    )
    FORM_NEW = _receipt(
        "no word that is known, in a form that is new",
        State.UNKNOWN,
        "whether it is the service that answers so is not known until a lookup finds the invoice",
    )

    LISTED = _record(
        "of its number, with a date that fits and a status that is documented",
        State.ACCEPTED,
        "the service has it",
    )
    LISTED_AFTER_NO = _record(
        "the same, after an answer that said no",
        State.ACCEPTED,
        "the service has it from before; marked as a duplicate",
        duplicate=True,
    )
    LISTED_DUPLICATE = _record(
        "the same, and all have the status `DUPLICATE`",
        State.ACCEPTED,
        "the service has it from before; marked as a duplicate",
        duplicate=True,
    )
    LISTED_IN_ERROR = _record(
        "the same, with the status `ERROR`",
        State.REJECTED,
        "documented: validation failed, or data is missing",
    )
    REMINDER = _unsure("record", "of a reminder's number", "it may be the reminder's or its invoice's")
    RIVAL = _unsure(
        "record",
        "of its number, that may be another document's",
        "another document was sent under the same number, and nothing in the record contradicts it",
    )
    UNTYPED = _unsure(
        "record",
        "of its number that names no type, while the journal does not know all that was sent",
        "another document of this number may have been sent that the journal does not know; say what became "
        "of this one, or of all that are listed (resolve)",
    )
    OTHER_DATE = _unsure(
        "record",
        "of its number, with a date more than 7 days away, or none",
        "it may be of another invoice of this number",
    )
    CONTRADICTION = _unsure(
        "record",
        "of its number, with another type, amount or seller",
        "it may be of another invoice of this number",
    )
    NEAR = _unsure(
        "record",
        "of a number that is nearly the same: `0001042`, `INV-1042`",
        "the service may spell the number so, or it is another's",
    )
    NO_WORD = _unsure(
        "record", "of its number, without a status", "it does not say what became of the invoice"
    )
    UNKNOWN_WORD = _unsure(
        "record",
        "of its number, with a status that is not documented",
        "it may say that the invoice failed or was deleted",
    )
    HAS_ERROR = _unsure(
        "record", "of its number, with an error and another status than `ERROR`", "it says both yes and no"
    )
    FORMER_ERROR = _unsure(
        "record",
        "of its number in error, or a duplicate of that, after an earlier attempt was rejected",
        "it may be that of the earlier attempt",
    )
    FORMER_VERSION = _unsure(
        "record",
        "of its number, before it was sent as it was corrected",
        "the service may have taken the version before, of which it was told that it is not there",
    )
    SEVERAL = _unsure(
        "record", "several of its number, in error and not in error", "which is its own is not said"
    )

    NO_NUMBERS = _unsure("list", "with records without a number", "the number may have another name there")
    NO_FILTERS = _unsure(
        "list", "that does not name the number and the dates asked for", "it may be about other invoices"
    )
    OTHER_FILTERS = _unsure("list", "that names another number", "it is about another invoice")
    OTHER_WINDOW = _unsure(
        "list", "that does not hold all the dates asked for", "the invoice may lie outside of them"
    )
    PADDED = _unsure("list", "with records that were not asked for", "the filter does not work")
    NOT_WHOLE = _unsure(
        "list",
        "that counts records which it does not hold, counts none at all, or goes on elsewhere",
        "the invoice may be among the others",
    )
    LIST_FAILED = _unsure("list", "with a sign of failure", "it may be empty for that reason")
    NO_LIST = _unsure("list", "that cannot be had: its call fails three times", "nothing is known")
    NOT_LISTED = _unsure("list", "that is empty, and confirms what was asked for", "see the next table")

    ABSENT = _absence(
        "a witness is listed and the settle time has passed",
        State.SENDING,
        "the list has come further than the lost attempt could have",
    )
    ABSENT_WITHOUT_CONTENTS = _absence(
        "the same, and its contents are not at hand, as in an outbox that began anew",
        State.PENDING,
        "it is not there: it is sent once it is given again",
    )
    ABSENT_BY_TIME = _absence(
        "no witness is listed, the settle time has passed, and `resend` was said",
        State.SENDING,
        "only time speaks for it: the report names each such invoice",
    )
    ABSENT_AFTER_NO = _absence(
        "a witness is listed and the settle time has passed, after an answer that said no",
        State.REJECTED,
        "the service said no, and has it not; time alone does not show that",
    )
    NO_WITNESS = _absence(
        "no witness is listed",
        State.UNKNOWN,
        "the list may be late; invoices that are accepted later are witnesses for the next run",
    )
    NOT_ENDED = _absence(
        "the journal's clock says that its call may still be under way",
        State.UNKNOWN,
        "a clock stands wrong, now or when it was sent",
    )
    EARLIER = _absence(
        "it was sent again, and that attempt was surely not taken",
        State.UNKNOWN,
        "the attempt before it may still appear",
    )
    TOO_OFTEN = _absence("sent four times in this run", State.UNKNOWN, "something is wrong with it")
    NOTHING_KNOWN = _absence(
        "it is new, and the journal does not know all that was sent",
        State.UNKNOWN,
        "it may have been sent by what the journal does not know of",
    )
