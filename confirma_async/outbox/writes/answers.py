"""What the answer to a write that is no invoice proves, by a known word in it or by its form.

The vendor shows the answer to one of these operations only, the onboarding of a client (contract §3). Of the
others, an answer of some form counts as accepted once a later read, or a person, has confirmed a write
with an answer of that form.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import cast

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.words import form_of, survey
from confirma_async.contract import CREATE_INVOICE_ACTIONS, Operation
from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.schemas import ActionsReceipt, InvoiceActions
from confirma_async.schemas.wire import Schema
from confirma_async.session.answers.api_errors import in_words
from confirma_async.session.answers.decoding import Reply

QUEUED = "PENDING"
"""What a receipt says of an action that is queued as pending (contract §5); name and spelling are ours."""

_STATUS, _NUMBER = "status", "invoiceNumber"


def classify(
    operation: Operation[object], request: Schema, reply: Reply, converter: Converter, forms: Container[str]
) -> Classification:
    """Return what a successful answer to a write proves.

    Args:
        operation: The operation that was called.
        request: The request that was sent.
        reply: The answer, as it came.
        converter: Reads the answer.
        forms: The forms after which a write was confirmed.
    """
    body: object = {} if reply.empty else reply.found
    if not isinstance(body, dict):
        return Classification(kind=EvidenceKind.UNREADABLE, detail="the answer is no JSON object")
    found = cast("Mapping[str, object]", body)
    sign, _ = survey(found, _STATUS, _NUMBER)
    if sign is not None:
        words = in_words(found)
        detail = f"the answer bears a sign of failure ({sign})" + (f": {words}" if words else "")
        return Classification(kind=EvidenceKind.SAYS_NO, detail=detail)
    try:
        receipt = converter.structure(dict(found), operation.response, strict=True)
    except ResponseDecodeError as error:
        error.with_traceback(None)  # its frames hold the answer, and that may hold a new client's key
        detail = "the answer is not what the contract describes"
        return Classification(kind=EvidenceKind.UNREADABLE, detail=detail)
    if operation.answer_shown:
        return Classification(kind=EvidenceKind.TAKEN)
    if operation is CREATE_INVOICE_ACTIONS and _all_queued(request, receipt):
        return Classification(kind=EvidenceKind.TAKEN, status=QUEUED)
    form = f"{operation.name} {reply.status} {'nothing' if reply.empty else form_of(found, _STATUS)}"
    if form in forms:
        return Classification(kind=EvidenceKind.FORM_KNOWN)
    return Classification(
        kind=EvidenceKind.FORM_NEW,
        form=form,
        detail="the answer says in no word that is known that it was taken, and nothing that was answered so "
        f"is known to have taken effect yet (HTTP {form.removeprefix(operation.name).strip()})",
    )


def _all_queued(request: Schema, receipt: Schema) -> bool:
    """Say whether a receipt tells of every action that was sent, in order, that it is queued."""
    if not isinstance(request, InvoiceActions) or not isinstance(receipt, ActionsReceipt):
        return False
    sent = [(action.code, action.data.invoice_number, action.data.case_id) for action in request.actions]
    confirmed = [
        (one.code, one.invoice_number if number else None, one.case_id if case else None)
        for one, (_, number, case) in zip(receipt.actions, sent, strict=False)
        if (one.status or "").upper() == QUEUED
    ]
    return len(receipt.actions) == len(sent) and confirmed == sent
