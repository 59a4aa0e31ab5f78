"""Classifies errors and answers: which kind of evidence each of them is.

All that comes in is classified by ``classify_error``, ``classify_answer``, ``classify_list`` or
``classify_absence``. Nothing else looks at a status, a receipt or a record to decide about an invoice. What
follows from each kind of evidence is in ``kinds.py``.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import cache
from typing import cast

from attrs import Factory, field, frozen

from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.words import form_of, is_number, survey
from confirma_async.bulk.models import State
from confirma_async.converters import Converter, wire_names
from confirma_async.errors import (
    APIError,
    CallError,
    OutcomeUnknownError,
    Phase,
    ResponseDecodeError,
    TransportError,
)
from confirma_async.privacy import quoted as repeated
from confirma_async.schemas import InvoiceReceipt, InvoiceStatus
from confirma_async.session.answers.api_errors import in_words
from confirma_async.session.answers.decoding import Reply
from confirma_async.session.retry import not_taken

_LONGEST_STATUS, _LONGEST_DETAIL = 100, 1000


def _status(word: str | None) -> str | None:
    return word if word is None or word in TAKEN else repeated(word, _LONGEST_STATUS)


def _detail(text: str | None) -> str | None:
    return text if text is None else repeated(text, _LONGEST_DETAIL)


def _state_of(found: Classification) -> State:
    return found.kind.reading.state


def _is_duplicate(found: Classification) -> bool:
    return found.kind.reading.duplicate


@frozen(kw_only=True)
class Classification:
    """What to write down for an item, and whether the job can go on.

    Texts of the service are masked, and in one line, so that the journal and messages may hold them.

    Attributes:
        kind: The kind of evidence.
        status: The status that the service gave, in its own word.
        detail: The reason, in words.
        pause: Why the job must pause, in words; None where it can go on.
        cause: The error for which the job pauses.
        form: The form of the answer, where it has to be confirmed.
        state: The state to write.
        duplicate: Whether the service had the invoice already.
    """

    kind: EvidenceKind
    status: str | None = field(default=None, converter=_status)
    detail: str | None = field(default=None, converter=_detail)
    pause: str | None = None
    cause: CallError | None = None
    form: str | None = None
    state: State = field(init=False, default=Factory(_state_of, takes_self=True))
    duplicate: bool = field(init=False, default=Factory(_is_duplicate, takes_self=True))

    @property
    def says_no(self) -> bool:
        """Whether the service rejected the attempt; see ``EvidenceRow.says_no``."""
        return self.kind.reading.says_no

    @property
    def going_on(self) -> bool:
        """Whether the service may still be at work on the request."""
        return self.kind.reading.going_on


_BY_STATUS: Mapping[int, EvidenceKind] = {
    **dict.fromkeys(
        (401, 403, 404, 405, 406, 407, 410, 411, 414, 415, 417, 421, 426, 428, 431, 501, 505),
        EvidenceKind.REJECTED_FOR_ALL,
    ),
    **dict.fromkeys((400, 402, 413, 422, 451), EvidenceKind.REJECTED),
    **dict.fromkeys((409, 412, 423), EvidenceKind.CONFLICT),
    **dict.fromkeys((408, 502, 503, 504), EvidenceKind.GATEWAY),
}
_BY_HUNDRED: Mapping[int, EvidenceKind] = {
    3: EvidenceKind.REDIRECT,
    4: EvidenceKind.UNHEARD_OF,
    5: EvidenceKind.FAILED,
}


def kind_of_status(status: int, retry_after: float | None = None) -> EvidenceKind:
    """Classify an HTTP status other than those of success.

    Args:
        status: The HTTP status, from 100 to 599.
        retry_after: The seconds that its ``Retry-After`` names; None where it names none.
    """
    if not_taken(status, retry_after):
        return EvidenceKind.BUSY
    return _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, EvidenceKind.NO_WHOLE_ANSWER)


def classify_error(error: CallError) -> Classification:
    """Classify a failed call: rejected, of unknown outcome, or without effect, so that the job pauses."""
    kind = _kind_of_error(error)
    if kind.reading.pause:
        return Classification(kind=kind, pause=str(error), cause=error)
    rejected = error.detail if kind is EvidenceKind.REJECTED and isinstance(error, APIError) else None
    message, _, _paths = str(error).partition("\n")
    return Classification(kind=kind, detail=rejected or message)


def _kind_of_error(error: CallError) -> EvidenceKind:
    match error:
        case OutcomeUnknownError(status=int(status)):
            kind = kind_of_status(status)
            return kind if kind.reading.state is State.UNKNOWN else EvidenceKind.FAILED
        case (
            OutcomeUnknownError(__cause__=TransportError(broken=True))
            | TransportError(broken=True, phase=Phase.NO_REPLY)
        ):
            return EvidenceKind.BROKEN
        case OutcomeUnknownError():
            return EvidenceKind.NO_ANSWER
        case ResponseDecodeError():
            return EvidenceKind.UNREADABLE
        case CallError(phase=Phase.NOT_SENT):
            return EvidenceKind.NOT_SENT
        case APIError(status=status):
            return kind_of_status(status, getattr(error, "retry_after", None))
        case _:
            return EvidenceKind.NO_ANSWER


TAKEN = frozenset(
    {
        InvoiceStatus.PAUSED,
        InvoiceStatus.DRAFT,
        InvoiceStatus.ACCEPTED,
        InvoiceStatus.INVOICED,
        InvoiceStatus.CREDITED,
        InvoiceStatus.INTERMEDIATED,
        InvoiceStatus.MANUAL,
    }
)
"""The statuses by which the service says that it has the invoice (contract §4, documented)."""


@frozen
class Receipts:
    """The wire names of status and number in a receipt, with the overrides of the client.

    Attributes:
        status: The wire name of the status.
        number: The wire name of the invoice number.
    """

    status: str
    number: str

    @classmethod
    def of(cls, converter: Converter) -> Receipts:
        """Return the names that a converter reads receipts by."""
        names = {each.attribute: each.wire for each in converter.fields_of(InvoiceReceipt)}
        return cls(names["status"], names["invoice_number"])


SHIPPED_NAMES = Receipts(wire_names(InvoiceReceipt)["status"], wire_names(InvoiceReceipt)["invoice_number"])
"""The names where nothing is overridden."""


def classify_answer(
    reply: Reply, number: int, names: Receipts = SHIPPED_NAMES, forms: Container[str] = ()
) -> Classification:
    """Classify an answer of success by its status, by signs of failure, and by its form.

    The vendor does not show the answer, so that its names are provisional.

    Args:
        reply: The answer, with its HTTP status and what was read from its body.
        number: The number of the invoice that was sent.
        names: The wire names of its status and its number.
        forms: The forms of answers after which a lookup has found the invoice.
    """
    body: object = {} if reply.empty else reply.found
    if not isinstance(body, dict):
        return Classification(kind=EvidenceKind.UNREADABLE, detail="the answer is no JSON object")
    found = cast("Mapping[str, object]", body)
    word = found.get(names.status)
    status = word if isinstance(word, str) else None
    sign, numbers = survey(found, names.status, names.number)
    if not all(is_number(other, number) for other in numbers):
        return Classification(
            kind=EvidenceKind.ANOTHER,
            status=status,
            detail="the answer names another invoice than the one sent",
        )
    if status == InvoiceStatus.ERROR:
        detail = in_words(found) or "the service found it in error"
        return Classification(kind=EvidenceKind.IN_ERROR, status=status, detail=detail)
    if status == InvoiceStatus.DUPLICATE:
        # It need not be this document that the service has: it may know numbers only. The form is one that no
        # lookup confirms; it lets many that are sent a second time be looked up before the job is paused.
        return Classification(
            kind=EvidenceKind.DUPLICATE,
            status=status,
            form=f"{reply.status} DUPLICATE",
            detail="the service says that it has one of this number from before",
        )
    if sign is not None:
        words = in_words(found)
        detail = f"the answer bears a sign of failure ({sign})" + (f": {words}" if words else "")
        return Classification(kind=EvidenceKind.SAYS_NO, status=status, detail=detail)
    if status in TAKEN:
        return _taken(status)
    form = f"{reply.status} {'nothing' if reply.empty else form_of(found, names.status)}"
    if form in forms:
        return Classification(kind=EvidenceKind.FORM_KNOWN, status=status)
    return Classification(
        kind=EvidenceKind.FORM_NEW,
        status=status,
        form=form,
        detail="the answer says in no word that is known that the invoice was taken, and no invoice that was "
        f"answered so is known to be listed yet (HTTP {form})",
    )


@cache
def _taken(status: str) -> Classification:
    """Return the classification of an invoice that was taken; each status has one object, which is reused."""
    return Classification(kind=EvidenceKind.TAKEN, status=status)
