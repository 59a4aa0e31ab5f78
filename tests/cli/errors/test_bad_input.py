"""What a command makes of arguments that cannot be right, and of an output that nobody reads."""

import json
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["validate", ""], "it is empty; name a file"),
        (["submit", "", "--sandbox"], "it is empty; name a file"),
        (["invoice", "create", ""], "it is empty; name a file"),
        (["report", "a.journal", "--html", ""], "it is empty; name a file"),
        (["columns", "-"], "standard input or output (-) will not do here; name a file"),
        (["submit", "a.csv", "--journal", "-"], "will not do here; name a file"),
        (["retry", "-"], "will not do here; name a file"),
        (["report", "a.journal", "--html", "-"], "will not do here; name a file"),
        (["resolve", "a.journal", "7", "--is", "absent", "--because", " "], "say how you know"),
        (["token", "check", "--timeout", "soon"], "'soon' is no number from 0 to 86400"),
        (["sandbox", "--port", "http"], "'http' is no whole number from 0 to 65535"),
        (["tokn"], "there is no command tokn; did you mean token?"),
        (["dance"], "there is no command dance; confirma --help lists those there are"),
        (["token", "check", "--overrides", "junk"], "junk cannot be read: the file is no text in UTF-8"),
        (["validate", "junk", "--mapping", "junk"], "junk cannot be read: the file is no text in UTF-8"),
        (["submit", "junk", "--sandbox", "--journal", "no/journal"], "or name another place with --journal"),
    ],
)
def test_what_cannot_be_right_is_a_mistake_in_usage(confirma, tmp_path, arguments, words):
    (tmp_path / "junk").write_bytes(b"\xfb\xfc")
    code, _, err = confirma(*arguments)
    assert code == 2
    assert words in err


def test_a_report_that_has_no_place_is_said(confirma, service, invoices):
    confirma("submit", invoices(1), "--journal", "j")
    code, _, err = confirma("report", "j", "--html", "no/page.html")
    assert code == 2
    assert "no/page.html: No such file or directory; see to that, or name another file" in err


@pytest.mark.parametrize("arguments", [["validate", "-"], ["invoice", "create", "-"]])
def test_standard_input_that_is_closed_is_said(confirma, monkeypatch, arguments):
    monkeypatch.setattr(sys, "stdin", None)
    code, _, err = confirma(*arguments)
    assert code == 2
    assert "is closed; name a file" in err


# --- an output that cannot be written to ----------------------------------------------------------------


def in_a_shell(command, folder):
    line = command.replace("confirma ", f"'{sys.executable}' -m confirma_async.cli ", 1)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False, cwd=folder
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("output", ["> /dev/full", "| true", ">&-"])
def test_an_error_in_json_that_nobody_reads_is_still_told_by_its_code(tmp_path, output):
    done = in_a_shell(f"confirma validate nope.csv --json {output}", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "confirma: nope.csv does not exist\n"


@pytest.mark.parametrize("output", ["> /dev/full", "| true"])
def test_an_invoice_that_was_taken_is_not_sent_again_because_that_could_not_be_printed(
    tmp_path, service, wire_invoice, output
):
    (tmp_path / "one.json").write_text(json.dumps(wire_invoice(1042), default=float))
    done = in_a_shell(f"confirma invoice create one.json {output}", tmp_path)
    assert done.returncode == 4
    assert "the service has taken it" in done.stderr
    assert [invoice.number for invoice in service.invoices()] == [1042]


def test_a_question_whose_answer_could_not_be_printed_can_be_asked_again(tmp_path, service):
    done = in_a_shell("confirma invoice distribution > /dev/full", tmp_path)
    assert done.returncode == 2
    assert "what was to be printed: No space left on device" in done.stderr


@pytest.mark.parametrize("words", ["export j", "export j --json", "status j", "status j --json"])
def test_a_reader_that_has_gone_is_told_by_the_code_alone(confirma, service, invoices, tmp_path, words):
    confirma("submit", invoices(1), "--journal", "j")
    done = in_a_shell(f"confirma {words} | true", tmp_path)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_listing_in_csv_whose_reader_has_gone_is_too(tmp_path, service):
    done = in_a_shell("confirma invoice distribution --from 2026-11-02 --csv | true", tmp_path)
    assert (done.returncode, done.stderr) == (141, "")
