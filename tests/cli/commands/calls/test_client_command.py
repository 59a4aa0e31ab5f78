"""``confirma client create``: a company becomes a client, and its token is kept."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from confirma_async.sandbox import Fault
from tests.cli.samples import CLIENT

CREATE = "onboarding.create_client"

TOKEN = "33333333-3333-4333-8333-333333333333"
CREATED = {
    "message": "created",
    "clientIdentifier": 12,
    "confirmaFinanceCustomerCode": 345,
    "paymentReferencePrefix": 67,
    "apiAccessToken": TOKEN,
}


@pytest.fixture
def onboarding(answering, monkeypatch, tmp_path):
    answering.answer("/client", CREATED)
    monkeypatch.delenv("CONFIRMA_API_KEY")
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", "the-provisioning-token")
    (tmp_path / "seller.json").write_text(json.dumps(CLIENT))
    return answering


def test_the_token_is_in_a_file_and_nowhere_else(confirma, onboarding, tmp_path):
    code, out, err = confirma("client", "create", "seller.json", "--save", "seller.key")
    assert code == 0
    assert "Client 12 was made, with customer code 345 and payment reference prefix 67." in out
    assert TOKEN not in out + err
    assert (tmp_path / "seller.key").read_text().strip() == TOKEN
    assert stat.S_IMODE((tmp_path / "seller.key").stat().st_mode) == 0o600
    assert onboarding.asked[0][2] == CLIENT


def test_machines_are_told_all_but_the_token(confirma_json, onboarding):
    code, output = confirma_json("client", "create", "seller.json", "--save", "seller.key")
    assert code == 0
    assert output == {
        "client_identifier": 12,
        "confirma_finance_customer_code": 345,
        "payment_reference_prefix": 67,
        "token_file": "seller.key",
    }


def test_the_provisioning_token_may_stand_in_a_file(confirma, onboarding, monkeypatch, tmp_path):
    monkeypatch.delenv("CONFIRMA_PROVISIONING_TOKEN")
    (tmp_path / "partner.key").write_text("the-provisioning-token")
    (tmp_path / "partner.key").chmod(0o600)
    arguments = ["client", "create", "seller.json", "--save", "seller.key"]
    code, _, _ = confirma(*arguments, "--provisioning-token-file", "partner.key")
    assert code == 0


def test_a_clients_key_alone_is_not_enough(confirma, onboarding, monkeypatch):
    monkeypatch.delenv("CONFIRMA_PROVISIONING_TOKEN")
    monkeypatch.setenv("CONFIRMA_API_KEY", "a-clients-key")
    code, _, err = confirma("client", "create", "seller.json", "--save", "seller.key")
    assert code == 2
    assert "CONFIRMA_PROVISIONING_TOKEN" in err
    assert not onboarding.asked


def test_a_provisioning_token_alone_is_not_enough_for_anything_else(confirma, onboarding):
    code, _, err = confirma("payments")
    assert code == 2
    assert "needs the API key of a client" in err
    assert not onboarding.asked


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["seller.json"], "--save FILE"),
        (["seller.json", "--save", "seller.json"], "exists already"),
        (["nope.json", "--save", "seller.key"], "nope.json: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sent(confirma, onboarding, arguments, words):
    code, _, err = confirma("client", "create", *arguments)
    assert code == 2
    assert words in err
    assert not onboarding.asked


def test_a_token_that_stands_elsewhere_in_the_answer_is_not_lost(confirma, onboarding, tmp_path):
    onboarding.answer("/client", {"message": "created", "token": TOKEN})
    code, out, err = confirma("client", "create", "seller.json", "--save", "seller.key")
    assert code == 4
    (elsewhere,) = tmp_path.glob("confirma-token-*")
    assert TOKEN in elsewhere.read_text()
    assert TOKEN not in out + err


# --- once -------------------------------------------------------------------------------------------------


@pytest.fixture
def partner(service, monkeypatch, tmp_path):
    """The sandbox, for a partner who has no client's key."""
    monkeypatch.delenv("CONFIRMA_API_KEY")
    monkeypatch.setenv("CONFIRMA_PROVISIONING_TOKEN", service.provisioning_token)
    (tmp_path / "seller.json").write_text(json.dumps(CLIENT))
    return service


def test_a_client_is_made_once(confirma, partner, monkeypatch):
    assert confirma("client", "create", "seller.json", "--save", "seller.key")[0] == 0
    monkeypatch.setenv("CONFIRMA_API_KEY", partner.api_key)  # the journal is the partner's all the same
    code, _, err = confirma("client", "create", "seller.json", "--save", "again.key")
    assert (code, "was made by an earlier call" in err) == (2, True)
    assert partner.requests[CREATE] == 1


def test_the_journal_of_the_partner_asks_nobody_for_the_accounts_of_clients(confirma, partner, invoices):
    confirma("client", "create", "seller.json", "--save", "seller.key")
    code, out, _ = confirma("submit", invoices(1), "--key-file", "seller.key")
    assert code == 0, out


@pytest.mark.parametrize("found", ["accepted", "absent"])
def test_one_that_may_have_been_made_waits_for_a_person(confirma, partner, an_hour_later, found):
    partner.faults.add(Fault.RESET_BEFORE_COMMIT, operation=CREATE)
    for _ in range(2):
        code, out, _ = confirma("client", "create", "seller.json", "--save", "seller.key")
        assert (code, "is not known" in out) == (4, True)
    (command,) = [line for line in out.splitlines() if "confirma resolve" in line]
    words = command.split()[1:-4]
    an_hour_later()
    assert confirma(*words, "--is", found, "--because", "the vendor says so")[0] == 0
    code, _, _ = confirma("client", "create", "seller.json", "--save", "seller.key")
    assert (code, partner.requests[CREATE]) == ((2, 1) if found == "accepted" else (0, 2))


def test_one_that_is_refused_says_why(confirma, partner):
    partner.faults.add(Fault.REFUSAL, operation=CREATE, status=400)
    code, out, _ = confirma("client", "create", "seller.json", "--save", "seller.key")
    assert (code, "has rejected client 0737546-2" in out) == (1, True)


def test_ctrl_c_does_not_lose_the_token(partner, tmp_path):
    partner.faults.add(Fault.LATENCY, operation=CREATE, seconds=1.0)
    words = ["client", "create", "seller.json", "--save", "seller.key"]
    running = subprocess.Popen(
        [sys.executable, "-m", "confirma_async.cli", *words], env=os.environ, stderr=subprocess.PIPE
    )
    until = time.monotonic() + 30
    while not partner.requests[CREATE] and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 0, err
    assert (tmp_path / "seller.key").read_text().strip()
