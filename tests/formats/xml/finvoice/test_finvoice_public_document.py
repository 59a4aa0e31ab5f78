"""A public Finvoice 1.2 document, checked against a plain walk over its XML.

The document is not part of this repository; where it is not beside it, these tests are skipped.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from confirma_async.converters import Converter
from confirma_async.formats import ReadInvoice, read
from confirma_async.validation import check

CONVERTER = Converter()
PATH = Path(__file__).parents[4].parent / "shared" / "data" / "finvoice" / "finvoice-1.2-sample.xml"

pytestmark = pytest.mark.skipif(not PATH.exists(), reason="the public document is not beside this repository")

TOLD = {
    "InvoiceTypeCode",  # by header.type
    "OriginCode",  # an original; anything else is refused
}


@pytest.fixture(scope="module")
def found() -> Any:
    (record,) = read(PATH)
    return record


def scalars(value):
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from scalars(inner)
    else:
        yield value


def leaves():
    for element in etree.parse(PATH).getroot().iter("*"):
        text = (element.text or "").strip()
        if text and not len(element):
            yield element, text


def forms(text):
    """The forms in which a text may be in the request: as it is, as a number, as a date, without zeros."""
    yield text
    yield text.lstrip("0")
    if re.fullmatch(r"-?\d+,\d+", text):
        yield Decimal(text.replace(",", "."))
    if re.fullmatch(r"-?\d+", text):
        yield Decimal(text)
    if re.fullmatch(r"\d{8}", text):
        yield f"{text[:4]}-{text[4:6]}-{text[6:]}"


def test_every_text_of_the_document_is_in_the_request(found):
    values = list(scalars(CONVERTER.unstructure(found.request)))
    known = {*values, *(line for each in values if isinstance(each, str) for line in each.split("\n"))}
    account = "50001520000081"  # within its IBAN
    lost = [
        (element.tag, text)
        for element, text in leaves()
        if known.isdisjoint(forms(text)) and element.tag not in TOLD and text != account
    ]
    assert lost == []
    assert found.request.invoice.parties.seller_party.payment_details.iban.endswith(account)


def test_no_text_of_the_document_can_change_without_a_trace(tmp_path):
    tree = etree.parse(PATH)
    silent = []
    for element in tree.getroot().iter("*"):
        before = element.text or ""
        if len(element) or not before.strip():
            continue
        element.text = replacement(before.strip())
        changed = tmp_path / "changed.xml"
        changed.write_bytes(etree.tostring(tree, encoding="ISO-8859-15"))
        (record,) = read(changed)
        wire = str(CONVERTER.unstructure(record.request)) if isinstance(record, ReadInvoice) else "Xyzzy"
        if not re.search("87654321|19870605|1987-06-05|xyzzy", wire, re.IGNORECASE):
            silent.append(element.tag)
        element.text = before
    assert silent == []


def replacement(value: str) -> str:
    """Another value of the same kind that stands nowhere else."""
    if re.fullmatch(r"\d{8}", value):
        return "19870605"
    return "87654321" if re.fullmatch(r"-?[\d,]+", value) else f"{value} Xyzzy"


def test_header_parties_and_totals_are_in_place(found):
    invoice = found.request.invoice
    assert (invoice.header.number, invoice.header.due_date.isoformat()) == (159, "2004-12-29")
    assert invoice.references.payment == "2004486"
    assert invoice.parties.seller_party.contact.email == "webmaster@pullinmusiikki.fi"
    assert invoice.parties.invoice_recipient_party.name == "Tilitoimisto Ryynänen"
    assert invoice.terms.payment.cash_discount_days == 5
    assert invoice.amounts.gross_amount == Decimal("3352.98")
    assert len(invoice.rows) == 8


def test_that_its_totals_contradict_each_other_is_found_before_it_is_sent(found):
    assert "invoice-gross" in {problem.rule for problem in check(found.request)}
