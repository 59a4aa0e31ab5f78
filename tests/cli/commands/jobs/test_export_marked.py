"""Marked copies: what became of each line, beside it; what is corrected there is sent by a retry."""

from __future__ import annotations

import datetime

import openpyxl
import pytest
from openpyxl.styles import Font

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

MAPPING = (
    '[columns]\nnumber = "Lasku"\ndate = "Pvm"\ndue_date = "Eräpäivä"\nbuyer_name = "Asiakas"\n'
    'row_net_amount = "Veroton"\nrow_vat_percentage = "Alv"\n[constants]\ncurrency = "EUR"\n'
)
CSV = (
    'sep=;\r\nLasku;Pvm;Eräpäivä;Asiakas;Veroton;Alv\r\n1;2.11.2026;16.11.2026;"Haave; Oy";100,00;25,5\r\n'
    "\r\n2;eilen;16.11.2026;Satu Oy;50,00;14\r\n2;eilen;16.11.2026;Satu Oy;1,00;14\r\nYhteensä;;;;151,00;\r\n"
)
RED = "FFFFC7CE"


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "laskut.csv"
    file.write_bytes(CSV.encode("cp1252"))
    file.with_name("laskut.csv.mapping.toml").write_text(MAPPING, encoding="utf-8")
    return file


@pytest.fixture
def book(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Lasku", "Pvm", "Eräpäivä", "Asiakas", "Veroton", "Alv"])
    sheet["A1"].font = Font(bold=True)
    sheet.append([1, datetime.date(2026, 11, 2), datetime.date(2026, 11, 16), "Haave Oy", 100, 25.5])
    sheet.append([2, "eilen", datetime.date(2026, 11, 16), "Satu Oy", 50, 14])
    sheet["E2"].number_format = "#,##0.00 €"
    book.save(tmp_path / "laskut.xlsx")
    file = tmp_path / "laskut.xlsx.mapping.toml"
    file.write_text(MAPPING, encoding="utf-8")
    return tmp_path / "laskut.xlsx"


def test_a_csv_copy_is_the_file_with_two_values_more(confirma, table):
    confirma("submit", table, "--sandbox")
    code, out, _ = confirma("export", "--marked", "k.csv", "--sandbox")
    assert code == 0
    assert out == (
        "k.csv: 1 accepted, 1 to look at.\nCorrect what is marked there, save it, and run: "
        "confirma retry --sandbox\n"
    )
    original, copy = table.read_bytes().splitlines(), table.with_name("k.csv").read_bytes().splitlines()
    assert len(copy) == len(original)
    assert copy[0] == original[0]
    assert copy[1] == original[1] + b";Confirma status;Confirma reason"
    assert copy[2] == original[2] + b";accepted;"
    assert copy[3] == b""
    assert copy[4].startswith(original[4] + b";not sent: correct it;")
    assert "Pvm: is no date as YYYY-MM-DD or D.M.YYYY" in copy[4].decode("cp1252")
    assert copy[5] == original[5] + b";not sent: correct it;"
    assert copy[6] == original[6] + b";;"


def test_what_is_corrected_in_the_copy_is_sent_and_nothing_else(confirma, confirma_json, table):
    confirma("submit", table, "--sandbox")
    confirma("export", "--marked", "k.csv", "--sandbox")
    copy = table.with_name("k.csv")
    copy.write_bytes(copy.read_bytes().replace(b"2;eilen", b"2;2.11.2026"))
    code, report = confirma_json("retry", "--sandbox")
    assert (code, report["accepted"], report["resumed"], report["refused"]) == (0, 2, 1, 0)


def test_a_second_copy_replaces_what_the_first_one_said(confirma, confirma_json, table):
    confirma("submit", table, "--sandbox")
    confirma("export", "--marked", "k.csv", "--sandbox")
    copy = table.with_name("k.csv")
    copy.write_bytes(copy.read_bytes().replace(b"2;eilen", b"2;viime vuonna"))
    assert confirma_json("retry", "--sandbox")[0] == 1
    confirma("export", "--marked", "k2.csv", "--sandbox")
    second = table.with_name("k2.csv")
    text = second.read_bytes().decode("cp1252")
    assert text.count("Confirma status") == 1
    second.write_bytes(text.replace("2;viime vuonna", "2;2.11.2026").encode("cp1252"))
    code, report = confirma_json("retry", "--sandbox")
    assert (code, report["accepted"]) == (0, 2)


def test_a_workbook_keeps_its_formats_and_shows_what_is_wrong(confirma, confirma_json, book):
    confirma("submit", book, "--sandbox")
    confirma("export", "--marked", "k.xlsx", "--sandbox")
    copy = book.with_name("k.xlsx")
    marked = openpyxl.load_workbook(copy)
    sheet = marked.active
    assert [cell.value for cell in sheet[1]][6:] == ["Confirma status", "Confirma reason"]
    assert sheet["A1"].font.bold
    assert sheet["E2"].number_format == "#,##0.00 €"
    assert (sheet["G2"].value, sheet["G3"].value) == ("accepted", "not sent: correct it")
    assert sheet["H3"].value.startswith("B3, Pvm: is no date")
    assert sheet["B3"].fill.fgColor.rgb == RED
    assert sheet["B2"].fill.fgColor.rgb != RED
    sheet["B3"] = datetime.date(2026, 11, 2)
    marked.save(copy)
    code, report = confirma_json("retry", "--sandbox")
    assert (code, report["accepted"], report["resumed"]) == (0, 2, 1)
    confirma("export", "--marked", "k2.xlsx", "--sandbox")
    again = openpyxl.load_workbook(book.with_name("k2.xlsx")).active
    assert [cell.value for cell in again["G"]] == ["Confirma status", "accepted", "accepted"]
    assert again["B3"].fill.fgColor.rgb != RED


def test_of_what_the_service_rejected_only_what_was_corrected_is_sent(
    confirma, confirma_json, book, answering
):
    sheet = openpyxl.load_workbook(book)
    sheet.active["B3"] = datetime.date(2026, 11, 2)
    sheet.save(book)
    answering.answer("/invoice", {"message": "dueDate is too early"}, status=422)
    assert confirma_json("submit", book)[1]["rejected"] == 2
    assert confirma("export", "--marked", "k.xlsx")[0] == 0
    marked = openpyxl.load_workbook(book.with_name("k.xlsx"))
    sheet = marked.active
    assert (sheet["G2"].value, sheet["G3"].value) == ("rejected", "rejected")
    assert sheet["H3"].value == "Eräpäivä: dueDate is too early"
    assert sheet["C3"].fill.fgColor.rgb == RED
    sheet["C3"] = datetime.date(2026, 11, 30)
    marked.save(book.with_name("k.xlsx"))
    answering.answer("/invoice", {"status": "PAUSED"})
    answering.asked.clear()
    code, report = confirma_json("retry")
    assert (code, report["accepted"], report["rejected"]) == (1, 1, 1)
    (sent,) = answering.asked
    assert sent[2]["invoice"]["header"]["dueDate"] == "2026-11-30"


def test_the_original_is_read_where_it_was_corrected_instead(confirma, confirma_json, table):
    confirma("submit", table, "--sandbox")
    confirma("export", "--marked", "k.csv", "--sandbox")
    table.write_bytes(table.read_bytes().replace(b"eilen", b"2.11.2026"))
    assert confirma_json("retry", "--sandbox")[1]["accepted"] == 2


def test_a_copy_that_is_gone_leaves_the_original(confirma, confirma_json, table):
    confirma("submit", table, "--sandbox")
    confirma("export", "--marked", "k.csv", "--sandbox")
    table.with_name("k.csv").unlink()
    assert confirma_json("retry", "--sandbox")[1]["refused"] == 1


def test_two_files_that_were_both_corrected_are_not_chosen_between(confirma, table):
    confirma("submit", table, "--sandbox")
    confirma("export", "--marked", "k.csv", "--sandbox")
    for file in (table, table.with_name("k.csv")):
        file.write_bytes(file.read_bytes().replace(b"eilen", b"2.11.2026"))
    code, _, err = confirma("retry", "--sandbox")
    assert code == 2
    assert "have both been changed" in err


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("laskut.csv", "is the file that was sent"),
        ("there.csv", "is there already"),
        ("k.xlsx", "must end in .csv"),
        ("no/where.csv", "No such file or directory"),
    ],
)
def test_a_copy_is_not_written_where_it_should_not_be(confirma, table, target, says):
    table.with_name("there.csv").write_text("corrections")
    confirma("submit", table, "--sandbox")
    code, _, err = confirma("export", "--marked", target, "--sandbox")
    assert code == 2
    assert says in err
    assert table.with_name("there.csv").read_text() == "corrections"


def test_what_is_no_table_is_not_marked(confirma, invoices):
    confirma("submit", invoices(1), "--sandbox")
    code, _, err = confirma("export", "--marked", "k.jsonl", "--sandbox")
    assert code == 2
    assert "only CSV and Excel files can be marked" in err


def test_one_of_several_files_is_named(confirma, table, book):
    (book.parent / "laskut.xlsx.mapping.toml").unlink()
    confirma("submit", table, book, "--sandbox")
    code, _, err = confirma("export", "--marked", "k.csv", "--sandbox")
    assert code == 2
    assert "--of" in err
    assert confirma("export", "--marked", "k.csv", "--of", table, "--sandbox")[0] == 0


def test_a_file_that_was_lost_is_told(confirma, table):
    confirma("submit", table, "--sandbox")
    table.unlink()
    code, _, err = confirma("export", "--marked", "k.csv", "--sandbox")
    assert code == 2
    assert "is gone; put it back" in err


def test_a_copy_speaks_the_language(confirma, table):
    confirma("submit", table, "--sandbox")
    _, out, _ = confirma("--language", "fi", "export", "--marked", "k.csv", "--sandbox")
    assert "hyväksytty 1, tarkistettavana 1." in out
    copy = table.with_name("k.csv").read_bytes().decode("cp1252")
    assert ";hyväksytty;" in copy
    assert ';ei lähetetty: korjaa;"Pvm: ei ole päivämäärä muodossa' in copy


def test_a_status_tells_how_a_table_was_read_and_what_its_invoices_ask_for(confirma, confirma_json, table):
    mapping = table.with_name("laskut.csv.mapping.toml")
    lines = MAPPING.replace("[columns]", 'header_row = 2\nignore = ["Asiakas"]\n[columns]').replace(
        'buyer_name = "Asiakas"\n', ""
    )
    mapping.write_text(lines.replace("row_net_amount", "gross_amount"), encoding="utf-8")
    confirma("submit", table, "--sandbox")
    _, out, _ = confirma("status", "--sandbox")
    assert "laskut.csv: names of columns in row 2; columns read: 5; passed over: Asiakas" in out
    assert "€100.00" in out
    _, status = confirma_json("status", "--sandbox")
    assert status["amounts"] == {"accepted": {"EUR": 100.0}}
    assert status["reading"][0]["passed_over"] == ["Asiakas"]


def test_what_has_no_cell_is_called_by_a_name_and_no_path(confirma, table):
    table.with_name("laskut.csv.mapping.toml").write_text(
        MAPPING.replace("row_vat_percentage", "row_gross_amount")
    )
    lines = "1;2.11.2026;16.11.2026;Haave;100,00;99,00"
    table.write_text(f"Lasku;Pvm;Eräpäivä;Asiakas;Veroton;Alv;Veron määrä\n{lines};25,00\n", encoding="utf-8")
    mapping = MAPPING.replace("row_vat_percentage", "row_gross_amount")
    mapping = mapping.replace("[constants]", 'row_vat_amount = "Veron määrä"\n[constants]')
    table.with_name("laskut.csv.mapping.toml").write_text(mapping, encoding="utf-8")
    confirma("submit", table, "--sandbox")
    confirma("export", "--marked", "k.csv", "--sandbox")
    copy = table.with_name("k.csv").read_text("utf-8")
    assert "whole invoice: amount with VAT: must be netAmount plus vatAmount" in copy
    assert "$." not in copy
