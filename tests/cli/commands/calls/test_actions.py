"""``confirma invoice action``: one command per action."""

import json

import pytest

from confirma_async.cli.app import every_command
from confirma_async.schemas import ActionCode

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

RECEIPT = {"message": "queued", "actions": [{"code": "PAUSE", "caseId": 7, "status": "PENDING"}]}


@pytest.fixture
def accepting(answering):
    answering.answer("/invoice/action", RECEIPT)
    return answering


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["comment", "--case", "7", "--comment", "Moved"], {"code": "COMMENT", "comment": "Moved"}),
        (["withdraw", "--case", "7"], {"code": "WITHDRAW"}),
        (
            ["due-date", "--case", "7", "--due-date", "2026-12-01"],
            {"code": "DUEDATE", "dueDate": "2026-12-01"},
        ),
        (["payment-plan", "--case", "7", "--comment", "Three"], {"code": "PAYMENTPLAN", "comment": "Three"}),
        (["objection", "--case", "7"], {"code": "OBJECTION"}),
        (["pause", "--case", "7"], {"code": "PAUSE"}),
        (
            [
                *["direct-payment", "--case", "7", "--amount", "125.50", "--currency", "EUR"],
                *["--payment-date", "2026-11-20", "--payment-method", "Bankgiro", "--reference", "13"],
                *["--outstanding-capital", "0", "--outstanding-interest", "1.05", "--outstanding-costs", "0"],
            ],
            {
                "code": "DIRECTPAYMENT",
                "amount": 125.50,
                "currency": "EUR",
                "paymentDate": "2026-11-20",
                "paymentMethod": "Bankgiro",
                "reference": "13",
                "outstandingCapitalAmount": 0,
                "outstandingInterestAmount": 1.05,
                "outstandingCostsAmount": 0,
            },
        ),
    ],
)
def test_each_action_is_sent_as_the_wire_has_it(confirma, accepting, arguments, sent):
    code, out, _ = confirma("invoice", "action", *arguments)
    assert code == 0
    assert "The service has taken 1 action" in out
    ((_, _, body),) = accepting.asked
    data = {key: value for key, value in sent.items() if key not in {"code", "comment"}}
    expected = {key: value for key, value in sent.items() if key not in data}
    assert body == {"actions": [{**expected, "data": {"caseId": 7, **data}}]}


def test_every_known_code_has_a_command():
    commands = {words[-1].replace("-", "").upper() for words, _ in every_command() if "action" in words}
    assert commands - {"ACTION", "FROMFILE"} == {code.value for code in ActionCode}


def test_what_the_service_says_of_each_is_told(confirma, confirma_json, accepting):
    _, out, _ = confirma("invoice", "action", "pause", "--case", "7")
    assert "PAUSE of case 7: PENDING" in out
    _, receipt = confirma_json("invoice", "action", "pause", "--case", "7")
    assert receipt == RECEIPT


def test_many_actions_come_from_a_file(confirma, accepting, tmp_path):
    actions = {"actions": [{"code": code, "data": {"caseId": 7}} for code in ("PAUSE", "NEW_CODE")]}
    (tmp_path / "actions.json").write_text(json.dumps(actions))
    code, out, _ = confirma("invoice", "action", "from-file", "actions.json")
    assert code == 0
    assert "2 actions" in out
    assert accepting.asked[0][2] == actions


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pause"], 2, "--invoice, --case"),
        (["pause", "--invoice", "1_0"], 2, "--invoice"),
        (
            ["direct-payment", "--case", "7", "--amount", "1", "--currency", "euro"],
            2,
            "'--currency': must be a currency code",
        ),
        (["due-date", "--case", "7"], 2, "Missing option '--due-date'"),
        (["direct-payment", "--case", "7"], 2, "Missing option '--amount'"),
        (["direct-payment", "--case", "7", "--amount", "1,50"], 2, "no amount such as 125.50"),
        (["direct-payment", "--case", "7", "--amount", "1.505"], 2, "no amount such as 125.50"),
        (["pause", "--case", "seven"], 2, "--case"),
        (["from-file", "nope.json"], 2, "nope.json: cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_said(confirma, accepting, arguments, code, words):
    found, _, err = confirma("invoice", "action", *arguments)
    assert found == code
    assert words in err
    assert not accepting.asked
