from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import (
    COLUMNS,
    BadRecord,
    Identity,
    InputError,
    ReadInvoice,
    ReadOptions,
    assign,
    read,
    scan,
)
from confirma_async.formats.tables.columns import ValueKind
from confirma_async.schemas import InvoiceType, SalesInvoiceRequest

HEADER = "number,date,due_date,currency,row_quantity,row_net_amount,description"


def row(
    number: str = "1", net: str = "10.00", quantity: str = "1.5", text: str = "", date: str = "2026-01-01"
) -> str:
    return f"{number},{date},2026-01-15,EUR,{quantity},{net},{text}"


@pytest.fixture
def records(write):
    def read_lines(*lines, header=HEADER, end="\n", **options):
        path = write("in.csv", end.join([header, *lines]) + end)
        return list(read(path, ReadOptions(**options)))

    return read_lines


def good(found: Iterable[ReadInvoice | BadRecord]) -> list[tuple[int | None, int]]:
    return [
        (each.place.line, each.request.invoice.header.number)
        for each in found
        if isinstance(each, ReadInvoice)
    ]


def bad(
    found: Iterable[ReadInvoice | BadRecord],
) -> list[tuple[int | None, str | None, list[tuple[str, str]]]]:
    return [
        (each.place.line, each.number, [(problem.path, problem.rule) for problem in each.problems])
        for each in found
        if isinstance(each, BadRecord)
    ]


# --- invoices out of lines --------------------------------------------------------------------------


def test_lines_of_one_number_are_one_invoice(records):
    found = records(row("1"), row("1"), row("2"))
    assert good(found) == [(2, 1), (4, 2)]
    assert [len(each.request.invoice.rows) for each in found] == [2, 1]


def test_the_same_number_of_another_type_is_another_invoice(records):
    found = records(
        "1,INVOICE,2026-01-01,2026-01-02,EUR",
        "1,CREDIT_NOTE,2026-01-01,2026-01-02,EUR",
        header="number,type,date,due_date,currency",
    )
    assert [each.request.invoice.header.type for each in found] == ["INVOICE", "CREDIT_NOTE"]


def test_the_same_number_of_another_seller_is_another_invoice(records):
    found = records(
        "1,a,2026-01-01,2026-01-02,EUR",
        "1,,,,",
        "1,b,2026-01-01,2026-01-02,EUR",
        header="number,seller business-id,date,due_date,currency",
    )
    assert good(found) == [(2, 1), (4, 1)]


def test_an_empty_value_on_a_later_line_means_the_same_as_above(records):
    found = records(row("1", text="first"), "1,,,,2.5,5.00,")
    assert good(found) == [(2, 1)]
    assert found[0].request.invoice.header.description == "first"


def test_values_that_differ_within_an_invoice_are_named_by_line_and_column(records):
    found = records(row("1"), row("1", date="2026-01-02"), row("2"))
    assert bad(found) == [(2, "1", [("line 3, column date", "table.agree")])]
    assert good(found) == [(4, 2)]


def test_every_column_reaches_its_place(write):
    values = {name: f"text of {name}" for name in COLUMNS}
    values |= {"number": "7", "credited_number": "6", "type": "CREDIT_NOTE"}
    values |= {"attachment": "https://example.fi/a.pdf", "attachment_url": "https://example.fi/b.pdf"}
    values |= {"distribution_method": "LETTER", "buyer_type": "PERSON"}
    for position, (name, column) in enumerate(COLUMNS.items(), start=100):
        if column.kind.is_numeric:
            values[name] = f"{position}.25"
        elif column.kind is ValueKind.WHOLE:
            values[name] = str(position)
        elif column.kind is ValueKind.FLAG:
            values[name] = str(position % 2 == 0)
        elif column.kind is ValueKind.DATE:
            values[name] = "2026-01-15"
    with write("in.csv", "").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS))
        writer.writeheader()
        writer.writerow(values)
        path = file.name
    (found,) = read(path)
    assert isinstance(found, ReadInvoice)
    wire = Converter().unstructure(found.request)
    for name, column in COLUMNS.items():
        value: Any = wire["invoice"]["rows"][0] if column.of_row else wire
        for step in column.place.split("."):
            value = value[step]
        if column.kind.is_attached:
            value = values[name] if {"url": values[name]} in value else value
        assert str(value) == values[name]


def test_totals_that_the_file_lacks_are_summed_from_rows_that_all_give_them(records):
    found = records(row("1", net="0.10"), row("1", net="0.20"))
    assert found[0].request.invoice.amounts.net_amount == Decimal("0.30")


def test_a_total_is_not_summed_where_a_row_lacks_its_part(records):
    found = records(row("1", net="0.10"), row("1", net=""))
    assert found[0].request.invoice.amounts is None


def test_a_total_that_the_file_gives_is_kept_even_if_it_is_wrong(records):
    found = records(
        "1,2026-01-01,2026-01-15,EUR,5.00,9.99",
        header="number,date,due_date,currency,row_net_amount,net_amount",
    )
    assert found[0].request.invoice.amounts.net_amount == Decimal("9.99")


def test_a_number_that_is_no_whole_number_is_refused_alone(records):
    found = records(row("A-1"), row("2"))
    assert bad(found) == [(2, "A-1", [("line 2, column number", "number.whole")])]
    assert good(found) == [(3, 2)]


def test_a_number_is_given_by_the_book(records):
    found = records(row("A-1"), numbers=assign([Identity("", InvoiceType.INVOICE, "A-1")], 40))
    assert good(found) == [(2, 40)]
    assert found[0].original_number == "A-1"


def test_a_personal_identity_number_is_in_no_message_and_no_repr(records):
    header = "number,date,due_date,currency,buyer_personal_identity_number"
    found = records(
        "1,2026-01-01,2026-01-15,EUR,131052-308T",
        "1,,,,131052-309T",
        "2,2026-01-01,2026-01-15,EUR,131052-308T",
        header=header,
    )
    assert "131052" not in repr(found)


# --- one bad line -----------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["date", "due_date", "currency"])
def test_what_every_invoice_needs_is_asked_for(records, name):
    values = {"number": "1", "date": "2026-01-01", "due_date": "2026-01-15", "currency": "EUR"} | {name: ""}
    found = records(",".join(values.values()), header=",".join(values))
    assert bad(found) == [(2, "1", [(f"line 2, column {name}", "table.required")])]


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


# --- numbers ----------------------------------------------------------------------------------------


def test_a_number_that_can_be_read_twice_is_refused_with_what_to_do(records):
    found = records(row("1", quantity="1.234", net="5"))
    assert bad(found) == [(2, "1", [("line 2, column row_quantity", "table.number")])]
    assert "decimal_comma" in found[0].problems[0].message


def test_the_rest_of_the_file_settles_a_number_that_can_be_read_twice(records):
    found = records(row("1", quantity="1.234", net="5"), row("2", quantity="1.5"))
    assert found[0].request.invoice.rows[0].quantity == Decimal("1.234")


def test_the_options_settle_a_number_that_can_be_read_twice(records):
    found = records(row("1", quantity="1.234", net="5"), decimal_comma=True)
    assert found[0].request.invoice.rows[0].quantity == Decimal(1234)


def test_a_file_that_writes_both_ways_settles_nothing(records):
    header = HEADER.replace(",", ";")
    lines = [
        row(str(n), quantity=q).replace(",", ";").replace("_", ",")
        for n, q in enumerate(["1_5", "1.5", "1.234"], start=1)
    ]
    found = records(*lines, header=header)
    assert [number for _, number in good(found)] == [1, 2]
    assert bad(found)[0][1] == "3"


# --- the file as a whole ----------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(write, delimiter):
    path = write("in.csv", "\n".join([HEADER, row("1")]).replace(",", delimiter))
    assert good(read(path)) == [(2, 1)]


def test_header_names_may_be_written_freely(records):
    assert good(records("1,2026-01-01,2026-01-15,EUR", header="Number, DATE ,Due Date,currency")) == [(2, 1)]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("number,date,due_date,currency,row_quantiy", "did you mean row_quantity"),
        ("number,date,due_date,currency,xyzzy", "'xyzzy'"),
        ("number,date,due_date,currency,", "column 5 has no name"),
        ("number,date,due_date,currency,Date", "'date' is there 2 times"),
        ("number,date,currency", "'due_date' is missing"),
    ],
)
def test_a_header_that_cannot_be_used_is_named(write, header, says):
    with pytest.raises(InputError, match=says):
        list(read(write("in.csv", header + "\n")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_encoding_is_found(write, encoding):
    path = write("in.csv", "\n".join([HEADER, row("1", text="Ääkköset ja €")]).encode(encoding))
    (found,) = read(path)
    assert isinstance(found, ReadInvoice)
    assert found.request.invoice.header.description == "Ääkköset ja €"


def test_a_byte_that_windows_1252_lacks_is_named(write):
    path = write(
        "in.csv",
        "\n".join([HEADER, row("1", text="ä"), row("2", text="?"), row("3")])
        .encode("cp1252")
        .replace(b"?", b"\x81"),
    )
    found = list(read(path))
    assert bad(found) == [(3, "2", [("line 3, column description", "csv.encoding")])]
    assert good(found) == [(2, 1), (4, 3)]


def test_a_damaged_byte_in_a_utf_8_file_does_not_turn_the_file_into_another_encoding(write):
    path = write(
        "in.csv",
        "\n".join([HEADER, row("1", text="äöå"), row("2", text="?")]).encode().replace(b"?", b"\xff"),
    )
    found = list(read(path))
    assert found[0].request.invoice.header.description == "äöå"  # type: ignore[union-attr]
    assert bad(found) == [(3, "2", [("line 3, column description", "csv.encoding")])]


def test_a_damaged_byte_in_a_number_gives_no_message_that_cannot_be_printed(write):
    path = write("in.csv", f"{HEADER}\n{row('?1', text='äöå')}\n".encode().replace(b"?", b"\xff"))
    str(list(read(path))).encode()


def test_a_utf_16_file_is_refused_with_what_to_do(write):
    with pytest.raises(InputError, match="UTF-16"):
        list(read(write("in.csv", f"{HEADER}\n".encode("utf-16"))))


def test_a_file_of_a_header_alone_is_refused(records):
    with pytest.raises(InputError, match="holds no invoice"):
        records()


@pytest.mark.parametrize(
    "line",
    [
        "Maija Esimerkki;131052-308T;Katu 1;2026-11-01",
        "1001;2026-11-01;2026-11-15;EUR;Maija Esimerkki",
        "\x00\x01secret\x7f;\x02",
    ],
)
def test_nothing_of_a_first_line_that_names_no_columns_is_shown(write, line):
    with pytest.raises(InputError, match=r"does not name columns \(\d of \d names are unknown\)") as caught:
        list(read(write("in.csv", f"{line}\n{line}\n")))
    words = [word for value in line.lower().split(";") for word in value.split()]
    assert not [word for word in words if len(word) > 3 and word in str(caught.value).lower()]


def test_a_name_that_looks_like_a_value_is_told_by_its_position(write):
    with pytest.raises(InputError, match="column 5 is not known") as caught:
        list(read(write("in.csv", "number,date,due_date,currency,131052-308T\n")))
    assert "131052" not in str(caught.value)


@pytest.mark.parametrize("number", ["131052-308T", "131052A308T", "19811218-9876", "811218+9876"])
def test_a_number_that_may_be_a_persons_is_in_no_message_and_no_repr(write, number):
    path = write("in.csv", "\n".join([HEADER, row(number)]))
    (found,) = read(path)
    shown = f"{found!r}{found.problems[0]}{[*scan(path)]!r}"  # type: ignore[union-attr]
    assert number not in shown
    assert "looks like a personal identity number" in found.problems[0].message  # type: ignore[union-attr]


def test_a_number_of_too_many_digits_is_refused(records):
    found = records(row("1", net="9" * 70), row("2"))
    assert bad(found) == [(2, "1", [("line 2, column row_net_amount", "table.number")])]
    assert "too many digits" in found[0].problems[0].message


def test_that_a_file_was_read_as_windows_1252_is_told_once(write):
    lines = [HEADER, row("x", text="ä"), row("1", text="ä"), row("2")]
    found = list(read(write("in.csv", "\n".join(lines).replace(",", "\t").encode("cp1252"))))
    assert "read as Windows-1252, columns separated by tab, decimal point" in found[1].remarks[0]  # type: ignore[union-attr]
    assert [len(each.remarks) for each in found[1:]] == [1, 0]  # type: ignore[union-attr]


def test_a_file_in_utf_8_has_no_remark(records):
    assert records(row("1", text="ä"))[0].remarks == ()


@pytest.mark.parametrize("text", ["HINTÄ€ ä", "PÅ\u00a0ö", "SÄ” å"])
def test_capitals_before_a_euro_sign_do_not_make_windows_1252_look_like_utf_8(write, text):
    (found,) = read(write("in.csv", "\n".join([HEADER, row("1", text=text)]).encode("cp1252")))
    assert found.request.invoice.header.description == text  # type: ignore[union-attr]


def test_one_letter_in_utf_8_outweighs_any_number_of_damaged_bytes(write):
    lines = "\n".join([HEADER, row("1", text="Å"), row("2", text="???"), row("3", text="?")])
    found = list(read(write("in.csv", lines.encode().replace(b"?", b"\xe4"))))
    assert found[0].request.invoice.header.description == "Å"  # type: ignore[union-attr]
    assert [number for _, number, _ in bad(found)] == ["2", "3"]


def test_identities_are_those_of_the_invoices(write):
    header = "number,type,seller_vat_code,date,due_date,currency"
    path = write(
        "in.csv", f"{header}\nA,,FI1,bad,,\nA,,,,,\nB,CREDIT_NOTE,,2026-01-01,2026-01-02,EUR\n,,,,,\n"
    )
    assert [seen.identity for seen in scan(path)] == [
        Identity("FI1", InvoiceType.INVOICE, "A"),
        Identity("", InvoiceType.CREDIT_NOTE, "B"),
    ]


def test_reading_is_lazy(write):
    path = write("in.csv", "\n".join([HEADER, *(row(str(number)) for number in range(1, 50))]))
    first = next(read(path))
    assert isinstance(first, ReadInvoice)
    assert isinstance(first.request, SalesInvoiceRequest)


@pytest.mark.parametrize("start", [b"100\x00", b"100\x80", b"10\xff0"])
@pytest.mark.parametrize("rest", [b"", b";too;few", b';"open'])
def test_a_number_that_cannot_be_read_on_a_line_that_cannot_be_read_tells_nothing(write, start, rest):
    good = "1;2026-01-01;2026-01-15;EUR;ä".encode()
    header = b"number;date;due_date;currency;description"
    path = write("in.csv", b"\n".join([header, good, start + rest]))
    assert [seen.identity.original for seen in scan(path)] == ["1"]
    assert all(isinstance(each, BadRecord) for each in read(path))
