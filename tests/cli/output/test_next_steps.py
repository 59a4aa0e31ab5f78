"""The next step after each kind of ending, as the very command that works for the input."""

from __future__ import annotations

import shlex

import pytest

from confirma_async.sandbox import Fault

HEAD = "number;date;due_date;currency;buyer_name;gross_amount"


@pytest.fixture
def table(tmp_path):
    """Writes a table whose second invoice is wrong."""

    def write(name="laskut marraskuu.csv", day="eilen"):
        file = tmp_path / name
        lines = [
            f"{number};{date};2026-11-16;EUR;Haave Oy;10.00" for number, date in ((1, "2026-11-02"), (2, day))
        ]
        file.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
        return file

    return write


def commands(out):
    """Return the commands of a result, which stand on lines of their own."""
    return [shlex.split(line) for line in out.splitlines() if line.startswith("  confirma ")]


def test_what_was_refused_is_corrected_in_a_marked_copy_and_sent_by_a_retry(confirma, table):
    table()
    code, out, _ = confirma("submit", "laskut marraskuu.csv", "--sandbox")
    mark, retry = commands(out)
    assert code == 1
    assert "'laskut marraskuu-to-correct.csv'" in out
    assert confirma(*mark[1:])[0] == 0
    copy = table().with_name(mark[mark.index("--marked") + 1])
    copy.write_text(copy.read_text("utf-8").replace("eilen", "2026-11-02"), encoding="utf-8")
    code, out, _ = confirma(*retry[1:])
    assert code == 0
    assert "Nothing is left to do." in out


def test_a_second_copy_gets_a_name_of_its_own(confirma, table):
    table("laskut.csv")
    confirma("submit", "laskut.csv", "--sandbox")
    confirma("export", "--marked", "laskut-to-correct.csv", "--sandbox")
    code, out, _ = confirma("retry", "--sandbox")
    assert code == 1
    assert commands(out)[0][3].endswith("laskut-to-correct-2.csv")


def test_of_several_files_each_with_problems_has_its_copy(confirma, table):
    for name in ("a.csv", "b.csv"):
        table(name)
    (table("c.csv", "2026-11-02")).unlink()
    _, out, _ = confirma("submit", "a.csv", "--sandbox", "--account", "seller")
    mark, retry = commands(out)
    assert mark == ["confirma", "export", "--marked", "a-to-correct.csv", "--sandbox", "--account", "seller"]
    assert retry == ["confirma", "retry", "--sandbox", "--account", "seller"]


def test_a_journal_of_ones_own_is_named(confirma, table):
    table("a.csv")
    _, out, _ = confirma("submit", "a.csv", "--sandbox", "--journal", "my own.journal", "--allow", "iban")
    mark, retry = commands(out)
    assert mark == ["confirma", "export", "my own.journal", "--marked", "a-to-correct.csv", "--sandbox"]
    assert retry == ["confirma", "retry", "--allow", "iban", "my own.journal", "--sandbox"]
    assert confirma(*mark[1:])[0] == 0


def test_what_is_no_table_is_corrected_where_it_is(confirma, answering, invoices):
    answering.answer("/invoice", {"message": "no agreement"}, status=422)
    _, out, _ = confirma("submit", invoices(1))
    assert "Rejected by the service: 1." in out
    assert commands(out) == [["confirma", "retry"]]


def test_a_file_that_cannot_be_read_at_all_has_no_marked_copy(confirma, tmp_path):
    (tmp_path / "a.xlsx").write_text("no workbook")
    _, out, _ = confirma("submit", "a.xlsx", "--sandbox")
    assert commands(out) == [["confirma", "retry", "--sandbox"]]


def test_what_may_have_arrived_is_looked_up_by_the_same_command(confirma, service, invoices):
    service.faults.add(Fault.RESET_BEFORE_COMMIT, operation="invoices.create", times=1)
    words = ["submit", str(invoices(1, name="my invoices.jsonl")), "--settle", "0", "--on-unknown", "hold"]
    _, out, _ = confirma(*words)
    assert "looks them up" in out
    assert commands(out) == [["confirma", *words]]
    assert "recorded with: confirma resolve" in out


def test_a_job_that_paused_goes_on_by_the_same_command(confirma, answering, invoices):
    answering.answer("/invoice", {"message": "no"}, status=401)
    words = ["submit", str(invoices(1, 2))]
    code, out, _ = confirma(*words)
    assert code == 2
    assert "Put that right" in out
    assert ["confirma", *words] in commands(out)


def test_a_journal_in_doubt_names_what_ends_the_doubt(confirma, service, invoices, tmp_path):
    confirma("submit", invoices(1), "--journal", "a.journal")
    confirma("journal", "backup", "b.journal", "--journal", "a.journal")
    _, out, err = confirma("submit", invoices(1), "--journal", "b.journal")
    assert "may not know all that was sent" in err
    assert "confirma journal trust b.journal" in out


def test_a_password_of_a_database_is_not_told():
    from confirma_async.cli.commands.jobs.sending.submit_request import without_password

    assert "secret" not in without_password("postgresql://me:secret@host/db")
    assert "secret" not in without_password("--journal=postgresql://me:secret@host/db")
    assert without_password("--journal=a.journal") == "--journal=a.journal"


def test_all_of_it_is_told_in_the_language(confirma, table):
    table("a.csv")
    _, out, _ = confirma("--language", "fi", "submit", "a.csv", "--sandbox")
    assert "Ennen lähetystä pysäytetyt: 1." in out
    assert "Tee kopio, johon virheet on merkitty" in out
    assert "  confirma export --marked a-korjattava.csv --sandbox" in out
