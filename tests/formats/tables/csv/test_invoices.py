"""Lines that are one invoice, and their totals and numbers."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import Any

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import COLUMNS, Identity, ReadInvoice, assign, read, scan
from confirma_async.formats.tables.columns import ValueKind
from confirma_async.schemas import InvoiceType, SalesInvoiceRequest
from tests.formats.tables.csv.rows import HEADER, bad, good, row


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


@pytest.mark.parametrize("name", ["date", "due_date", "currency"])
def test_what_every_invoice_needs_is_asked_for(records, name):
    values = {"number": "1", "date": "2026-01-01", "due_date": "2026-01-15", "currency": "EUR"} | {name: ""}
    found = records(",".join(values.values()), header=",".join(values))
    assert bad(found) == [(2, "1", [(f"line 2, column {name}", "table.required")])]


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
