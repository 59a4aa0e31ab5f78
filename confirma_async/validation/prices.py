"""Whether quantity times price, less the discount, is what a row asks for: a remark on files."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from confirma_async.errors import Problem
from confirma_async.schemas import InvoiceRowData, SalesInvoiceRequest
from confirma_async.validation.rules import ROW_PRICE

_WHOLE = Decimal(100)
_ROUNDED = Decimal("0.02")
_ROUNDED_PART = Decimal("0.005")


def price_faults(request: SalesInvoiceRequest) -> Sequence[Problem]:
    """Return the rows of an invoice whose quantity and price do not make their net amount.

    Args:
        request: The invoice; its numbers may be of any type, which other rules refuse.
    """
    return [
        Problem(
            f"$.invoice.rows[{index}].unitPrice",
            ROW_PRICE.id,
            "times the quantity, less the discount, does not make the amount without VAT of the row; look "
            "whether price, quantity and amount were read as they are meant",
        )
        for index, row in enumerate(request.invoice.rows)
        if not _makes_net(row)
    ]


def _makes_net(row: InvoiceRowData) -> bool:
    quantity, price, net = row.quantity, row.unit_price, row.net_amount
    if quantity is None or price is None or net is None:
        return True
    made = quantity * price * (_WHOLE - (row.discount_percentage or 0)) / _WHOLE
    return abs(made - net) <= max(_ROUNDED, abs(net) * _ROUNDED_PART)
