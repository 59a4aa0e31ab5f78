"""The directory of e-invoice addresses that the sandbox knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

from attrs import frozen


@frozen(kw_only=True)
class EInvoiceAddress:
    """Where a company receives e-invoices.

    Attributes:
        name: Whose it is.
        address: The address itself.
        type: ``EDI``, ``IBAN`` or another.
        operator_id: The operator that it is reached through.
        operator_name: The operator's name.
        last_modified: When it was entered.
    """

    name: str
    address: str
    type: str
    operator_id: str
    operator_name: str
    last_modified: date


def _edi(name: str, address: str, last_modified: date) -> EInvoiceAddress:
    return EInvoiceAddress(
        name=name,
        address=address,
        type="EDI",
        operator_id="003700000000",
        operator_name="Sandbox Operator",
        last_modified=last_modified,
    )


EXAMPLES: Mapping[str, Sequence[EInvoiceAddress]] = MappingProxyType(
    {
        "0000001-9": (_edi("One Address Oy", "003700000019", date(2025, 1, 15)),),
        "0000002-7": (
            _edi("Several Addresses Oy", "003700000027", date(2025, 1, 15)),
            EInvoiceAddress(
                name="Several Addresses Oy",
                address="FI2112345600000785",
                type="IBAN",
                operator_id="SANDFIHH",
                operator_name="Sandbox Bank",
                last_modified=date(2025, 3, 1),
            ),
            _edi("Several Addresses Oy, purchases", "00370000002710", date(2025, 6, 30)),
        ),
    }
)
"""Companies that do not exist, by Business ID. Nobody else is registered until somebody enters them."""
