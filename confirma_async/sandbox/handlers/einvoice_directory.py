"""Retrieve Finvoice Credentials."""

from __future__ import annotations

import re

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call, read_query
from confirma_async.sandbox.rules.einvoice_directory import EInvoiceAddress
from confirma_async.schemas import FinvoiceCredentials, FinvoiceCredentialsQuery
from confirma_async.validation.values.identifiers import business_id_fault

_BARE = re.compile(r"[0-9]{8}")


def finvoice_credentials(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with all addresses of a company, always as an array (contract §8, documented).

    It chooses none. Not every company is registered: an empty array says so, which is assumed, as is 400 for
    what is no Business ID.
    """
    query = read_query(backend, call, FinvoiceCredentialsQuery)
    fault = business_id_fault(query.business_id)
    if fault is not None:
        raise RejectedError(400, "there is no such company", [Problem("$.businessId", "business id", fault)])
    found = backend.store.einvoice_directory.find(business_id=_with_dash(query.business_id))
    return SandboxResponse(
        body=backend.converter.encode(
            [backend.converter.unstructure(_to_wire(entry.address)) for entry in found]
        )
    )


def _with_dash(business_id: str) -> str:
    return f"{business_id[:7]}-{business_id[7]}" if _BARE.fullmatch(business_id) else business_id


def _to_wire(address: EInvoiceAddress) -> FinvoiceCredentials:
    return FinvoiceCredentials(
        e_invoice_address_name=address.name,
        e_invoice_address=address.address,
        e_invoice_address_type=address.type,
        e_invoice_operator_id=address.operator_id,
        e_invoice_operator_name=address.operator_name,
        last_modified=address.last_modified,
    )
