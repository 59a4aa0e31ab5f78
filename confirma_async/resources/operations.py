"""Operations: where a company receives e-invoices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from confirma_async.contract import FINVOICE_CREDENTIALS
from confirma_async.errors import AmbiguousAddressError, Problem, RequestInvalidError
from confirma_async.schemas import FinvoiceCredentials, FinvoiceCredentialsQuery
from confirma_async.session.call_options import CallOptions, Options, takes_options
from confirma_async.session.pipeline import Pipeline
from confirma_async.validation import rules
from confirma_async.validation.values.identifiers import business_id_fault


@takes_options
class Operations:
    """``confirma.operations``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def finvoice_credentials(
        self,
        business_id: str,
        **options: Unpack[Options],
    ) -> tuple[FinvoiceCredentials, ...]:
        """Return where a Finnish company receives e-invoices (GET ``/finvoice/credentials``; contract §8).

        The names of the answer are documented; path and parameter are provisional. Several addresses are
        normal, and the service chooses none: see ``pick_address``. A company that is not registered has none.

        Args:
            business_id: A Finnish Business ID: ``1234567-8``.
            options: What this call does differently; see ``Options``.

        Raises:
            RequestInvalidError: the id is no Business ID, or its check digit is wrong; nothing was sent.
            CallError: the call failed.
        """
        if fault := business_id_fault(business_id):
            raise RequestInvalidError("the query", [Problem("business_id", rules.BUSINESS_ID.id, fault)])
        query = FinvoiceCredentialsQuery(business_id=business_id)
        how = CallOptions(**options)
        return await self._pipeline.call(FINVOICE_CREDENTIALS, query=query, options=how)


def pick_address(
    addresses: Sequence[FinvoiceCredentials],
    *,
    address_type: str | None = None,
    operator_id: str | None = None,
) -> FinvoiceCredentials:
    """Return the one address that fits. Where none fits, or several do, it is an error.

    Args:
        addresses: What ``finvoice_credentials`` returned.
        address_type: Only addresses of this type, e.g. ``EDI`` or ``IBAN``; letter case does not matter.
        operator_id: Only addresses at this operator; letter case does not matter.

    Raises:
        AmbiguousAddressError: no address is left, or more than one; lists those that are.
    """
    wanted = {"e_invoice_address_type": address_type, "e_invoice_operator_id": operator_id}
    left = [
        address
        for address in addresses
        if all(
            choice is None or (getattr(address, name) or "").casefold() == choice.casefold()
            for name, choice in wanted.items()
        )
    ]
    if len(left) == 1:
        return left[0]
    raise AmbiguousAddressError(
        [f"{item.e_invoice_address_type or '?'} at {item.e_invoice_operator_id or '?'}" for item in left]
    )
