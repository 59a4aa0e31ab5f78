"""Finvoice 1.2 to 3.0: a Finvoice document becomes one invoice.

What has a field goes there by the tables of this package; everything else that has text goes into definition
details, with its path as the code. Nothing of a document is dropped in silence.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.numbering import finish, resolve
from confirma_async.formats.payload import put
from confirma_async.formats.xml.due_dates import assumed
from confirma_async.formats.xml.element_reader import ElementReader, own_text, where
from confirma_async.formats.xml.envelope import Envelope
from confirma_async.formats.xml.finvoice import parties
from confirma_async.formats.xml.finvoice.codes import DIALECT, ORIGINAL, PLAIN_CODES, TYPE_CODES
from confirma_async.formats.xml.finvoice.parties import EInvoiceRoute
from confirma_async.formats.xml.finvoice.rows import document_definitions, rows
from confirma_async.formats.xml.finvoice.totals import amounts, consume_implied, payment_data
from confirma_async.formats.xml.ubl.codes import TYPE_CODES as UN_CODES
from confirma_async.schemas import InvoiceType

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_DETAILS = "InvoiceDetails/"
_EPI = "EpiDetails/EpiPaymentInstructionDetails/"
_NUMBER = _DETAILS + "InvoiceNumber"
_TYPE = _DETAILS + "InvoiceTypeCode"
_UN_TYPE = _DETAILS + "InvoiceTypeCodeUN"
_ORIGIN = _DETAILS + "OriginCode"
_CREDITED = _DETAILS + "OriginalInvoiceNumber"
_DATE = _DETAILS + "InvoiceDate"
_DUE = _DETAILS + "PaymentTermsDetails/InvoiceDueDate"
_PAYMENT_DUE = _EPI + "EpiDateOptionDate"
_PAYMENT_ID = _EPI + "EpiRemittanceInfoIdentifier"
_DISCOUNT_DATE = _DETAILS + "PaymentTermsDetails/CashDiscountDate"
_RECEIVER = "MessageTransmissionDetails/MessageReceiverDetails/"

_TEXTS = (
    ("InvoiceRecipientLanguageCode", "invoice.header.languageCode"),
    (_DETAILS + "SellerReferenceIdentifier", "invoice.references.sales"),
    (_DETAILS + "BuyerReferenceIdentifier", "invoice.references.buyer"),
    (_DETAILS + "OrderIdentifier", "invoice.references.orderNumber"),
    (_DETAILS + "AgreementIdentifier", "invoice.references.agreement"),
    ("VirtualBankBarcode", "invoice.references.electronicPaymentCode"),
    ("FactoringAgreementDetails/FactoringAgreementIdentifier", "invoice.factoring.agreementNumber"),
    ("FactoringAgreementDetails/FactoringPartyIdentifier", "invoice.factoring.financierCode"),
)
"""Texts that go to one place as they are: the first at each path; a second one is left over, and so kept."""

_JOINED = (
    (_DETAILS + "InvoiceFreeText", "invoice.header.additionalInformation"),
    (_DETAILS + "PaymentTermsDetails/PaymentTermsFreeText", "invoice.terms.payment.description"),
    ("FactoringAgreementDetails/FactoringFreeText", "invoice.factoring.text"),
)
"""Texts of which there may be several, joined line by line."""

_NUMBERS = (
    (
        _DETAILS + "PaymentTermsDetails/PaymentOverDueFineDetails/PaymentOverDueFinePercent",
        "invoice.terms.interest.percentage",
    ),
    (
        _DETAILS + "PaymentTermsDetails/CashDiscountPercent",
        "invoice.terms.payment.cashDiscountPercentage",
    ),
)

_REQUIRED = (_NUMBER, _DATE, _DETAILS + "InvoiceTotalVatIncludedAmount")


def finvoice_invoice(
    root: Element, envelope: Envelope, place: Place, options: ReadOptions
) -> ReadInvoice | BadRecord:
    """Reads the invoice of a Finvoice document."""
    reader = ElementReader(root, DIALECT)
    number = reader.text(root, _NUMBER)
    identity = _identity(reader, number or "")
    raw: dict[str, Any] = {}
    remarks: list[str] = []
    for required in _REQUIRED:
        if reader.first(root, required) is None:
            reader.missing(required)
    _fill_header(reader, raw, identity, options, remarks)
    credited = reader.first(root, _CREDITED) if identity.type == InvoiceType.CREDIT_NOTE else None
    numbering = resolve(
        identity,
        None if credited is None else reader.consume(credited),
        options.numbers,
        path=f"{where(root)}/{_NUMBER}",
        credited_path="" if credited is None else where(credited),
    )
    put(raw, "invoice.header.number", numbering.number)
    _fill_parties(reader, raw, envelope, remarks)
    _fill_money(reader, raw, identity.type, remarks)
    put(raw, "invoice.attachments", _attachments(reader, remarks) or None)
    _fill_extensions(reader, raw)
    return finish(raw, numbering, place, number, reader.problems, remarks)


def finvoice_identity(root: Element) -> Identity | None:
    """Who says which number in a Finvoice document; None where it has none."""
    reader = ElementReader(root, DIALECT)
    number = reader.peek(root, _NUMBER)
    return None if number is None else _identity(reader, number)


def _identity(reader: ElementReader, number: str) -> Identity:
    return Identity(parties.seller_id(reader), _type(reader) or InvoiceType.INVOICE, number)


def _type(reader: ElementReader) -> InvoiceType | None:
    """The type of document; None where it is none that can be sent."""
    kind = TYPE_CODES.get(reader.peek(reader.root, _TYPE) or "")
    un_code = reader.peek(reader.root, _UN_TYPE)
    is_credit_note = UN_CODES.get(un_code or "") == InvoiceType.CREDIT_NOTE
    if un_code is not None and (
        un_code not in UN_CODES or is_credit_note != (kind == InvoiceType.CREDIT_NOTE)
    ):
        return None
    return kind


def _fill_header(
    reader: ElementReader, raw: dict[str, Any], identity: Identity, options: ReadOptions, remarks: list[str]
) -> None:
    root = reader.root
    _check_type(reader, identity, remarks)
    put(raw, "invoice.header.type", identity.type.value)
    put(raw, "invoice.header.currencyCode", reader.currency)
    for path, place in _TEXTS:
        put(raw, place, reader.text(root, path))
    for path, place in _JOINED:
        put(raw, place, reader.joined(root, path))
    for path, place in _NUMBERS:
        put(raw, place, reader.number(root, path))
    issued = reader.date(root, _DATE)
    put(raw, "invoice.header.date", issued)
    put(raw, "invoice.references.orderDate", reader.date(root, _DETAILS + "OrderDate"))
    _fill_due_date(reader, raw, issued, identity, options, remarks)
    _fill_discount_days(reader, raw, issued)
    _fill_reference(reader, raw)
    reader.consume(root, "Version")


def _check_type(reader: ElementReader, identity: Identity, remarks: list[str]) -> None:
    element, code = reader.first(reader.root, _TYPE), reader.peek(reader.root, _TYPE) or "(none)"
    un_code = reader.peek(reader.root, _UN_TYPE)
    if _type(reader) is None:
        told = code if un_code is None else f"{code} with {un_code}"
        message = (
            f"document type {told} is none that can be sent as an invoice or credit note from this document; "
            "see the list of codes in the docs"
        )
        reader.wrong(reader.root if element is None else element, "xml.type", message)
    elif code in PLAIN_CODES and element is not None:
        reader.consume(element, "CodeListAgencyIdentifier")
    else:
        remarks.append(
            f"document type {code} is sent as {identity.type}; the code is kept in the definition details"
        )
    origin = reader.first(reader.root, _ORIGIN)
    if origin is not None and reader.consume(origin) != ORIGINAL:
        message = (
            "says that the document is a copy of one that was sent before, or cancels it; send the original, "
            "or a credit note"
        )
        reader.wrong(origin, "xml.type", message)


def _fill_due_date(
    reader: ElementReader,
    raw: dict[str, Any],
    issued: str | None,
    identity: Identity,
    options: ReadOptions,
    remarks: list[str],
) -> None:
    stated = reader.every(reader.root, _DUE)
    path = _DUE if stated else _PAYMENT_DUE
    if reader.first(reader.root, path) is not None:
        due = reader.date(reader.root, path)
    elif issued is not None:
        due = assumed(reader, issued, identity.type, options.due_days, remarks)
    else:
        due = None
    put(raw, "invoice.header.dueDate", due)
    if len({own_text(each) for each in stated}) > 1:
        remarks.append(
            f"the document states {len(stated)} due dates; the first is sent, the others are kept in the "
            "definition details"
        )
    for repeated in (*stated[1:], *reader.every(reader.root, _PAYMENT_DUE)):
        if due is not None and DIALECT.date(own_text(repeated)) == due:
            reader.consume(repeated)
    for repeated in reader.every(reader.root, "EpiDetails/EpiIdentificationDetails/EpiDate"):
        if issued is not None and DIALECT.date(own_text(repeated)) == issued:
            reader.consume(repeated)


def _fill_discount_days(reader: ElementReader, raw: dict[str, Any], issued: str | None) -> None:
    """The days of a cash discount, counted from the dates; its date is kept as well, as it is printed."""
    until = DIALECT.date(reader.peek(reader.root, _DISCOUNT_DATE) or "")
    if issued is not None and until is not None and until >= issued:
        days = datetime.date.fromisoformat(until) - datetime.date.fromisoformat(issued)
        put(raw, "invoice.terms.payment.cashDiscountDays", days.days)


def _fill_reference(reader: ElementReader, raw: dict[str, Any]) -> None:
    """The payment reference, without the zeros that fill up a Finnish one."""
    element = reader.first(reader.root, _PAYMENT_ID)
    if element is None:
        return
    text = reader.consume(element, "IdentificationSchemeName")
    reference = (text.lstrip("0") or text) if text.isdigit() else text
    put(raw, "invoice.references.payment", reference)
    for repeated in reader.every(reader.root, "EpiDetails/EpiIdentificationDetails/EpiReference"):
        if own_text(repeated).lstrip("0") == reference:
            reader.consume(repeated)


def _fill_parties(reader: ElementReader, raw: dict[str, Any], envelope: Envelope, remarks: list[str]) -> None:
    route, is_from_envelope = _route(reader, envelope)
    remarks += envelope.remarks("the receiver's address" if is_from_envelope else "")
    for name, filled in (
        ("seller", parties.seller(reader, remarks)),
        ("buyer", parties.buyer(reader, route)),
        ("invoiceRecipient", parties.recipient(reader, route)),
        ("delivery", parties.delivery(reader)),
    ):
        if filled:
            put(raw, f"invoice.parties.{name}Party", filled)


def _route(reader: ElementReader, envelope: Envelope) -> tuple[EInvoiceRoute, bool]:
    """Where the document is delivered, by its own frame or else by its envelope; whether by the latter."""
    address = reader.text(reader.root, _RECEIVER + "ToIdentifier")
    operator = reader.text(reader.root, _RECEIVER + "ToIntermediator")
    if address or envelope.root is None:
        return EInvoiceRoute(address, operator), False
    found: dict[str, str] = {}
    for receiver in envelope.root.iter("{*}To"):
        party, role = receiver.find("{*}PartyId"), receiver.find("{*}Role")
        if party is not None and own_text(party):
            is_operator = role is not None and own_text(role) == "Intermediator"
            found.setdefault("operator" if is_operator else "address", own_text(party))
    return EInvoiceRoute(found.get("address"), found.get("operator")), bool(found)


def _fill_money(reader: ElementReader, raw: dict[str, Any], kind: InvoiceType, remarks: list[str]) -> None:
    raw["invoice"]["rows"] = rows(reader)
    raw["invoice"]["amounts"] = amounts(reader, kind, remarks)
    put(raw, "invoice.paymentData", payment_data(reader, raw["invoice"]["amounts"], kind) or None)
    consume_implied(reader)


def _attachments(reader: ElementReader, remarks: list[str]) -> list[dict[str, str]]:
    """Links to PDF documents; other links are left."""
    names = reader.every(reader.root, "InvoiceUrlNameText")
    found: list[dict[str, str]] = []
    for index, element in enumerate(reader.every(reader.root, "InvoiceUrlText")):
        url = own_text(element)
        if not _is_pdf(url):
            continue
        attachment = {"url": reader.consume(element)}
        if index < len(names):
            attachment["fileName"] = reader.consume(names[index])
        found.append(attachment)
    if reader.first(reader.root, "AttachmentMessageDetails/AttachmentMessageIdentifier") is not None:
        remarks.append(
            "the attachments come in a message of their own, which is not read; attach them yourself"
        )
    return found


def _is_pdf(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.path.lower().endswith(".pdf")


def _fill_extensions(reader: ElementReader, raw: dict[str, Any]) -> None:
    """Keeps what has found no place; what is below rows is in them already."""
    rows_of_their_own = ("InvoiceRow", _DETAILS + "DiscountDetails", _DETAILS + "ChargeDetails")
    elsewhere = {each for path in rows_of_their_own for each in reader.every(reader.root, path)}
    details = [*document_definitions(reader), *reader.unconsumed(reader.root, besides=elsewhere)]
    if details:
        put(raw, "invoice.extensions.definitionDetails", details)
