"""Amounts, rows, prices and allowances of UBL documents."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.formats.xml.changes import changed, problems
from tests.formats.xml.ubl.samples import DUE_DATE, INVOICE, details

FIRST_PRICE = '<cbc:PriceAmount currencyID="EUR">84.00</cbc:PriceAmount>'
FIRST_QUANTITY = '<cbc:InvoicedQuantity unitCode="HUR">12</cbc:InvoicedQuantity>'
FIRST_NET = '<cbc:LineExtensionAmount currencyID="EUR">1008.00</cbc:LineExtensionAmount>'
PAYABLE = '<cbc:PayableAmount currencyID="EUR">1656.60</cbc:PayableAmount>'
LINE = "/Invoice/InvoiceLine[1]"


def test_the_amounts_of_the_example_are_in_place(invoice):
    found = invoice()
    assert [row.net_amount for row in found.rows] == [Decimal("1008.00"), Decimal("298.00"), Decimal("14.00")]
    assert found.rows[2].product_name == "Toimituskulu"
    assert found.amounts.net_amount == Decimal("1320.00")
    assert found.amounts.gross_amount == Decimal("1656.60")
    assert found.amounts.vat_breakdown[0].vat_percentage == Decimal("25.5")


def test_an_allowance_on_the_document_is_a_negative_row(invoice):
    found = invoice(("<cbc:ChargeIndicator>true<", "<cbc:ChargeIndicator>false<"))
    assert (found.rows[2].quantity, found.rows[2].net_amount) == (1, Decimal("-14.00"))


def test_zeros_beyond_cents_are_dropped(invoice):
    assert invoice((">1008.00<", ">1008.000<")).rows[0].net_amount == Decimal("1008.00")


@pytest.mark.parametrize(
    ("before", "after", "path", "rule"),
    [
        (FIRST_NET, FIRST_NET.replace("8.00", "8.005"), f"{LINE}/LineExtensionAmount", "xml.amount"),
        (FIRST_NET, FIRST_NET.replace("EUR", "SEK"), f"{LINE}/LineExtensionAmount", "xml.currency"),
        (FIRST_PRICE, FIRST_PRICE.replace("EUR", "SEK"), f"{LINE}/Price/PriceAmount", "xml.currency"),
        (FIRST_QUANTITY, FIRST_QUANTITY.replace("12", "1,2"), f"{LINE}/InvoicedQuantity", "xml.number"),
        (PAYABLE, PAYABLE.replace("1656", "1655"), "/Invoice/LegalMonetaryTotal/PayableAmount", "xml.totals"),
        ("Indicator>true<", "Indicator>yes<", "/Invoice/AllowanceCharge", "xml.boolean"),
        ("IssueDate>2026-11-02<", "IssueDate>2.11.2026<", "/Invoice/IssueDate", "xml.date"),
        ("<cbc:IssueDate>2026-11-02</cbc:IssueDate>", "", "/Invoice/IssueDate", "xml.required"),
        ("<cbc:ID>12001</cbc:ID>", "<cbc:ID> </cbc:ID>", "/Invoice/ID", "xml.required"),
    ],
)
def test_one_fault_is_one_problem_with_its_path(record, before, after, path, rule):
    assert problems(record(changed(INVOICE, (before, after)))) == [(path, rule)]


def test_all_faults_are_listed(record):
    found = record(
        changed(
            INVOICE,
            (FIRST_NET, FIRST_NET.replace("8.00", "8.005")),
            (DUE_DATE, "<cbc:DueDate>x</cbc:DueDate>"),
        )
    )
    assert sorted(rule for _, rule in problems(found)) == ["xml.amount", "xml.date"]


def test_vat_restated_in_the_currency_of_accounting_is_a_detail(invoice):
    currency = "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    restated = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">3700.00</cbc:TaxAmount></cac:TaxTotal>'
    found = invoice(
        (currency, currency + "<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>"),
        ("<cac:LegalMonetaryTotal>", restated + "<cac:LegalMonetaryTotal>"),
    )
    assert found.amounts.vat_amount == Decimal("336.60")
    assert details(found.extensions)["TaxTotal[2]/TaxAmount"] == ("currencyID=SEK", "3700.00")


def test_vat_in_a_currency_that_nobody_named_is_refused(record):
    restated = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">3700.00</cbc:TaxAmount></cac:TaxTotal>'
    found = record(changed(INVOICE, ("<cac:LegalMonetaryTotal>", restated + "<cac:LegalMonetaryTotal>")))
    assert problems(found) == [("/Invoice/TaxTotal[2]", "xml.repeated")]


def test_what_was_paid_before_is_payment_data(invoice):
    prepaid = '<cbc:PrepaidAmount currencyID="EUR">656.60</cbc:PrepaidAmount>'
    state = invoice((PAYABLE, prepaid + PAYABLE.replace("1656.60", "1000.00"))).payment_data.state
    assert (state.paid_amount, state.open_amount) == (Decimal("656.60"), Decimal("1000.00"))


def test_rounding_is_carried_and_the_rounded_amount_kept(invoice):
    rounding = '<cbc:PayableRoundingAmount currencyID="EUR">0.40</cbc:PayableRoundingAmount>'
    found = invoice((PAYABLE, rounding + PAYABLE.replace("1656.60", "1657.00")))
    assert found.amounts.rounding_amount == Decimal("0.40")
    assert details(found.extensions)["LegalMonetaryTotal/PayableAmount"] == (None, "1657.00")


def test_a_price_for_several_units_is_divided_where_that_is_exact(invoice):
    row = invoice((FIRST_PRICE, FIRST_PRICE + '<cbc:BaseQuantity unitCode="HUR">8</cbc:BaseQuantity>')).rows[
        0
    ]
    assert row.unit_price == Decimal("10.5")
    assert details(row)["Price/BaseQuantity"] == (None, "8")


@pytest.mark.parametrize("base", ["9", "0"])
def test_a_price_that_does_not_divide_is_left_as_it_is(invoice, base):
    row = invoice(
        (FIRST_PRICE, f'{FIRST_PRICE}<cbc:BaseQuantity unitCode="HUR">{base}</cbc:BaseQuantity>')
    ).rows[0]
    assert row.unit_price is None
    assert details(row)["Price/PriceAmount"] == (None, "84.00")
    assert details(row)["Price/BaseQuantity"] == (None, base)


def test_a_price_of_another_unit_says_so(invoice):
    row = invoice((FIRST_PRICE, FIRST_PRICE + '<cbc:BaseQuantity unitCode="DAY">1</cbc:BaseQuantity>')).rows[
        0
    ]
    assert details(row)["Price/BaseQuantity/@unitCode"] == (None, "DAY")


def test_a_line_id_that_is_no_number_is_kept_and_the_position_taken(invoice):
    row = invoice(
        (f"<cbc:ID>1</cbc:ID>\n    {FIRST_QUANTITY}", f"<cbc:ID>L/1</cbc:ID>{FIRST_QUANTITY}")
    ).rows[0]
    assert row.row_number == 1
    assert details(row)["ID"] == (None, "L/1")


def allowance(indicator: str = "false", factor: str = "10") -> str:
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{indicator}</cbc:ChargeIndicator>"
        f"<cbc:MultiplierFactorNumeric>{factor}</cbc:MultiplierFactorNumeric>"
        '<cbc:Amount currencyID="EUR">112.00</cbc:Amount></cac:AllowanceCharge>'
    )


def test_a_lines_only_allowance_is_its_discount(invoice):
    row = invoice((FIRST_NET, FIRST_NET + allowance())).rows[0]
    assert row.discount_percentage == 10
    assert details(row)["AllowanceCharge/Amount"] == (None, "112.00")


@pytest.mark.parametrize("charges", [allowance() * 2, allowance() + allowance("true"), allowance("true")])
def test_several_allowances_or_a_charge_are_no_discount(invoice, charges):
    row = invoice((FIRST_NET, FIRST_NET + charges)).rows[0]
    assert row.discount_percentage is None
    assert "112.00" in {value for _, value in details(row).values()}


def test_a_note_describes_an_item_without_description(invoice):
    description = "<cbc:Description>Käyttöönotto, lokakuu</cbc:Description>"
    row = invoice((description, ""), (FIRST_QUANTITY, "<cbc:Note>Huom</cbc:Note>" + FIRST_QUANTITY)).rows[0]
    assert row.description == "Huom"


def test_a_note_beside_a_description_is_a_detail(invoice):
    row = invoice((FIRST_QUANTITY, "<cbc:Note>Huom</cbc:Note>" + FIRST_QUANTITY)).rows[0]
    assert row.description == "Käyttöönotto, lokakuu"
    assert details(row)["Note"] == (None, "Huom")


def test_what_has_no_field_is_kept_with_its_path_and_attributes(invoice):
    code = '<cbc:ItemClassificationCode listID="STI">71</cbc:ItemClassificationCode>'
    item = f"<cac:CommodityClassification>{code}</cac:CommodityClassification>"
    row = invoice(("<cac:ClassifiedTaxCategory>", item + "<cac:ClassifiedTaxCategory>")).rows[0]
    assert details(row)["Item/CommodityClassification/ItemClassificationCode"] == ("listID=STI", "71")


def test_a_tax_scheme_of_a_row_that_is_none_of_vat_is_kept(record):
    row = INVOICE.index("<cac:InvoiceLine>")
    changed_row = INVOICE[row:].replace(
        "<cac:TaxScheme>\n          <cbc:ID>VAT<", "<cac:TaxScheme>\n          <cbc:ID>GST<", 1
    )
    assert changed_row != INVOICE[row:]
    first = record(INVOICE[:row] + changed_row).request.invoice.rows[0]
    assert ("Item/ClassifiedTaxCategory/TaxScheme/ID", "GST") in [
        (each.code, each.value) for each in first.definition_details
    ]


def test_rows_of_one_shape_keep_what_each_says(record):
    row = INVOICE[INVOICE.index("<cac:InvoiceLine>") : INVOICE.index("</cac:InvoiceLine>") + 18]
    lines = "".join(
        changed(row, ("<cbc:ID>1<", f"<cbc:ID>{name}<"), (">K-100<", f">K-{name}<"))
        for name in ("1", "A", "3")
    )
    rows = record(changed(INVOICE, (row, lines))).request.invoice.rows[:3]
    assert [each.product_code for each in rows] == ["K-1", "K-A", "K-3"]
    left = [[(it.code, it.value) for it in each.definition_details or ()] for each in rows]
    assert left == [[], [("ID", "A")], []]
