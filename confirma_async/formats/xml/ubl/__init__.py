"""Reads UBL 2.1 (Peppol BIS Billing 3): an Invoice or CreditNote document becomes one invoice.

Elements that have a field of the invoice go there, by the tables of this package. All other elements with
text go into definition details, with their paths as codes. Nothing of a document is dropped in silence.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Sequence

from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.payload import Draft
from confirma_async.formats.values.decimals import decimal, plain_amount
from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.framed import FramedDocument
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import check_type, due_date, finish, is_pdf, numbers
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.once import check_once
from confirma_async.formats.xml.reading.part_cache import fill_part
from confirma_async.formats.xml.ubl.codes import PLAIN_CODES, TYPE_CODES, customization
from confirma_async.formats.xml.ubl.parties import PARTIES, seller_id
from confirma_async.formats.xml.ubl.rows import CHARGES, LINES, rows
from confirma_async.formats.xml.ubl.totals import amounts
from confirma_async.schemas import InvoiceType

_NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CURRENCY = f"{{{_NAMESPACES['cbc']}}}DocumentCurrencyCode"


def _currency(root: Element) -> str:
    return next((text for each in root.findall(_CURRENCY) if (text := own_text(each))), "")


def _date(text: str) -> str | None:
    try:
        return datetime.date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else None
    except ValueError:
        return None


_TYPE_CODE = ("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode")
_CREDITED = "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"
_TOTAL = "cac:LegalMonetaryTotal"
_PAYMENT = "invoice.references.payment"

_ATTACHMENT = "cac:AdditionalDocumentReference/cac:Attachment"
_EMBEDDED = "cbc:EmbeddedDocumentBinaryObject"
_LINK = "cac:ExternalReference/cbc:URI"
_FILE_NAME, _MIME_CODE = "filename", "mimeCode"

_DUE_DATES = (
    "cbc:DueDate",
    "cac:PaymentMeans/cbc:PaymentDueDate",
    "cac:PaymentTerms/cbc:PaymentDueDate",
    "cac:PaymentTerms/cbc:InstallmentDueDate",
)
"""The paths at which a document states its due date, the most reliable first."""
_DISCOUNTS = ("cbc:SettlementDiscountPercent", "cbc:SettlementDiscountAmount")
"""Elements that make the period of payment terms that of a cash discount, not of the payment."""

_FIK = frozenset({"50", "93"})
"""Danish payment slips: their PaymentID is the kind of slip, and their InstructionID is the reference."""

_TEXTS = (
    ("cbc:DocumentCurrencyCode", "invoice.header.currencyCode"),
    ("cbc:BuyerReference", "invoice.references.buyer"),
    ("cac:OrderReference/cbc:ID", "invoice.references.orderNumber"),
    ("cac:OrderReference/cbc:SalesOrderID", "invoice.references.sales"),
    ("cac:ContractDocumentReference/cbc:ID", "invoice.references.agreement"),
    ("cac:PayeeParty/cac:PartyName/cbc:Name", "invoice.factoring.text"),
)
"""Texts that go to one place as they are. Of several at a path, the first counts; the others become
details."""

_JOINED = (
    ("cbc:Note", "invoice.header.additionalInformation"),
    ("cac:PaymentTerms/cbc:Note", "invoice.terms.payment.description"),
)
"""Texts of which there may be several; they are joined, each on a line of its own."""

_REQUIRED = ("cbc:ID", "cbc:IssueDate", "cbc:DocumentCurrencyCode")
_ONCE = (
    "cbc:ID",
    "cbc:DocumentCurrencyCode",
    *_TYPE_CODE,
    "cbc:TaxCurrencyCode",
    *(
        f"cac:Accounting{party}Party{path}"
        for party in ("Supplier", "Customer")
        for path in ("", "/cac:Party", "/cac:Party/cac:PartyLegalEntity/cbc:CompanyID")
    ),
)
"""Elements that identify the document, its parties and its currency: two with different texts are refused."""
_SCHEMES = {path: "schemeID" for path in _ONCE if path.endswith("/cbc:CompanyID")}
_ONE_DATE = ("cbc:IssueDate",)

DIALECT = Dialect(
    namespaces=_NAMESPACES,
    currency=_currency,
    currency_place="cbc:DocumentCurrencyCode",
    currency_attribute="currencyID",
    decimal=decimal,
    plain_amount=plain_amount,
    number_form="XML writes it",
    date=_date,
    date_form="YYYY-MM-DD",
    sources={
        **{f"$.{place}": path for path, place in _TEXTS},
        "$.invoice.header.number": "cbc:ID",
        "$.invoice.header.dueDate": "cbc:DueDate",
        "$.invoice.references.creditedInvoiceNumber": _CREDITED,
        f"$.{_PAYMENT}": "cac:PaymentMeans/cbc:PaymentID",
        "$.invoice.amounts": _TOTAL,
        "$.invoice.amounts.netAmount": f"{_TOTAL}/cbc:TaxExclusiveAmount",
        "$.invoice.amounts.grossAmount": f"{_TOTAL}/cbc:TaxInclusiveAmount",
        "$.invoice.amounts.vatAmount": "cac:TaxTotal/cbc:TaxAmount",
        "$.invoice.amounts.vatBreakdown": "cac:TaxTotal/cac:TaxSubtotal",
    },
)
"""How UBL writes numbers, dates and currencies."""


def ubl_invoice(document: FramedDocument, place: Place, options: ReadOptions) -> ReadInvoice | BadRecord:
    """Read the invoice of a UBL document."""
    root = document.root
    reader = ElementReader(document, DIALECT)
    reader.findings.remarks += document.envelope.remarks()
    reader.findings.remarks += customization(reader)
    identity = ubl_identity(reader, reader.peek(root, "cbc:ID") or "")
    for required in _REQUIRED:
        if reader.first(root, required) is None:
            reader.findings.missing(required)
    check_once(reader, root, _ONCE, are_texts=True, schemes=_SCHEMES)
    check_once(reader, root, _ONE_DATE)
    _fill_header(reader, identity, options)
    numbering = numbers(reader, identity, options)
    _check_credited_period(reader, identity)
    for name, (paths, fill) in PARTIES.items():
        part = reader.draft.part(f"invoice.parties.{name}Party")
        fill_part(reader, part, paths, fill)
        reader.draft.keep(part)
    line_elements = [line for path in LINES for line in reader.every(root, path)]
    charges = reader.every(root, CHARGES)
    row_drafts = rows(reader, line_elements, charges)
    amounts(reader, row_drafts[: len(line_elements)], charges)
    _fill_attachments(reader)
    left, row_elements = reader.leftovers(), [*line_elements, *charges]
    for row, element in zip(row_drafts, row_elements, strict=True):
        row.put("definitionDetails", left.of(element) or None)
    details = left.of(root, besides={*row_elements})
    reader.draft.put("invoice.extensions.definitionDetails", details or None)
    return finish(reader, numbering, place, identity)


def ubl_identity(reader: ElementReader, number: str) -> Identity:
    """Return the identity of a UBL document: its seller, its type and its number."""
    return Identity(seller_id(reader), _type(reader)[0] or InvoiceType.INVOICE, number)


def _type(reader: ElementReader) -> tuple[InvoiceType | None, str]:
    """Return the type of a document, None if it cannot be sent, and its code."""
    plain = PLAIN_CODES[reader.root.tag]
    code = next((code for path in _TYPE_CODE if (code := reader.peek(reader.root, path))), plain)
    kind = TYPE_CODES.get(code)
    is_credit = TYPE_CODES[plain] == InvoiceType.CREDIT_NOTE
    return (None if is_credit and kind != InvoiceType.CREDIT_NOTE else kind), code


def _fill_header(reader: ElementReader, identity: Identity, options: ReadOptions) -> None:
    root, draft = reader.root, reader.draft
    kind, code = _type(reader)
    named = next((each for path in _TYPE_CODE if (each := reader.first(root, path)) is not None), None)
    check_type(reader, named, code, kind, (PLAIN_CODES[root.tag],))
    draft.put("invoice.header.type", identity.type.value)
    placing.texts(reader, draft, root, _TEXTS)
    for path, place in _JOINED:
        placing.join(reader, draft, place, reader.every(root, path))
    issued = placing.date(reader, draft, "invoice.header.date", root, "cbc:IssueDate")
    placing.date(
        reader, draft, "invoice.references.orderDate", root, "cac:OrderReference/cbc:IssueDate", optional=True
    )
    due_date(reader, issued, identity.type, _due_dates(reader), options.due_days)
    _fill_reference(reader)


def _due_dates(reader: ElementReader) -> Sequence[Element]:
    stated = [each for path in _DUE_DATES for each in reader.every(reader.root, path)]
    for terms in reader.every(reader.root, "cac:PaymentTerms"):
        if not any(reader.first(terms, path) is not None for path in _DISCOUNTS):
            stated += reader.every(terms, "cac:SettlementPeriod/cbc:EndDate")
    return stated


def _fill_reference(reader: ElementReader) -> None:
    for means in reader.every(reader.root, "cac:PaymentMeans"):
        is_fik = reader.peek(means, "cbc:PaymentMeansCode") in _FIK
        instruction = reader.first(means, "cbc:InstructionID") if is_fik else None
        element = reader.first(means, "cbc:PaymentID") if instruction is None else instruction
        if element is None:
            continue
        known: str | None = reader.draft.get(_PAYMENT)
        if known is None:
            reader.take(reader.draft, _PAYMENT, element)
        elif known == own_text(element):
            reader.imply(element)


def _check_credited_period(reader: ElementReader, identity: Identity) -> None:
    """Add a problem if a credit note names a period instead of an invoice."""
    if identity.type != InvoiceType.CREDIT_NOTE or reader.first(reader.root, _CREDITED) is not None:
        return
    if reader.first(reader.root, "cac:InvoicePeriod") is not None:
        message = (
            "is missing: the credit note credits a period (InvoicePeriod), but the service wants the one "
            "invoice that it credits; name that invoice here"
        )
        reader.findings.missing(_CREDITED, message)


def _fill_attachments(reader: ElementReader) -> None:
    """Put in the attachments; a link to another file than a PDF, or beside an embedded document, is left."""
    found: list[tuple[Element | None, Element | None]] = []
    for holder in reader.every(reader.root, _ATTACHMENT):
        embedded, link = reader.first(holder, _EMBEDDED), reader.first(holder, _LINK)
        if link is not None and embedded is not None:
            reader.findings.remark(
                link, "stands beside the document itself, which is sent; the link is kept in the details"
            )
            link = None
        elif link is not None and not is_pdf(reader, link):
            link = None
        if embedded is not None or link is not None:
            found.append((embedded, link))
    parts = reader.draft.items("invoice.attachments", len(found))
    for part, (embedded, link) in zip(parts, found, strict=True):
        if link is not None:
            reader.take(part, "url", link)
        if embedded is not None:
            _embed(reader, part, embedded)


def _embed(reader: ElementReader, part: Draft, embedded: Element) -> None:
    part.put("fileName", embedded.get(_FILE_NAME), embedded)
    part.put("mimeType", embedded.get(_MIME_CODE), embedded)
    data = "".join((embedded.text or "").split())
    part.put("data", data, embedded)
    reader.imply(embedded, *[name for name in (_FILE_NAME, _MIME_CODE) if embedded.get(name) is not None])
    embedded.text = None  # it may be large, and the request has it now
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        reader.findings.wrong(embedded, "xml.base64", "is not valid base64; attach the document again")
