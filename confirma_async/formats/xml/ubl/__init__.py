"""UBL 2.1 (Peppol BIS Billing 3): an Invoice or CreditNote document becomes one invoice.

What has a field goes there by the tables of this package; everything else that has text goes into definition
details, with its path as the code. Nothing of a document is dropped in silence.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import decimal
from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.numbering import finish, resolve
from confirma_async.formats.payload import put
from confirma_async.formats.xml.due_dates import assumed
from confirma_async.formats.xml.element_reader import Dialect, ElementReader, own_text, where
from confirma_async.formats.xml.envelope import Envelope
from confirma_async.formats.xml.ubl.codes import PLAIN_CODES, STRUCTURE, TYPE_CODES
from confirma_async.formats.xml.ubl.parties import buyer, delivery, seller, seller_id
from confirma_async.formats.xml.ubl.rows import CHARGES, charge_row, lines, row
from confirma_async.formats.xml.ubl.totals import amounts, consume_implied, payment_data
from confirma_async.schemas import InvoiceType

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _currency(root: Element) -> str:
    element = root.find("cbc:DocumentCurrencyCode", _NAMESPACES)
    return "" if element is None else own_text(element)


def _date(text: str) -> str | None:
    try:
        return datetime.date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else None
    except ValueError:
        return None


DIALECT = Dialect(
    namespaces=_NAMESPACES,
    currency=_currency,
    currency_attribute="currencyID",
    decimal=decimal,
    number_form="XML writes it",
    date=_date,
    date_form="YYYY-MM-DD",
)
"""How UBL writes numbers, dates and currencies."""

_TYPE_CODE = ("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode")
_CREDITED = "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"
_PAYMENT_ID = "cac:PaymentMeans/cbc:PaymentID"
_PAYMENT_DUE = "cac:PaymentMeans/cbc:PaymentDueDate"

_TEXTS = (
    ("cbc:DocumentCurrencyCode", "invoice.header.currencyCode"),
    ("cbc:BuyerReference", "invoice.references.buyer"),
    ("cac:OrderReference/cbc:ID", "invoice.references.orderNumber"),
    ("cac:OrderReference/cbc:SalesOrderID", "invoice.references.sales"),
    ("cac:ContractDocumentReference/cbc:ID", "invoice.references.agreement"),
    (_PAYMENT_ID, "invoice.references.payment"),
    ("cac:PayeeParty/cac:PartyName/cbc:Name", "invoice.factoring.text"),
)
"""Texts that go to one place as they are: the first at each path; a second one is left over, and so kept."""

_JOINED = (
    ("cbc:Note", "invoice.header.additionalInformation"),
    ("cac:PaymentTerms/cbc:Note", "invoice.terms.payment.description"),
)
"""Texts of which there may be several, joined line by line."""

_DATES = (
    ("cbc:IssueDate", "invoice.header.date"),
    ("cac:OrderReference/cbc:IssueDate", "invoice.references.orderDate"),
)

_REQUIRED = ("cbc:ID", "cbc:IssueDate", "cbc:DocumentCurrencyCode")


def ubl_invoice(
    root: Element, envelope: Envelope, place: Place, options: ReadOptions
) -> ReadInvoice | BadRecord:
    """Reads the invoice of a UBL document."""
    reader = ElementReader(root, DIALECT)
    return _invoice(reader, envelope.remarks(), place, options)


def ubl_identity(root: Element) -> Identity | None:
    """Who says which number in a UBL document; None where it has none."""
    reader = ElementReader(root, DIALECT)
    number = reader.peek(root, "cbc:ID")
    return None if number is None else _identity(reader, number)


def _identity(reader: ElementReader, number: str) -> Identity:
    return Identity(seller_id(reader), _type(reader)[0] or InvoiceType.INVOICE, number)


def _type(reader: ElementReader) -> tuple[InvoiceType | None, str]:
    """The type of document, None where its code is none that can be sent, and that code."""
    plain = PLAIN_CODES[str(reader.root.tag)]
    code = next((code for path in _TYPE_CODE if (code := reader.peek(reader.root, path))), plain)
    kind = TYPE_CODES.get(code)
    is_credit = TYPE_CODES[plain] == InvoiceType.CREDIT_NOTE
    return (None if is_credit and kind != InvoiceType.CREDIT_NOTE else kind), code


def _invoice(
    reader: ElementReader, around: Sequence[str], place: Place, options: ReadOptions
) -> ReadInvoice | BadRecord:
    root = reader.root
    number = reader.text(root, "cbc:ID")
    identity = _identity(reader, number or "")
    raw: dict[str, Any] = {}
    remarks = [*around]
    for required in _REQUIRED:
        if reader.first(root, required) is None:
            reader.missing(required)
    _fill_header(reader, raw, identity, options, remarks)
    credited = _credited(reader, identity, remarks)
    numbering = resolve(
        identity,
        None if credited is None else reader.consume(credited),
        options.numbers,
        path=f"{where(root)}/ID",
        credited_path="" if credited is None else where(credited),
    )
    put(raw, "invoice.header.number", numbering.number)
    for name, party in (("seller", seller), ("buyer", buyer), ("delivery", delivery)):
        filled = party(reader)
        if filled:
            put(raw, f"invoice.parties.{name}Party", filled)
    _fill_money(reader, raw)
    put(raw, "invoice.attachments", _attachments(reader) or None)
    _fill_extensions(reader, raw)
    return finish(raw, numbering, place, number, reader.problems, remarks)


def _fill_header(
    reader: ElementReader, raw: dict[str, Any], identity: Identity, options: ReadOptions, remarks: list[str]
) -> None:
    root = reader.root
    kind, code = _type(reader)
    element = next((each for path in _TYPE_CODE if (each := reader.first(root, path)) is not None), None)
    if kind is None:
        message = (
            f"document type {code} is none that can be sent as an invoice or credit note from this document; "
            "see the list of codes in the docs"
        )
        reader.wrong(root if element is None else element, "xml.type", message)
    elif code == PLAIN_CODES[str(root.tag)]:
        for path in _TYPE_CODE:
            reader.text(root, path)
    else:
        remarks.append(f"document type {code} is sent as {kind}; the code is kept in the definition details")
    put(raw, "invoice.header.type", identity.type.value)
    for path in STRUCTURE:
        reader.text(root, path)
    for path, place in _TEXTS:
        put(raw, place, reader.text(root, path))
    for path, place in _JOINED:
        put(raw, place, reader.joined(root, path))
    for path, place in _DATES:
        put(raw, place, reader.date(root, path))
    _fill_due_date(reader, raw, identity, options, remarks)
    for repeated in reader.every(root, _PAYMENT_ID)[1:]:
        if reader.peek(root, _PAYMENT_ID) == "".join(repeated.itertext()).strip():
            reader.consume(repeated)


def _fill_due_date(
    reader: ElementReader, raw: dict[str, Any], identity: Identity, options: ReadOptions, remarks: list[str]
) -> None:
    root = reader.root
    path = "cbc:DueDate" if reader.first(root, "cbc:DueDate") is not None else _PAYMENT_DUE
    stated = reader.first(root, path) is not None
    due = reader.date(root, path)
    issued: str | None = raw["invoice"]["header"].get("date") if "invoice" in raw else None
    if not stated and issued is not None:
        due = assumed(reader, issued, identity.type, options.due_days, remarks)
    put(raw, "invoice.header.dueDate", due)


def _credited(reader: ElementReader, identity: Identity, remarks: list[str]) -> Element | None:
    """The element that names the credited invoice; on other documents a reference credits nothing."""
    if identity.type != InvoiceType.CREDIT_NOTE:
        return None
    found = reader.every(reader.root, _CREDITED)
    if len(found) > 1:
        remarks.append(
            f"the credit note refers to {len(found)} invoices; the first is sent as the credited one, "
            "the others are kept in the definition details"
        )
    return found[0] if found else None


def _fill_money(reader: ElementReader, raw: dict[str, Any]) -> None:
    line_elements, charges = lines(reader), reader.every(reader.root, CHARGES)
    rows = [row(reader, line, position) for position, line in enumerate(line_elements, start=1)]
    following = 1 + max((each["rowNumber"] for each in rows), default=0)
    rows += [charge_row(reader, charge, position) for position, charge in enumerate(charges, start=following)]
    raw["invoice"]["rows"] = rows
    raw["invoice"]["amounts"] = amounts(reader)
    put(raw, "invoice.paymentData", payment_data(reader, raw["invoice"]["amounts"]) or None)
    consume_implied(reader, line_elements, charges)


def _attachments(reader: ElementReader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for element in reader.every(reader.root, "cac:AdditionalDocumentReference/cac:Attachment"):
        raw: dict[str, Any] = {"url": reader.text(element, "cac:ExternalReference/cbc:URI")}
        embedded = reader.first(element, "cbc:EmbeddedDocumentBinaryObject")
        if embedded is not None:
            raw["fileName"], raw["mimeType"] = embedded.get("filename"), embedded.get("mimeCode")
            raw["data"] = "".join(reader.consume(embedded, "filename", "mimeCode").split())
            try:
                base64.b64decode(raw["data"], validate=True)
            except (binascii.Error, ValueError):
                reader.wrong(embedded, "xml.base64", "is not valid base64; attach the document again")
        if any(value is not None for value in raw.values()):
            found.append({name: value for name, value in raw.items() if value is not None})
    return found


def _fill_extensions(reader: ElementReader, raw: dict[str, Any]) -> None:
    """Keeps what has found no place; what is below lines and charges is in their rows already."""
    elsewhere = {*lines(reader), *reader.every(reader.root, CHARGES)}
    details = list(reader.unconsumed(reader.root, besides=elsewhere))
    if details:
        put(raw, "invoice.extensions.definitionDetails", details)
