"""The code lists of UBL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.schemas import InvoiceType

INVOICE_ROOT = "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"
CREDIT_NOTE_ROOT = "{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2}CreditNote"

PLAIN_CODES: Mapping[str, str] = {INVOICE_ROOT: "380", CREDIT_NOTE_ROOT: "381"}
"""The codes that add nothing to the root element."""

TYPE_CODES: Mapping[str, InvoiceType] = {
    "71": InvoiceType.INVOICE,  # request for payment
    "80": InvoiceType.INVOICE,  # debit note, goods or services
    "82": InvoiceType.INVOICE,  # metered services
    "84": InvoiceType.INVOICE,  # debit note, financial adjustments
    "102": InvoiceType.INVOICE,  # interim application for payment
    "218": InvoiceType.INVOICE,  # final payment request, by a completion certificate
    "219": InvoiceType.INVOICE,  # payment request for completed units
    "326": InvoiceType.INVOICE,  # partial
    "331": InvoiceType.INVOICE,  # with a packing list
    "380": InvoiceType.INVOICE,  # commercial
    "382": InvoiceType.INVOICE,  # commission note
    "383": InvoiceType.INVOICE,  # debit note
    "386": InvoiceType.INVOICE,  # prepayment
    "387": InvoiceType.INVOICE,  # hire
    "388": InvoiceType.INVOICE,  # tax
    "393": InvoiceType.INVOICE,  # factored; FACTORING would ask the service's own financier to take it
    "394": InvoiceType.INVOICE,  # lease
    "395": InvoiceType.INVOICE,  # consignment
    "553": InvoiceType.INVOICE,  # forwarder's discrepancy
    "575": InvoiceType.INVOICE,  # insurer's
    "623": InvoiceType.INVOICE,  # forwarder's
    "780": InvoiceType.INVOICE,  # freight
    "817": InvoiceType.INVOICE,  # claim notification
    "870": InvoiceType.INVOICE,  # consular
    "875": InvoiceType.INVOICE,  # partial construction
    "876": InvoiceType.INVOICE,  # partial final construction
    "877": InvoiceType.INVOICE,  # final construction
    "81": InvoiceType.CREDIT_NOTE,  # goods or services
    "83": InvoiceType.CREDIT_NOTE,  # financial adjustments
    "381": InvoiceType.CREDIT_NOTE,
    "396": InvoiceType.CREDIT_NOTE,  # factored
    "532": InvoiceType.CREDIT_NOTE,  # forwarder's
}
"""Document type codes (UNCL1001) of claims and of their returns, with the types they are sent as.

Left out on purpose, among others: 384 (corrected invoice), which takes the place of an earlier one and would
claim the same money twice; 389 (self-billed), where the buyer issues; 325 (pro forma) and 751 (for
accounting only), which claim nothing.
"""

ORGANISATION_SCHEMES = frozenset(
    {"0007", "0037", "0060", "0088", "0096", "0184", "0192", "0198", "0208", "0212", "0213", "0215", "0216"}
)
"""Schemes of electronic addresses (EAS) that only organisations have. Those of national VAT begin with 99."""

GLN_SCHEME = "0088"

GIRO_BRANCHES: Mapping[str, str] = {"SE:BANKGIRO": "bankgiro", "SE:PLUSGIRO": "postgiro"}
"""Branch ids of Swedish giro accounts, with the place of such an account (SFTI's practice for BIS Billing
3)."""

VAT_SCHEMES = frozenset({"VAT", "63"})
"""The names of VAT in tax schemes; 63 is Moms in OIOUBL."""

_OIOUBL = "oioubl"
_CUSTOMIZATIONS = (
    (_OIOUBL, "OIOUBL"),
    ("xrechnung", "XRechnung"),
    ("ehf", "EHF"),
    ("svefaktura", "Svefaktura"),
    ("sfti", "Svefaktura"),
    ("billing:3", "Peppol BIS Billing 3"),
    ("en16931", "EN 16931"),
    ("bii", "Peppol BIS 2"),
)
"""The names of customizations, by a part of their ids in small letters; the first that fits counts."""
_PLAIN = frozenset({"Peppol BIS Billing 3", "EN 16931"})


def is_oioubl(reader: ElementReader) -> bool:
    """Say whether a document names OIOUBL as its customization."""
    return _OIOUBL in (reader.peek(reader.root, "cbc:CustomizationID") or "").lower()


def customization(reader: ElementReader) -> Sequence[str]:
    """Return a remark on the rules of a document, unless they are those of Peppol BIS Billing 3."""
    paths = ("cbc:CustomizationID", "cbc:ProfileID")
    identifiers = [(reader.peek(reader.root, path) or "").lower() for path in paths]
    names = (name for each in identifiers for part, name in _CUSTOMIZATIONS if part in each)
    name = next(names, None)
    if name in _PLAIN or not any(identifiers):
        return ()
    if name is None:
        return ("the document's CustomizationID is not known; it was read as UBL 2.1",)
    return (f"the document was read as {name}",)
