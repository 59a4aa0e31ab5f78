"""Whatever stands in the place of a value, a check ends."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from confirma_async.schemas import SalesInvoiceRequest
from tests.validation.conftest import faults
from tests.validation.reported import found

WRONG = [
    None,
    True,
    -1,
    1.5,
    "",
    "text",
    b"bytes",
    [],
    [1],
    (None,),
    {},
    {"a": 1},
    object(),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
]


def shown(value):
    """A name for a test that is the same in every process: without an address."""
    return "object" if type(value) is object else repr(value)


PLACES = [
    "header",
    "header.number",
    "header.date",
    "header.due_date",
    "header.currency_code",
    "references",
    "references.payment",
    "references.credited_invoice_number",
    "parties",
    "parties.seller_party",
    "parties.seller_party.business_id",
    "parties.seller_party.address",
    "parties.seller_party.address.country_code",
    "parties.seller_party.address.postal_code",
    "parties.seller_party.payment_details",
    "parties.seller_party.payment_details.iban",
    "parties.seller_party.contact.email",
    "rows",
    "rows.0",
    "rows.0.net_amount",
    "rows.0.unit_price",
    "amounts",
    "amounts.net_amount",
    "amounts.vat_breakdown",
    "amounts.vat_breakdown.0",
    "attachments",
    "attachments.0",
    "attachments.0.data",
    "attachments.0.url",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", WRONG, ids=shown)
def test_wrong_types_never_raise(with_, place, value):
    faults(with_((place, value)))


@pytest.mark.parametrize("value", WRONG, ids=shown)
def test_what_is_no_request_never_raises(value):
    faults(value)
    faults(SalesInvoiceRequest(invoice=value))


def test_a_wrong_type_does_not_hide_faults_elsewhere(with_):
    request = with_(("rows", 5), ("header.currency_code", 5), ("header.number", 0))
    assert found(request) == [("$.invoice.header.number", "invoice-number")]
