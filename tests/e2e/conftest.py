import json
import tempfile
from functools import cache
from pathlib import Path

import attrs
import pytest

from confirma_async import Confirma, Overrides, RateLimit, RetryPolicy
from confirma_async.comparison import compare
from confirma_async.converters import Converter
from confirma_async.sandbox import Sandbox
from confirma_async.sandbox.openapi import document
from confirma_async.schemas import SalesInvoiceRequest
from tests.services.deviations import deviating

CORRECTED = Overrides(
    paths={
        "invoices.distributions_v2": "/api/v3/partner/distribution",
        "accounting.invoice_statuses": "/api/v1/partner/books/invoice",
        "operations.finvoice_credentials": "/api/v1/partner/addresses",
    },
    names={
        "AccountingInvoiceStatus.status": "syncStatus",
        "AccountingPayment.allocations": "parts",
        "CaseBalance.total_amount": "sum",
        "CaseQuery.case_id": "case",
        "DistributionInformation.data": "records",
        "DistributionPage.data": "items",
        "DistributionPageQuery.page_size": "limit",
        "DistributionQuery.invoice_number": "number",
        "DistributionRecord.invoice_number": "no",
        "FinvoiceCredentialsQuery.business_id": "ytunnus",
        "InvoiceReceipt.status": "state",
        "InvoiceRowData.net_amount": "nettoAmount",
        "Payment.amount": "sum",
        "SettlementsQuery.from_date": "firstDay",
    },
)
"""As a user would correct them who holds the vendor's full documents."""


DEVIATING = deviating(2026)
"""A service that differs from the contract in many ways; see ``test_contract_proof``."""


def with_corrections(overrides):
    """The same, and all that is corrected by hand."""
    return attrs.evolve(
        overrides, names={**overrides.names, **CORRECTED.names}, paths={**overrides.paths, **CORRECTED.paths}
    )


@cache
def found_out():
    """What the import of that service's own document has written, and what was corrected by hand."""
    with tempfile.TemporaryDirectory() as folder:
        file, written = Path(folder) / "vendor.json", Path(folder) / "overrides.toml"
        file.write_text(json.dumps(document(DEVIATING)), encoding="utf-8")
        written.write_text(compare(file).to_toml(), encoding="utf-8")
        return with_corrections(Overrides.from_toml(written))


@pytest.fixture(params=["as-shipped", "corrected"])
def overrides(request):
    """Every test over a real socket holds with paths and names corrected, too, by an import and by hand."""
    return found_out() if request.param == "corrected" else Overrides()


@pytest.fixture
async def sandbox(overrides):
    theirs = with_corrections(DEVIATING) if overrides is found_out() else overrides
    async with Sandbox(overrides=theirs) as running:
        yield running


@pytest.fixture
async def confirma(sandbox, overrides):
    """A client of the sandbox; retries without long pauses."""
    async with Confirma(
        sandbox.api_key,
        base_url=sandbox.url,
        timeout=10,
        rate_limit=RateLimit(concurrency=8),
        retry=RetryPolicy(attempts=4, base_seconds=0.01),
        overrides=overrides,
    ) as client:
        yield client


@pytest.fixture
def wire_invoice(wire_invoice, overrides):
    """The same invoices, under the names that are in force."""
    shipped, in_force = Converter(), Converter(overrides.names)

    def make(*args, **kwargs):
        return in_force.unstructure(shipped.structure(wire_invoice(*args, **kwargs), SalesInvoiceRequest))

    return make


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "job.journal"
