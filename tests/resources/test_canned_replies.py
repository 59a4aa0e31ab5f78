"""Verbs against canned replies, where a canned reply is enough; what matters is tested over a real socket."""

import pytest

from confirma_async import Confirma
from confirma_async.errors import (
    BadRequestError,
    BusinessRuleError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RequestInvalidError,
    UnprocessableError,
)

STAGING = "https://staging-integrations.confirmafinance.com/api/v1/partner"

INVOICE = {
    "invoice": {
        "header": {
            "number": 1042,
            "type": "INVOICE",
            "date": "2026-11-01",
            "dueDate": "2026-11-15",
            "currencyCode": "EUR",
        }
    }
}


@pytest.fixture
async def confirma():
    async with Confirma("key") as client:
        yield client


async def test_staging_is_called_unless_production_is_said(replies, confirma):
    replies.get(f"{STAGING}/validate", payload={"isValid": True, "message": "ok"})
    assert (await confirma.onboarding.validate_token()).is_valid


async def test_a_receipt_is_read_and_what_is_unknown_in_it_is_kept(replies, confirma):
    replies.post(f"{STAGING}/invoice", payload={"status": "WAITING", "invoiceNumber": "1042", "new": [1]})
    receipt = await confirma.invoices.create(INVOICE)
    assert receipt.status == "WAITING"
    assert not receipt.status.is_known
    assert receipt.invoice_number == 1042
    assert receipt.extra["new"] == [1]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequestError),
        (402, BusinessRuleError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, UnprocessableError),
        (500, OutcomeUnknownError),
    ],
)
async def test_each_status_has_its_error(replies, confirma, status, error):
    replies.post(f"{STAGING}/invoice", status=status, payload={"message": "because"})
    with pytest.raises(error):
        await confirma.invoices.create(INVOICE)


async def test_an_unknown_outcome_names_the_invoice(replies, confirma):
    replies.post(f"{STAGING}/invoice", status=500)
    with pytest.raises(OutcomeUnknownError, match="invoice 1042"):
        await confirma.invoices.create(INVOICE)


async def test_a_mapping_of_the_wrong_form_is_refused_with_every_path(replies, confirma):
    wrong = {"invoice": {"header": {**INVOICE["invoice"]["header"], "number": 1.5, "date": None}}}
    with pytest.raises(RequestInvalidError) as caught:
        await confirma.invoices.create(wrong)
    assert {problem.path for problem in caught.value.problems} == {
        "$.invoice.header.number",
        "$.invoice.header.date",
    }


async def test_a_broken_rule_is_found_before_sending(replies, confirma):
    wrong = {"invoice": {"header": {**INVOICE["invoice"]["header"], "currencyCode": "EURO"}}}
    with pytest.raises(RequestInvalidError, match="invoice 1042 was not sent"):
        await confirma.invoices.create(wrong)


async def test_rules_can_be_left_to_the_service(replies, confirma):
    wrong = {"invoice": {"header": {**INVOICE["invoice"]["header"], "currencyCode": "EURO"}}}
    replies.post(f"{STAGING}/invoice", payload={})
    await confirma.invoices.create(wrong, validate=False)


async def test_wrong_dates_are_refused_before_asking(replies, confirma):
    import datetime

    with pytest.raises(RequestInvalidError, match="swap them"):
        confirma.invoices.distributions(
            from_date=datetime.date(2026, 2, 1), to_date=datetime.date(2026, 1, 1)
        )
    with pytest.raises(RequestInvalidError, match="needs a first one"):
        confirma.invoices.distributions(to_date=datetime.date(2026, 1, 1))
