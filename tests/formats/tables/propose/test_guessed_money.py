"""What is guessed of amounts, rates, prices and buyers, and asked: no money is passed over unasked."""

from __future__ import annotations

from decimal import Decimal

import openpyxl
import pytest

from confirma_async.formats import BadRecord, ColumnMapping, ReadOptions, read, read_files
from confirma_async.formats.tables.propose.proposal import first_guess, propose, seen_in, sheets_of_invoices
from confirma_async.formats.tables.propose.questions import Subject, unasked

HEAD = "Numero;Pvm;Eräpäivä;Nimi"
MAPPING = 'ignore = ["Nimi"]\n'
COLUMNS = (
    '[columns]\nnumber = "Numero"\ndate = "Pvm"\ndue_date = "Eräpäivä"\ncurrency = "Valuutta"\n'
    'row_net_amount = "Netto"\n'
)
START = "1;1.3.2026;15.3.2026;Eka Oy"


@pytest.fixture
def table(tmp_path):
    def of(*lines, name="t.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return of


@pytest.fixture
def sheet(tmp_path):
    def of(*lines, title="Laskut", more=()):
        book = openpyxl.Workbook()
        book.active.title = title
        for line in lines:
            book.active.append(line)
        for name, others in more:
            second = book.create_sheet(name)
            for line in others:
                second.append(line)
        book.save(tmp_path / "t.xlsx")
        return tmp_path / "t.xlsx"

    return of


def as_proposed(path):
    mapping = ColumnMapping.from_text(propose(path, ReadOptions()).text, source="proposed")
    return list(read(path, ReadOptions(mapping=mapping)))


def asked(path):
    seen = seen_in(path, ReadOptions())
    return {(question.subject, question.about) for question in unasked(first_guess(seen), seen)}


@pytest.mark.parametrize("name", ["Alv", "Alv-%"])
@pytest.mark.parametrize(
    ("written", "rate"), [("0,255", "25.5"), ("0,14", "14"), ("0,10", "10"), ("0,1", "10")]
)
def test_rates_that_are_fractions_are_rates_and_no_amounts(table, name, written, rate):
    path = table(f"{HEAD};Veroton;{name}", f"{START};100,00;{written}")
    (found,) = as_proposed(path)
    (row,) = found.request.invoice.rows
    assert (row.vat_percentage, row.vat_amount) == (Decimal(rate), None)


def test_rates_that_are_fractions_in_cells_without_a_format_are_read_too(sheet):
    path = sheet([*HEAD.split(";"), "Veroton", "Alv"], [1, "1.3.2026", "15.3.2026", "Eka Oy", 100, 0.14])
    (found,) = as_proposed(path)
    assert found.request.invoice.rows[0].vat_percentage == 14


def test_rates_that_are_written_in_several_ways_are_all_rates(table):
    rates = ["25,5", "0,255", "25.5%", "14 %", "0"]
    lines = [f"{number};1.3.2026;15.3.2026;Eka Oy;200,00;{rate}" for number, rate in enumerate(rates, 1)]
    found = as_proposed(table(f"{HEAD};Veroton;Alv", *lines))
    assert [each.request.invoice.rows[0].vat_percentage for each in found] == [
        Decimal(rate) for rate in ("25.5", "25.5", "25.5", "14", "0")
    ]


def test_small_amounts_of_vat_that_could_be_fractions_are_asked_about(table):
    path = table(f"{HEAD};Veroton;Alv", f"{START};1,00;0,14")
    assert (Subject.COLUMN, "Alv") in asked(path)
    (found,) = as_proposed(path)
    assert found.request.invoice.rows[0].vat_amount == Decimal("0.14")


def test_a_small_amount_of_vat_beside_its_gross_amount_stays_one(table):
    path = table(f"{HEAD};Veroton;Alv;Verollinen", f"{START};1,00;0,14;1,14")
    (found,) = as_proposed(path)
    assert found.request.invoice.rows[0].vat_amount == Decimal("0.14")


def test_whole_numbers_are_asked_about_as_amounts_are(table):
    path = table(f"{HEAD};Laskutus;Alv-%", f"{START};100;25,5", "2;1.3.2026;15.3.2026;Toka Oy;200;25,5")
    assert (Subject.COLUMN, "Laskutus") in asked(path)


def test_a_discount_is_found_by_what_it_makes_of_price_and_quantity(table):
    path = table(
        f"{HEAD};Määrä;Hinta;Ale;Netto",
        f"{START};2;50,00;10;90,00",
        "2;1.3.2026;15.3.2026;Toka Oy;1;9,00;0;9,00",
    )
    (first, _) = as_proposed(path)
    assert first.request.invoice.rows[0].discount_percentage == 10


def test_a_price_that_holds_vat_is_asked_about_and_passed_over(table):
    path = table(f"{HEAD};Määrä;Hinta;Alv-%;Netto", f"{START};2;125,50;25,5;200,00")
    assert (Subject.COLUMN, "Hinta") in asked(path)
    (found,) = as_proposed(path)
    assert found.request.invoice.rows[0].unit_price is None


def test_a_price_that_does_not_make_the_amount_is_asked_about(table):
    path = table(f"{HEAD};Määrä;Hinta;Netto", f"{START};1.000;50,00;50,00")
    assert (Subject.COLUMN, "Hinta") in asked(path)


def test_the_buyer_is_asked_for_where_no_name_tells(table):
    path = table("Numero;Pvm;Eräpäivä;Kenenkä;Huomio;Netto", "1;1.3.2026;15.3.2026;Eka Oy;soita;10,00")
    (question,) = [each for each in unasked_of(path) if each.subject is Subject.WANTED]
    assert (question.about, question.choices[question.default]) == ("buyer_name", "Kenenkä")


def unasked_of(path):
    seen = seen_in(path, ReadOptions())
    return unasked(first_guess(seen), seen)


def test_the_country_is_asked_for_where_postal_codes_have_lost_their_zeros(sheet):
    lines = [[*HEAD.split(";"), "Postinro", "Netto"], [1, "1.3.2026", "15.3.2026", "Eka Oy", 100, 10.5]]
    path = sheet(*lines)
    assert (Subject.COUNTRY, "buyer_country") in asked(path)
    (found,) = as_proposed(path)
    assert found.request.invoice.parties.buyer_party.address.postal_code == "00100"


def test_dates_that_are_numbers_are_not_asked_about_in_forms_that_do_not_read_them(sheet):
    path = sheet([*HEAD.split(";"), "Netto"], [1, 46082, "15.3.2026", "Eka Oy", 10.5])
    assert not any(subject is Subject.DATES for subject, _ in asked(path))
    (found,) = as_proposed(path)
    assert [problem.rule for problem in found.problems] == ["table.date"]


def test_values_of_an_invoice_that_differ_on_its_rows_are_those_of_the_rows(table):
    path = table(
        "Invoice number;Invoice date;Due date;Customer;Description;Net amount",
        "1;2026-03-01;2026-03-15;Eka Oy;Work;10.00",
        "1;2026-03-01;2026-03-15;Eka Oy;Travel;5.00",
    )
    (found,) = as_proposed(path)
    assert [row.description for row in found.request.invoice.rows] == ["Work", "Travel"]
    assert found.request.invoice.amounts.net_amount == 15


def test_the_sign_of_the_euro_beside_amounts_in_crowns_is_refused(table):
    path = table(f"{HEAD};Valuutta;Netto", f"{START};EUR;10,00 €", "2;1.3.2026;15.3.2026;Toka Ab;SEK;20,00 €")
    (_, second) = as_proposed(path)
    assert isinstance(second, BadRecord)
    signed = MAPPING + 'currency_sign = "€"\n' + COLUMNS
    (_, second) = read(path, ReadOptions(mapping=ColumnMapping.from_text(signed, source="x")))
    assert isinstance(second, BadRecord)
    assert second.problems[0].path == "line 3, column Valuutta"


def test_every_sheet_that_may_hold_invoices_is_told(sheet):
    line = [1, "1.3.2026", "15.3.2026", "Eka Oy", 10.5]
    head = [*HEAD.split(";"), "Netto"]
    path = sheet(
        head, line, title="Tammi", more=[("Helmi", [head, [2, *line[1:]]]), ("Ohje", [["Lue tämä"]])]
    )
    assert sheets_of_invoices(path, ReadOptions()) == ["Tammi", "Helmi"]
    assert seen_in(path, ReadOptions(), sheet="Helmi").rows[0][0] == 2
    assert any("Helmi" in sentence for sentence in propose(path, ReadOptions()).unsure)


@pytest.mark.parametrize(
    "line",
    [
        "Sivu 1 yhteensä;;;;10,00", ";;;Sivu 1 yhteensä;10,00", "Sida 2 totalt;;;;10,00",
        "Page total;;;;10.00", "Tulostettu 2.3.2026;;;;", "Muista lähettää!;;;;",
    ],
)  # fmt: skip
def test_totals_of_a_page_and_notes_are_told_apart_from_invoices(table, line):
    path = table(f"{HEAD};Netto", f"{START};10,00", line, "2;1.3.2026;15.3.2026;Toka Oy;20,00")
    first, second = as_proposed(path)
    assert (first.request.invoice.header.number, second.request.invoice.header.number) == (1, 2)
    assert any("line 3" in remark and "passed over" in remark for remark in first.remarks)


def test_a_number_that_stands_alone_is_no_note(table):
    path = table(f"{HEAD};Netto", f"{START};10,00", "2;;;;")
    _, second = as_proposed(path)
    assert isinstance(second, BadRecord)


def test_a_number_twice_is_told_by_its_column(table):
    path = table(f"{HEAD};Netto", f"{START};10,00", "2;1.3.2026;15.3.2026;Toka Oy;1,00", f"{START};20,00")
    mapping = ColumnMapping.from_text(propose(path, ReadOptions()).text, source="proposed")
    first, _, last = read_files([path], ReadOptions(mapping=mapping))
    assert isinstance(first, BadRecord)
    assert isinstance(last, BadRecord)
    assert first.problems[0].path == "line 2, column Numero ($.invoice.header.number)"
    assert last.problems[0].path == "line 4, column Numero ($.invoice.header.number)"
