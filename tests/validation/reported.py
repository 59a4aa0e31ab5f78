"""What is reported of a request, and a header without fault."""

from __future__ import annotations

import datetime

from confirma_async.schemas import InvoiceHeader, SalesInvoiceRequest
from tests.validation.conftest import faults

HEADER = InvoiceHeader(
    number=1, date=datetime.date(2026, 1, 1), due_date=datetime.date(2026, 1, 1), currency_code="EUR"
)
PARTIES = "parties.seller_party"


def found(request: SalesInvoiceRequest) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in faults(request)]
