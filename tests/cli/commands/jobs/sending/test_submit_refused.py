"""``confirma submit``: an exit code and a sentence for everything that can be wrong."""

import pytest

from confirma_async.bulk.sqlite.journal import SqliteJournal
from tests.cli.commands.jobs.sending.held import held


def test_a_bad_record_is_named_by_file_line_rule_and_remedy(confirma, service, invoices):
    file = invoices(1, 2)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], '{"invoice": {"header": {"number": 7.5}}}', "{oops", lines[1]]))
    code, out, _ = confirma("submit", file)
    assert code == 1
    assert "invoices.jsonl:2" in out
    assert "invoices.jsonl:3" in out
    assert held(service) == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope.csv"], "nope.csv does not exist"),
        ([], "Missing argument"),
        (["FILE", "--frobnicate"], "No such option"),
        (["FILE", "--rate", "0"], "--rate"),
        (["FILE", "--settle", "-1"], "--settle"),
        (["FILE", "--settle", "nan"], "--settle"),
        (["FILE", "--timeout", "inf"], "--timeout"),
        (["FILE", "--rate", "nan"], "--rate"),
        (["FILE", "--journal", "."], "directory"),
        (["FILE", "--journal", "/dev/null"], "no regular file"),
        (["FILE", "--on-unknown", "maybe"], "--on-unknown"),
        (["FILE", "--number-from", "x"], "--number-from"),
        (["FILE", "--journal", "no/such/folder/j"], "check that the folder exists"),
        (["FILE", "--overrides", "nope.toml"], "nope.toml"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(confirma, service, invoices, arguments, words):
    file = invoices(1)
    code, _, err = confirma("submit", *(file if word == "FILE" else word for word in arguments))
    assert code == 2
    assert words in err
    assert not service.requests


def test_an_empty_folder_is_no_job(confirma, service, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = confirma("submit", tmp_path / "empty")
    assert code == 2
    assert "holds no file to read" in err


def test_a_file_that_is_no_invoice_file_is_reported_and_the_others_go_on(
    confirma_json, service, invoices, tmp_path
):
    odd = tmp_path / "odd.csv"
    odd.write_text("colour;size\nred;3\n")
    code, report = confirma_json("submit", odd, invoices(1))
    assert (code, report["accepted"], report["refused"]) == (1, 1, 1)
    assert "odd.csv" in report["issues"][0]["place"]


def test_without_a_key_it_says_where_the_key_comes_from(confirma, invoices):
    code, _, err = confirma("submit", invoices(1))
    assert code == 2
    assert "CONFIRMA_API_KEY" in err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CONFIRMA_ENVIRONMENT", "moon", "staging or production"),
        ("CONFIRMA_BASE_URL", "http://example.com", "plain http://"),
        ("CONFIRMA_BASE_URL", "ftp://example.com", "https://"),
        ("CONFIRMA_API_KEY", "two\nlines", "line breaks"),
    ],
)
def test_a_wrong_setting_is_named(confirma, invoices, monkeypatch, name, value, words):
    monkeypatch.setenv("CONFIRMA_API_KEY", "the-secret")
    monkeypatch.setenv(name, value)
    code, out, err = confirma("submit", invoices(1))
    assert code == 2
    assert words in err
    assert "the-secret" not in out + err


def test_an_environment_that_is_asked_for_is_not_passed_over_for_a_variable(confirma, service, invoices):
    code, _, err = confirma("submit", invoices(1), "--environment", "production")
    assert code == 2
    assert "CONFIRMA_BASE_URL name two places" in err
    assert held(service) == []


def test_what_cannot_start_is_told_without_an_empty_line(confirma, service, invoices):
    _, _, err = confirma("submit", invoices(1), "--journal", "no-such-folder/j")
    assert "\n\n" not in err


def test_without_a_key_no_journal_is_begun(confirma, invoices, tmp_path):
    confirma("submit", invoices("A-1"), "--number-from", "7")
    assert not (tmp_path / "invoices.jsonl.journal").exists()


def test_a_wrong_key_pauses_the_job(confirma, confirma_json, service, invoices, monkeypatch):
    file = invoices(1, 2, 3)
    right = service.api_key
    monkeypatch.setenv("CONFIRMA_API_KEY", "a-wrong-key")
    code, out, err = confirma("submit", file)
    assert code == 2  # a script that goes on while it is 3 would never end
    assert "did not accept the API key" in out
    assert "Put that right" in out
    assert "a-wrong-key" not in out + err
    monkeypatch.setenv("CONFIRMA_API_KEY", right)
    code, report = confirma_json("submit", file)
    assert (code, report["accepted"]) == (0, 3)


def test_a_path_that_the_service_does_not_know_is_a_fault_of_the_configuration(
    confirma, service, invoices, tmp_path
):
    wrong = tmp_path / "overrides.toml"
    wrong.write_text('forced = true\n[paths]\n"invoices.create" = "/nowhere"\n')
    code, out, _ = confirma("submit", invoices(1), "--overrides", wrong)
    assert code == 2  # a script that goes on while it is 3 would never end
    assert "404" in out
    assert held(service) == []


def test_a_service_that_cannot_be_reached_pauses_the_job(confirma, invoices, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("CONFIRMA_API_KEY", "k")
    monkeypatch.setenv("CONFIRMA_BASE_URL", f"http://127.0.0.1:{unused_tcp_port}")
    code, out, _ = confirma("submit", invoices(1))
    assert code == 3
    assert "connection refused" in out
    assert "The rest of the files was not sent. To go on:" in out


def test_a_file_in_the_journals_place_is_left_alone(confirma, service, invoices, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("do not touch\n" * 50)
    code, _, err = confirma("submit", invoices(1), "--journal", precious)
    assert code == 2
    assert "no journal of this SDK" in err
    assert precious.read_text() == "do not touch\n" * 50


def test_beside_a_file_that_is_no_journal_no_sandbox_is_left(confirma, invoices, tmp_path):
    (tmp_path / "notes.txt").write_text("Buy milk.")
    file = invoices(1)
    code, _, err = confirma("submit", file, "--sandbox", "--journal", "notes.txt")
    assert code == 2
    assert "notes.txt is no journal" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name, "notes.txt"]


def test_a_journal_of_the_sandbox_is_not_used_for_the_service(confirma, service, invoices):
    file = invoices(1)
    confirma("submit", file, "--sandbox", "--journal", "j")
    code, _, err = confirma("submit", file, "--journal", "j")
    assert code == 2
    assert "belongs to the sandbox" in err
    assert not service.requests


def test_a_full_disk_pauses_the_job(confirma, service, invoices, monkeypatch):
    import sqlite3

    def full(self, entries, run, retry):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(SqliteJournal, "admit", full)
    code, _, err = confirma("submit", invoices(1))
    assert code == 3
    assert "the disk is full" in err
    assert not service.requests
