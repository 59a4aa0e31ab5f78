"""``confirma invoice``: one invoice, its case, and what became of it."""

import csv
import io
import json
import signal
import subprocess
import sys
import time

import pytest

from confirma_async.sandbox import Fault


@pytest.fixture
def one(tmp_path, wire_invoice):
    """Writes one invoice to a file."""

    def write(number=1042, name="invoice.json", **deviations):
        file = tmp_path / name
        file.write_text(json.dumps(wire_invoice(number, **deviations), default=float, indent=1))
        return file

    return write


def until(happened):
    end = time.monotonic() + 20
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)


# --- create ---------------------------------------------------------------------------------------


def test_an_invoice_is_taken(confirma, service, one):
    code, out, _ = confirma("invoice", "create", one())
    assert code == 0
    assert "Invoice 1042 was taken" in out
    look = next(line.partition(": ")[2] for line in out.splitlines() if line.startswith("See what becomes"))
    assert look == "confirma invoice distribution --invoice 1042 --from 2026-11-01 --to 2026-11-01"
    assert [invoice.number for invoice in service.invoices()] == [1042]


def test_machines_read_the_receipt(confirma_json, service, one):
    code, receipt = confirma_json("invoice", "create", one())
    assert (code, receipt["invoiceNumber"]) == (0, 1042)


def test_it_may_come_from_standard_input(confirma, service, wire_invoice, standard_input):
    standard_input(wire_invoice())
    code, _, _ = confirma("invoice", "create", "-")
    assert code == 0


def test_what_breaks_a_rule_is_not_sent(confirma, confirma_json, service, one):
    file = one(header={"currencyCode": "EURO"})
    code, _, err = confirma("invoice", "create", file)
    assert code == 1
    assert "$.invoice.header.currencyCode" in err
    _, output = confirma_json("invoice", "create", file)
    assert [problem["path"] for problem in output["problems"]] == ["$.invoice.header.currencyCode"]
    assert not service.requests


def test_a_second_one_of_the_same_number_may_be_another_document(confirma, service, one):
    confirma("invoice", "create", one())
    code, out, _ = confirma("invoice", "create", one())
    assert code == 4
    assert "it has one of this number from before" in out


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER_COMMIT, Fault.RESET_BEFORE_COMMIT])
def test_a_lost_answer_has_a_code_of_its_own_and_says_what_to_do(confirma, service, one, fault):
    service.faults.add(fault, operation="invoices.create", times=1)
    code, _, err = confirma("invoice", "create", one())
    assert code == 4
    assert "the outcome of invoice 1042 is unknown" in err
    assert "look it up" in err
    assert service.requests["invoices.create"] == 1
    look = "confirma invoice distribution --invoice 1042 --from 2026-11-01 --to 2026-11-01"
    assert err.count(f"To find out: {look}\n") == 1
    service.clock.advance(hours=2)
    code, out, _ = confirma(*look.split()[1:])
    assert (code, "Invoices: 1" in out) == (0, fault is Fault.RESET_AFTER_COMMIT)


def test_stopped_in_the_middle_its_outcome_is_unknown(service, one):
    service.faults.add(Fault.LATENCY, operation="invoices.create", times=1, seconds=5)
    command = [sys.executable, "-m", "confirma_async.cli", "invoice", "create", str(one())]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    until(lambda: service.requests["invoices.create"])
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 4
    assert "the outcome of invoice 1042 is unknown (the call was cancelled)" in err
    service.faults.clear()


def test_an_unknown_key_is_told(confirma, service, one):
    file = one()
    file.write_text(file.read_text().replace('"dueDate"', '"duDate": 1, "dueDate"'))
    code, _, err = confirma("invoice", "create", file)
    assert code == 0
    assert "did you mean dueDate?" in err


# --- distribution ---------------------------------------------------------------------------------


@pytest.fixture
def sent(confirma, service, one):
    """An invoice that was distributed."""
    confirma("invoice", "create", one())
    service.clock.advance(hours=2)
    return service


def test_a_person_sees_what_became_of_it(confirma, sent):
    code, out, _ = confirma("invoice", "distribution", "--invoice", "1042")
    assert code == 0
    assert "1042" in out
    assert "INVOICED" in out
    assert "Invoices: 1" in out


def test_machines_read_the_records_in_wire_form(confirma_json, sent):
    code, records = confirma_json("invoice", "distribution")
    assert code == 0
    assert [(record["invoiceNumber"], record["status"]) for record in records] == [("1042", "INVOICED")]


def test_spreadsheets_get_a_line_each(confirma, sent):
    _, out, _ = confirma("invoice", "distribution", "--from", "2026-11-01", "--to", "2026-11-30", "--csv")
    (record,) = csv.DictReader(io.StringIO(out))
    assert record["invoice_number"] == "1042"
    assert record["invoice_date"] == "2026-11-01"


def test_nothing_found_is_said(confirma, confirma_json, service):
    code, out, err = confirma("invoice", "distribution")
    assert (code, out) == (0, "Invoices: none\n")
    assert "the last 30 days only" in err
    _, _, err = confirma("invoice", "distribution", "--from", "2026-11-01")
    assert not err
    assert confirma_json("invoice", "distribution") == (0, [])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--from", "2026-11-30", "--to", "2026-11-01"], 2, "'--from': the first date is after the last"),
        (["--to", "2026-11-01"], 2, "needs a first one"),
        (["--invoice", "abc"], 2, "'abc' is no whole number from 0 to 999999999999999999"),
        (["--invoice", "1_042"], 2, "'--invoice': '1_042' is no whole number"),
        (["--invoice", "-1042"], 2, "'--invoice': -1042 is not in the range 0<=x<="),
        (["--invoice", "1" * 19], 2, "is not in the range"),
        (["--from", "1.11.2026"], 2, "no date of the form YYYY-MM-DD"),
        (["--from", "2026-02-30"], 2, "there is no day 2026-02-30"),
        (["--json", "--csv"], 2, "exclude each other"),
        (["--timeout", "0"], 2, "--timeout"),
    ],
)
def test_what_cannot_be_asked_is_said(confirma, service, arguments, code, words):
    found, _, err = confirma("invoice", "distribution", *arguments)
    assert found == code
    assert words in err
    assert not service.requests


def test_version_two_is_asked_page_by_page(confirma_json, answering, monkeypatch):
    path = "/api/v2/partner/invoice/distribution"
    answering.answer(
        path, {"metaData": {"page": 1, "pageSize": 50, "totalCount": 1}, "data": [{"invoiceNumber": "9"}]}
    )
    code, records = confirma_json("invoice", "distribution", "--v2", "--invoice", "9")
    assert (code, [record["invoiceNumber"] for record in records]) == (0, ["9"])
    assert answering.asked[0][0] == path


# --- case -----------------------------------------------------------------------------------------

CASE = {
    "case": {
        "summary": {
            "caseId": 7,
            "status": "OPEN",
            "stage": "REMINDER",
            "createdAt": "2026-11-16T00:00:00.000Z",
            "closedAt": None,
            "activeDays": 8,
            "creditor": "Seller Oy",
            "currency": "EUR",
            "agency": "CashIn",
        },
        "balance": {"capitalAmount": 125.5, "interestAmount": 0.45, "costsAmount": 5, "totalAmount": 130.95},
        "payments": [{"paymentDate": "2026-11-20", "amount": 10, "reference": "13"}],
        "events": [{"date": "2026-11-16", "code": "REMINDER", "description": "A reminder was sent"}],
        "timeline": [{"date": "2026-11-16", "stage": "REMINDER", "description": "Overdue"}],
    }
}


def test_a_case_is_shown_in_parts(confirma, answering):
    answering.answer("/invoice/case", CASE)
    code, out, _ = confirma("invoice", "case", "7")
    assert code == 0
    for words in ("Case 7", "Seller Oy", "130.95", "A reminder was sent", "Timeline", "Overdue", "10.00"):
        assert words in out
    assert "Closed" not in out
    assert answering.asked[0][1] == {"caseId": ["7"]}


def test_a_case_is_found_by_its_invoice(confirma_json, answering):
    answering.answer("/invoice/case", CASE)
    code, found = confirma_json("invoice", "case", "--invoice", "1042")
    assert (code, found["case"]["summary"]["caseId"]) == (0, 7)
    assert answering.asked[0][1] == {"invoiceNumber": ["1042"]}


def test_a_case_must_be_named(confirma, answering):
    code, _, err = confirma("invoice", "case")
    assert code == 2
    assert "must name the case, or the invoice" in err


def test_a_case_has_a_number(confirma, answering):
    code, _, err = confirma("invoice", "case", "seven")
    assert code == 2
    assert "'seven' is no whole number" in err
    assert not answering.asked


def test_machines_are_told_what_is_wrong_with_the_arguments(confirma_json, service):
    code, output = confirma_json("invoice", "distribution", "--to", "2026-11-01")
    assert (code, output["exit_code"]) == (2, 2)
    assert [problem["rule"] for problem in output["problems"]] == ["period"]


def test_a_case_that_is_not_there_is_said(confirma, answering):
    answering.answer("/invoice/case", {"message": "no such case"}, status=404)
    code, _, err = confirma("invoice", "case", "7")
    assert code == 1
    assert "the service knows no such thing" in err


def test_machines_are_told_what_kind_of_refusal_it_was(confirma_json, answering):
    answering.answer("/invoice/case", {"message": "no such case"}, status=404)
    _, output = confirma_json("invoice", "case", "7")
    assert output["exit_code"] == 1
    assert (output["operation"], output["status"], output["phase"]) == ("invoices.case", 404, "replied")
