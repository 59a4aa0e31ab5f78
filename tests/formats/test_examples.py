"""The example files can be read, and are what their README says."""

from pathlib import Path

import pytest

from confirma_async.formats import ReadInvoice, read, scan
from confirma_async.schemas import SalesInvoiceRequest
from confirma_async.validation import check

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = {
    "invoices.csv": 150,
    "invoices.jsonl": 20,
    "ubl/invoice.xml": 1,
    "ubl/credit-note.xml": 1,
    "finvoice/invoices.xml": 2,
}


def requests(name: str) -> list[SalesInvoiceRequest]:
    found = list(read(EXAMPLES / name))
    assert all(isinstance(each, ReadInvoice) and not each.original_number for each in found)
    return [each.request for each in found if isinstance(each, ReadInvoice)]


@pytest.mark.parametrize("name", FILES)
def test_every_example_is_read(name):
    assert len(requests(name)) == len(list(scan(EXAMPLES / name))) == FILES[name]


def test_exactly_one_example_is_wrong_and_it_is_the_one_that_the_readme_names():
    wrong = {
        request.invoice.header.number: {problem.rule for problem in check(request)}
        for name in FILES
        for request in requests(name)
        if check(request)
    }
    assert wrong == {10077: {"row-sums"}}
    assert "10077" in (EXAMPLES / "README.md").read_text()


def test_no_number_is_used_twice():
    numbers = [request.invoice.header.number for name in FILES for request in requests(name)]
    assert len(set(numbers)) == len(numbers)


def test_credit_notes_name_an_example():
    every = [request.invoice for name in FILES for request in requests(name)]
    numbers = {invoice.header.number for invoice in every}
    credited = {
        invoice.references.credited_invoice_number
        for invoice in every
        if invoice.header.type == "CREDIT_NOTE" and invoice.references is not None
    }
    assert credited == {11001, 12001, 13001}
    assert credited <= numbers
