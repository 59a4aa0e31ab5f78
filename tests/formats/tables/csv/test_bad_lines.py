"""Lines that cannot be read, and which invoices they spoil."""

from __future__ import annotations

import pytest

from confirma_async.formats import BadRecord, read, scan
from tests.formats.tables.csv.rows import bad, good, row


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_bad_line_spoils_its_whole_invoice_and_no_other(records, position):
    lines = [row("2")] * 3
    lines[position] = row("2", net="1.005")
    found = records(row("1"), *lines, row("3"))
    assert good(found) == [(2, 1), (6, 3)]
    assert bad(found) == [(3, "2", [(f"line {3 + position}, column row_net_amount", "table.amount")])]


def test_all_problems_of_an_invoice_are_listed(records):
    found = records(row("1", net="x", quantity="y"), row("1", date="z"))
    assert [rule for _, rule in bad(found)[0][2]] == ["table.number", "table.number", "table.date"]


def test_a_line_with_too_few_values_spoils_its_invoice(records):
    found = records(row("1"), "1,2026-01-01", row("1"), row("2"))
    assert bad(found) == [(2, "1", [("line 3", "csv.fields")])]
    assert good(found) == [(5, 2)]


def test_a_line_with_too_many_values_spoils_its_invoice(records):
    found = records(row("1"), row("2") + ",more", row("3"))
    assert bad(found) == [(3, "2", [("line 3", "csv.fields")])]


def test_a_line_that_tells_no_invoice_spoils_both_its_neighbours(records):
    header = "date,number,due_date,currency"
    found = records(
        "2026-01-01,1,2026-01-15,EUR",
        "2026-01-01",
        "2026-01-01,2,2026-01-15,EUR",
        "2026-01-01,3,2026-01-15,EUR",
        header=header,
    )
    assert [(line, number) for line, number, _ in bad(found)] == [(2, "1"), (4, "2")]
    assert good(found) == [(5, 3)]


def test_a_doubtful_line_between_two_types_of_one_number_spoils_both(records):
    header = "number,type,date,due_date,currency"
    found = records(
        "1,INVOICE,2026-01-01,2026-01-02,EUR", "1,x", "1,CREDIT_NOTE,2026-01-01,2026-01-02,EUR", header=header
    )
    assert [(line, number) for line, number, _ in bad(found)] == [(2, "1"), (4, "1")]


def test_a_line_of_an_unknown_type_spoils_both_documents_of_its_number(records):
    header = "number,type,date,due_date,currency"
    found = records(
        "1,INVOICE,2026-01-01,2026-01-02,EUR",
        "1,CREDITNOTE,,,",
        "1,CREDIT_NOTE,2026-01-01,2026-01-02,EUR",
        header=header,
    )
    wrong = [("line 3, column type", "table.word")]
    assert bad(found) == [(2, "1", wrong), (4, "1", wrong)]


def test_a_first_line_that_is_torn_spoils_the_invoice_that_goes_on_after_it(records):
    found = records('1,2026-01-01,2026-01-15,EUR,"1', row("1"), row("2"))
    assert bad(found) == [(2, "1", [("line 2", "csv.syntax")])]
    assert good(found) == [(4, 2)]


def test_a_line_without_number_is_refused(records):
    found = records(row(""))
    assert bad(found) == [(2, None, [("line 2, column number", "table.required")])]


def test_an_unclosed_quote_costs_its_own_line(records):
    found = records(row("1"), row("2", text='"open'), row("3"), row("4", text='"closed"'), row("5"))
    assert bad(found) == [(3, "2", [("line 3", "csv.syntax")])]
    assert good(found) == [(2, 1), (4, 3), (5, 4), (6, 5)]


def test_an_unclosed_quote_does_not_swallow_a_long_file(records):
    found = records(row("1", text='"open'), *(row(str(number)) for number in range(2, 600)))
    assert len(good(found)) == 598


def test_text_after_a_closing_quote_is_refused(records):
    found = records(row("1", text='"a" b'), row("2"))
    assert bad(found) == [(2, "1", [("line 2", "csv.syntax")])]


def test_line_numbers_count_line_breaks_inside_quotes(records):
    found = records(row("1", text='"two\nlines"'), row("2", net="x"))
    assert bad(found) == [(4, "2", [("line 4, column row_net_amount", "table.number")])]
    assert found[0].request.invoice.header.description == "two\nlines"


def test_a_value_beyond_the_field_limit_is_refused_alone(records):
    found = records(row("1", text="x" * 200_000), row("2"))
    assert bad(found) == [(2, "1", [("line 2", "csv.syntax")])]
    assert good(found) == [(3, 2)]


def test_a_line_beyond_the_line_limit_is_refused_alone(records):
    found = records(row("1", text="x" * 1_200_000), row("2"))
    assert bad(found) == [(2, "1", [("line 2", "csv.syntax")])]
    assert good(found) == [(3, 2)]


def test_a_nul_is_refused_with_its_column(records):
    found = records(row("1", text="a\0b"), row("2"))
    assert bad(found) == [(2, "1", [("line 2, column description", "csv.nul")])]


def test_lines_without_text_are_passed_over(records):
    assert good(records(row("1"), "", ",,,,,,", "   ", row("2"))) == [(2, 1), (6, 2)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(records, end):
    assert good(records(row("1"), row("2"), end=end)) == [(2, 1), (3, 2)]


def test_a_number_of_too_many_digits_is_refused(records):
    found = records(row("1", net="9" * 70), row("2"))
    assert bad(found) == [(2, "1", [("line 2, column row_net_amount", "table.number")])]
    assert "too many digits" in found[0].problems[0].message


@pytest.mark.parametrize("start", [b"100\x00", b"100\x80", b"10\xff0"])
@pytest.mark.parametrize("rest", [b"", b";too;few", b';"open'])
def test_a_number_that_cannot_be_read_on_a_line_that_cannot_be_read_tells_nothing(write, start, rest):
    good = "1;2026-01-01;2026-01-15;EUR;ä".encode()
    header = b"number;date;due_date;currency;description"
    path = write("in.csv", b"\n".join([header, good, start + rest]))
    assert [seen.identity.original for seen in scan(path)] == ["1"]
    assert all(isinstance(each, BadRecord) for each in read(path))
