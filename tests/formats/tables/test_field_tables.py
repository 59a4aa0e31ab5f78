"""Tables as spreadsheets and people leave them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import RefusedRecord
from confirma_async.converters import Converter
from confirma_async.formats import BadRecord, ColumnMapping, InputError, ReadInvoice, ReadOptions, read
from confirma_async.validation import Checks

HEADER = "number;date;due_date;currency;gross_amount"
START = "3001;2.11.2026;16.11.2026;EUR;125,50"
CONVERTER = Converter()


def all_of(path, options=None) -> list[Any]:
    return list(read(path, options or ReadOptions()))


@pytest.fixture
def one(write):
    """Reads the one invoice of a line with more columns."""

    def read_one(columns: str = "", values: str = "", *, start: str = START):
        path = write(
            "in.csv", f"{HEADER}{';' if columns else ''}{columns}\n{start}{';' if columns else ''}{values}\n"
        )
        (found,) = all_of(path)
        return found

    return read_one


def problems(found) -> list[tuple[str, str]]:
    assert isinstance(found, BadRecord), found
    return [(problem.path, problem.rule) for problem in found.problems]


# --- identifiers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1232", " 12 32 ", '="1232"', "'1232", "0001232", "1232.0", '"=""1232"""'])
def test_a_reference_is_read_however_a_spreadsheet_kept_it(one, text):
    assert one("payment_reference", text).request.invoice.references.payment == "1232"


@pytest.mark.parametrize(
    "column",
    ["payment_reference", "buyer_einvoice_account", "buyer_gln", "buyer_business_id", "order_number"],
)
@pytest.mark.parametrize("text", ["1,23457E+19", "1.23457E+19", "1E+19", "1.2345e19"])
def test_an_identifier_that_a_spreadsheet_has_cut_is_refused_at_its_column(one, column, text):
    assert problems(one(column, text)) == [(f"line 2, column {column}", "table.digits")]


def test_a_number_of_an_invoice_that_was_cut_is_refused(one):
    found = one(start=START.replace("3001", "3,001E+15"))
    assert ("line 2, column number", "table.digits") in problems(found)


def test_a_code_that_only_looks_like_a_number_is_kept(one):
    assert one("row_product_code", "1E5").request.invoice.rows[0].product_code == "1E5"


@pytest.mark.parametrize(
    ("country", "written", "sent"),
    [
        ("FI", "530", "00530"),
        ("FI", "3310", "03310"),
        ("NO", "150", "0150"),
        ("SE", "11120", "11120"),
        ("FI", "33100", "33100"),
    ],
)
def test_a_postal_code_gets_the_zeros_back_that_it_lost(one, country, written, sent):
    found = one("buyer_postal_code;buyer_country", f"{written};{country}")
    assert found.request.invoice.parties.buyer_party.address.postal_code == sent
    assert any(f"sent as {sent}" in remark for remark in found.remarks) == (written != sent)


def test_a_postal_code_that_may_have_lost_zeros_is_told_where_no_country_is(one):
    assert any("may have lost zeros" in remark for remark in one("buyer_postal_code", "530").remarks)


@pytest.mark.parametrize(
    "written", ["FI21 1234 5600 0007 85", "fi2112345600000785", "IBAN FI2112345600000785"]
)
def test_an_iban_is_sent_without_space(one, written):
    found = one("seller_iban", written)
    assert found.request.invoice.parties.seller_party.payment_details.iban == "FI2112345600000785"


@pytest.mark.parametrize("written", ["FI01120389", "003701120389", "0112038-9", "112038-9"])
def test_a_business_id_is_found_in_each_of_its_forms(one, written):
    found = one("seller_business_id", written)
    assert found.request.invoice.parties.seller_party.business_id == "0112038-9"


def test_that_a_reference_was_not_checked_is_told(one):
    found = one("payment_reference", "1233", start=START.replace("EUR", "SEK"))
    assert any("was not checked" in remark for remark in found.remarks)


def test_a_reference_in_euros_is_checked_and_its_column_named(one):
    refused = prepare(one("payment_reference", "1233"), 1, CONVERTER, Checks())
    assert isinstance(refused, RefusedRecord)
    (problem,) = refused.problems
    assert problem.path == "line 2, column payment_reference ($.invoice.references.payment)"


# --- amounts ------------------------------------------------------------------------------------------

ROW = "row_net_amount;row_vat_percentage;row_vat_amount;row_gross_amount"


def test_a_vat_rate_that_is_a_fraction_is_per_cent_by_the_amounts(one):
    found = one(ROW, "100,00;0,255;25,50;125,50")
    assert found.request.invoice.rows[0].vat_percentage == Decimal("25.5")
    assert any("0.255 is sent as 25.5" in remark for remark in found.remarks)


def test_a_vat_rate_that_contradicts_the_amounts_is_refused_at_its_column(one):
    refused = prepare(one(ROW, "100,00;24;25,50;125,50"), 1, CONVERTER, Checks())
    assert isinstance(refused, RefusedRecord)
    assert [problem.path for problem in refused.problems] == [
        "line 2, column row_vat_percentage ($.invoice.rows[0].vatPercentage)"
    ]


def test_a_discount_that_is_a_fraction_is_per_cent_by_the_amounts(one):
    found = one("row_quantity;row_unit_price;row_discount_percentage;row_net_amount", "2;50,00;0,1;90,00")
    assert found.request.invoice.rows[0].discount_percentage == 10


@pytest.mark.parametrize("amount", ["125,50 €", "€125,50", "125,50 EUR"])
def test_a_currency_beside_a_number_is_told(one, amount):
    found = one(start=START.replace("125,50", amount))
    assert problems(found) == [("line 2, column gross_amount", "table.number")]
    assert "a currency beside the number" in found.problems[0].message


# --- dates, lines, encodings --------------------------------------------------------------------------


@pytest.mark.parametrize("date", ["2026-11-02 00:00:00", "2026-11-02T00:00:00", "2026-11-02T00:00:00+02:00"])
def test_a_midnight_is_its_day(one, date):
    assert str(one(start=START.replace("2.11.2026", date)).request.invoice.header.date) == "2026-11-02"


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
def test_a_line_that_names_the_separator_is_taken_for_what_it_is(write, first):
    (found,) = all_of(write("in.csv", f"{first}\n{HEADER}\n{START}\n"))
    assert isinstance(found, ReadInvoice)
    assert found.place.line == 3


def test_a_separator_that_is_named_is_believed(write):
    (found,) = all_of(write("in.csv", f"sep=^\n{HEADER.replace(';', '^')}\n{START.replace(';', '^')}\n"))
    assert isinstance(found, ReadInvoice)


@pytest.mark.parametrize(
    "words", ["Yhteensä;;;;251,00", ";;;Yhteensä:;251,00", "TOTAL;;;;251,00", ";;;Summa;251,00"]
)
def test_a_line_of_totals_is_passed_over_and_told(write, words):
    second = START.replace("3001", "3002")
    found = all_of(write("in.csv", f"{HEADER}\n{START}\n{second}\n{words}\n"))
    assert [record.request.invoice.header.number for record in found] == [3001, 3002]
    assert any("line 4 holds totals" in remark for remark in found[1].remarks)


def test_an_invoice_without_number_is_no_line_of_totals(write):
    found = all_of(write("in.csv", f"{HEADER}\n;2.11.2026;16.11.2026;EUR;125,50\n"))
    assert problems(found[0]) == [("line 2, column number", "table.required")]


def test_files_that_were_put_together_are_read_as_one(write):
    second = START.replace("3001", "3002")
    found = all_of(write("in.csv", f"\ufeff{HEADER}\n{START}\n\ufeff{HEADER}\n{second}\n"))
    assert [record.request.invoice.header.number for record in found] == [3001, 3002]
    assert any("names the columns once more" in remark for remark in found[0].remarks)


def test_an_encoding_of_the_mapping_that_the_bytes_contradict_is_not_believed(write):
    mapping = ColumnMapping.from_text(
        'encoding = "iso-8859-15"\n[columns]\n'
        'number="number"\ndate="date"\ndue_date="due_date"\ncurrency="currency"\nbuyer_name="buyer_name"\n'
        'gross_amount="gross_amount"\n',
        source="mapping",
    )
    path = write("in.csv", f"{HEADER};buyer_name\n{START};Höylä\n")
    (found,) = all_of(path, ReadOptions(mapping=mapping))
    assert found.request.invoice.parties.buyer_party.name == "Höylä"
    assert any("its bytes are UTF-8" in remark for remark in found.remarks)


def test_one_round_of_corrections_is_enough(one):
    found = one("seller_iban;order_date", "FI2112345600000786;in May")
    assert sorted(rule for _, rule in problems(found)) == ["iban", "table.date"]


# --- what a spreadsheet hides -------------------------------------------------------------------------


def workbook(tmp_path, change):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER.split(";"))
    for number in (3001, 3002):
        sheet.append([number, "2026-11-02", "2026-11-16", "EUR", 125.5])
    change(book, sheet)
    book.save(tmp_path / "in.xlsx")
    return all_of(tmp_path / "in.xlsx")


def hide_row(_book, sheet):
    sheet.row_dimensions[3].hidden = True


def hide_sheet(book, sheet):
    book.create_sheet("other")
    book.active = 1
    sheet.sheet_state = "hidden"


def test_a_row_that_is_hidden_is_read_and_told(tmp_path):
    first, second = workbook(tmp_path, hide_row)
    assert first.remarks == ()
    assert second.remarks == ("row 3 is hidden, and is read all the same",)


def test_a_sheet_that_is_hidden_is_read_and_told(tmp_path):
    first, _ = workbook(tmp_path, hide_sheet)
    assert "the sheet 'Sheet' is hidden, and is read all the same" in first.remarks


# --- JSON ---------------------------------------------------------------------------------------------

JSON = (
    '{"invoice": {"header": {"number": 1, "type": "%s", "date": "2026-11-02", "dueDate": "2026-11-16", '
    '"currencyCode": "EUR"}, "references": {"payment": "12 32"}, "amounts": {"grossAmount": 1.00}}}'
)


def test_a_known_type_is_sent_in_capitals_and_told(write):
    (found,) = all_of(write("in.jsonl", JSON % "credit_note"))
    assert found.request.invoice.header.type == "CREDIT_NOTE"
    assert any("is sent as CREDIT_NOTE" in remark for remark in found.remarks)


def test_identifiers_of_json_are_normalised_as_well(write):
    (found,) = all_of(write("in.jsonl", JSON % "INVOICE"))
    assert found.request.invoice.references.payment == "1232"


@pytest.mark.parametrize(
    "contents", ['{\n "invoice": {\n }\n}\n', "[" + JSON % "INVOICE" + "]", "[\n" + JSON % "INVOICE" + "\n]"]
)
def test_json_over_several_lines_is_one_problem_of_the_file(write, contents):
    with pytest.raises(InputError, match="file_format="):
        all_of(write("in.jsonl", contents))


def test_a_first_line_that_is_cut_off_costs_itself_alone(write):
    first, second = all_of(write("in.jsonl", (JSON % "INVOICE")[:60] + "\n" + JSON % "INVOICE"))
    assert problems(first) == [("$", "json.syntax")]
    assert isinstance(second, ReadInvoice)


def test_json_that_is_no_utf_8_is_told(write):
    (found,) = all_of(write("in.jsonl", (JSON % "Höylä").encode("latin-1")))
    assert "no UTF-8" in found.problems[0].message


def test_lines_of_files_that_were_put_together_may_begin_with_a_mark(write):
    line = (JSON % "INVOICE").encode()
    found = list(
        all_of(write("in.jsonl", b"\xef\xbb\xbf" + line + b"\n\xef\xbb\xbf" + line.replace(b": 1,", b": 2,")))
    )
    assert all(isinstance(each, ReadInvoice) for each in found)


def test_rules_are_told_beside_what_json_itself_has_wrong(write):
    line = (
        (JSON % "INVOICE").replace('"12 32"', '"1233"').replace('"grossAmount": 1.00', '"grossAmount": "x"')
    )
    (found,) = all_of(write("in.jsonl", line))
    assert [path for path, _ in problems(found)] == [
        "$.invoice.amounts.grossAmount",
        "$.invoice.references.payment",
    ]


def test_rules_name_the_request_in_a_file_of_several(write):
    wrong = (JSON % "INVOICE").replace('"12 32"', '"1233"')
    _, second = all_of(write("in.json", f"[{JSON % 'INVOICE'}, {wrong.replace(': 1,', ': 2,')}]"))
    refused = prepare(second, 1, CONVERTER, Checks())
    assert isinstance(refused, RefusedRecord)
    assert [problem.path for problem in refused.problems] == ["$[1].invoice.references.payment"]
