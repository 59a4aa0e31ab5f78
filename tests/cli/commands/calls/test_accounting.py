"""``confirma ledger``, ``accounting-payment`` and ``accounting-invoice``."""

import json

import pytest

from confirma_async.sandbox import Fault
from tests.cli.samples import LEDGER, PAYMENTS

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "input.json"
        path.write_text(json.dumps(content))
        return path

    return write


def test_a_ledger_is_submitted_once(confirma, confirma_json, service, file):
    code, out, _ = confirma("ledger", "submit", file(LEDGER))
    assert code == 0
    assert "The service has taken ledger 2026-11." in out
    assert "confirma ledger status" in out
    code, output = confirma_json("ledger", "submit", file(LEDGER))
    assert (code, output["verdict"], output["key"], output["resumed"]) == (0, "accepted", "2026-11", True)
    assert service.requests["accounting.submit_ledger"] == 1


def test_a_ledger_whose_answer_was_lost_is_looked_for_and_not_sent_again(
    confirma, service, file, an_hour_later
):
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation="accounting.submit_ledger")
    for _ in range(2):
        code, out, _ = confirma("ledger", "submit", file(LEDGER))
        assert code == 4
        assert "confirma resolve --write accounting.submit_ledger 2026-11" in out
    assert service.requests["accounting.submit_ledger"] == 1
    resolved = ["--is", "absent", "--because", "it is not in the books"]
    command = ["resolve", "--write", "accounting.submit_ledger", "2026-11", *resolved]
    code, _, err = confirma(*command)
    assert (code, "may still arrive" in err) == (2, True)
    an_hour_later()
    assert confirma(*command)[0] == 0
    assert confirma("ledger", "submit", file(LEDGER))[0] == 0
    assert service.requests["accounting.submit_ledger"] == 2


def test_another_ledger_under_the_same_identifier_is_refused(confirma, service, file):
    confirma("ledger", "submit", file(LEDGER))
    other = json.loads(json.dumps(LEDGER))
    other["ledgers"]["documentName"] = "another"
    code, _, err = confirma("ledger", "submit", file(other))
    assert code == 1
    assert "other contents" in err
    assert service.requests["accounting.submit_ledger"] == 1


def test_a_write_that_was_rejected_and_then_changed_names_the_option_that_sends_it(confirma, service, file):
    service.faults.add(Fault.REFUSAL, operation="accounting.submit_ledger", status=422)
    assert confirma("ledger", "submit", file(LEDGER))[0] == 1
    other = json.loads(json.dumps(LEDGER))
    other["ledgers"]["documentName"] = "another"
    code, _, err = confirma("ledger", "submit", file(other))
    assert code == 1
    assert "under the same key, say --retry changed" in " ".join(err.split())
    assert confirma("ledger", "submit", file(other), "--retry", "changed")[0] == 0


def test_a_key_that_is_refused_says_so(confirma, service, file):
    service.expire_token()
    code, _, err = confirma("ledger", "submit", file(LEDGER))
    assert code == 2
    assert "expired" in err or "401" in err


def test_a_ledger_that_does_not_balance_is_not_sent(confirma, answering, file):
    broken = json.loads(json.dumps(LEDGER))
    broken["ledgers"]["ledgerRows"][0]["netAmount"] = 125.49
    code, _, err = confirma("ledger", "submit", file(broken))
    assert code == 1
    assert "ledger 2026-11 was not sent" in err
    assert not answering.asked


def test_payments_are_submitted_once(confirma, service, file):
    for _ in range(2):
        code, out, _ = confirma("accounting-payment", "submit", file(PAYMENTS))
        assert code == 0
        assert "The service has taken 1 payment" in out
    assert service.requests["accounting.submit_payments"] == 1


@pytest.mark.parametrize(
    ("command", "path", "name"),
    [
        ("ledger", "/accounting/ledger", "ledgers"),
        ("accounting-payment", "/accounting/payment", "payments"),
        ("accounting-invoice", "/accounting/invoice", "invoices"),
    ],
)
@pytest.mark.parametrize(
    ("statuses", "code"), [([], 0), ([1, 1], 0), ([1, 0], 3), ([0, 2, 1], 1), ([None], 0)]
)
def test_a_script_reads_from_the_code_how_the_transfer_stands(
    confirma, confirma_json, answering, command, path, name, statuses, code
):
    records = [{"sourceIdentifier": f"s-{number}", "status": number} for number in statuses]
    answering.answer(path, {name: records})
    found, out, _ = confirma(command, "status", "--filter", "since=2026-11-01")
    assert found == code
    assert all(f"s-{number}" in out for number in statuses)
    assert answering.asked[0][1] == {"since": ["2026-11-01"]}
    assert len(confirma_json(command, "status")[1]) == len(statuses)


def test_no_content_is_an_empty_list(confirma, answering):
    answering.answer("/accounting/ledger", None, status=204)
    assert confirma("ledger", "status")[:2] == (0, "Ledgers: none\n")


@pytest.mark.parametrize("given", ["since", "=x"])
def test_a_filter_has_a_name_and_a_value(confirma, answering, given):
    code, _, err = confirma("ledger", "status", "--filter", given)
    assert code == 2
    assert "NAME=VALUE" in err
