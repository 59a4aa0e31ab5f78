"""What the values of a table say of its columns, where their names say too little or something else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from confirma_async.formats import ColumnMapping, ReadOptions, propose, read

RATES = ["25,5", "14", "13,5", "10", "0"]


@pytest.fixture
def proposed(write):
    def of(contents):
        path = write("laskut.csv", contents)
        proposal = propose(path, ReadOptions())
        return proposal, list(
            read(path, ReadOptions(mapping=ColumnMapping.from_text(proposal.text, source="x")))
        )

    return of


def table(*titles, rows):
    return "\n".join(";".join(line) for line in (titles, *rows)) + "\n"


def test_a_column_called_vat_that_holds_rates_is_the_rate(proposed):
    rows = [
        (str(number), "2.11.2026", "16.11.2026", "100,00", rate) for number, rate in enumerate(RATES, start=1)
    ]
    proposal, found = proposed(table("Lasku", "Pvm", "Eräpäivä", "Veroton", "Alv", rows=rows))
    assert [each.request.invoice.rows[0].vat_percentage for each in found] == [
        Decimal(rate.replace(",", ".")) for rate in RATES
    ]
    assert found[0].request.invoice.rows[0].vat_amount is None
    assert any("rate" in sentence for sentence in proposal.unsure)


def test_amounts_of_vat_that_happen_to_be_rates_stay_amounts_where_the_sums_say_so(proposed):
    rows = [("1", "2.11.2026", "16.11.2026", "40,00", "10,00", "50,00")]
    _, (found,) = proposed(table("Lasku", "Pvm", "Eräpäivä", "Veroton", "Alv", "Verollinen", rows=rows))
    assert found.request.invoice.rows[0].vat_amount == 10
    assert found.request.invoice.rows[0].vat_percentage is None


def test_an_amount_that_is_the_net_amount_with_vat_is_the_gross_amount(proposed):
    rows = [
        ("1", "2.11.2026", "16.11.2026", "100,00", "25,5", "125,50"),
        ("2", "2.11.2026", "16.11.2026", "50,00", "14", "57,00"),
    ]
    _, found = proposed(
        table("Lasku", "Pvm", "Eräpäivä", "Veroton summa", "Alv-%", "Summa yhteensä", rows=rows)
    )
    assert [each.request.invoice.amounts.gross_amount for each in found] == [Decimal("125.50"), 57]


def test_a_column_full_of_amounts_is_not_passed_over_in_silence(proposed):
    rows = [
        ("1", "2.11.2026", "16.11.2026", "100,00", "17,35"),
        ("2", "2.11.2026", "16.11.2026", "9,00", "3,10"),
    ]
    proposal, _ = proposed(table("Lasku", "Pvm", "Eräpäivä", "Veroton summa", "Kate", rows=rows))
    assert any(sentence.startswith("'Kate' holds amounts") for sentence in proposal.unsure)


def test_a_name_that_does_not_tell_vat_apart_is_sure_where_the_sums_tell(proposed):
    rows = [("1", "2.11.2026", "16.11.2026", "100,00", "25,50", "125,50")]
    proposal, _ = proposed(table("Lasku", "Pvm", "Eräpäivä", "Veroton", "Alv", "Summa", rows=rows))
    assert not [sentence for sentence in proposal.unsure if sentence.startswith("row_gross_amount")]


def test_references_beside_numbers_are_told_apart_by_their_check_digits(proposed):
    rows = [
        ("130019", "1001", "2.11.2026", "16.11.2026", "100,00"),
        ("130022", "1002", "2.11.2026", "16.11.2026", "100,00"),
    ]
    proposal, found = proposed(table("Numero", "Laskunumero", "Pvm", "Eräpäivä", "Veroton", rows=rows))
    assert [each.request.invoice.header.number for each in found] == [1001, 1002]
    assert [each.request.invoice.references.payment for each in found] == ["130019", "130022"]
    assert any(sentence.startswith("payment_reference") for sentence in proposal.unsure)


@pytest.mark.parametrize(
    "last",
    [
        "Yhteensä 2 laskua;;;125,50",
        ";;Kaikki yhteensä;125,50",
        "Laskut yhteensä:;;;125,50 €",
        "Välisumma;;;125,50",
    ],
)
def test_lines_of_totals_in_any_words_are_no_invoice(proposed, last):
    lines = f"Lasku;Pvm;Eräpäivä;Veroton\n1;2.11.2026;16.11.2026;125,50\n{last}\n"
    _, (found,) = proposed(lines)
    assert found.request.invoice.amounts.net_amount == Decimal("125.50")


def test_a_row_of_an_invoice_that_speaks_of_a_total_is_not_taken_for_a_line_of_totals(proposed):
    lines = "Lasku;Pvm;Eräpäivä;Tuote;Veroton\n1;2.11.2026;16.11.2026;Summa summarum -kirja;125,50\n"
    _, (found,) = proposed(lines)
    assert found.request.invoice.rows[0].product_name == "Summa summarum -kirja"


def test_the_sign_of_the_euro_beside_amounts_is_taken_for_the_currency(proposed):
    rows = [("1", "2.11.2026", "16.11.2026", "1 100,00 €", "25,5 %")]
    proposal, (found,) = proposed(table("Lasku", "Pvm", "Eräpäivä", "Veroton", "Alv", rows=rows))
    assert found.request.invoice.rows[0].net_amount == 1100
    assert found.request.invoice.header.currency_code == "EUR"
    assert 'currency_sign = "€"' in proposal.text


def test_a_sign_of_another_currency_is_refused(write):
    rows = [("1", "2.11.2026", "16.11.2026", "1,00 €"), ("2", "2.11.2026", "16.11.2026", "1,00 $")]
    path = write("a.csv", table("Lasku", "Pvm", "Eräpäivä", "Veroton", rows=rows))
    mapping = ColumnMapping.from_text(
        'currency_sign = "€"\ndecimal_comma = true\n[columns]\nnumber = "Lasku"\ndate = "Pvm"\n'
        'due_date = "Eräpäivä"\nrow_net_amount = "Veroton"\n[constants]\ncurrency = "EUR"\n',
        source="x",
    )
    first, second = list[Any](read(path, ReadOptions(mapping=mapping)))
    assert first.request.invoice.rows[0].net_amount == 1
    assert second.problems[0].rule == "table.number"


def test_two_lines_of_names_are_read_together(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Myyntilaskut 2026"])
    sheet.merge_cells("A1:H1")
    sheet.append([])
    sheet.append(["Lasku", None, None, "Asiakas", None, "Summa", None, "Huom"])
    sheet.append(["Numero", "Pvm", "Eräpäivä", "Nimi", "Y-tunnus", "Veroton", "Alv-%", None])
    sheet.append([1, "2.11.2026", "16.11.2026", "Haave Oy", "9990002-4", 100, 25.5, "x"])
    book.save(tmp_path / "a.xlsx")
    proposal = propose(tmp_path / "a.xlsx", ReadOptions())
    assert "header_row = 4" in proposal.text
    assert "header_lines = 2" in proposal.text
    mapping = ColumnMapping.from_text(proposal.text, source="x")
    (found,) = list[Any](read(tmp_path / "a.xlsx", ReadOptions(mapping=mapping)))
    assert found.request.invoice.parties.buyer_party.name == "Haave Oy"
    assert found.request.invoice.rows[0].net_amount == 100


def test_columns_of_one_name_and_of_none_can_be_named_in_a_mapping(proposed):
    lines = "Lasku;Pvm;Eräpäivä;Nimi;Veroton;;Nimi\n1;2.11.2026;16.11.2026;Haave Oy;100,00;x;Työ\n"
    proposal, (found,) = proposed(lines)
    assert found.request.invoice.parties.buyer_party.name == "Haave Oy"
    assert '"Nimi (2)"' in proposal.text
    assert '"column 6"' in proposal.text


def test_words_of_delivery_countries_and_terms_are_understood(proposed):
    rows = [("1", "2.11.2026", "14 pv netto", "100,00", "Verkkolasku", "Suomi")]
    _, (found,) = proposed(table("Lasku", "Pvm", "Maksuehto", "Veroton", "Lähetystapa", "Maa", rows=rows))
    assert found.request.distribution.method == "EINVOICE"
    assert found.request.invoice.parties.buyer_party.address.country_code == "FI"
    assert found.request.invoice.header.due_date.isoformat() == "2026-11-16"
