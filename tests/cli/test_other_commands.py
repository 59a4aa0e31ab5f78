"""``validate``, ``status``, ``sandbox``, ``demo``, and what all commands have in common."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from confirma_async.accounts.owner import AccountName
from confirma_async.cli import app, main
from confirma_async.cli.journals import Whose
from confirma_async.cli.run_status.reading import LISTED
from confirma_async.cli.running.stopping import Signals
from confirma_async.sandbox import Fault

# --- validate -------------------------------------------------------------------------------------


def test_good_files_pass(confirma, invoices):
    code, out, _ = confirma("validate", invoices(1, 2))
    assert code == 0
    assert "Can be sent: 2" in out


def test_every_problem_is_listed_with_place_and_rule(confirma_json, invoices):
    code, found = confirma_json("validate", invoices(1, 2, header={"currencyCode": "EURO"}))
    assert code == 1
    assert [bad["number"] for bad in found["invalid"]] == ["1", "2"]
    assert found["invalid"][0]["place"].endswith("invoices.jsonl:1")
    assert found["invalid"][0]["problems"][0]["path"] == "$.invoice.header.currencyCode"


def test_a_clash_is_found_without_sending(confirma, invoices):
    code, out, _ = confirma("validate", invoices(1, 1))
    assert code == 1
    assert "stands twice" in out


def test_numbers_that_would_be_given_are_shown(confirma, confirma_json, invoices):
    code, found = confirma_json("validate", invoices("A-1"), "--number-from", 7)
    assert code == 0
    assert found["numbers"] == [{"seller": "07375462", "type": "INVOICE", "original": "A-1", "number": 7}]
    assert "is kept in references.sales" in found["remarks"][0]["remark"]
    _, out, _ = confirma("validate", invoices("A-1"), "--number-from", 7)
    assert "Numbers given" in out


def test_long_lists_are_cut_for_people_and_whole_for_machines(confirma, confirma_json, invoices):
    file = invoices(*range(1, 41), header={"currencyCode": "EURO"})
    _, out, _ = confirma("validate", file)
    assert "and 20 more" in out
    _, found = confirma_json("validate", file)
    assert len(found["invalid"]) == 40


def test_what_is_attached_by_url_is_counted_and_not_fetched(confirma, confirma_json, tmp_path):
    file = tmp_path / "in.csv"
    urls = ["http://127.0.0.1:1/a.pdf", "http://127.0.0.1:1/b.pdf"]
    lines = [f"{n};2026-11-01;2026-11-15;EUR;{url}" for n, url in enumerate(urls, 1)]
    file.write_text("\n".join(["number;date;due_date;currency;attachment", *lines]))
    code, found = confirma_json("validate", file, "--attach-private")
    assert (code, found["valid"], found["unfetched"]) == (0, 2, 2)
    _, out, _ = confirma("validate", file, "--attach-private")
    assert "Attachments by URL: 2. They were not looked at" in out


def test_overrides_rename_what_is_read(confirma_json, invoices, tmp_path):
    file = invoices(1)
    file.write_text(file.read_text().replace('"netAmount"', '"nettoAmount"'))
    (tmp_path / "o.toml").write_text(
        '[names]\n"InvoiceRowData.net_amount" = "nettoAmount"\n"InvoiceAmounts.net_amount" = "nettoAmount"\n'
    )
    code, _ = confirma_json("validate", file, "--overrides", "o.toml")
    assert code == 0


# --- status ---------------------------------------------------------------------------------------


def test_a_finished_job_says_so(confirma, confirma_json, service, invoices):
    confirma("submit", invoices(1, 2), "--journal", "j")
    code, found = confirma_json("status", "j")
    assert code == 0
    assert found["counts"]["accepted"] == 2
    code, out, _ = confirma("status", "j")
    assert (code, "Accepted" in out) == (0, True)


def test_refused_records_stay_named(confirma, confirma_json, service, invoices):
    confirma("submit", invoices(1, "x"), "--journal", "j")
    code, found = confirma_json("status", "j")
    assert code == 1
    assert found["refused"][0]["rule"] == "number.whole"
    code, out, _ = confirma("status", "j")
    assert "number.whole" in out


def test_all_refused_records_are_counted_though_not_all_are_named(confirma, confirma_json, service, invoices):
    confirma("submit", invoices(*("x" for _ in range(LISTED + 5))), "--journal", "j")
    _, found = confirma_json("status", "j")
    assert (len(found["refused"]), found["counts"]["refused"]) == (LISTED, LISTED + 5)


def test_what_is_open_is_named_with_its_age(confirma, confirma_json, service, invoices):
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation="invoices.create", times=1)
    confirma("submit", invoices(1), "--journal", "j", "--on-unknown", "hold", "--settle", "0")
    code, found = confirma_json("status", "j")
    assert code == 3
    assert found["unknown"][0]["number"] == 1
    assert found["unknown"][0]["attempted_at"]
    code, out, _ = confirma("status", "j")
    assert re.search(r"sent (just now|\d+ seconds? ago)", out)


def test_numbers_given_are_in_the_journal(confirma, confirma_json, service, invoices):
    confirma("submit", invoices("A-1"), "--journal", "j", "--number-from", "7")
    _, found = confirma_json("status", "j")
    assert [(given["original"], given["number"]) for given in found["numbers"]] == [("A-1", 7)]


@pytest.mark.parametrize("make", [None, "text\n" * 50])
def test_what_is_no_journal_is_said(confirma, tmp_path, make):
    if make:
        (tmp_path / "j").write_text(make)
    code, _, err = confirma("status", "j")
    assert code == 2
    assert "journal" in err


# --- sandbox --------------------------------------------------------------------------------------


def test_a_sandbox_runs_until_it_is_stopped():
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "confirma_async.cli", "sandbox", "--db", "s.db"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    assert "Not the vendor's service" in lines[0]
    url, key = (line.partition("=")[2].strip() for line in lines[1:3])
    assert lines[3].startswith("  export CONFIRMA_PROVISIONING_TOKEN=")
    request = urllib.request.Request(f"{url}/api/v1/partner/validate", headers={"X-Api-Key": key})
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["isValid"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_port_in_use_is_said(confirma, service):
    port = service.url.rpartition(":")[2]
    code, _, err = confirma("sandbox", "--port", port)
    assert code == 2
    assert "in use" in err


# --- demo -----------------------------------------------------------------------------------------


def test_the_demo_brings_every_good_example_to_its_place(confirma_json, monkeypatch):
    from confirma_async.cli.commands.tools import demo

    monkeypatch.setattr(demo, "RATE", 2000.0)
    code, report = confirma_json("demo")
    assert code == 0
    assert report["complete"]
    assert (report["refused"], report["unknown"], report["rejected"]) == (1, 0, 0)
    assert len(report["distribution"]) == report["accepted"] > 100
    assert {record["status"] for record in report["distribution"]} == {"INVOICED", "CREDITED"}


# --- openapi --------------------------------------------------------------------------------------


def test_the_contract_is_printed_with_corrected_names(confirma, tmp_path):
    (tmp_path / "o.toml").write_text('[paths]\n"operations.finvoice_credentials" = "/addresses"\n')
    code, out, _ = confirma("openapi", "--overrides", "o.toml")
    assert code == 0
    assert json.loads(out)["openapi"].startswith("3.1")
    assert json.loads(out)["paths"]["/addresses"]["get"]["x-evidence"] == "provisional"


# --- all of them ----------------------------------------------------------------------------------


WITHOUT_JSON_OPTION = {("import",), ("columns",), ("openapi",), ("api",), ("journal", "body")}
"""They ask people, or print what is JSON in any case."""


@pytest.mark.parametrize("words", [words for words, _ in app.every_command()], ids=" ".join)
def test_every_command_explains_itself(confirma, words):
    code, out, _ = confirma(*words, "--help")
    assert code == 0
    assert "--json" in out or words in WITHOUT_JSON_OPTION


def test_a_command_does_not_wait_for_what_others_import():
    code = (
        "import sys; from confirma_async.cli.app import run; run(['--version']);"
        "sys.exit(bool({'aiohttp', 'rich', 'confirma_async.schemas'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_is_told(confirma):
    code, out, _ = confirma("--version")
    assert code == 0
    assert "confirma" in out


def test_without_a_command_it_shows_what_there_is(confirma):
    _, out, err = confirma()
    assert "submit" in out + err


def test_a_fault_of_ours_is_a_sentence_too(confirma, invoices, monkeypatch):
    def broken(paths):
        raise ZeroDivisionError("with a secret in it")

    monkeypatch.setattr("confirma_async.cli.options.inputs.expand", broken)
    code, out, err = confirma("validate", invoices(1))
    assert code == 70
    assert "ZeroDivisionError" in err
    assert "secret" not in out + err


def test_a_fault_of_ours_can_be_looked_into(invoices, monkeypatch):
    def broken(paths):
        raise ZeroDivisionError

    monkeypatch.setenv("CONFIRMA_DEBUG", "1")
    monkeypatch.setattr("confirma_async.cli.options.inputs.expand", broken)
    with pytest.raises(ZeroDivisionError):
        app.run(["validate", str(invoices(1))])


def test_a_reader_that_goes_away_is_no_fault(invoices):
    command = f"{sys.executable} -m confirma_async.cli validate {invoices(*range(1, 300))} --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_without_its_packages_the_command_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "confirma_async.cli.app", None)
    monkeypatch.setattr("confirma_async.cli.signals", Signals())
    monkeypatch.setattr(
        "confirma_async.cli.running.stopping.SIGNALS", ()
    )  # those of this process are not its own

    def missing(name, *rest):
        raise ModuleNotFoundError(name="click")

    monkeypatch.setattr("builtins.__import__", missing)
    with pytest.raises(SystemExit) as caught:
        main()
    monkeypatch.undo()
    assert caught.value.code == 2
    assert "confirma-sdk[cli]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["submit", "nope.csv"], ["status", "nope"], ["validate"]])
def test_machines_are_told_of_errors_in_json(confirma, arguments):
    code, out, err = confirma(*arguments, "--json")
    assert code == 2
    assert json.loads(out)["exit_code"] == 2
    assert json.loads(out)["error"]
    assert err


@pytest.mark.parametrize(
    ("options", "shown"),
    [([], r"l\xe4sku.jsonl:1"), (["--json"], '"l\u00e4sku.jsonl:1"')],
    ids=["text", "json"],
)
def test_a_terminal_that_cannot_show_a_name_ends_no_command(tmp_path, options, shown):
    (tmp_path / "l\u00e4sku.jsonl").write_text("{}", encoding="utf-8")
    command = [sys.executable, "-m", "confirma_async.cli", "validate", "l\u00e4sku.jsonl", *options]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert shown in done.stdout.decode()


def test_a_reader_that_has_gone_is_neither_a_rejection_nor_an_interruption(tmp_path):
    (tmp_path / "many.jsonl").write_text("{}\n" * 20, encoding="utf-8")
    command = f"('{sys.executable}' -m confirma_async.cli validate many.jsonl; echo $? >&2) | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, cwd=tmp_path)
    assert done.stderr == b"141\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["export"], ["export", "--json"], ["status"], ["status", "--json"]])
def test_an_output_that_is_full_is_said_once(confirma, service, invoices, tmp_path, words):
    confirma("submit", invoices(1), "--journal", "j")
    command = [sys.executable, "-m", "confirma_async.cli", *words, "j"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "No space left" in done.stderr


def test_whose_journal_is_meant_is_told_without_the_key():
    shown = repr(Whose(variables={"CONFIRMA_API_KEY": "key-in-a-variable"}, account=AccountName()))
    assert "key-in-a-variable" not in shown


def test_what_the_libraries_of_the_database_log_is_not_written_to_standard_error():
    program = (
        "import logging; from confirma_async.cli.app import run; run(['jobs', '--help']); "
        "[logging.getLogger(name).error('traceback') for name in ('procrastinate.worker', 'psycopg')]"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stderr == ""
