"""``confirma api``: requests of one's own."""

import json

import pytest

from confirma_async.sandbox import Fault

CREATE = "invoices.create"


@pytest.fixture
def body(tmp_path, wire_invoice):
    """A file with the JSON of an invoice."""
    file = tmp_path / "body.json"
    file.write_text(json.dumps(wire_invoice(7), default=float), encoding="utf-8")
    return file


def test_a_body_is_sent_out_of_a_file(confirma, service, body):
    code, out, err = confirma("api", "POST", "/invoice", "--body", body)
    assert (code, err) == (0, "")
    assert json.loads(out)
    assert [invoice.number for invoice in service.invoices()] == [7]


def test_a_body_that_is_no_json_is_not_sent(confirma, service, tmp_path):
    file = tmp_path / "body.json"
    file.write_text('{\n "a": }\n', encoding="utf-8")
    code, _, err = confirma("api", "POST", "/invoice", "--body", file)
    assert code == 2
    assert f"{file}: " in err
    assert "line 2" in err
    assert not service.requests[CREATE]


def test_parameters_and_headers_are_sent(confirma, answering):
    answering.answer("/payments", [])
    code, out, _ = confirma("api", "GET", "/payments", "-q", "fromDate=2026-11-01", "-H", "X-Trace=1")
    assert (code, json.loads(out)) == (0, [])
    assert answering.asked[0][1] == {"fromDate": ["2026-11-01"]}


def test_a_lost_answer_is_told_with_the_exit_code_of_what_may_have_taken_effect(confirma, service, body):
    service.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE)
    code, _, err = confirma("api", "POST", "/invoice", "--body", body)
    assert code == 4
    assert "the outcome is unknown" in err
    assert service.requests[CREATE] == 1


def test_a_refusal_has_the_exit_code_of_refusals(confirma, service, tmp_path):
    file = tmp_path / "body.json"
    file.write_text("{}", encoding="utf-8")
    assert confirma("api", "POST", "/invoice", "--body", file)[0] == 1
