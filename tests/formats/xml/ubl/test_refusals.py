"""UBL documents that are refused: cut off, hostile, or none at all."""

from __future__ import annotations

import pytest

from confirma_async.formats import InputError, read, scan
from confirma_async.formats.xml import documents
from tests.formats.xml.changes import problems
from tests.formats.xml.ubl.samples import BOMB, INVOICE


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE Invoice>",
        '<!DOCTYPE Invoice SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        BOMB,
        BOMB.replace("]>", '<!ATTLIST Invoice x CDATA "&i;">]>'),
    ],
)
def test_a_doctype_is_refused_before_anything_in_it_counts(record, doctype):
    found = record(INVOICE.replace("<Invoice ", doctype + "<Invoice ", 1).replace(">12001<", ">&x;<"))
    assert problems(found) == [("/", "xml.doctype")]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.999])
def test_a_document_that_is_cut_off_is_refused_with_line_and_column(record, cut):
    found = record(INVOICE[: int(len(INVOICE) * cut)].rstrip(">"))
    assert problems(found) == [("/", "xml.syntax")]
    assert "line" in found.problems[0].message


def test_a_document_in_another_encoding_than_it_says_is_refused(record):
    assert problems(record(INVOICE.encode("latin-1"))) == [("/", "xml.syntax")]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig"])
def test_a_document_in_the_encoding_that_it_says_is_read(record, encoding):
    named = {"latin-1": "ISO-8859-1", "utf-16": "UTF-16"}.get(encoding, "UTF-8")
    found = record(INVOICE.replace("UTF-8", named, 1).encode(encoding))
    assert found.request.invoice.rows[0].description == "Käyttöönotto, lokakuu"


def test_an_encoding_that_nobody_knows_is_refused(record):
    assert problems(record(INVOICE.replace("UTF-8", "X-NONE", 1))) == [("/", "xml.syntax")]


def test_an_entity_that_nobody_declared_is_refused(record):
    found = record(INVOICE.replace(">12001<", ">&x;<", 1))
    assert problems(found) == [("/", "xml.syntax")]
    assert "uses an entity" in found.problems[0].message


def test_files_to_include_are_refused_unread(record):
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    found = record(INVOICE.replace("<cbc:Note>", f"<cbc:Note>{include}", 1))
    assert problems(found) == [("/", "xml.xinclude")]


def test_elements_nested_without_end_are_refused(record):
    deep = "<a>" * 100_000
    assert problems(record(INVOICE.replace("<cbc:Note>", f"<cbc:Note>{deep}", 1))) == [("/", "xml.syntax")]


def test_a_document_beyond_the_limit_is_refused(record, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 100)
    assert problems(record(INVOICE)) == [("/", "xml.size")]


@pytest.mark.parametrize("document", ["<Order/>", "<Invoice/>", '<Invoice xmlns="urn:other">1</Invoice>'])
@pytest.mark.parametrize("ask", [read, scan])
def test_xml_that_is_no_ubl_is_an_input_error_that_names_its_root(write, ask, document):
    with pytest.raises(InputError, match=r"its root element is (Order|Invoice)"):
        list(ask(write("in.xml", document)))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("<Invoice/>", r"UBL's namespace is missing; .*Invoice-2"),
        ("<CreditNote/>", r"UBL's namespace is missing; .*CreditNote-2"),
        ('<Invoice xmlns="urn:other">1</Invoice>', "another namespace than UBL's"),
        ("<Order/>", "export the document as UBL"),
    ],
)
def test_xml_that_is_no_ubl_is_refused_with_what_to_do(write, document, says):
    with pytest.raises(InputError, match=says):
        list(read(write("in.xml", document)))


def test_a_document_that_cannot_be_read_has_no_identity(write):
    assert [seen.identity for seen in scan(write("in.xml", INVOICE[:300]))] == []
