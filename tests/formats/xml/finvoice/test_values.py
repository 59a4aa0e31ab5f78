"""Numbers, dates, amounts and accounts of Finvoice documents."""

from __future__ import annotations

from decimal import Decimal

import pytest

from confirma_async.formats.xml.finvoice.codes import day, number
from tests.formats.xml.changes import problems
from tests.formats.xml.finvoice.samples import INVOICE

INSTRUCTED = '<EpiInstructedAmount AmountCurrencyIdentifier="EUR">1335,57<'
IBAN = '<EpiAccountID IdentificationSchemeName="IBAN">FI2112345600000785<'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2830,30", "2830.30"),
        ("10", "10"),
        ("-1,5", "-1.5"),
        ("1 000,00", "1000.00"),
        ("1.000,00", "1000.00"),
        ("130.00", "130.00"),
        ("0.5", "0.5"),
        ("1,234", "1.234"),
    ],
)
def test_numbers_are_read_with_a_comma_or_where_there_is_no_doubt(text, value):
    assert str(number(text)) == value


@pytest.mark.parametrize("text", ["1.000", "1,000.00", "10 kpl", "", "1e3", "NaN"])
def test_numbers_that_are_in_doubt_are_none(text):
    assert number(text) is None


@pytest.mark.parametrize(("text", "date"), [("20261102", "2026-11-02"), ("2026-11-02", "2026-11-02")])
def test_dates_are_read(text, date):
    assert day(text) == date


@pytest.mark.parametrize("text", ["20261302", "2.11.2026", "202611", ""])
def test_what_is_no_date_is_none(text):
    assert day(text) is None


def test_amounts_are_never_rounded(record):
    found = record(INVOICE, (">1335,57</InvoiceTotal", ">1335,575</InvoiceTotal"))
    assert ("/Finvoice/InvoiceDetails/InvoiceTotalVatIncludedAmount", "xml.amount") in problems(found)


def test_an_amount_in_another_currency_is_refused(record):
    found = record(
        INVOICE,
        ('AmountCurrencyIdentifier="EUR">36,20</RowVat', 'AmountCurrencyIdentifier="SEK">36,20</RowVat'),
    )
    assert problems(found) == [("/Finvoice/InvoiceRow[3]/RowVatExcludedAmount", "xml.currency")]


def test_an_amount_to_pay_that_contradicts_the_totals_is_refused(record):
    found = record(INVOICE, (INSTRUCTED, INSTRUCTED.replace("1335,57", "1335,56")))
    assert [rule for _, rule in problems(found)] == ["xml.totals"]


def test_rounding_and_payments_are_part_of_what_is_due(record):
    total = "1335,57</InvoiceTotalVatIncludedAmount>"
    more = "".join(
        f'<{name} AmountCurrencyIdentifier="EUR">{value}</{name}>'
        for name, value in (("InvoiceTotalRoundoffAmount", "-0,02"), ("InvoicePaidAmount", "35,55"))
    )
    found = record(INVOICE, (total, total + more), (INSTRUCTED, INSTRUCTED.replace("1335,57", "1300,00")))
    invoice = found.request.invoice
    assert invoice.amounts.rounding_amount == Decimal("-0.02")
    assert (invoice.payment_data.state.paid_amount, invoice.payment_data.state.open_amount) == (
        Decimal("35.55"),
        Decimal("1300.00"),
    )


def test_a_quantity_that_is_no_number_is_kept_as_a_detail(record):
    found = record(INVOICE, (">12</InvoicedQuantity>", ">noin 12</InvoicedQuantity>"))
    first = found.request.invoice.rows[0]
    assert first.quantity is None
    assert ("InvoicedQuantity", "noin 12") in [(it.code, it.value) for it in first.definition_details]


def test_a_price_for_several_units_is_divided_where_that_is_exact(record):
    def price(base):
        before = '<UnitPriceAmount AmountCurrencyIdentifier="EUR">84,00</UnitPriceAmount>'
        after = f"{before}<UnitPriceBaseQuantity>{base}</UnitPriceBaseQuantity>"
        row = record(INVOICE, (before, after)).request.invoice.rows[0]
        return row.unit_price, [it.code for it in row.definition_details]

    assert price("100")[0] == Decimal("0.84")
    assert price("9")[0] is None
    assert {"UnitPriceAmount", "UnitPriceBaseQuantity"} <= set(price("9")[1])


def test_a_finnish_account_without_iban_is_sent_as_its_iban(record):
    found = record(INVOICE, (IBAN, '<EpiAccountID IdentificationSchemeName="BBAN">12345600000785<'))
    assert found.request.invoice.parties.seller_party.payment_details.iban == "FI2112345600000785"
    assert any("IBAN" in remark for remark in found.remarks)


def test_without_an_account_to_pay_to_the_first_iban_of_the_seller_is_taken(record):
    found = record(INVOICE, (IBAN, '<EpiAccountID IdentificationSchemeName="BBAN">X-1<'))
    assert found.request.invoice.parties.seller_party.payment_details.iban == "FI2112345600000785"
