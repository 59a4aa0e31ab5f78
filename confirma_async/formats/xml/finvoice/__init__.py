"""Finvoice 1.2 to 3.0: a Finvoice document becomes one invoice.

What has a field goes there by the tables of this package; everything else that has text goes into definition
details, with its path as the code. Nothing of a document is dropped in silence.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.envelope import Envelope
from confirma_async.formats.xml.finvoice import parties
from confirma_async.formats.xml.finvoice.codes import DIALECT, ORIGINAL, PLAIN_CODES, TYPE_CODES
from confirma_async.formats.xml.finvoice.parties import EInvoiceRoute
from confirma_async.formats.xml.finvoice.rows import ROWS, RowRead, document_definitions, rows
from confirma_async.formats.xml.finvoice.totals import amounts
from confirma_async.formats.xml.framed import FramedDocument
from confirma_async.formats.xml.links import is_pdf_link
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import due_date, finish, numbers
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.once import check_once
from confirma_async.formats.xml.reading.part_cache import fill_part
from confirma_async.formats.xml.ubl.codes import TYPE_CODES as UN_CODES
from confirma_async.schemas import InvoiceType
from confirma_async.validation.values.codes import language_fault

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
_LANGUAGE = "InvoiceRecipientLanguageCode"
_RECEIVER = "MessageTransmissionDetails/MessageReceiverDetails/"
_SCHEME = "IdentificationSchemeName"

_TEXTS = (
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
_ONCE = (
    _NUMBER,
    _TYPE,
    _UN_TYPE,
    _ORIGIN,
    "PaymentStatusDetails/PaymentStatusCode",
    "SellerPartyDetails",
    "SellerPartyDetails/SellerPartyIdentifier",
    "SellerPartyDetails/SellerOrganisationTaxCode",
    "BuyerPartyDetails",
    "BuyerPartyDetails/BuyerPartyIdentifier",
    "BuyerPartyDetails/BuyerOrganisationTaxCode",
    "EpiDetails/EpiPartyDetails/EpiBeneficiaryPartyDetails/EpiAccountID",
    _PAYMENT_ID,
)
"""What says which document this is, of whom and for whom, and where it is paid to."""
_ONE_VALUE = (
    _DATE,
    *(
        f"{_DETAILS}{total}"
        for total in (
            "InvoiceTotalVatIncludedAmount",
            "InvoiceTotalVatExcludedAmount",
            "InvoiceTotalVatAmount",
            "InvoiceTotalRoundoffAmount",
            "InvoicePaidAmount",
            "RowsTotalVatExcludedAmount",
        )
    ),
    _EPI + "EpiInstructedAmount",
)
"""Its date, and its money."""


def finvoice_invoice(document: FramedDocument, place: Place, options: ReadOptions) -> ReadInvoice | BadRecord:
    """Read the invoice of a Finvoice document."""
    root, envelope = document.root, document.envelope
    reader = ElementReader(root, DIALECT, document.lines, document.reusable, envelope)
    number = reader.peek(root, _NUMBER)
    identity = _identity(reader, number or "")
    draft = Draft()
    for required in _REQUIRED:
        if reader.first(root, required) is None:
            reader.findings.missing(required)
    check_once(reader, root, _ONCE, are_texts=True)
    check_once(reader, root, _ONE_VALUE)
    _fill_header(reader, draft, identity, options)
    credited = reader.every(root, _CREDITED)
    numbering = numbers(reader, draft, identity, options, number=_NUMBER, credited=credited)
    _fill_parties(reader, draft, envelope)
    rows_read = rows(reader, draft)
    nets = [row.draft.values.get("netAmount") for row in rows_read if row.element.tag == ROWS]
    amounts(reader, draft, identity.type, [net for net in nets if net is not None])
    _fill_attachments(reader, draft)
    _fill_extensions(reader, draft, rows_read)
    return finish(reader, draft, numbering, place, identity)


def finvoice_identity(root: Element) -> Identity | None:
    """Return who says which number in a Finvoice document; None where it has none."""
    reader = ElementReader(root, DIALECT)
    number = reader.peek(root, _NUMBER)
    return None if number is None else _identity(reader, number)


def _identity(reader: ElementReader, number: str) -> Identity:
    return Identity(parties.seller_id(reader), _type(reader) or InvoiceType.INVOICE, number)


def _type(reader: ElementReader) -> InvoiceType | None:
    """Return the type of document; None where it is none that can be sent."""
    kind = TYPE_CODES.get(reader.peek(reader.root, _TYPE) or "")
    un_code = reader.peek(reader.root, _UN_TYPE)
    is_credit_note = UN_CODES.get(un_code or "") == InvoiceType.CREDIT_NOTE
    if un_code is not None and (
        un_code not in UN_CODES or is_credit_note != (kind == InvoiceType.CREDIT_NOTE)
    ):
        return None
    return kind


def _fill_header(reader: ElementReader, draft: Draft, identity: Identity, options: ReadOptions) -> None:
    root = reader.root
    _check_type(reader, identity)
    draft.put("invoice.header.type", identity.type.value)
    if reader.currency:
        draft.put("invoice.header.currencyCode", reader.currency)
    elif reader.first(root, _REQUIRED[-1]) is not None:
        reader.findings.missing(DIALECT.currency_place)
    placing.texts(reader, draft, root, _TEXTS)
    for path, place in _NUMBERS:
        placing.number(reader, draft, place, root, path)
    for path, place in _JOINED:
        placing.joined(reader, draft, place, root, path)
    _fill_language(reader, draft)
    issued = placing.date(reader, draft, "invoice.header.date", root, _DATE)
    placing.date(reader, draft, "invoice.references.orderDate", root, _DETAILS + "OrderDate", optional=True)
    stated = [*reader.every(root, _DUE), *reader.every(root, _PAYMENT_DUE)]
    due_date(reader, draft, issued, identity.type, stated, options.due_days)
    for repeated in reader.every(root, "EpiDetails/EpiIdentificationDetails/EpiDate"):
        if issued is not None and DIALECT.date(own_text(repeated)) == issued:
            reader.imply(repeated)
    _fill_discount_days(reader, draft, issued)
    _fill_reference(reader, draft)
    if root.get("Version") is not None:
        reader.imply(root, "Version")


def _check_type(reader: ElementReader, identity: Identity) -> None:
    element, code = reader.first(reader.root, _TYPE), reader.peek(reader.root, _TYPE) or "(none)"
    un_code = reader.peek(reader.root, _UN_TYPE)
    if _type(reader) is None:
        kind = code if un_code is None else f"{code} with {un_code}"
        message = (
            f"document type {kind} is none that can be sent as an invoice or credit note from this document; "
            "see the list of codes in the docs"
        )
        reader.findings.wrong(reader.root if element is None else element, "xml.type", message)
    elif code in PLAIN_CODES and element is not None:
        reader.imply(element, "CodeListAgencyIdentifier")
    else:
        reader.findings.remarks.append(
            f"document type {code} is sent as {identity.type}; the code is kept in the definition details"
        )
    origin = reader.first(reader.root, _ORIGIN)
    if origin is not None and own_text(origin) != ORIGINAL:
        message = (
            "says that the document is a copy of one that was sent before, or cancels it; send the original, "
            "or a credit note"
        )
        reader.findings.wrong(origin, "xml.type", message)
    elif origin is not None:
        reader.imply(origin)


def _fill_language(reader: ElementReader, draft: Draft) -> None:
    element = reader.first(reader.root, _LANGUAGE)
    if element is None:
        return
    code = own_text(element).upper()
    if language_fault(code) is None:
        draft.put("invoice.header.languageCode", code, element)
        reader.imply(element)
    else:
        reader.findings.remark(
            element, "is no language code of two letters, and is kept in the definition details"
        )


def _fill_discount_days(reader: ElementReader, draft: Draft, issued: str | None) -> None:
    """Fill in the days of a cash discount, counted from the dates.

    Its date is kept as well, as it is printed.
    """
    element = reader.first(reader.root, _DISCOUNT_DATE)
    until = None if element is None else DIALECT.date(own_text(element))
    if issued is not None and until is not None and until >= issued:
        days = datetime.date.fromisoformat(until) - datetime.date.fromisoformat(issued)
        draft.put("invoice.terms.payment.cashDiscountDays", days.days, element)


def _fill_reference(reader: ElementReader, draft: Draft) -> None:
    element = reader.first(reader.root, _PAYMENT_ID)
    if element is None:
        return
    reference = reader.take(draft, "invoice.references.payment", element, _SCHEME)
    for repeated in reader.every(reader.root, "EpiDetails/EpiIdentificationDetails/EpiReference"):
        if own_text(repeated).lstrip("0") == reference.lstrip("0"):
            reader.imply(repeated)


def _fill_parties(reader: ElementReader, draft: Draft, envelope: Envelope) -> None:
    route, is_from_envelope = _route(reader, envelope)
    reader.findings.remarks += envelope.remarks("the receiver's address" if is_from_envelope else "")
    for name, (paths, fill) in parties.PARTIES.items():
        party = draft.part(f"invoice.parties.{name}Party")
        fill_part(reader, party, paths, fill)
        parties.deliver(reader, name, party, route)
        draft.keep(party)


def _route(reader: ElementReader, envelope: Envelope) -> tuple[EInvoiceRoute, bool]:
    """Return where the document is delivered, and whether its envelope says so, not its own frame."""
    address = reader.first(reader.root, _RECEIVER + "ToIdentifier")
    operator = reader.first(reader.root, _RECEIVER + "ToIntermediator")
    if address is not None or envelope.root is None:
        return EInvoiceRoute(address, operator), False
    found: dict[str, Element] = {}
    for receiver in envelope.receivers:
        party, role = receiver.find("{*}PartyId"), receiver.find("{*}Role")
        if party is not None and own_text(party):
            is_operator = role is not None and own_text(role) == "Intermediator"
            found.setdefault("operator" if is_operator else "address", party)
    return EInvoiceRoute(found.get("address"), found.get("operator", operator)), bool(found)


def _fill_attachments(reader: ElementReader, draft: Draft) -> None:
    """Put in links to PDF documents; other links are left."""
    names = reader.every(reader.root, "InvoiceUrlNameText")
    links = reader.every(reader.root, "InvoiceUrlText")
    pdfs = [(index, link) for index, link in enumerate(links) if is_pdf_link(own_text(link))]
    for link in links:
        if not is_pdf_link(own_text(link)):
            reader.findings.remark(
                link, "is no link to a PDF (http or https), and is kept in the definition details"
            )
    for part, (index, link) in zip(draft.items("invoice.attachments", len(pdfs)), pdfs, strict=True):
        reader.take(part, "url", link)
        if index < len(names):
            reader.take(part, "fileName", names[index])
    if reader.first(reader.root, "AttachmentMessageDetails/AttachmentMessageIdentifier") is not None:
        reader.findings.remarks.append(
            "the attachments come in a message of their own, which is not read; attach them yourself"
        )


def _fill_extensions(reader: ElementReader, draft: Draft, rows_read: Sequence[RowRead]) -> None:
    """Keep what has found no place; what is below a row is kept there."""
    definitions = document_definitions(reader)
    left = reader.leftovers()
    for row in rows_read:
        row.draft.put("definitionDetails", [*row.definitions, *left.of(row.element)] or None)
    details = [*definitions, *left.of_document(besides={row.element for row in rows_read})]
    draft.put("invoice.extensions.definitionDetails", details or None)
