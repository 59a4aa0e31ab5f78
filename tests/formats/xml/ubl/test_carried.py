"""Documents that UBL documents carry or link to, and those that others carry."""

from __future__ import annotations

import base64

import pytest

from confirma_async.formats import BadRecord, ReadInvoice, read
from confirma_async.formats.xml import documents
from tests.formats.xml.changes import changed, problems
from tests.formats.xml.ubl.samples import BOMB, CREDIT_NOTE, INVOICE


def embedded(data: str) -> str:
    name = "cbc:EmbeddedDocumentBinaryObject"
    return f'<{name} mimeCode="application/pdf" filename="a.pdf">{data}</{name}>'


def attachment(inner: str) -> str:
    return (
        "<cac:AdditionalDocumentReference><cbc:ID>liite</cbc:ID>"
        f"<cac:Attachment>{inner}</cac:Attachment></cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"
    )


def test_an_embedded_document_is_an_attachment(invoice):
    (found,) = invoice(("<cac:AccountingSupplierParty>", attachment(embedded("JVBE\nRi0=")))).attachments
    assert (found.file_name, found.mime_type, found.data) == ("a.pdf", "application/pdf", "JVBERi0=")


def test_a_linked_document_is_an_attachment(invoice):
    inner = "<cac:ExternalReference><cbc:URI>https://example.com/a.pdf</cbc:URI></cac:ExternalReference>"
    (found,) = invoice(("<cac:AccountingSupplierParty>", attachment(inner))).attachments
    assert found.url == "https://example.com/a.pdf"


def test_an_embedded_document_that_is_not_base64_is_refused(record):
    found = record(changed(INVOICE, ("<cac:AccountingSupplierParty>", attachment(embedded("%%%")))))
    assert [rule for _, rule in problems(found)] == ["xml.base64"]


ATTACHED = """<AttachedDocument xmlns="urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>1</cbc:ID><cac:Attachment>{}</cac:Attachment></AttachedDocument>"""
AS_TEXT = "<cac:ExternalReference><cbc:Description><![CDATA[{}]]></cbc:Description></cac:ExternalReference>"
AS_BASE64 = "<cbc:EmbeddedDocumentBinaryObject>{}</cbc:EmbeddedDocumentBinaryObject>"


@pytest.mark.parametrize(
    "attached", [AS_TEXT.format(INVOICE), AS_BASE64.format(base64.b64encode(INVOICE.encode()).decode())]
)
def test_a_document_that_another_carries_is_read(record, attached):
    found = record(ATTACHED.format(attached))
    assert found.request.invoice.header.number == 12001
    assert found.remarks == ("the AttachedDocument around the document is not sent",)


@pytest.mark.parametrize(
    ("carried", "rule"),
    [(BOMB + "<Invoice/>", "xml.doctype"), ("<Invoice>", "xml.syntax")],
)
def test_a_carried_document_is_looked_at_as_carefully(record, carried, rule):
    assert problems(record(ATTACHED.format(AS_TEXT.format(carried)))) == [("/", rule)]
    encoded = base64.b64encode(carried.encode()).decode()
    assert problems(record(ATTACHED.format(AS_BASE64.format(encoded)))) == [("/", rule)]


def test_a_carried_document_that_is_no_base64_is_refused(record):
    assert problems(record(ATTACHED.format(AS_BASE64.format("%%%")))) == [("/", "xml.base64")]


BASE64 = base64.b64encode(INVOICE.encode()).decode()
IN_WINDOWS = base64.b64encode(INVOICE.replace("\n", "\r\n").encode("utf-8-sig")).decode()
OTHER = INVOICE.replace("<cbc:ID>12001<", "<cbc:ID>12009<", 1)
OTHER_BASE64 = base64.b64encode(OTHER.encode()).decode()
NEXT = "</cac:Attachment><cac:Attachment>"
PDF = AS_BASE64.format(base64.b64encode(b"%PDF-1.7").decode())
CUT_OFF = AS_BASE64.format(BASE64[:-7])
HTML = base64.b64encode(b"<!DOCTYPE html><html><br></html>").decode()
OF_A_KIND = '<cbc:EmbeddedDocumentBinaryObject mimeCode="{}">{}</cbc:EmbeddedDocumentBinaryObject>'
WRAPPED = base64.encodebytes(INVOICE.encode()).decode()
OTHER_WRAPPED = base64.encodebytes(OTHER.encode()).decode()
WORDS = (
    "<cac:ExternalReference><cbc:Description>The invoice, in XML</cbc:Description></cac:ExternalReference>"
)
PARENT = (
    "</cac:Attachment><cac:ParentDocumentLineReference><cac:DocumentReference><cac:Attachment>{}"
    "</cac:Attachment></cac:DocumentReference></cac:ParentDocumentLineReference><cac:Attachment>"
)


@pytest.mark.parametrize(
    "attached",
    [
        AS_TEXT.format(INVOICE) + NEXT + AS_TEXT.format(OTHER),
        AS_TEXT.format(INVOICE) + AS_BASE64.format(OTHER_BASE64),
        AS_BASE64.format(OTHER_BASE64) + NEXT + AS_BASE64.format(BASE64),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_BASE64.format(OTHER_BASE64)),
        AS_TEXT.format(f"<Frame>{INVOICE.split('?>', 1)[1]}{OTHER.split('?>', 1)[1]}</Frame>"),
    ],
    ids=["texts", "text and base64", "base64", "nested", "frame"],
)
def test_a_document_that_carries_several_is_refused(record, attached):
    found = record(ATTACHED.format(attached))
    assert problems(found) == [("/", "xml.root")]
    assert "more than one document" in found.problems[0].message


@pytest.mark.parametrize(
    "second",
    [
        CUT_OFF,
        AS_BASE64.format(f"%%%{BASE64}"),
        AS_TEXT.format("<Invoice>"),
        AS_TEXT.format(f"as agreed: {OTHER}"),
        AS_BASE64.format(OTHER_WRAPPED),
        AS_TEXT.format(f"\ufeff{OTHER}"),
        AS_TEXT.format(f"\n\ufeff\n{OTHER}"),
        AS_BASE64.format(base64.b64encode(f"\ufeff\n{OTHER}".encode()).decode()),
        AS_BASE64.format(base64.b64encode(OTHER[:-1].replace("UTF-8", "UTF-16").encode("utf-16")).decode()),
        OF_A_KIND.format("application/pdf", OTHER_BASE64),
    ],
)
@pytest.mark.parametrize("place", ["{}", PARENT], ids=["own", "nested"])
def test_a_second_document_that_cannot_be_read_is_not_passed_over(record, place, second):
    attached = AS_TEXT.format(INVOICE) + NEXT + place.format(second)
    assert isinstance(record(ATTACHED.format(attached)), BadRecord)


@pytest.mark.parametrize(
    "attached",
    [
        AS_BASE64.format(WRAPPED),
        AS_TEXT.format(f"\ufeff{INVOICE}"),
        OF_A_KIND.format("text/xml", WRAPPED),
        OF_A_KIND.format("application/pdf", BASE64),
    ],
    ids=["wrapped", "mark", "kind", "another kind"],
)
def test_a_document_that_another_carries_is_read_however_it_is_written(record, attached):
    assert record(ATTACHED.format(attached)).request.invoice.header.number == 12001


@pytest.mark.parametrize(
    "attached",
    [PDF, OF_A_KIND.format("application/pdf", "JVBERg=="), OF_A_KIND.format("text/html", HTML), WORDS],
    ids=["pdf", "pdf by name", "html", "words"],
)
def test_what_carries_no_document_is_refused(record, attached):
    assert isinstance(record(ATTACHED.format(attached)), BadRecord)


@pytest.mark.parametrize(
    "attached",
    [
        AS_TEXT.format(INVOICE) + AS_BASE64.format(BASE64),
        AS_TEXT.format(INVOICE) + AS_BASE64.format(IN_WINDOWS),
        AS_TEXT.format(INVOICE) + NEXT + AS_TEXT.format(f"\n{INVOICE}\n"),
        AS_TEXT.format(INVOICE) + NEXT + PDF,
        PDF + NEXT + AS_TEXT.format(INVOICE),
        AS_TEXT.format(INVOICE) + NEXT + AS_TEXT.format("<ApplicationResponse/>"),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_TEXT.format("as agreed")),
        AS_TEXT.format(INVOICE) + AS_BASE64.format(WRAPPED),
        AS_TEXT.format(INVOICE) + NEXT + AS_BASE64.format("%%%"),
        OF_A_KIND.format("application/pdf", "JVBERi0xLjcK\nJVBERg==") + NEXT + AS_TEXT.format(INVOICE),
        OF_A_KIND.format("image/png", "%") + NEXT + AS_TEXT.format(INVOICE),
        OF_A_KIND.format("text/html", HTML) + NEXT + AS_TEXT.format(INVOICE),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_BASE64.format(HTML)),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_TEXT.format("<see page 2>")),
        AS_BASE64.format(BASE64) + WORDS,
    ],
)
def test_one_document_is_read_beside_itself_and_what_is_none(record, attached):
    assert record(ATTACHED.format(attached)).request.invoice.header.number == 12001


def test_a_document_in_a_frame_is_read(record):
    header = "<StandardBusinessDocumentHeader><Sender>x</Sender></StandardBusinessDocumentHeader>"
    inner = INVOICE.split("?>", 1)[1]
    found = record(f"<StandardBusinessDocument>{header}{inner}</StandardBusinessDocument>")
    assert found.request.invoice.header.number == 12001
    assert found.remarks == ("the StandardBusinessDocument around the document is not sent",)


def test_documents_in_one_file_are_read_one_by_one(write):
    found = list(read(write("in.xml", INVOICE + "\n" + CREDIT_NOTE)))
    assert [each.place.line for each in found] == [1, 2 + INVOICE.count("\n")]
    assert all(isinstance(each, ReadInvoice) for each in found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_the_lines_of_a_file_are_counted_whatever_ends_them(write, end):
    lines = [*INVOICE.splitlines(), "", *INVOICE.splitlines()]
    found = list(read(write("in.xml", end.join(lines))))
    assert [each.place.line for each in found] == [1, 2 + INVOICE.count("\n")]


def test_a_document_beyond_the_limit_costs_itself_alone(write, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 20_000)
    monkeypatch.setattr(documents, "_BLOCK", 1000)
    long = INVOICE.replace("<cbc:Note>", f"<cbc:Note>{'x' * 30_000}\n", 1)
    found = list(read(write("in.xml", long + INVOICE + CREDIT_NOTE)))
    assert problems(found[0]) == [("/", "xml.size")]
    assert [each.place.line for each in found] == [
        1,
        1 + long.count("\n"),
        1 + long.count("\n") + INVOICE.count("\n"),
    ]
    assert all(isinstance(each, ReadInvoice) for each in found[1:])
