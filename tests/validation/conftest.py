"""An invoice without fault, and a way to make one part of it wrong."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from confirma_async.errors import Problem
from confirma_async.schemas import (
    Address,
    BuyerParty,
    Contact,
    ContactPerson,
    InvoiceAmounts,
    InvoiceAttachments,
    InvoiceContentData,
    InvoiceHeader,
    InvoiceParties,
    InvoiceRecipientParty,
    InvoiceReferences,
    InvoiceRowData,
    PaymentDetails,
    SalesInvoiceRequest,
    Schema,
    SellerParty,
    VatBreakdown,
)
from confirma_async.validation import check


def _address() -> Address:
    return Address(street="Katu 1", postal_code="00100", postal_district="Helsinki", country_code="FI")


def _contact() -> Contact:
    person = ContactPerson(name="Maija Esimerkki", email="maija@example.com")
    return Contact(contact_person=person, email="billing@example.com", phone="+358 9 123456")


def _row(number: int) -> InvoiceRowData:
    return InvoiceRowData(
        row_number=number,
        quantity=Decimal(2),
        unit_price=Decimal(50),
        net_amount=Decimal("100.00"),
        vat_amount=Decimal("25.50"),
        gross_amount=Decimal("125.50"),
    )


@pytest.fixture
def request_() -> SalesInvoiceRequest:
    seller = SellerParty(
        business_id="2077474-0",
        address=_address(),
        contact=_contact(),
        payment_details=PaymentDetails(iban="FI2112345600000785", bic="NDEAFIHH"),
    )
    buyer = BuyerParty(business_id="0737546-2", language_code="FI", address=_address(), contact=_contact())
    recipient = InvoiceRecipientParty(
        business_id="0737546-2", email="post@example.com", language_code="SV", address=_address()
    )
    return SalesInvoiceRequest(
        invoice=InvoiceContentData(
            header=InvoiceHeader(
                number=1042,
                date=datetime.date(2026, 3, 1),
                due_date=datetime.date(2026, 3, 15),
                currency_code="EUR",
                language_code="EN",
            ),
            references=InvoiceReferences(payment="1232", invoice_copy_url="https://example.com/1042.pdf"),
            parties=InvoiceParties(seller_party=seller, buyer_party=buyer, invoice_recipient_party=recipient),
            rows=tuple(_row(number) for number in range(1, 4)),
            amounts=InvoiceAmounts(
                net_amount=Decimal("300.00"),
                vat_amount=Decimal("76.50"),
                gross_amount=Decimal("376.50"),
                vat_breakdown=(
                    VatBreakdown(
                        vat_percentage=Decimal("25.5"),
                        net_amount=Decimal("300.00"),
                        vat_amount=Decimal("76.50"),
                    ),
                ),
            ),
            attachments=(InvoiceAttachments(file_name="a.pdf", data="JVBERi0xLjcK"),),
        )
    )


def _changed(obj: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    step, *rest = steps
    if step.isdigit():
        index = int(step)
        return (*obj[:index], _changed(obj[index], rest, value), *obj[index + 1 :])
    return attrs.evolve(obj, **{step: _changed(getattr(obj, step), rest, value)})


@pytest.fixture
def with_(request_: SalesInvoiceRequest) -> Callable[..., SalesInvoiceRequest]:
    """The faultless invoice with attributes replaced: ``with_(("rows.0.net_amount", Decimal(1)), ...)``."""

    def change(*changes: tuple[str, Any]) -> SalesInvoiceRequest:
        changed = request_
        for place, value in changes:
            changed = _changed(changed, ["invoice", *place.split(".")], value)
        return changed

    return change


ODD = frozenset({"buyer", "amount-missing", "amount-sign", "amount-absurd", "invoice-type"})
"""What the invoices of most tests lack: see ``test_degrees``."""


def faults(obj: Schema) -> list[Problem]:
    """What is wrong with an object, and not merely odd."""
    return [problem for problem in check(obj) if problem.rule not in ODD]
