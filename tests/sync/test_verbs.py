"""The blocking verbs over a real socket against the sandbox."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from confirma_sync import Confirma, OutcomeUnknownError, Secret
from confirma_sync.sandbox import Fault


def test_an_invoice_is_received_and_then_distributed(sandbox, confirma, wire_invoice):
    receipt = confirma.invoices.create(wire_invoice(7))
    assert (receipt.invoice_number, receipt.status) == (7, "PAUSED")
    sandbox.clock.advance(days=1)
    day = datetime.date(2026, 11, 1)
    listing = confirma.invoices.distributions(invoice_number=7, from_date=day, to_date=day)
    (record,) = listing.fetch().data
    assert (record.invoice_number, record.status) == ("7", "INVOICED")
    assert [found.invoice_number for found in listing] == ["7"]


def test_iterating_asks_once_per_page_and_no_further_than_it_goes(sandbox, confirma, wire_invoice):
    dates = ["2026-01-15", "2026-03-01", "2026-05-20"]
    for number, date in enumerate(dates, 1):
        confirma.invoices.create(wire_invoice(number, header={"date": date, "dueDate": date}))
    listing = confirma.invoices.distributions(
        from_date=datetime.date(2026, 1, 1), to_date=datetime.date(2026, 6, 1)
    )
    assert next(iter(listing)).invoice_date == datetime.date(2026, 1, 15)
    assert sandbox.requests["invoices.distributions"] == 1
    assert [record.invoice_date.isoformat() for record in listing] == dates
    assert sandbox.requests["invoices.distributions"] == 1 + len(list(listing.pages()))


def test_an_answer_lost_after_the_commit_is_an_unknown_outcome_and_one_request(
    sandbox, confirma, wire_invoice
):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation="invoices.create")
    with pytest.raises(OutcomeUnknownError, match="invoice 7"):
        confirma.invoices.create(wire_invoice(7))
    assert sandbox.requests["invoices.create"] == 1


class Store:
    """Keeps a token in memory, as a user's own store might in a database."""

    def __init__(self, token):
        self.token = Secret(token)

    async def load(self):
        return self.token

    async def save(self, token):
        self.token = token


def test_threads_that_renew_a_token_at_once_renew_it_once(sandbox):
    store = Store(sandbox.api_key)
    sandbox.faults.add(Fault.LATENCY, operation="onboarding.renew_token", seconds=0.5)
    with Confirma(store, base_url=sandbox.url) as confirma, ThreadPoolExecutor(8) as threads:
        together = Barrier(8)

        def renew(_):
            together.wait()
            return confirma.onboarding.renew_token()

        assert set(threads.map(renew, range(8))) == {store.token}
        assert sandbox.requests["onboarding.renew_token"] == 1
        assert confirma.onboarding.validate_token().is_valid


def test_a_sandbox_has_clients_with_keys_of_their_own(sandbox):
    assert sandbox.add_client("another") not in {sandbox.api_key, sandbox.provisioning_token}


def test_a_keyword_that_a_verb_does_not_take_is_a_type_error(confirma, wire_invoice):
    with pytest.raises(TypeError, match="validat"):
        confirma.invoices.create(wire_invoice(), validat=False)
