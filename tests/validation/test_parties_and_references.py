"""Codes, parties, identifiers, payment references and dates of an invoice."""

from __future__ import annotations

import base64
import datetime

import pytest
from hypothesis import given, strategies as st

from confirma_async.schemas import (
    Address,
    DeliveryParty,
    InvoiceAmounts,
    InvoiceAttachments,
    InvoiceContentData,
    PaymentDetails,
    SalesInvoiceRequest,
    SellerParty,
)
from tests.validation.conftest import faults
from tests.validation.reported import HEADER, PARTIES, found


def test_lower_case_is_named_as_the_fault(with_):
    (problem,) = faults(with_(("header.language_code", "fi")))
    assert "upper case" in problem.message


@pytest.mark.parametrize("code", ["FI", "SV", "NO", "DK", "EN", "DA", "NB", "ET"])
def test_the_vendors_words_and_iso_639_are_languages(with_, code):
    assert faults(with_(("header.language_code", code))) == []


def test_the_delivery_party_is_looked_at_too(with_):
    delivery = DeliveryParty(address=Address(country_code="QQ"))
    assert found(with_(("parties.delivery_party", delivery))) == [
        ("$.invoice.parties.deliveryParty.address.countryCode", "country")
    ]


def test_the_second_attachment_is_counted(with_, request_):
    faulty = InvoiceAttachments(url="ftp://example.com/a.pdf")
    attachments = (*request_.invoice.attachments, faulty)
    assert found(with_(("attachments", attachments))) == [("$.invoice.attachments[1].url", "url")]


def test_an_attachment_by_url_is_fine(with_):
    assert faults(with_(("attachments.0", InvoiceAttachments(url="https://example.com/a.pdf")))) == []


@given(data=st.binary(min_size=1))
def test_any_base64_is_fine(data):
    attachment = InvoiceAttachments(data=base64.b64encode(data).decode())
    invoice = InvoiceContentData(header=HEADER, attachments=(attachment,))
    assert faults(SalesInvoiceRequest(invoice=invoice)) == []


def test_lists_are_as_good_as_tuples(with_, request_):
    assert faults(with_(("rows", list(request_.invoice.rows)), ("attachments", []))) == []


def test_a_postal_code_without_a_country_is_left_alone(with_):
    address = Address(postal_code="anything")
    assert faults(with_(("parties.buyer_party.address", address))) == []


def test_the_form_alone_makes_an_id_finnish_where_no_country_is_given(with_):
    seller = SellerParty(business_id="2077474-1")
    assert found(with_((PARTIES, seller))) == [("$.invoice.parties.sellerParty.businessId", "business-id")]


def test_the_id_of_another_country_is_left_alone(with_):
    seller = SellerParty(business_id="2077474-1", address=Address(country_code="CL"))
    assert faults(with_((PARTIES, seller))) == []


def test_a_finnish_party_needs_an_id_of_finnish_form(with_):
    assert found(with_((f"{PARTIES}.business_id", "556677-8899"))) == [
        ("$.invoice.parties.sellerParty.businessId", "business-id")
    ]


@pytest.mark.parametrize(
    "seller",
    [
        SellerParty(address=Address(country_code="SE")),
        SellerParty(
            address=Address(country_code="FI"), payment_details=PaymentDetails(iban="DE89370400440532013000")
        ),
        SellerParty(address=Address(country_code="FI"), payment_details=PaymentDetails(bankgiro="5555-5551")),
    ],
)
def test_digits_are_free_text_where_the_seller_is_not_paid_in_finland(with_, seller):
    assert faults(with_((PARTIES, seller), ("references.payment", "1233"))) == []


def test_digits_are_free_text_in_another_currency_than_euros(with_):
    assert faults(with_(("header.currency_code", "SEK"), ("references.payment", "1233"))) == []


@pytest.mark.parametrize("seller", [SellerParty(), None])
def test_digits_in_euros_are_finnish_where_nothing_says_otherwise(with_, seller):
    request = with_((PARTIES, seller), ("references.payment", "1233"))
    assert found(request) == [("$.invoice.references.payment", "payment-reference")]


@pytest.mark.parametrize("reference", ["1,23457E+19", "1.23457e+19", "1E+19"])
def test_a_reference_that_a_spreadsheet_has_cut_is_refused(with_, reference):
    assert found(with_(("references.payment", reference))) == [
        ("$.invoice.references.payment", "payment-reference")
    ]


@pytest.mark.parametrize("code", ["FI20774741", "FI2077474", "FI2077474-0"])
def test_a_finnish_vat_code_has_its_check_digit(with_, code):
    assert found(with_((f"{PARTIES}.vat_code", code))) == [
        ("$.invoice.parties.sellerParty.vatCode", "vat-code")
    ]


@pytest.mark.parametrize("code", ["FI20774740", "SE556036079301", "x"])
def test_other_vat_codes_are_left_alone(with_, code):
    assert faults(with_((f"{PARTIES}.vat_code", code))) == []


def test_amounts_that_say_nothing_are_no_amount_to_pay(with_):
    request = with_(("rows", ()), ("amounts", InvoiceAmounts()))
    assert found(request) == [("$.invoice.amounts", "amount-to-pay")]


def test_a_finnish_address_alone_asks_for_the_finnish_check_digit(with_):
    seller = SellerParty(address=Address(country_code="FI"))
    request = with_((PARTIES, seller), ("references.payment", "1233"))
    assert found(request) == [("$.invoice.references.payment", "payment-reference")]


def test_an_invoice_without_parties_has_its_rf_reference_checked(with_):
    request = with_(("parties", None), ("references.payment", "RF17539007547034"))
    assert found(request) == [("$.invoice.references.payment", "payment-reference")]


def test_an_invoice_may_be_due_on_its_date(with_):
    assert faults(with_(("header.due_date", datetime.date(2026, 3, 1)))) == []


@pytest.mark.parametrize("kind", ["REMINDER", "CREDIT_NOTE"])
def test_what_is_about_an_older_invoice_may_carry_its_due_date(with_, kind):
    request = with_(
        ("header.type", kind),
        ("references.credited_invoice_number", 1041),
        ("header.due_date", datetime.date(2026, 2, 1)),
    )
    assert faults(request) == []


def test_a_credit_note_that_names_its_original_is_fine(with_):
    request = with_(("header.type", "CREDIT_NOTE"), ("references.credited_invoice_number", 1041))
    assert faults(request) == []


def test_a_credit_note_without_references_is_reported(with_):
    request = with_(("header.type", "CREDIT_NOTE"), ("references", None))
    assert found(request) == [("$.invoice.references.creditedInvoiceNumber", "credited-invoice")]
