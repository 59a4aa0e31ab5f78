"""Corrected paths and names go through client, bulk job and sandbox alike."""

from confirma_async import Confirma, Overrides
from confirma_async.sandbox import Fault, Sandbox

OVERRIDES = Overrides(
    paths={"invoices.distributions": "/elsewhere/distribution"},
    names={
        "InvoiceRowData.net_amount": "nettoAmount",
        "InvoiceReceipt.status": "state",
        "DistributionQuery.invoice_number": "number",
        "DistributionInformation.data": "records",
        "DistributionRecord.invoice_number": "no",
    },
    forced=True,  # the path of the distribution information is documented
)


async def test_a_job_runs_over_corrected_names(tmp_path, wire_invoice):
    invoice = wire_invoice(7)
    invoice["invoice"]["rows"][0]["nettoAmount"] = invoice["invoice"]["rows"][0].pop("netAmount")
    async with (
        Sandbox(overrides=OVERRIDES) as sandbox,
        Confirma(sandbox.api_key, base_url=sandbox.url, overrides=OVERRIDES) as confirma,
    ):
        sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation="invoices.create", times=1)
        report = await confirma.bulk.submit([invoice], journal=tmp_path / "j")
        assert report.accepted == 1  # found by a lookup over the corrected path and names
        assert sandbox.requests["invoices.create"] == 1
        (stored,) = sandbox.invoices()
        assert b'"nettoAmount"' in stored.body
