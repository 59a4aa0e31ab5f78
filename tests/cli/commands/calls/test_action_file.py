"""``confirma invoice action --file``: the actions of a file, each exactly once."""

import json
import os
import signal
import subprocess
import sys
import time

import openpyxl
import pytest

from confirma_async.sandbox import Fault

ACTION = "invoices.create_actions"
HEADER = "key;code;invoice_number;amount;currency;payment_date;comment;due_date"
ROWS = [
    "paid-1;DIRECTPAYMENT;1;10,50;EUR;2026-11-20;;",
    "moved-2;due date;2;;;;;1.12.2026",
    "said-3;COMMENT;3;;;;Debtor has moved;",
]


@pytest.fixture
def delivered(confirma, service, invoices):
    """Three invoices that are on their way at the service."""
    confirma("submit", invoices(1, 2, 3))
    service.clock.advance(days=20)
    return service


@pytest.fixture
def table(tmp_path):
    def write(*rows, header=HEADER, name="actions.csv"):
        file = tmp_path / name
        file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return file

    return write


def test_every_action_is_sent_once(confirma_json, delivered, table):
    code, report = confirma_json("invoice", "action", "--file", table(*ROWS))
    assert (code, report["accepted"], report["issues"]) == (0, 3, [])
    code, report = confirma_json("invoice", "action", "--file", table(*reversed(ROWS), name="other.csv"))
    assert (code, report["accepted"], report["resumed"]) == (0, 3, 3)
    assert delivered.requests[ACTION] == 3


def test_the_service_has_them_as_they_stand_in_the_file(confirma_json, delivered, table):
    confirma_json("invoice", "action", "--file", table(*ROWS))
    delivered.clock.advance(days=1)
    code, case = confirma_json("invoice", "case", "--invoice", "1")
    assert code == 0
    assert [payment["amount"] for payment in case["case"]["payments"]] == [10.5]


def test_people_are_told_of_actions(confirma, delivered, table):
    code, out, _ = confirma("invoice", "action", "--file", table(*ROWS))
    assert code == 0
    assert "Actions" in out
    assert "sends nothing twice" in out


def test_json_lines_and_workbooks_are_read_as_well(confirma_json, delivered, tmp_path):
    lines = tmp_path / "actions.jsonl"
    lines.write_text('{"key": "w-1", "code": "PAUSE", "data": {"invoiceNumber": 1}}\n')
    assert confirma_json("invoice", "action", "--file", lines)[1]["accepted"] == 1
    book = openpyxl.Workbook()
    for row in (["key", "code", "invoice_number"], ["w-2", "OBJECTION", 2]):
        book.active.append(row)
    book.save(tmp_path / "actions.xlsx")
    assert confirma_json("invoice", "action", "--file", tmp_path / "actions.xlsx")[1]["accepted"] == 1


def test_a_mapping_names_the_columns_of_ones_own(confirma_json, delivered, table, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\nkey = "Nro"\ninvoice_number = "Lasku"\n[constants]\ncode = "PAUSE"\n')
    file = table("1;2", header="Nro;Lasku")
    code, report = confirma_json("invoice", "action", "--file", file, "--mapping", mapping)
    assert (code, report["accepted"]) == (0, 1)


def test_a_mapping_for_invoices_does_not_do(confirma, service, table, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\nnumber = "Nro"\n')
    code, _, err = confirma("invoice", "action", "--file", table(*ROWS), "--mapping", mapping)
    assert code == 2
    assert "number is none of the columns" in err


@pytest.mark.parametrize(
    ("row", "output"),
    [
        (";PAUSE;1;;;;;", "column key: is missing"),
        ("a;PAUZE;1;;;;;", "column code: is none of the codes"),
        ("a;;1;;;;;", "column code: is none of the codes"),
        ("a;PAUSE;;;;;;", "invoice"),
        ("a;PAUSE;one;;;;;", "column invoice_number: is no whole number"),
        ("a;DIRECTPAYMENT;1;10,505;EUR;;;", "column amount: has more than two decimals"),
        ("a;DIRECTPAYMENT;1;;EUR;;;", "amount"),
        ("a;DUEDATE;1;;;;;32.1.2026", "column due_date: is no day"),
        ("a;DUEDATE;1;;;;;", "dueDate"),
    ],
)
def test_a_line_that_is_wrong_is_refused_alone(confirma, delivered, table, row, output):
    code, out, _ = confirma("invoice", "action", "--file", table(ROWS[0], row))
    assert code == 1
    assert output in out
    assert "actions.csv:3" in out
    assert delivered.requests[ACTION] == 1


def test_a_key_that_stands_twice_is_refused_in_both_places(confirma, delivered, table):
    code, out, _ = confirma("invoice", "action", "--file", table(*ROWS, ROWS[0].replace("10,50", "20,00")))
    assert code == 1
    assert out.count("stands twice") == 2
    assert delivered.requests[ACTION] == 2


def test_a_key_that_was_used_for_another_action_is_refused(confirma, delivered, table):
    confirma("invoice", "action", "--file", table(ROWS[0]))
    code, out, _ = confirma("invoice", "action", "--file", table(ROWS[0].replace("10,50", "20,00")))
    assert code == 1
    assert "the journal has other contents for it" in out
    assert delivered.requests[ACTION] == 1


def test_a_dry_run_tells_what_is_wrong_and_sends_nothing(confirma, service, table):
    code, out, _ = confirma("invoice", "action", "--file", table(*ROWS, ";PAUSE;1;;;;;"), "--dry-run")
    assert code == 1
    assert "3 actions can be sent, 1 cannot" in out
    assert not service.requests[ACTION]


def test_a_lost_answer_is_looked_for_and_never_sent_again(confirma_json, delivered, table):
    delivered.faults.add(Fault.RESET_AFTER_COMMIT, operation=ACTION)
    code, report = confirma_json("invoice", "action", "--file", table(ROWS[0]))
    assert (code, report["unknown"]) == (3, 1)  # the service has only queued it
    delivered.clock.advance(days=1)
    code, report = confirma_json("invoice", "action", "--file", table(ROWS[0]))
    assert (code, report["accepted"]) == (0, 1)
    assert delivered.requests[ACTION] == 1


def test_what_never_arrived_is_not_sent_again_by_itself(confirma_json, delivered, table):
    delivered.faults.add(Fault.RESET_BEFORE_COMMIT, operation=ACTION)
    for _ in range(2):
        code, report = confirma_json("invoice", "action", "--file", table(ROWS[0]))
        assert (code, report["unknown"], report["complete"]) == (3, 1, False)
        delivered.clock.advance(days=1)
    assert delivered.requests[ACTION] == 1


def test_an_expired_key_pauses_it(confirma, delivered, table):
    delivered.expire_token()
    code, out, _ = confirma("invoice", "action", "--file", table(*ROWS))
    assert code == 2
    assert "Paused" in out


@pytest.mark.parametrize(
    ("text", "output"),
    [("", "is empty"), (HEADER, "holds no action"), ("number;date\n1;2", "column"), ("<a/>", "is XML")],
)
def test_a_file_that_is_none_of_actions_is_a_sentence(confirma, service, tmp_path, text, output):
    file = tmp_path / "actions.csv"
    file.write_text(text)
    given = ["--format", "csv"] if text.startswith("number") else []
    if text.startswith("<"):
        file = file.rename(tmp_path / "actions.xml")
    code, _, err = confirma("invoice", "action", "--file", file, *given)
    assert code == 2
    assert output in err
    assert not service.requests[ACTION]


def test_options_of_a_file_before_one_action_are_refused(confirma, service):
    given = ["invoice", "action", "--timeout", "5", "pause", "--invoice", "1"]
    code, _, err = confirma(*given)
    assert code == 2
    assert "--timeout stands before pause" in err
    assert not service.requests[ACTION]


def test_without_anything_it_shows_how_it_is_used(confirma):
    code, out, _ = confirma("invoice", "action")
    assert code == 2
    assert "--file" in out


def test_stopped_by_ctrl_c_it_goes_on_where_it_was(delivered, table):
    delivered.faults.add(Fault.LATENCY, operation=ACTION, times=None, seconds=0.1)
    file = table(*(f"p-{n};COMMENT;1;;;;No. {n};" for n in range(200)))
    command = [sys.executable, "-m", "confirma_async.cli", "invoice", "action", "--file", str(file), "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    until = time.monotonic() + 30
    while delivered.requests[ACTION] < 20 and time.monotonic() < until:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert json.loads(out)["interrupted"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert json.loads(done.stdout)["accepted"] == 200, done.stderr
    assert delivered.requests[ACTION] == 200
