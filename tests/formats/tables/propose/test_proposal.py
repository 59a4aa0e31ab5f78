"""Mappings proposed for tables that nobody designed for the SDK."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from confirma_async.formats import COLUMNS, ColumnMapping, InputError, ReadOptions, propose, read
from confirma_async.formats.tables.propose.synonyms import DOUBTFUL, SYNONYMS, plain

EXAMPLES = Path(__file__).parents[4] / "examples"

FINNISH = """Laskun nro;Laskupvm;Eräpäivä;Asiakas;Y-tunnus;Viite;Tuote;Määrä;Veroton (EUR);ALV %;Brutto;Huom
1;2.11.2026;16.11.2026;Haave Oy;9990002-4;130019;Työ;2;1 000,00;25,5 %;1 255,00;
1;2.11.2026;16.11.2026;Haave Oy;9990002-4;130019;Matka;1;10,50;25,5 %;13,18;x
2;3.11.2026;17.11.2026;Satu Oy;9990003-2;130022;Työ;1;20,00;25,5 %;25,10;
"""
SWEDISH = """Fakturanr\tFakturadatum\tFörfallodatum\tKund\tOrgnr\tValuta\tBelopp exkl. moms\tMoms\tOCR
7\t2026-11-02\t2026-11-16\tSaga AB\t556000-4615\tSEK\t100.00\t25.00\t1234566
"""
ENGLISH = """Sales 2026,,,,,
Invoice no,Invoice date,Customer,Terms,Amount,E-mail address
15,30/11/2026,Dream Ltd,14,99.50,a@example.com
16,01/12/2026,Saga Ltd,30,12.00,b@example.com
"""


@pytest.fixture
def proposed(write):
    def read_as_proposed(name, contents) -> tuple[Any, list[Any]]:
        path = write(name, contents)
        return mapped(path)

    return read_as_proposed


def mapped(path: Path) -> tuple[Any, list[Any]]:
    proposal = propose(path, ReadOptions())
    mapping = ColumnMapping.from_text(proposal.text, source="proposed")
    return proposal, list(read(path, ReadOptions(mapping=mapping)))


def test_a_finnish_table_is_read_as_proposed(proposed):
    proposal, (first, second) = proposed("sales.csv", FINNISH)
    assert proposal.missing == []
    assert proposal.unsure == [
        "currency: a guess: no column names the currency",
        "columns passed over: 1; see ignore",
    ]
    assert "# unsure: a guess: no column names the currency" in proposal.text
    invoice = first.request.invoice
    assert (invoice.header.number, invoice.header.due_date.isoformat()) == (1, "2026-11-16")
    assert (invoice.parties.buyer_party.name, invoice.parties.buyer_party.business_id) == (
        "Haave Oy",
        "9990002-4",
    )
    assert [row.net_amount for row in invoice.rows] == [Decimal("1000.00"), Decimal("10.50")]
    assert invoice.rows[0].vat_percentage == Decimal("25.5")
    assert second.request.invoice.header.number == 2


def test_a_swedish_table_is_read_as_proposed(proposed):
    _, (found,) = proposed("salj.txt", SWEDISH.encode("cp1252"))
    invoice = found.request.invoice
    assert (invoice.header.number, invoice.header.currency_code) == (7, "SEK")
    assert invoice.references.payment == "1234566"
    assert (invoice.rows[0].net_amount, invoice.rows[0].vat_amount) == (100, 25)


def test_an_english_table_with_a_line_above_is_read_as_proposed(proposed):
    proposal, (first, second) = proposed("sales.csv", ENGLISH)
    assert "header_row = 2" in proposal.text
    assert 'date_formats = ["DD/MM/YYYY"]' in proposal.text
    assert "row_gross_amount: the name does not say whether VAT is in the amount" in proposal.unsure
    assert first.request.invoice.header.due_date.isoformat() == "2026-12-14"
    assert second.request.invoice.parties.buyer_party.contact.email == "b@example.com"


def test_days_and_months_that_cannot_be_told_apart_are_unsure(write):
    path = write("a.csv", ENGLISH.replace("30/11/2026", "03/11/2026"))
    assert "date_formats: MM/DD/YYYY would fit as well" in propose(path, ReadOptions()).unsure


def test_the_sheet_with_the_most_in_it_is_proposed(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(["Raportti"])
    sheet = workbook.create_sheet("Laskut")
    sheet.append(["Laskunumero", "Päiväys", "Maksuehto", "Asiakas", "Veroton summa", "Laji"])
    sheet.append([1, datetime.date(2026, 11, 2), 14, "Haave Oy", 100.5, "Lasku"])
    sheet.append([2, datetime.date(2026, 11, 2), 14, "Haave Oy", -100.5, "Hyvityslasku"])
    workbook.save(tmp_path / "a.xlsx")
    proposal, (first, second) = mapped(tmp_path / "a.xlsx")
    assert 'sheet = "Laskut"' in proposal.text
    assert first.request.invoice.rows[0].net_amount == Decimal("100.5")
    assert second.request.invoice.header.type == "CREDIT_NOTE"


def test_a_parquet_file_is_read_as_proposed(tmp_path):
    table = pa.table(
        {
            "invoice_no": [1],
            "invoice_date": [datetime.date(2026, 11, 2)],
            "due": [datetime.date(2026, 11, 16)],
            "net": pa.array([Decimal("1.50")]),
            "score": [0.5],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    _, (found,) = mapped(tmp_path / "a.parquet")
    assert found.request.invoice.rows[0].net_amount == Decimal("1.50")


def test_an_amount_that_repeats_on_the_lines_of_an_invoice_is_its_total(proposed):
    lines = "Lasku;Pvm;Eräpäivä;Tuote;Verollinen\n1;1.1.2026;2.1.2026;a;30,00\n1;1.1.2026;2.1.2026;b;30,00\n"
    proposal, (found,) = proposed("a.csv", lines)
    assert found.request.invoice.amounts.gross_amount == 30
    assert any(sentence.startswith("gross_amount: taken for a total") for sentence in proposal.unsure)


def test_columns_are_known_by_what_stands_in_them(proposed):
    lines = "Lasku;Pvm;Eräpäivä;Foo;Bar;Baz\n1;1.1.2026;2.1.2026;FI2112345600000785;9990002-4;SEK\n"
    proposal, (found,) = proposed("a.csv", lines)
    invoice = found.request.invoice
    assert invoice.parties.seller_party.payment_details.iban == "FI2112345600000785"
    assert invoice.parties.buyer_party.business_id == "9990002-4"
    assert invoice.header.currency_code == "SEK"
    assert "seller_iban: by what stands in it, not by its name" in proposal.unsure


def test_what_every_invoice_needs_and_the_table_lacks_is_told(write):
    proposal = propose(write("a.csv", "Asiakas;Summa\nHaave Oy;10,00\n"), ReadOptions())
    assert proposal.missing == ["number", "date"]
    assert "# number = unsure: no column seems to hold it" in proposal.text


def test_a_second_column_for_the_same_thing_is_told_and_passed_over(write):
    proposal = propose(write("a.csv", "Lasku;Faktura;Pvm\n1;2;1.1.2026\n"), ReadOptions())
    assert "number: 'Faktura' could be meant as well" in proposal.unsure
    assert '  "Faktura",' in proposal.text


def test_titles_of_any_kind_are_written_so_that_toml_reads_them(write):
    path = write("a.csv", 'Lasku;Pvm;"odd ""quoted"" \\ title"\n1;1.1.2026;x\n')
    mapping = ColumnMapping.from_text(propose(path, ReadOptions()).text, source="proposed")
    assert mapping.ignore == ('odd "quoted" \\ title',)


def test_our_own_table_needs_no_second_thought():
    proposal, found = mapped(EXAMPLES / "invoices.csv")
    assert (proposal.missing, proposal.unsure) == ([], [])
    assert [each.request for each in found] == [
        each.request for each in list[Any](read(EXAMPLES / "invoices.csv"))
    ]


@pytest.mark.parametrize(
    ("name", "contents", "says"),
    [
        ("a.jsonl", "{}", "is no table"),
        ("a.csv", "1;2;3\n4;5;6\n", "no line names columns"),
    ],
)
def test_what_cannot_be_proposed_is_told(write, name, contents, says):
    with pytest.raises(InputError, match=says):
        propose(write(name, contents), ReadOptions())


def test_every_synonym_has_the_form_that_titles_are_brought_into():
    assert [name for name in {**SYNONYMS, **DOUBTFUL} if plain(name) != name] == []
    assert set(SYNONYMS.values()) | set(DOUBTFUL.values()) <= set(COLUMNS)
