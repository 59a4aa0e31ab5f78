"""What is wrong with an invoice is reported where it is, all at once, without its value."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from confirma_async.contract import schema_classes
from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError
from confirma_async.schemas import (
    Address,
    InvoiceContentData,
    InvoiceParties,
    SalesInvoiceRequest,
    SellerParty,
)
from confirma_async.validation import RULES
from tests.validation.conftest import faults
from tests.validation.reported import HEADER, PARTIES, found

FAULTS = [
    ("header.currency_code", "EUX", "$.invoice.header.currencyCode", "currency"),
    ("header.currency_code", "eur", "$.invoice.header.currencyCode", "currency"),
    ("header.currency_code", "", "$.invoice.header.currencyCode", "currency"),
    ("header.language_code", "XX", "$.invoice.header.languageCode", "language"),
    ("header.language_code", "fi", "$.invoice.header.languageCode", "language"),
    (
        "parties.buyer_party.language_code",
        "finnish",
        "$.invoice.parties.buyerParty.languageCode",
        "language",
    ),
    ("header.number", 0, "$.invoice.header.number", "invoice-number"),
    ("header.number", -7, "$.invoice.header.number", "invoice-number"),
    (
        "references.credited_invoice_number",
        -1,
        "$.invoice.references.creditedInvoiceNumber",
        "invoice-number",
    ),
    ("header.number", 10**18, "$.invoice.header.number", "invoice-number"),
    (
        "references.credited_invoice_number",
        10**18,
        "$.invoice.references.creditedInvoiceNumber",
        "invoice-number",
    ),
    ("header.type", "CREDIT_NOTE", "$.invoice.references.creditedInvoiceNumber", "credited-invoice"),
    ("header.due_date", datetime.date(2026, 2, 28), "$.invoice.header.dueDate", "due-date"),
    ("references.invoice_copy_url", "example.com", "$.invoice.references.invoiceCopyUrl", "url"),
    ("references.payment", "1233", "$.invoice.references.payment", "payment-reference"),
    ("references.payment", "RF17539007547034", "$.invoice.references.payment", "payment-reference"),
    (
        f"{PARTIES}.address.country_code",
        "FX",
        "$.invoice.parties.sellerParty.address.countryCode",
        "country",
    ),
    (
        f"{PARTIES}.address.postal_code",
        "0010",
        "$.invoice.parties.sellerParty.address.postalCode",
        "postal-code",
    ),
    (
        f"{PARTIES}.contact.contact_person.email",
        "maija",
        "$.invoice.parties.sellerParty.contact.contactPerson.email",
        "email",
    ),
    (
        "parties.invoice_recipient_party.email",
        "a@b@c.fi",
        "$.invoice.parties.invoiceRecipientParty.email",
        "email",
    ),
    (
        f"{PARTIES}.payment_details.iban",
        "FI2112345600000786",
        "$.invoice.parties.sellerParty.paymentDetails.iban",
        "iban",
    ),
    (
        f"{PARTIES}.payment_details.bic",
        "OKOYFIH",
        "$.invoice.parties.sellerParty.paymentDetails.bic",
        "bic",
    ),
    (
        f"{PARTIES}.business_id",
        "2077474-1",
        "$.invoice.parties.sellerParty.businessId",
        "business-id",
    ),
    ("rows.1.gross_amount", Decimal("125.49"), "$.invoice.rows[1].grossAmount", "row-gross"),
    ("amounts.gross_amount", Decimal("376.51"), "$.invoice.amounts.grossAmount", "invoice-gross"),
    ("attachments.0.data", None, "$.invoice.attachments[0]", "attachment"),
    ("attachments.0.data", "", "$.invoice.attachments[0]", "attachment"),
    ("attachments.0.url", "https://example.com/a.pdf", "$.invoice.attachments[0]", "attachment"),
    ("attachments.0.data", "JVBE!i0xLjcK", "$.invoice.attachments[0].data", "attachment"),
    ("attachments.0.data", "JVB\nERi0xLjcK", "$.invoice.attachments[0].data", "attachment"),
]


def test_an_invoice_without_fault_has_no_problems(request_):
    assert faults(request_) == []


def test_the_smallest_invoice_has_no_problems():
    assert faults(SalesInvoiceRequest(invoice=InvoiceContentData(header=HEADER))) == []


@pytest.mark.parametrize(("place", "value", "path", "rule"), FAULTS)
def test_a_fault_is_reported_where_it_is(with_, place, value, path, rule):
    assert (path, rule) in found(with_((place, value)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{PARTIES}.contact.email", "maija.esimerkki"),
        (f"{PARTIES}.payment_details.iban", "FI2112345600000786"),
        (f"{PARTIES}.payment_details.bic", "OKOYFIH"),
        (f"{PARTIES}.business_id", "2077474-1"),
        (f"{PARTIES}.address.postal_code", "98765432"),
        (f"{PARTIES}.address.country_code", "Suomi"),
        ("references.payment", "1233"),
        ("references.invoice_copy_url", "secret.example.com/token"),
        ("header.currency_code", "markka"),
        ("attachments.0.data", "?secret?"),
    ],
)
def test_no_problem_prints_the_value(with_, place, value):
    problems = faults(with_((place, value)))
    assert problems
    assert not any(str(value) in str(problem) for problem in problems)


CONVERTER = Converter()
WIRE_NAMES = {item.wire for cls in schema_classes().values() for item in CONVERTER.fields_of(cls)}


@pytest.mark.parametrize(("place", "value", "path", "rule"), FAULTS)
def test_every_reported_path_exists_on_the_wire(with_, place, value, path, rule):
    at: Any = CONVERTER.unstructure(with_((place, value)))
    steps = path.removeprefix("$.").replace("[", ".").replace("]", "").split(".")
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at[step]
    assert steps[-1].isdigit() or steps[-1] in WIRE_NAMES


def test_all_problems_come_at_once(with_):
    request = with_(
        ("header.currency_code", "EUX"),
        ("header.number", 0),
        (f"{PARTIES}.payment_details.iban", "FI00"),
        ("attachments.0.data", "?"),
    )
    assert {rule for _, rule in found(request)} == {"currency", "invoice-number", "iban", "attachment"}


@pytest.mark.parametrize(("place", "value"), [(place, value) for place, value, *_ in FAULTS])
def test_every_problem_says_what_to_do(with_, place, value):
    assert all(
        ";" in problem.message or "so " in problem.message for problem in faults(with_((place, value)))
    )


def test_every_rule_about_an_invoice_is_in_the_table():
    reported = {rule for *_, rule in FAULTS} | {"type", "row-sums", "vat-breakdown", "amount-size"}
    assert reported <= {rule.id for rule in RULES}


def test_rule_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_what_must_hold_and_where_that_comes_from(rule):
    assert rule.text.endswith(".")
    assert rule.source == "ours" or rule.source.startswith("§")


def test_the_converters_rule_is_in_the_table():
    with pytest.raises(RequestInvalidError) as caught:
        Converter().unstructure(Address(street=5))  # type: ignore[arg-type]
    assert caught.value.problems[0].rule in {rule.id for rule in RULES}


def test_a_schema_subclass_is_looked_at(with_):
    class Local(Address):
        pass

    assert found(with_(("parties.buyer_party.address", Local(country_code="QQ")))) == [
        ("$.invoice.parties.buyerParty.address.countryCode", "country")
    ]


def test_parties_of_a_smaller_invoice_are_looked_at():
    invoice = InvoiceContentData(
        header=HEADER, parties=InvoiceParties(seller_party=SellerParty(business_id="1234567-8"))
    )
    assert found(SalesInvoiceRequest(invoice=invoice)) == [
        ("$.invoice.parties.sellerParty.businessId", "business-id")
    ]
