"""The last step of every reader: brings identifiers into one form, and corrects rates by the amounts.

Nothing here changes what is to be paid or by whom. There is a remark for every change other than of spaces
and capitals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeVar

from attrs import evolve

from confirma_async.formats.values import identifiers
from confirma_async.privacy import number_shown
from confirma_async.schemas import (
    BuyerParty,
    DeliveryParty,
    InvoiceContentData,
    InvoiceRecipientParty,
    InvoiceRowData,
    SalesInvoiceRequest,
    SellerParty,
    VatBreakdown,
)
from confirma_async.schemas.values import CENT, ZERO
from confirma_async.validation.invoice import rate_fits, reference_is_finnish

_Party = TypeVar("_Party", SellerParty, BuyerParty, InvoiceRecipientParty)
_Addressed = TypeVar("_Addressed", SellerParty, BuyerParty, InvoiceRecipientParty, DeliveryParty)
_Rated = TypeVar("_Rated", InvoiceRowData, VatBreakdown)

_PLAIN_ID = re.compile(r"\d{7}-\d", re.ASCII)
_VAT_FORM = re.compile(r"\s*[Ff][Ii]")
_DIGITS = re.compile(r"\d+", re.ASCII)
_MAY_LACK_ZEROS = re.compile(r"\d{2,4}", re.ASCII)
_FINLAND = "FI"
_ONE = Decimal(1)


def normalised(
    request: SalesInvoiceRequest, *, of_table: bool = False, decide: bool = True
) -> tuple[SalesInvoiceRequest, tuple[str, ...]]:
    """Return a request with its identifiers in one form, and a remark for each decision.

    Args:
        request: The request as a file has it.
        of_table: Whether it comes from a table, where programs take identifiers for numbers.
        decide: Whether a fraction such as 0.255 becomes a rate of 25.5 per cent where the amounts say so.
    """
    remarks: list[str] = []
    invoice = _with_reference(_with_parties(request.invoice, remarks, of_table), remarks)
    if decide:
        invoice = _with_rates(invoice, remarks)
    if invoice is not request.invoice:
        request = evolve(request, invoice=invoice)
    return request, tuple(remarks)


def _with_parties(invoice: InvoiceContentData, remarks: list[str], of_table: bool) -> InvoiceContentData:
    parties = invoice.parties
    if parties is None:
        return invoice
    seller, buyer = parties.seller_party, parties.buyer_party
    recipient, delivery = parties.invoice_recipient_party, parties.delivery_party
    if seller is not None:
        seller = _with_account(_party(seller, "seller", remarks, of_table), remarks)
    if buyer is not None:
        buyer = _party(buyer, "buyer", remarks, of_table)
    if recipient is not None:
        recipient = _party(recipient, "invoice recipient", remarks, of_table)
    if delivery is not None and of_table:
        delivery = _with_address(delivery, "delivery", remarks)
    if (
        seller is parties.seller_party
        and buyer is parties.buyer_party
        and recipient is parties.invoice_recipient_party
        and delivery is parties.delivery_party
    ):
        return invoice
    parties = evolve(
        parties,
        seller_party=seller,
        buyer_party=buyer,
        invoice_recipient_party=recipient,
        delivery_party=delivery,
    )
    return evolve(invoice, parties=parties)


def _party(party: _Party, whose: str, remarks: list[str], of_table: bool) -> _Party:
    written, vat = party.business_id, party.vat_code
    country = None if party.address is None else party.address.country_code
    if written and not _PLAIN_ID.fullmatch(written):
        found = identifiers.business_id(written, is_finnish=country == _FINLAND)
        if found is not None:
            if found.replace("-", "").lstrip("0") != identifiers.compact(written).replace("-", "").lstrip(
                "0"
            ):
                remarks.append(f"the {whose}'s business id {number_shown(written)} is sent as {found}")
            if not vat and _VAT_FORM.match(written):
                party = evolve(party, vat_code=identifiers.vat_code(written))
            party = evolve(party, business_id=found)
    if vat and not (vat.isalnum() and vat.isupper()):
        code = identifiers.vat_code(vat)
        if code != vat:
            party = evolve(party, vat_code=code)
    return _with_address(party, whose, remarks) if of_table else party


def _with_address(party: _Addressed, whose: str, remarks: list[str]) -> _Addressed:
    address = party.address
    written = None if address is None else address.postal_code
    if address is None or not written:
        return party
    if address.country_code is None and _MAY_LACK_ZEROS.fullmatch(written):
        remarks.append(
            f"the {whose}'s postal code {written} may have lost zeros in front, and no country tells; name "
            "the country, or write the code as text"
        )
    whole = identifiers.postal_code(written, address.country_code)
    if whole == written:
        return party
    remarks.append(
        f"the {whose}'s postal code {written} has lost zeros in front, as numbers do; it is sent as {whole}"
    )
    return evolve(party, address=evolve(address, postal_code=whole))


def _with_account(seller: SellerParty, remarks: list[str]) -> SellerParty:
    details = seller.payment_details
    if details is None:
        return seller
    paid_to, iban, bic = details, details.iban, details.bic
    if iban and not (iban.isalnum() and iban.isupper()) and identifiers.has_form_of_iban(iban):
        paid_to = evolve(paid_to, iban=identifiers.account(iban))
    finnish = identifiers.iban_of_finnish(iban) if iban and iban[:1].isdigit() else None
    if finnish is not None:
        remarks.append("the account is a Finnish one without its IBAN; it is sent as the IBAN that it has")
        paid_to = evolve(paid_to, iban=finnish)
    if bic and not (bic.isalnum() and bic.isupper()) and identifiers.bic(bic) is not None:
        paid_to = evolve(paid_to, bic=identifiers.bic(bic))
    if paid_to.bic and not (paid_to.iban or paid_to.bankgiro or paid_to.postgiro):
        remarks.append("the seller has a BIC, but no account beside it, so that nobody is told where to pay")
    return seller if paid_to is details else evolve(seller, payment_details=paid_to)


def _with_reference(invoice: InvoiceContentData, remarks: list[str]) -> InvoiceContentData:
    references = invoice.references
    if references is None or not references.payment:
        return invoice
    finnish = reference_is_finnish(invoice)
    reference = identifiers.payment_reference(references.payment, finnish=finnish)
    if not finnish and _DIGITS.fullmatch(reference) and not _has_digit_of_giro(invoice, reference):
        remarks.append(
            "the check digit of the payment reference was not checked: it is no reference in euros to a "
            "Finnish account"
        )
    if reference == references.payment:
        return invoice
    return evolve(invoice, references=evolve(references, payment=reference))


def _has_digit_of_giro(invoice: InvoiceContentData, reference: str) -> bool:
    """Say whether a reference is the OCR number of a Swedish giro account, by its check digit."""
    seller = None if invoice.parties is None else invoice.parties.seller_party
    paid_to = None if seller is None else seller.payment_details
    is_giro = paid_to is not None and bool(paid_to.bankgiro or paid_to.postgiro)
    return is_giro and identifiers.has_luhn_digit(reference)


def _with_rates(invoice: InvoiceContentData, remarks: list[str]) -> InvoiceContentData:
    """Return the invoice with rates in per cent, where it has fractions (0.255) and its amounts say so."""
    rows = [_row(row, remarks) for row in invoice.rows]
    if any(new is not old for new, old in zip(rows, invoice.rows, strict=True)):
        invoice = evolve(invoice, rows=tuple(rows))
    amounts = invoice.amounts
    if amounts is None or not amounts.vat_breakdown:
        return invoice
    parts = [_rated(part, part.vat_amount, remarks) for part in amounts.vat_breakdown]
    if all(new is old for new, old in zip(parts, amounts.vat_breakdown, strict=True)):
        return invoice
    return evolve(invoice, amounts=evolve(amounts, vat_breakdown=tuple(parts)))


def _row(row: InvoiceRowData, remarks: list[str]) -> InvoiceRowData:
    if not (_is_fraction(row.vat_percentage) or _is_fraction(row.discount_percentage)):
        return row
    vat = row.vat_amount
    if vat is None and row.gross_amount is not None and row.net_amount is not None:
        vat = row.gross_amount - row.net_amount
    row = _rated(row, vat, remarks)
    discount, quantity, price, net = row.discount_percentage, row.quantity, row.unit_price, row.net_amount
    if not _is_fraction(discount) or quantity is None or price is None or net is None or discount is None:
        return row
    whole = quantity * price
    if abs(whole * (1 - discount) - net) > CENT or abs(whole * (1 - discount / 100) - net) <= CENT:
        return row
    remarks.append(f"a discount of {discount} is sent as {discount * 100} per cent, as the row's amounts say")
    return evolve(row, discount_percentage=_per_cent(discount))


def _rated(rated: _Rated, vat: Decimal | None, remarks: list[str]) -> _Rated:
    rate, net = rated.vat_percentage, rated.net_amount
    if rate is None or not _is_fraction(rate) or not vat or rate_fits(net, rate, vat):
        return rated
    whole = _per_cent(rate)
    if not rate_fits(net, whole, vat):
        return rated  # the rules refuse it
    said = f"a VAT rate of {rate} is sent as {whole} per cent, as the amounts say"
    if said not in remarks:
        remarks.append(said)
    return evolve(rated, vat_percentage=whole)


def _is_fraction(rate: Decimal | None) -> bool:
    return rate is not None and ZERO < rate < _ONE  # numbers of one kind are compared much more quickly


def _per_cent(fraction: Decimal) -> Decimal:
    scaled = (fraction * 100).normalize()
    return scaled if int(scaled.as_tuple().exponent) <= 0 else scaled.quantize(Decimal(1))
