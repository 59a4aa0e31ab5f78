"""What an answer means for an item."""

import pytest

from confirma_async.bulk import rulings
from confirma_async.bulk.items import State
from confirma_async.errors import OutcomeUnknownError, Phase, ResponseDecodeError, TransportError, error_class
from confirma_async.schemas import DistributionRecord, InvoiceError, InvoiceReceipt


@pytest.mark.parametrize(
    ("status", "state", "pauses"),
    [
        (400, State.REJECTED, False),
        (401, State.PENDING, True),
        (402, State.REJECTED, False),
        (403, State.PENDING, True),
        (404, State.PENDING, True),
        (405, State.PENDING, True),
        (408, State.UNKNOWN, False),
        (409, State.UNKNOWN, False),
        (413, State.REJECTED, False),
        (422, State.REJECTED, False),
        (429, State.PENDING, True),
        (302, State.PENDING, True),
        (500, State.UNKNOWN, False),
        (501, State.PENDING, True),
        (503, State.PENDING, True),
    ],
)
def test_each_status_has_its_consequence(status, state, pauses):
    ruling = rulings.on_error(error_class(status)(status))
    assert (ruling.state, ruling.pause is not None) == (state, pauses)


def test_what_was_not_sent_pauses_the_job():
    ruling = rulings.on_error(TransportError("refused", phase=Phase.NOT_SENT))
    assert (ruling.state, ruling.pause) == (State.PENDING, "refused")


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknownError("reset"),
        ResponseDecodeError("no JSON", status=200),
        TransportError("reset", phase=Phase.NO_REPLY),
    ],
)
def test_what_may_have_arrived_is_unknown(error):
    assert rulings.on_error(error).state is State.UNKNOWN


def test_a_conflict_is_looked_up_before_it_is_a_rejection():
    assert rulings.on_error(error_class(409)(409)).conflict


@pytest.mark.parametrize(
    ("status", "state", "duplicate"),
    [
        (None, State.ACCEPTED, False),
        ("PAUSED", State.ACCEPTED, False),
        ("SOMETHING_NEW", State.UNKNOWN, False),
        ("DUPLICATE", State.ACCEPTED, True),
        ("ERROR", State.REJECTED, False),
    ],
)
def test_each_word_of_a_receipt_has_its_consequence(status, state, duplicate):
    ruling = rulings.on_receipt(InvoiceReceipt(status=status))
    assert (ruling.state, ruling.duplicate, ruling.status) == (state, duplicate, status)


def test_a_rejection_says_what_the_service_said():
    errors = [InvoiceError(field="iban", message="wrong"), InvoiceError(message="also")]
    receipt = InvoiceReceipt(status="ERROR", errors=errors)
    assert rulings.on_receipt(receipt).detail == "iban: wrong; also"


def test_a_record_found_in_error_is_a_rejection():
    ruling = rulings.on_record(DistributionRecord(status="ERROR", error="no postal code"))
    assert (ruling.state, ruling.detail) == (State.REJECTED, "no postal code")


def test_a_record_without_a_status_is_an_acceptance():
    assert rulings.on_record(DistributionRecord()).state is State.ACCEPTED


def test_a_receipt_that_bears_errors_and_no_status_is_looked_up():
    ruling = rulings.on_receipt(InvoiceReceipt(errors=[InvoiceError(message="no rows")]))
    assert (ruling.state, ruling.detail) == (State.UNKNOWN, "no rows")


def test_what_an_accepted_receipt_complains_of_is_kept():
    receipt = InvoiceReceipt(status="PAUSED", errors=[InvoiceError(message="no e-mail")])
    assert rulings.on_receipt(receipt).detail == "no e-mail"


def test_a_conflict_over_what_is_found_is_a_duplicate_in_the_services_words():
    ruling = rulings.on_record(DistributionRecord(status="INVOICED"), conflict="number taken")
    assert (ruling.duplicate, "number taken" in str(ruling.detail)) == (True, True)


def test_personal_identity_numbers_are_never_repeated():
    receipt = InvoiceReceipt(status="ERROR", errors=[InvoiceError(message="buyer 131052-308T unknown")])
    assert "131052" not in str(rulings.on_receipt(receipt).detail)
    assert "131052" not in str(rulings.on_record(DistributionRecord(error="131052-308T")).detail)
