"""Requests a list that decides about an invoice. The answer is read strictly."""

from __future__ import annotations

import datetime

from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionInformation


async def asked_list(
    invoices: Invoices, first: datetime.date, last: datetime.date, number: int | None = None
) -> DistributionInformation:
    """Ask for a list, and raise an error for anything in it that the contract does not describe.

    Args:
        invoices: The resource to ask.
        first: The first invoice date, included.
        last: The last invoice date, included.
        number: The invoice number; any with None.

    Raises:
        CallError: the list could not be asked, also where the client's overrides do not allow it.
    """
    try:
        return await invoices.distributions(invoice_number=number, from_date=first, to_date=last, strict=True)
    except ConfigurationError as error:
        raise TransportError(f"the list cannot be asked: {error}", phase=Phase.NOT_SENT) from error
