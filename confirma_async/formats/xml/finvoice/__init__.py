"""Reads Finvoice 1.2 to 3.0: a Finvoice document becomes one invoice.

Elements that have a field of the invoice go there, by the tables of this package. All other elements with
text go into definition details, with their paths as codes. Nothing of a document is dropped in silence.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.finvoice import parties
from confirma_async.formats.xml.finvoice.codes import DIALECT, ORIGINAL, PLAIN_CODES, TYPE_CODES
from confirma_async.formats.xml.finvoice.rows import ROWS, RowRead, document_definitions, rows
from confirma_async.formats.xml.finvoice.totals import amounts
from confirma_async.formats.xml.framed import Envelope, FramedDocument
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import check_type, due_date, finish, is_pdf, numbers
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
_DATE = _DETAILS + "InvoiceDate"
_DUE = _DETAILS + "PaymentTermsDetails/InvoiceDueDate"
_PAYMENT_DUE = _EPI + "EpiDateOptionDate"
_PAYMENT_ID = _EPI + "EpiRemittanceInfoIdentifier"
_DISCOUNT_DATE = _DETAILS + "PaymentTermsDetails/CashDiscountDate"
_LANGUAGE = "InvoiceRecipientLanguageCode"
_RECEIVER = "MessageTransmissionDetails/MessageReceiverDetails/"
_ADDRESS, _OPERATOR = "electronicInvoiceAccount", "electronicRoutingAddress"
_ROUTE = {_ADDRESS: "ToIdentifier", _OPERATOR: "ToIntermediator"}
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
"""Texts that go to one place as they are. Of several at a path, the first counts; the others become
details."""

_JOINED = (
    (_DETAILS + "InvoiceFreeText", "invoice.header.additionalInformation"),
    (_DETAILS + "PaymentTermsDetails/PaymentTermsFreeText", "invoice.terms.payment.description"),
    ("FactoringAgreementDetails/FactoringFreeText", "invoice.factoring.text"),
)
"""Texts of which there may be several; they are joined, each on a line of its own."""

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
"""Elements that identify the document, its parties and its account: two with different texts are refused."""
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
"""The date and the amounts, which must be one value each."""


def finvoice_invoice(document: FramedDocument, place: Place, options: ReadOptions) -> ReadInvoice | BadRecord:
    """Read the invoice of a Finvoice document."""
    root = document.root
    reader = ElementReader(document, DIALECT)
    identity = finvoice_identity(reader, reader.peek(root, _NUMBER) or "")
    for required in _REQUIRED:
        if reader.first(root, required) is None:
            reader.findings.missing(required)
    check_once(reader, root, _ONCE, are_texts=True)
    check_once(reader, root, _ONE_VALUE)
    _fill_header(reader, identity, options)
    numbering = numbers(reader, identity, options)
    _fill_parties(reader, document.envelope)
    rows_read = rows(reader)
    nets = [row.draft.values.get("netAmount") for row in rows_read if row.element.tag == ROWS]
    amounts(reader, identity.type, [net for net in nets if net is not None])
    _fill_attachments(reader)
    _fill_extensions(reader, rows_read)
    return finish(reader, numbering, place, identity)


def finvoice_identity(reader: ElementReader, number: str) -> Identity:
    """Return the identity of a Finvoice document: its seller, its type and its number."""
    return Identity(parties.seller_id(reader), _type(reader) or InvoiceType.INVOICE, number)


def _type(reader: ElementReader) -> InvoiceType | None:
    """Return the type of a document; None if it cannot be sent."""
    kind = TYPE_CODES.get(reader.peek(reader.root, _TYPE) or "")
    un_code = reader.peek(reader.root, _UN_TYPE)
    is_credit_note = UN_CODES.get(un_code or "") == InvoiceType.CREDIT_NOTE
    if un_code is not None and (
        un_code not in UN_CODES or is_credit_note != (kind == InvoiceType.CREDIT_NOTE)
    ):
        return None
    return kind


def _fill_header(reader: ElementReader, identity: Identity, options: ReadOptions) -> None:
    root, draft = reader.root, reader.draft
    _check_type(reader)
    draft.put("invoice.header.type", identity.type.value)
    if reader.currency:
        draft.put("invoice.header.currencyCode", reader.currency)
    elif reader.first(root, _REQUIRED[-1]) is not None:
        reader.findings.missing(DIALECT.currency_place)
    placing.texts(reader, draft, root, _TEXTS)
    for path, place in _NUMBERS:
        placing.number(reader, draft, place, root, path)
    for path, place in _JOINED:
        placing.join(reader, draft, place, reader.every(root, path))
    _fill_language(reader)
    issued = placing.date(reader, draft, "invoice.header.date", root, _DATE)
    placing.date(reader, draft, "invoice.references.orderDate", root, _DETAILS + "OrderDate", optional=True)
    stated = [*reader.every(root, _DUE), *reader.every(root, _PAYMENT_DUE)]
    due_date(reader, issued, identity.type, stated, options.due_days)
    for repeated in reader.every(root, "EpiDetails/EpiIdentificationDetails/EpiDate"):
        if issued is not None and DIALECT.date(own_text(repeated)) == issued:
            reader.imply(repeated)
    _fill_discount_days(reader, issued)
    _fill_reference(reader)
    if root.get("Version") is not None:
        reader.imply(root, "Version")


def _check_type(reader: ElementReader) -> None:
    element, code = reader.first(reader.root, _TYPE), reader.peek(reader.root, _TYPE) or "(none)"
    kind, un_code = _type(reader), reader.peek(reader.root, _UN_TYPE)
    if kind is None and un_code is not None:
        code = f"{code} with {un_code}"
    check_type(reader, element, code, kind, PLAIN_CODES, "CodeListAgencyIdentifier")
    origin = reader.first(reader.root, _ORIGIN)
    if origin is not None and own_text(origin) != ORIGINAL:
        message = (
            "says that the document is a copy of one that was sent before, or cancels it; send the original, "
            "or a credit note"
        )
        reader.findings.wrong(origin, "xml.type", message)
    elif origin is not None:
        reader.imply(origin)


def _fill_language(reader: ElementReader) -> None:
    element = reader.first(reader.root, _LANGUAGE)
    if element is None:
        return
    code = own_text(element).upper()
    if language_fault(code) is None:
        reader.draft.put("invoice.header.languageCode", code, element)
        reader.imply(element)
    else:
        reader.findings.remark(
            element, "is no language code of two letters, and is kept in the definition details"
        )


def _fill_discount_days(reader: ElementReader, issued: str | None) -> None:
    """Put in the days of a cash discount, counted from the dates. Its date is kept as well."""
    element = reader.first(reader.root, _DISCOUNT_DATE)
    until = None if element is None else DIALECT.date(own_text(element))
    if issued is not None and until is not None and until >= issued:
        days = datetime.date.fromisoformat(until) - datetime.date.fromisoformat(issued)
        reader.draft.put("invoice.terms.payment.cashDiscountDays", days.days, element)


def _fill_reference(reader: ElementReader) -> None:
    element = reader.first(reader.root, _PAYMENT_ID)
    if element is None:
        return
    reference = reader.take(reader.draft, "invoice.references.payment", element, _SCHEME)
    for repeated in reader.every(reader.root, "EpiDetails/EpiIdentificationDetails/EpiReference"):
        if own_text(repeated).lstrip("0") == reference.lstrip("0"):
            reader.imply(repeated)


def _fill_parties(reader: ElementReader, envelope: Envelope) -> None:
    route, is_of_envelope = _route(reader, envelope)
    reader.findings.remarks += envelope.remarks("the receiver's address" if is_of_envelope else "")
    for name, (paths, fill) in parties.PARTIES.items():
        party = reader.draft.part(f"invoice.parties.{name}Party")
        fill_part(reader, party, paths, fill)
        parties.deliver(reader, name, party, route)
        reader.draft.keep(party)


def _route(reader: ElementReader, envelope: Envelope) -> tuple[Mapping[str, Element], bool]:
    """Return where a document is delivered, and whether only its envelope says so.

    These are the elements of the electronic address and of its operator, by their places.
    """
    own = {place: reader.first(reader.root, _RECEIVER + name) for place, name in _ROUTE.items()}
    route = {place: element for place, element in own.items() if element is not None}
    if _ADDRESS in route or envelope.root is None:
        return route, False
    found: dict[str, Element] = {}
    for receiver in envelope.receivers:
        party, role = receiver.find("{*}PartyId"), receiver.find("{*}Role")
        if party is not None and own_text(party):
            is_operator = role is not None and own_text(role) == "Intermediator"
            found.setdefault(_OPERATOR if is_operator else _ADDRESS, party)
    return {**route, **found}, bool(found)


def _fill_attachments(reader: ElementReader) -> None:
    """Put in links to PDF documents; other links become details."""
    names = reader.every(reader.root, "InvoiceUrlNameText")
    links = reader.every(reader.root, "InvoiceUrlText")
    pdfs = [(index, link) for index, link in enumerate(links) if is_pdf(reader, link)]
    parts = reader.draft.items("invoice.attachments", len(pdfs))
    for part, (index, link) in zip(parts, pdfs, strict=True):
        reader.take(part, "url", link)
        if index < len(names):
            reader.take(part, "fileName", names[index])
    if reader.first(reader.root, "AttachmentMessageDetails/AttachmentMessageIdentifier") is not None:
        reader.findings.remarks.append(
            "the attachments come in a message of their own, which is not read; attach them yourself"
        )


def _fill_extensions(reader: ElementReader, rows_read: Sequence[RowRead]) -> None:
    """Put in everything that has no place as details; those below a row go into that row."""
    definitions = document_definitions(reader)
    left = reader.leftovers()
    for row in rows_read:
        row.draft.put("definitionDetails", [*row.definitions, *left.of(row.element)] or None)
    details = [*definitions, *left.of(reader.root, besides={row.element for row in rows_read})]
    reader.draft.put("invoice.extensions.definitionDetails", details or None)
