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
from confirma_async.formats.numbering import concluded, resolve
from confirma_async.formats.payload import put
from confirma_async.formats.xml.due_dates import assumed
from confirma_async.formats.xml.element_reader import Dialect, Leaves, own_text, where
from confirma_async.formats.xml.envelope import Wrapping
from confirma_async.formats.xml.ubl.codes import PLAIN_CODES, STRUCTURE, TYPE_CODES
from confirma_async.formats.xml.ubl.parties import buyer, delivery, seller, seller_id
from confirma_async.formats.xml.ubl.rows import CHARGES, charge_row, lines, row
from confirma_async.formats.xml.ubl.totals import amounts, payment_data, take_implied
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
    root: Element, wrapping: Wrapping, place: Place, options: ReadOptions
) -> ReadInvoice | BadRecord:
    """Reads the invoice of a UBL document."""
    leaves = Leaves(root, DIALECT)
    return _invoice(leaves, wrapping.remarks(), place, options)


def ubl_identity(root: Element) -> Identity | None:
    """Who says which number in a UBL document; None where it has none."""
    leaves = Leaves(root, DIALECT)
    number = leaves.peek(root, "cbc:ID")
    return None if number is None else _identity(leaves, number)


def _identity(leaves: Leaves, number: str) -> Identity:
    return Identity(seller_id(leaves), _type(leaves)[0] or InvoiceType.INVOICE, number)


def _type(leaves: Leaves) -> tuple[InvoiceType | None, str]:
    """The type of document, None where its code is none that can be sent, and that code."""
    plain = PLAIN_CODES[str(leaves.root.tag)]
    code = next((code for path in _TYPE_CODE if (code := leaves.peek(leaves.root, path))), plain)
    kind = TYPE_CODES.get(code)
    is_credit = TYPE_CODES[plain] == InvoiceType.CREDIT_NOTE
    return (None if is_credit and kind != InvoiceType.CREDIT_NOTE else kind), code


def _invoice(
    leaves: Leaves, around: Sequence[str], place: Place, options: ReadOptions
) -> ReadInvoice | BadRecord:
    root = leaves.root
    number = leaves.text(root, "cbc:ID")
    identity = _identity(leaves, number or "")
    raw: dict[str, Any] = {}
    remarks = [*around]
    for required in _REQUIRED:
        if leaves.first(root, required) is None:
            leaves.missing(required)
    _fill_header(leaves, raw, identity, options, remarks)
    credited = _credited(leaves, identity, remarks)
    numbering = resolve(
        identity,
        None if credited is None else leaves.take(credited),
        options.numbers,
        path=f"{where(root)}/ID",
        credited_path="" if credited is None else where(credited),
    )
    put(raw, "invoice.header.number", numbering.number)
    for name, party in (("seller", seller), ("buyer", buyer), ("delivery", delivery)):
        filled = party(leaves)
        if filled:
            put(raw, f"invoice.parties.{name}Party", filled)
    _fill_money(leaves, raw)
    _put(raw, "invoice.attachments", _attachments(leaves) or None)
    _fill_extensions(leaves, raw)
    return concluded(raw, numbering, place, number, leaves.problems, remarks)


def _fill_header(
    leaves: Leaves, raw: dict[str, Any], identity: Identity, options: ReadOptions, remarks: list[str]
) -> None:
    root = leaves.root
    kind, code = _type(leaves)
    element = next((each for path in _TYPE_CODE if (each := leaves.first(root, path)) is not None), None)
    if kind is None:
        message = (
            f"document type {code} is none that can be sent as an invoice or credit note from this document; "
            "see the list of codes in the docs"
        )
        leaves.wrong(root if element is None else element, "xml.type", message)
    elif code == PLAIN_CODES[str(root.tag)]:
        for path in _TYPE_CODE:
            leaves.text(root, path)
    else:
        remarks.append(f"document type {code} is sent as {kind}; the code is kept in the definition details")
    put(raw, "invoice.header.type", identity.type.value)
    for path in STRUCTURE:
        leaves.text(root, path)
    for path, place in _TEXTS:
        _put(raw, place, leaves.text(root, path))
    for path, place in _JOINED:
        _put(raw, place, leaves.joined(root, path))
    for path, place in _DATES:
        _put(raw, place, leaves.date(root, path))
    _fill_due_date(leaves, raw, identity, options, remarks)
    for repeated in leaves.every(root, _PAYMENT_ID)[1:]:
        if leaves.peek(root, _PAYMENT_ID) == "".join(repeated.itertext()).strip():
            leaves.take(repeated)


def _fill_due_date(
    leaves: Leaves, raw: dict[str, Any], identity: Identity, options: ReadOptions, remarks: list[str]
) -> None:
    root = leaves.root
    path = "cbc:DueDate" if leaves.first(root, "cbc:DueDate") is not None else _PAYMENT_DUE
    stated = leaves.first(root, path) is not None
    due = leaves.date(root, path)
    issued: str | None = raw["invoice"]["header"].get("date") if "invoice" in raw else None
    if not stated and issued is not None:
        due = assumed(leaves, issued, identity.type, options.due_days, remarks)
    _put(raw, "invoice.header.dueDate", due)


def _credited(leaves: Leaves, identity: Identity, remarks: list[str]) -> Element | None:
    """The element that names the credited invoice; on other documents a reference credits nothing."""
    if identity.type != InvoiceType.CREDIT_NOTE:
        return None
    found = leaves.every(leaves.root, _CREDITED)
    if len(found) > 1:
        remarks.append(
            f"the credit note refers to {len(found)} invoices; the first is sent as the credited one, "
            "the others are kept in the definition details"
        )
    return found[0] if found else None


def _fill_money(leaves: Leaves, raw: dict[str, Any]) -> None:
    line_elements, charges = lines(leaves), leaves.every(leaves.root, CHARGES)
    rows = [row(leaves, line, position) for position, line in enumerate(line_elements, start=1)]
    following = 1 + max((each["rowNumber"] for each in rows), default=0)
    rows += [charge_row(leaves, charge, position) for position, charge in enumerate(charges, start=following)]
    raw["invoice"]["rows"] = rows
    raw["invoice"]["amounts"] = amounts(leaves)
    _put(raw, "invoice.paymentData", payment_data(leaves, raw["invoice"]["amounts"]) or None)
    take_implied(leaves, line_elements, charges)


def _attachments(leaves: Leaves) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for element in leaves.every(leaves.root, "cac:AdditionalDocumentReference/cac:Attachment"):
        raw: dict[str, Any] = {"url": leaves.text(element, "cac:ExternalReference/cbc:URI")}
        embedded = leaves.first(element, "cbc:EmbeddedDocumentBinaryObject")
        if embedded is not None:
            raw["fileName"], raw["mimeType"] = embedded.get("filename"), embedded.get("mimeCode")
            raw["data"] = "".join(leaves.take(embedded, "filename", "mimeCode").split())
            try:
                base64.b64decode(raw["data"], validate=True)
            except (binascii.Error, ValueError):
                leaves.wrong(embedded, "xml.base64", "is not valid base64; attach the document again")
        if any(value is not None for value in raw.values()):
            found.append({name: value for name, value in raw.items() if value is not None})
    return found


def _fill_extensions(leaves: Leaves, raw: dict[str, Any]) -> None:
    """Keeps what has found no place; what is below lines and charges is in their rows already."""
    elsewhere = {*lines(leaves), *leaves.every(leaves.root, CHARGES)}
    details = list(leaves.left(leaves.root, besides=elsewhere))
    if details:
        put(raw, "invoice.extensions.definitionDetails", details)


def _put(raw: dict[str, Any], place: str, value: Any) -> None:
    if value is not None:
        put(raw, place, value)
