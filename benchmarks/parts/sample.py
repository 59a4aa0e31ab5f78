"""The invoice that every benchmark measures with: realistic, complete, and valid under every rule."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle

import attrs

from confirma_async.converters import Converter, wire_names
from confirma_async.schemas import (
    Accounting,
    Address,
    BuyerParty,
    Contact,
    ContactPerson,
    Distribution,
    DistributionMethod,
    EntityType,
    Interest,
    InterestType,
    InvoiceAmounts,
    InvoiceContentData,
    InvoiceHeader,
    InvoiceParties,
    InvoiceReferences,
    InvoiceRowData,
    InvoiceTerms,
    PaymentDetails,
    PaymentTerms,
    Processing,
    SalesInvoiceRequest,
    SellerParty,
    VatBreakdown,
)

ROWS = 10
FIRST_NUMBER = 100_000
CENT = Decimal("0.01")
RATES = (Decimal("25.5"), Decimal("13.5"), Decimal(10))


def sample_invoice(number: int = FIRST_NUMBER, *, rows: int = ROWS) -> SalesInvoiceRequest:
    """Make an invoice of ten rows with fifteen values each, two parties, terms and three VAT rates."""
    lines = tuple(_row(index) for index in range(1, rows + 1))
    return SalesInvoiceRequest(
        processing=Processing(payment_control_enabled=True, manual_approval_enabled=False),
        distribution=Distribution(method=DistributionMethod.EMAIL, enabled=True),
        invoice=InvoiceContentData(
            header=InvoiceHeader(
                number=number,
                date=datetime.date(2026, 3, 2),
                due_date=datetime.date(2026, 3, 16),
                description="Deliveries of February 2026",
                currency_code="EUR",
                language_code="FI",
            ),
            references=InvoiceReferences(
                sales="Maija Esimerkki",
                buyer="Cost centre 4410",
                order_number="PO-2026-00417",
                order_date=datetime.date(2026, 2, 20),
                agreement="FRAME-17",
                payment=finnish_reference(number),
            ),
            parties=InvoiceParties(seller_party=_seller(), buyer_party=_buyer()),
            rows=lines,
            amounts=_amounts(lines),
            terms=InvoiceTerms(
                payment=PaymentTerms(net_days=14, description="14 days net"),
                interest=Interest(type=InterestType.REFERENCE_RATE, percentage=Decimal("11.5")),
            ),
        ),
    )


def as_often_sent(base: SalesInvoiceRequest) -> SalesInvoiceRequest:
    """Make the invoice as many programs write it: whole amounts, explicit nulls, an unknown key."""
    rows = tuple(
        attrs.evolve(row, net_amount=net, vat_amount=vat, gross_amount=net + vat)
        for row in base.invoice.rows
        for net in [Decimal(200 * (row.row_number or 1))]
        for vat in [(net * (row.vat_percentage or 0) / 100).quantize(Decimal(1))]
    )
    content = attrs.evolve(base.invoice, rows=rows, amounts=_amounts(rows))
    converter = Converter()
    wire = converter.unstructure(attrs.evolve(base, invoice=content))
    parties = wire["invoice"]["parties"]
    for part, cls in (
        (wire["invoice"]["header"], InvoiceHeader),
        (wire["invoice"]["references"], InvoiceReferences),
        (parties["sellerParty"], SellerParty),
        (parties["buyerParty"], BuyerParty),
    ):
        names = wire_names(cls).values()
        part.update(dict.fromkeys(name for name in names if name not in part))
    wire["processing"]["erpBatch"] = "2026-03"
    return converter.structure(wire, SalesInvoiceRequest)


def numbered(invoice: SalesInvoiceRequest, number: int) -> SalesInvoiceRequest:
    """Return the same invoice under another number, with the payment reference that goes with it."""
    content = invoice.invoice
    references = content.references or InvoiceReferences()
    return attrs.evolve(
        invoice,
        invoice=attrs.evolve(
            content,
            header=attrs.evolve(content.header, number=number),
            references=attrs.evolve(references, payment=finnish_reference(number)),
        ),
    )


def for_new_buyer(invoice: SalesInvoiceRequest, serial: int) -> SalesInvoiceRequest:
    """Make the invoice for a buyer that no rule has seen: another number, address and person."""
    parties = invoice.invoice.parties or InvoiceParties()
    buyer = parties.buyer_party or BuyerParty()
    address = buyer.address or Address()
    other = attrs.evolve(
        buyer,
        business_id=business_id(1_000_000 + serial),
        address=attrs.evolve(address, postal_code=f"{serial % 100_000:05}"),
        contact=Contact(
            contact_person=ContactPerson(name="Matti Esimerkki", email=f"matti{serial}@example.com"),
            email=f"invoices{serial}@example.com",
            phone="+358 40 1234567",
        ),
    )
    changed = numbered(invoice, FIRST_NUMBER + serial)
    content = attrs.evolve(changed.invoice, parties=attrs.evolve(parties, buyer_party=other))
    return attrs.evolve(changed, invoice=content)


def numbered_invoices(count: int, base: SalesInvoiceRequest | None = None) -> Iterator[SalesInvoiceRequest]:
    """Return as many invoices as asked for, made one at a time; of the one given, or of the sample."""
    base = base or sample_invoice()
    return (numbered(base, FIRST_NUMBER + index) for index in range(count))


def finnish_reference(number: int) -> str:
    """Make a Finnish reference number: the digits, and a check digit by the weights 7, 3, 1."""
    total = sum(
        int(digit) * weight for digit, weight in zip(reversed(str(number)), cycle((7, 3, 1)), strict=False)
    )
    return f"{number}{-total % 10}"


def business_id(serial: int) -> str:
    """Return a Finnish Business ID from seven digits; where they have none, the next ones that do."""
    while True:
        weights = (7, 9, 10, 5, 8, 4, 2)
        rest = sum(int(digit) * weight for digit, weight in zip(f"{serial:07}", weights, strict=True)) % 11
        if rest != 1:
            return f"{serial:07}-{(11 - rest) % 11}"
        serial += 1_000_000


def _row(index: int) -> InvoiceRowData:
    rate = RATES[index % len(RATES)]
    quantity, price = Decimal(index) + Decimal("0.5"), Decimal("12.3450") + index
    net = (quantity * price).quantize(CENT)
    vat = (net * rate / 100).quantize(CENT)
    return InvoiceRowData(
        row_number=index,
        product_code=f"SKU-{4000 + index}",
        product_name="Pallet place, heated warehouse",
        description="Storage of goods, February 2026, per pallet and week",
        quantity=quantity,
        unit="pcs",
        unit_price=price,
        discount_percentage=Decimal(0),
        vat_percentage=rate,
        vat_code="S",
        net_amount=net,
        vat_amount=vat,
        gross_amount=net + vat,
        accounting=Accounting(account_number="3000", cost_center="4410"),
    )


def _amounts(rows: tuple[InvoiceRowData, ...]) -> InvoiceAmounts:
    parts = tuple(
        VatBreakdown(vat_percentage=rate, net_amount=net, vat_amount=vat)
        for rate in RATES
        for net, vat in [_totals([row for row in rows if row.vat_percentage == rate])]
    )
    net, vat = _totals(rows)
    return InvoiceAmounts(net_amount=net, vat_amount=vat, gross_amount=net + vat, vat_breakdown=parts)


def _totals(rows: tuple[InvoiceRowData, ...] | list[InvoiceRowData]) -> tuple[Decimal, Decimal]:
    net = sum(row.net_amount or Decimal(0) for row in rows)
    return Decimal(net), Decimal(sum(row.vat_amount or Decimal(0) for row in rows))


def _seller() -> SellerParty:
    return SellerParty(
        business_id="0737546-2",
        name="Esimerkki Varastot Oy",
        vat_code="FI07375462",
        address=Address(
            street="Satamakatu 1", postal_code="00160", postal_district="Helsinki", country_code="FI"
        ),
        contact=Contact(
            contact_person=ContactPerson(name="Maija Esimerkki", email="maija@example.com"),
            email="billing@example.com",
            phone="+358 9 123456",
        ),
        payment_details=PaymentDetails(iban="FI2112345600000785", bic="NDEAFIHH"),
    )


def _buyer() -> BuyerParty:
    return BuyerParty(
        entity_type=EntityType.BUSINESS,
        name="Ostaja Oy",
        customer_account_id="20417",
        business_id="2077474-0",
        vat_code="FI20774740",
        electronic_invoice_account="003720774740",
        electronic_routing_address="003721291126",
        language_code="FI",
        disable_collection=False,
        address=Address(
            street="Kauppakatu 12 B",
            postal_code="33200",
            postal_district="Tampere",
            country_code="FI",
            country_name="Finland",
        ),
        contact=Contact(
            contact_person=ContactPerson(name="Matti Esimerkki", email="matti@example.com"),
            email="invoices@example.com",
            phone="+358 40 1234567",
        ),
    )
