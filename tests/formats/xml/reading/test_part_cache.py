"""A party is taken over from the document before only where each of its texts is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from confirma_async.formats import ReadInvoice, read
from confirma_async.formats.xml import documents
from confirma_async.formats.xml.markup.known import KnownMarkup

EXAMPLES = Path(__file__).parents[4] / "examples"
UBL = (EXAMPLES / "ubl" / "invoice.xml").read_text(encoding="utf-8")
FINVOICE = (EXAMPLES / "finvoice" / "invoices.xml").read_bytes().decode("iso-8859-15")
BODY = FINVOICE[FINVOICE.index("<Finvoice") : FINVOICE.index("</Finvoice>")]
FINVOICE = f'<?xml version="1.0"?>\n{BODY}</Finvoice>'
IBANS = ("FI2112345600000785", "FI5810171000000122", "no account")
BUYERS = ("9990002-4", "9990001-6", "200175-998H")
DOCUMENTS = [pytest.param(UBL, id="ubl"), pytest.param(FINVOICE, id="finvoice")]


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """A memory that knows nothing yet."""
    monkeypatch.setattr(documents, "_KNOWN", KnownMarkup())


def reported(path):
    """What each document of a file comes to, with the places of what is the seller's and the buyer's."""
    found: list[tuple[object, ...]] = []
    for record in read(path):
        assert isinstance(record, ReadInvoice)
        assert record.origins is not None
        found.append((record.request, record.remarks, *map(record.origins.find, PLACES)))
    return found


PLACES = [
    f"$.invoice.parties.{place}"
    for place in ("sellerParty.paymentDetails.iban", "buyerParty.businessId", "sellerParty.contact.phone")
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_document_has_its_own_seller_and_buyer(document, tmp_path, monkeypatch):
    path = tmp_path / "in.xml"
    texts = [
        document.replace(IBANS[0], IBANS[number // 3 % 3]).replace(BUYERS[0], BUYERS[number % 3])
        for number in range(60)
    ]
    path.write_text("\n".join(texts), encoding="utf-8")
    found = reported(path)
    monkeypatch.setattr(KnownMarkup, "cut", lambda _self, _text: None)
    assert reported(path) == found
    assert len({str(each) for each in found}) >= 60


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_party_of_the_same_texts_is_not_read_again(document, tmp_path, monkeypatch):
    path = tmp_path / "in.xml"
    path.write_text("\n".join([document] * 8), encoding="utf-8")
    reported(path)
    expected = reported(path)[-1]
    monkeypatch.delattr("confirma_async.formats.xml.ubl.parties.classify")
    monkeypatch.delattr("confirma_async.formats.xml.finvoice.parties.classify")
    assert reported(path)[-1][:2] == expected[:2]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_remarked_of_a_party_is_remarked_of_each_document(document, tmp_path):
    path = tmp_path / "in.xml"
    text = document.replace(IBANS[0], "no account").replace('"IBAN"', '"other"')
    path.write_text("\n".join([text] * 8), encoding="utf-8")
    assert {str(remarks).count("is no account") for _, remarks, *_ in reported(path)} == {1}
