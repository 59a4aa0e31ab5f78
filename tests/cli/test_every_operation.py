"""Every row of the endpoint table has a command."""

import pytest

from confirma_async.contract import OPERATIONS
from tests.cli.samples import CLIENT, LEDGER, PAYMENTS

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

COMMANDS = {
    "onboarding.create_client": (["client", "create", "-", "--save", "seller.key"], CLIENT),
    "onboarding.validate_token": (["token", "check"], None),
    "onboarding.renew_token": (["token", "renew", "--save", "new.key"], None),
    "invoices.create": (["invoice", "create", "-"], "invoice"),
    "invoices.create_actions": (["invoice", "action", "pause", "--case", "7"], None),
    "invoices.case": (["invoice", "case", "7"], None),
    "invoices.distributions": (["invoice", "distribution"], None),
    "invoices.distributions_v2": (["invoice", "distribution", "--v2"], None),
    "payments.list": (["payments"], None),
    "payments.settlements": (["settlements"], None),
    "accounting.invoice_statuses": (["accounting-invoice", "status"], None),
    "accounting.submit_ledger": (["ledger", "submit", "-"], LEDGER),
    "accounting.ledger_statuses": (["ledger", "status"], None),
    "accounting.submit_payments": (["accounting-payment", "submit", "-"], PAYMENTS),
    "accounting.payment_statuses": (["accounting-payment", "status"], None),
    "operations.finvoice_credentials": (["finvoice", "0737546-2"], None),
}


def test_every_operation_has_a_command():
    assert set(COMMANDS) == set(OPERATIONS)


SHOWN_BY = {
    "accounting.submit_ledger": {"accounting.ledger_statuses": 1},
    "accounting.submit_payments": {"accounting.payment_statuses": 1},
}
"""The read that shows a write whose answer says in no known word that it was taken."""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_command_calls_its_operation(
    confirma, service, standard_input, monkeypatch, wire_invoice, operation
):
    arguments, body = COMMANDS[operation]
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", service.provisioning_token)
    standard_input(wire_invoice() if body == "invoice" else body)
    _, _, err = confirma(*arguments)
    assert service.requests == {operation: 1} | SHOWN_BY.get(operation, {}), err
