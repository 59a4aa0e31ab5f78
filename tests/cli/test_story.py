"""One seller's first months on the command line, against the sandbox: from the token to the settlement."""

import csv
import io
import json

import pytest

from tests.cli.samples import CLIENT, LEDGER, PAYMENTS

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def written(tmp_path):
    def write(name, content):
        (tmp_path / name).write_text(json.dumps(content, default=float))
        return name

    return write


def test_from_the_token_to_the_settlement(
    confirma, confirma_json, service, written, wire_invoice, monkeypatch
):
    monkeypatch.delenv("CONFIRMA_API_KEY")
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", service.provisioning_token)
    confirma_json("client", "create", written("client.json", CLIENT), "--save", "seller.key")
    key = ["--key-file", "seller.key"]
    assert confirma("token", "renew", *key)[0] == 0
    assert confirma("token", "check", *key)[0] == 0
    assert confirma("doctor", *key)[0] == 0

    today = service.clock.now().date()
    due = today.replace(year=today.year + 1)
    invoice = wire_invoice(1042, header={"date": str(today), "dueDate": str(due)})
    invoice["processing"] = {"paymentControlEnabled": True, "accountingInvoiceEnabled": True}
    assert confirma("invoice", "create", written("invoice.json", invoice), *key)[0] == 0
    service.clock.advance(hours=2)
    _, (record,) = confirma_json("invoice", "distribution", "--invoice", "1042", *key)
    assert record["status"] == "INVOICED"
    _, (same,) = confirma_json("invoice", "distribution", "--v2", *key)
    assert same["caseId"] == record["caseId"]
    case = str(record["caseId"])

    arguments = ["--invoice", "1042", "--case", case, "--comment", "Called"]
    assert confirma("invoice", "action", "comment", *arguments, *key)[0] == 0
    service.clock.advance(hours=2)
    _, out, _ = confirma("invoice", "case", case, *key)
    assert f"Case {case}" in out
    assert "COMMENT" in out

    seller = CLIENT["client"]["businessCode"]
    service.pay(1042, client=seller)
    _, (payment,) = confirma_json("payments", *key)
    assert (payment["invoiceNumber"], payment["amount"]) == ("1042", 100.00)
    service.clock.advance(days=10)
    _, out, _ = confirma("settlements", "--csv", *key)
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["original_invoice_number"], row["allocated_amount"]) == ("1042", "100.00")
    unfetched = ["settlements", "--unfetched-only", "--yes", *key]
    assert [len(confirma_json(*unfetched)[1]) for _ in range(2)] == [1, 0]

    service.connect_accounting("Netvisor", client=seller)
    assert confirma("ledger", "submit", written("ledger.json", LEDGER), *key)[0] == 0
    assert confirma("accounting-payment", "submit", written("payments.json", PAYMENTS), *key)[0] == 0
    for command in ("ledger", "accounting-payment"):
        assert confirma(command, "status", *key)[0] == 3
    service.clock.advance(hours=1)
    for command in ("ledger", "accounting-payment"):
        code, (status,) = confirma_json(command, "status", *key)
        assert (code, status["status"]) == (0, 1)
    code, out, _ = confirma("accounting-invoice", "status", *key)
    assert code == 1  # the system was connected after the invoice
    assert "no accounting system is connected" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["invoice", "case", "999999"], 1, "the service knows no such thing"),
        (["invoice", "action", "pause", "--case", "999999"], 1, "the service knows no such thing"),
        (["finvoice", "0000001-9", "--type", "GLN"], 1, "no e-invoice address fits"),
    ],
)
def test_what_is_not_there_is_said(confirma, service, arguments, code, words):
    found, _, err = confirma(*arguments)
    assert found == code
    assert words in err


def test_a_provisioning_token_is_not_a_clients_key(confirma, service, monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", service.provisioning_token)
    code, _, err = confirma("payments")
    assert code == 2
    assert "not interchangeable" in err


def test_a_clients_key_is_not_a_provisioning_token(confirma, service, monkeypatch, written):
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", service.api_key)
    code, _, err = confirma("client", "create", written("client.json", CLIENT), "--save", "seller.key")
    assert code == 2
    assert "not interchangeable" in err


def test_an_expired_token_is_said_and_can_be_renewed(confirma, service):
    service.expire_token()
    code, _, err = confirma("token", "check")
    assert code == 2
    assert "has not expired" in err
    assert confirma("token", "renew", "--save", "new.key")[0] == 0
    assert confirma("token", "check", "--key-file", "new.key")[0] == 0


def test_several_addresses_are_shown(confirma, service):
    code, out, _ = confirma("finvoice", "0000002-7")
    assert code == 0
    assert "IBAN" in out
