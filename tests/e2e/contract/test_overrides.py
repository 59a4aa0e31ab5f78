"""Even a documented path is corrected everywhere where it is forced.

That provisional paths and names are, is proved by every other test here, run with and without corrections.
"""

import pytest

from confirma_async import Overrides
from confirma_async.sandbox import Fault

FORCED = Overrides(paths={"invoices.distributions": "/elsewhere/distribution"}, forced=True)


@pytest.fixture
def overrides():
    return FORCED


async def test_a_job_looks_an_invoice_up_where_the_user_says(sandbox, confirma, journal, wire_invoice):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation="invoices.create", times=1)
    report = await confirma.bulk.submit([wire_invoice(7)], journal=journal)
    assert report.accepted == 1
    assert sandbox.requests["invoices.create"] == 1
    assert sandbox.requests["invoices.distributions"] == 1
