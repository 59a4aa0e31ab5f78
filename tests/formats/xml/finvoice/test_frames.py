"""Finvoice documents in a row, in envelopes, in other encodings, broken or hostile."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from confirma_async.formats import BadRecord, InputError, ReadInvoice, read, scan
from tests.formats.xml.changes import changed, problems
from tests.formats.xml.finvoice.samples import DELIVERY, ENVELOPE, EXAMPLE, INVOICE


def test_a_delivery_of_a_bank_is_read_document_by_document(records):
    found = records(DELIVERY)
    assert [each.request.invoice.header.number for each in found] == [13001, 13002]
    assert [each.place.line for each in found] == [37, 200]
    for each in found:
        buyer = each.request.invoice.parties.buyer_party
        assert buyer.electronic_invoice_account == "003799900024"
        assert buyer.electronic_routing_address == "OKOYFIHH"
        assert "Envelope around the document is not sent" in each.remarks[0]


@pytest.mark.parametrize("is_inside", [False, True])
def test_an_address_from_the_envelope_is_said_to_stand_there(records, is_inside):
    inner = INVOICE.split("?>", 1)[1]
    end = "</SOAP-ENV:Body>"
    within = ENVELOPE.replace(end, inner + end).encode()
    (found,) = records(within if is_inside else ENVELOPE + INVOICE)
    buyer = "$.invoice.parties.buyerParty"
    at = "/Envelope/Header/MessageHeader/To"
    assert found.origins.find(f"{buyer}.electronicInvoiceAccount").endswith(f"{at}[1]/PartyId")
    assert found.origins.find(f"{buyer}.electronicRoutingAddress").endswith(f"{at}[2]/PartyId")


def test_a_receiver_inside_another_document_of_the_frame_is_not_taken(records):
    inner = INVOICE.split("?>", 1)[1]
    other = changed(inner, ("</Finvoice>", "<To><PartyId>003712345678</PartyId></To></Finvoice>"))
    first, _ = records(f"<frame>{inner}{other}</frame>".encode())
    assert first.request.invoice.parties.buyer_party.electronic_invoice_account is None


def test_sightings_are_those_of_the_invoices():
    assert [(seen.identity.original, seen.place.line) for seen in scan(EXAMPLE)] == [
        ("13001", 37),
        ("13002", 200),
    ]


@pytest.mark.parametrize("number_of", [2, 7])
def test_documents_that_follow_each_other_without_envelopes_are_read(records, number_of):
    documents = [
        INVOICE.replace(">13001</InvoiceNumber>", f">{n}</InvoiceNumber>") for n in range(1, number_of + 1)
    ]
    found = records("\n\n".join(documents))
    assert [each.request.invoice.header.number for each in found] == [*range(1, number_of + 1)]


def test_a_document_inside_its_envelope_is_read(records):
    inner = INVOICE.split("?>", 1)[1]
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    wrapped = f'<s:Envelope xmlns:s="{soap}"><s:Body>{inner}</s:Body></s:Envelope>'
    (found,) = records(wrapped.encode())
    assert found.request.invoice.header.number == 13001
    assert found.place.line is None


def test_a_broken_document_costs_itself_alone(records):
    broken = changed(INVOICE, ("</InvoiceDetails>", ""))
    found = records(broken + INVOICE.replace(">13001</InvoiceNumber>", ">2</InvoiceNumber>"))
    assert problems(found[0]) == [("/", "xml.syntax")]
    assert isinstance(found[1], ReadInvoice)


def test_a_document_of_another_kind_among_others_is_told(records):
    found = records('<?xml version="1.0"?>\n<FinvoiceAttachments/>\n' + INVOICE)
    assert problems(found[0]) == [("/", "xml.root")]
    assert isinstance(found[1], ReadInvoice)


@pytest.mark.parametrize("times", [1, 2])
def test_an_envelope_without_a_document_is_told(records, times):
    declared = '<?xml version="1.0"?>\n' + ENVELOPE
    assert [problems(each) for each in records(declared * times)] == [[("/", "xml.root")]] * times


def test_both_encodings_are_read(record):
    for encoding in ("iso-8859-15", "utf-8"):
        document = changed(INVOICE, ("ISO-8859-15", encoding.upper())).encode(encoding)
        assert "€" in record(document).request.invoice.header.additional_information


def test_a_dtd_that_is_only_named_is_neither_fetched_nor_in_the_way(record):
    named = '<!DOCTYPE Finvoice SYSTEM "http://127.0.0.1:9/Finvoice.dtd">\n<Finvoice '
    assert isinstance(record(INVOICE, ("<Finvoice ", named)), ReadInvoice)


BOMB = '<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE Finvoice [{BOMB}]>",
        f'<!DOCTYPE Finvoice SYSTEM "Finvoice.dtd" [{BOMB}]>',
        '<!DOCTYPE Finvoice [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Finvoice SYSTEM "Finvoice.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
        '<!DOCTYPE Finvoice PUBLIC "a" "b">',
        f'<!--<!DOCTYPE Finvoice SYSTEM "Finvoice.dtd">--><!DOCTYPE Finvoice [{BOMB}]>',
        '<!DOCTYPE Other SYSTEM "Finvoice.dtd">',
    ],
)
def test_a_dtd_that_declares_anything_is_refused(record, doctype):
    found = record(INVOICE, ("<Finvoice ", doctype + "<Finvoice "), ("Kiitos", "&i;"))
    assert problems(found) == [("/", "xml.doctype")]


def test_a_dtd_in_a_comment_lets_no_hidden_one_pass(record):
    """UTF-7 hides a DOCTYPE from whoever looks at the bytes."""
    hidden = f"<!DOCTYPE Finvoice [{BOMB}]>".replace("<", "+ADw-").replace("&", "+ACY-").replace('"', "+ACI-")
    text = (
        '<?xml version="1.0" encoding="UTF-7"?><!--<!DOCTYPE Finvoice SYSTEM "F.dtd">-->'
        f'{hidden}<Finvoice Version="3.0"><a>x</a></Finvoice>'
    )
    assert isinstance(record(text.encode()), BadRecord)


def test_the_root_must_be_finvoice_without_a_namespace(write):
    with pytest.raises(InputError, match="neither UBL"):
        list(read(write("in.xml", '<Finvoice xmlns="urn:other"/>')))


@given(
    st.lists(st.tuples(st.integers(0, len(EXAMPLE.read_bytes()) - 1), st.integers(0, 255)), max_size=10),
    st.integers(0, len(EXAMPLE.read_bytes())),
)
def test_broken_bytes_are_bad_records_or_an_input_error(tmp_path_factory, changes, cut):
    contents = bytearray(EXAMPLE.read_bytes())
    for place, byte in changes:
        contents[place] = byte
    path = tmp_path_factory.mktemp("broken") / "in.xml"
    path.write_bytes(contents[:cut] + b"<")
    try:
        for record in read(path):
            assert isinstance(record, ReadInvoice) or record.problems
    except InputError:
        pass
