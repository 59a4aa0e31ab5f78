"""Mapping files: tables with column names of their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.formats import (
    BadRecord,
    ColumnMapping,
    InputError,
    ReadInvoice,
    ReadOptions,
    read,
    scan,
)

MAPPING = """
decimal_comma = true
date_formats = ["DD/MM/YYYY"]
ignore = ["Huomautus"]

[columns]
number = "Laskun nro"
date = "Pvm"
net_days = "Maksuehto"
type = "Laji"
buyer_name = "Asiakas"
row_net_amount = "Veroton"

[constants]
currency = "EUR"
seller_business_id = "0737546-2"
row_vat_percentage = 25.5
payment_control = true

[words.type]
"Lasku" = "INVOICE"
"Hyvitys" = "CREDIT_NOTE"
"""

HEADER = "Laskun nro;Pvm;Maksuehto;Laji;Asiakas;Veroton;Huomautus"
LINE = "1;02/11/2026;14;Lasku;Haave Oy;1.210,50;ei"


@pytest.fixture
def mapped(write):
    def read_mapped(*lines, header=HEADER, mapping=MAPPING):
        options = ReadOptions(mapping=ColumnMapping.from_toml(write("m.toml", mapping)))
        return list(read(write("in.csv", "\n".join([header, *lines])), options))

    return read_mapped


def test_columns_of_other_names_are_read(mapped):
    (found,) = mapped(LINE)
    assert isinstance(found, ReadInvoice)
    request: Any = found.request
    invoice = request.invoice
    assert invoice.header.date.isoformat() == "2026-11-02"
    assert invoice.header.due_date.isoformat() == "2026-11-16"
    assert invoice.header.currency_code == "EUR"
    assert invoice.parties.seller_party.business_id == "0737546-2"
    assert invoice.parties.buyer_party.name == "Haave Oy"
    assert invoice.rows[0].net_amount == Decimal("1210.50")
    assert invoice.rows[0].vat_percentage == Decimal("25.5")
    assert request.processing.payment_control_enabled is True
    assert "14 days after the date" in found.remarks[0]


def test_sightings_know_the_constants(write):
    options = ReadOptions(mapping=ColumnMapping.from_toml(write("m.toml", MAPPING)))
    (seen,) = scan(write("in.csv", f"{HEADER}\n{LINE.replace('Lasku;', 'HYVITYS;')}"), options)
    assert (seen.identity.seller, seen.identity.type) == ("07375462", "CREDIT_NOTE")


def test_problems_name_the_columns_as_the_file_does(mapped):
    (found,) = mapped(LINE.replace("1.210,50", "paljon").replace("02/11/2026", "31/02/2026"))
    assert isinstance(found, BadRecord)
    assert [(problem.path, problem.rule) for problem in found.problems] == [
        ("line 2, column Pvm", "table.date"),
        ("line 2, column Veroton", "table.number"),
    ]


def test_case_and_spaces_of_titles_do_not_matter(mapped):
    (found,) = mapped(LINE, header=HEADER.replace("Laskun nro", "  LASKUN   nro "))
    assert isinstance(found, ReadInvoice)


def test_lines_above_the_header_are_passed_over_when_told(mapped):
    found = mapped(HEADER, LINE, header='Myynti 2026;;;"viisi', mapping="header_row = 2\n" + MAPPING)
    assert [str(each.place).rpartition(":")[2] for each in found] == ["3"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (HEADER.replace("Pvm", "Päivä"), "names 'Pvm' for date, and the file has no such columns"),
        (HEADER + ";Uusi", "column 'Uusi' of the file is neither named nor in ignore"),
        (HEADER + ";Pvm", "column 8 of the file is neither named nor in ignore"),
        (
            HEADER + ";",
            "column 'column 8' of the file is neither named nor in ignore|column 8 of the file is neither",
        ),
        (HEADER.replace("Asiakas", "Asiakaz"), "did you mean 'Asiakaz'"),
    ],
)
def test_a_file_that_the_mapping_does_not_fit_is_told(mapped, header, says):
    with pytest.raises(InputError, match=says):
        mapped(LINE, header=header)


def test_what_every_invoice_needs_must_be_named_or_constant(mapped):
    with pytest.raises(InputError, match="column 'currency' is missing"):
        mapped(LINE, mapping=MAPPING.replace('currency = "EUR"', ""))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nothing = 1", "no entry nothing"),
        ("[columns]", "names no columns"),
        ("[columns]\nnumbr = 'a'", "numbr is none of the columns"),
        ("[columns]\nnumber = 1", "columns.number must be a text"),
        ("[columns]\nnumber = 'a'\ndate = 'A'", "names the column 'a' twice"),
        ("[columns]\nnumber = 'a'\n[constants]\nnumber = '1'", "below .columns. and below .constants."),
        ("[columns]\nnumber = 'a'\n[constants]\ndate = 'soon'", "the constant date is no date"),
        (
            "[columns]\nnumber = 'a'\n[constants]\nnet_amount = 1.005",
            "net_amount has more than two",
        ),
        ("[columns]\nnumber = 'a'\n[constants]\nnet_amount = []", "the constant net_amount must be"),
        ("date_formats = ['soon']\n[columns]\nnumber = 'a'", "no form of dates"),
        ("header_row = 0\n[columns]\nnumber = 'a'", "from 1"),
        ("decimal_comma = 'no'\n[columns]\nnumber = 'a'", "true or false"),
        ("delimiter = ';;'\n[columns]\nnumber = 'a'", "one character"),
        ("encoding = 'utf-99'\n[columns]\nnumber = 'a'", "no encoding 'utf-99'"),
        ("encoding = 'utf-16'\n[columns]\nnumber = 'a'", "contains ASCII"),
        ("words = 'a'\n[columns]\nnumber = 'a'", "must be a table"),
        ("ignore = 'a'\n[columns]\nnumber = 'a'", "ignore must be a list"),
        ("ignore = ['a', ' ']\n[columns]\nnumber = 'a'", r"ignore\[1\] must be a text"),
        ("source = 'x'\n[columns]\nnumber = 'a'", "no entry source; only columns, constants, ignore"),
        ("[columns]\nnumber = 'a'\n[words.type]\n'L l' = 1", r'words.type."L l" must be a text'),
        ("header_row = true\nignore = 1", "ignore must be a list; header_row must be a whole number"),
        ("[columns", "cannot be read"),
    ],
)
def test_a_mapping_that_says_something_else_is_told(write, text, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        ColumnMapping.from_toml(write("m.toml", text))
    assert "m.toml" in str(caught.value)


def test_a_file_in_an_encoding_of_its_own_is_read_when_told(write):
    options = ReadOptions(mapping=ColumnMapping.from_toml(write("m.toml", "encoding = 'cp850'\n" + MAPPING)))
    path = write("in.csv", f"{HEADER}\n{LINE.replace('Haave', 'Ääni')}".encode("cp850"))
    (found,) = read(path, options)
    request: Any = found.request if isinstance(found, ReadInvoice) else None
    assert request.invoice.parties.buyer_party.name == "Ääni Oy"
