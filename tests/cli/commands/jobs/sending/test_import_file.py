"""``import``: from a table of one's own to sent invoices, by questions."""

from __future__ import annotations

import zipfile

import openpyxl
import pytest

pytest.importorskip("pexpect")

from tests.cli.terminal import Person

TABLE = (
    "Numero;Pvm;Eräpäivä;Nimi;Veroton summa;Alv;Kate\n"
    "1;2.11.2026;16.11.2026;Haave Oy;100,00;25,5;33,10\n"
    "2;2.11.2026;16.11.2026;Satu Oy;50,00;14;5,20\n"
    "Yhteensä;;;;150,00;;38,30\n"
)


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "laskut.csv"
    file.write_text(TABLE, encoding="utf-8")
    return file


@pytest.fixture
def person(tmp_path):
    def on(*words):
        return Person(*words, folder=tmp_path)

    return on


@pytest.fixture
def mapping(table):
    return table.with_name("laskut.csv.mapping.toml")


def test_a_table_is_imported_by_its_likely_answers(person, table, mapping, confirma_json):
    someone = person("import", table, "--sandbox")
    asked = someone.asked()
    assert 'What is the column "Alv" (25,5 / 14)?' in asked
    someone.say()
    assert 'What is the column "Kate" (33,10 / 5,20)?' in someone.asked()
    someone.say()
    assert "Which one is it?" in someone.asked()
    someone.say()
    shown = someone.asked()
    assert "invoice 1, Haave Oy: net 100.00, VAT not given, gross not given EUR" in shown
    assert "due 2026-11-16; delivered as agreed with Confirma; VAT 25.5 %" in shown
    assert "Columns passed over: Kate" in shown
    assert "line 4 holds totals (Yhteensä), and was passed over" in shown
    assert "Can be sent to the sandbox: 2." in shown
    someone.choose(shown, "send them")
    assert someone.leave() == 0
    assert 'row_vat_percentage = "Alv"' in mapping.read_text(encoding="utf-8")
    code, status = confirma_json("status", "--sandbox")
    assert (code, status["counts"]["accepted"]) == (0, 2)


def test_a_way_back_leads_to_the_question_before(person, table):
    someone = person("import", table, "--sandbox")
    someone.choose(someone.asked(), "row: amount of VAT")
    someone.asked()
    someone.say("b")
    assert 'What is the column "Alv"' in someone.asked()
    someone.choose("   8  rate of VAT", "rate of VAT")
    someone.answer({}, end="save the mapping")
    assert someone.leave() == 0
    assert "Nothing was sent." in someone.output


def test_what_nobody_was_unsure_of_can_be_changed(person, table, mapping):
    someone = person("import", table, "--sandbox")
    someone.answer({}, end="change what a column is")
    someone.choose(someone.asked(), "Nimi")
    someone.choose(someone.asked(), "row: description")
    someone.answer({}, end="save the mapping")
    someone.leave()
    assert 'row_description = "Nimi"' in mapping.read_text(encoding="utf-8")


def test_nothing_is_sent_unless_it_is_said(person, table, confirma):
    someone = person("import", table, "--sandbox")
    someone.answer({}, end="save the mapping")
    assert someone.leave() == 0
    assert confirma("status", "--sandbox")[0] == 2


def test_a_second_import_asks_nothing_about_columns(person, table):
    someone = person("import", table, "--sandbox")
    someone.answer({}, end="save the mapping")
    someone.leave()
    someone = person("import", table, "--sandbox")
    shown = someone.asked()
    assert "Columns are read as" in shown
    someone.choose(shown, "send them")
    assert someone.leave() == 0


def test_a_mapping_that_fits_no_more_is_told_and_asked_for_anew(person, table, mapping):
    mapping.write_text("[columns]\nnumber = 'Other'\ndate = 'Pvm'\n", encoding="utf-8")
    someone = person("import", table, "--sandbox")
    asked = someone.asked()
    assert "is not used" in asked
    assert 'What is the column "Alv"' in asked
    someone.interrupt()
    someone.leave()


def test_control_c_sends_nothing_and_saves_nothing(person, table, mapping):
    someone = person("import", table, "--sandbox")
    someone.asked()
    someone.interrupt()
    assert someone.leave() == 130
    assert not mapping.exists()


def test_an_answer_that_is_none_is_asked_for_again(person, table):
    someone = person("import", table, "--sandbox")
    someone.asked()
    someone.say("kyllä")
    assert "type one of the numbers" in someone.asked()
    someone.interrupt()
    someone.leave()


def test_without_a_terminal_it_says_what_it_would_have_asked(confirma, table, mapping):
    code, out, err = confirma("import", table, "--sandbox")
    assert (code, out) == (2, "")
    assert 'would ask: What is the column "Alv" (25,5 / 14)?' in err
    assert 'would ask: What is the column "Kate"' in err
    assert "would ask: whether to send the invoices" in err
    assert "confirma submit" in err
    assert not mapping.exists()


def test_a_file_that_is_open_in_excel_is_told(confirma, table):
    table.with_name("~$laskut.csv").touch()
    code, _, err = confirma("import", table, "--sandbox")
    assert code == 2
    assert "save it and close it there first" in err


def test_a_folder_is_no_table(confirma):
    code, _, err = confirma("import", ".", "--sandbox")
    assert code == 2
    assert "is a directory" in err


@pytest.mark.parametrize(
    ("name", "contents", "says"),
    [
        ("laskut.pdf", b"%PDF-1.7\n...", "is a PDF document"),
        ("laskut.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "one with a password; save it as .xlsx"),
        ("~$laskut.xlsx", b"\x05kirjanpito", "what a spreadsheet program keeps while laskut.xlsx is open"),
        ("pivot.csv", b"Rivi;Summa\nHelsinki;12,00\nTurku;3,00\n", "pivot table"),
        ("tyhja.csv", "Numero;Pvm;Eräpäivä;Veroton\n".encode(), "holds no invoice"),
    ],
)
def test_a_file_that_holds_no_invoices_is_told_with_what_to_do(confirma, tmp_path, name, contents, says):
    file = tmp_path / name
    file.write_bytes(contents)
    code, _, err = confirma("import", file, "--sandbox")
    assert code == 2
    assert says in " ".join(err.split())


@pytest.mark.parametrize("command", ["import", "submit", "validate"])
def test_a_spreadsheet_of_another_program_is_told_with_what_to_do(confirma, tmp_path, command):
    with zipfile.ZipFile(tmp_path / "laskut.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    _, out, err = confirma(command, "laskut.ods", *(() if command == "validate" else ("--sandbox",)))
    assert "is a spreadsheet of OpenDocument (.ods); save it as .xlsx" in f"{out} {err}"


def test_a_workbook_with_a_pivot_table_first_is_read_where_the_invoices_are(person, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Riviotsikot", "Summa"])
    sheet = book.create_sheet("Laskut")
    for line in TABLE.splitlines():
        sheet.append(line.split(";"))
    book.save(tmp_path / "laskut.xlsx")
    someone = person("import", tmp_path / "laskut.xlsx", "--sandbox")
    someone.answer({}, end="send them")
    assert someone.leave() == 0


def test_an_import_asks_in_the_language(confirma, table):
    _, _, err = confirma("--language", "fi", "import", table, "--sandbox")
    assert 'kysyisi: Mikä on sarake "Alv" (25,5 / 14)?' in err
    assert "arvot ovat arvonlisäverokantoja prosentteina" in err
    assert "kysyisi: lähetetäänkö tiedoston" in err
    assert "ei ole päätettä, jolla kysyä" in err


def test_an_import_shows_in_the_language_what_is_sent(tmp_path, table):
    someone = Person("--language", "fi", "import", table, "--sandbox", folder=tmp_path, prompt="takaisin")
    for _question in range(3):
        someone.asked()
        someone.say()
    shown = someone.asked()
    assert "lasku 1, Haave Oy: veroton 100,00, alv ei annettu, verollinen ei annettu EUR" in shown
    assert "eräpäivä 16.11.2026; lähetetään Confirman kanssa sovitulla tavalla; alv 25,5 %" in shown
    assert "Voidaan lähettää (hiekkalaatikko): 2." in shown
    someone.say("t")
    assert "Mikään sarake ei kerro valuuttaa." in someone.asked()
    someone.interrupt()
    assert someone.leave() == 130


def test_of_several_sheets_of_invoices_one_is_asked_for_and_the_others_are_told(person, tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Tammi"
    other = book.create_sheet("Helmi")
    for number, sheet in enumerate((book.active, other), start=1):
        sheet.append(["Numero", "Pvm", "Eräpäivä", "Nimi", "Veroton"])
        sheet.append([number, "1.3.2026", "15.3.2026", "Haave Oy", 10.5])
    book.save(tmp_path / "laskut.xlsx")
    someone = person("import", tmp_path / "laskut.xlsx", "--sandbox")
    asked = someone.asked()
    assert "Which sheet are the invoices on?" in asked
    someone.choose(asked, "Helmi")
    someone.asked()
    someone.say()
    shown = someone.asked()
    assert "Sheets passed over: Tammi" in someone.output
    assert "invoice 2, Haave Oy" in shown
    someone.interrupt()
    someone.leave()


def test_a_table_without_amounts_is_not_sent(person, tmp_path):
    file = tmp_path / "laskut.csv"
    file.write_text("Numero;Pvm;Eräpäivä;Nimi;Huom\n1;1.3.2026;15.3.2026;Haave Oy;x\n", encoding="utf-8")
    someone = person("import", file, "--sandbox")
    someone.say() if "currency" in someone.asked() else None
    shown = someone.asked()
    assert "No invoice asks for any money" in shown
    assert "send them" not in shown
    someone.interrupt()
    someone.leave()


def test_a_price_and_a_quantity_that_do_not_make_the_amount_are_told_before_anything_is_sent(
    person, tmp_path
):
    file = tmp_path / "laskut.csv"
    line = "1;1.3.2026;15.3.2026;Haave Oy;1.000;50,00;50,00"
    file.write_text(f"Numero;Pvm;Eräpäivä;Nimi;Määrä;Hinta;Netto\n{line}\n", encoding="utf-8")
    someone = person("import", file, "--sandbox")
    someone.say() if "Hinta" in someone.asked() else None
    someone.asked()
    someone.say()
    assert "line 2, column Hinta" in (shown := someone.asked())
    assert "[row-price]" in shown
    someone.interrupt()
    someone.leave()


@pytest.mark.parametrize("answer", ["back", "b", "B"])
def test_a_way_back_has_several_words(person, table, answer):
    someone = person("import", table, "--sandbox")
    someone.asked()
    someone.say()
    assert '"Kate"' in someone.asked()
    someone.say(answer)
    assert '"Alv"' in someone.asked()
    someone.interrupt()
    someone.leave()


def test_control_d_sends_nothing_and_saves_nothing(person, table, mapping):
    someone = person("import", table, "--sandbox")
    someone.asked()
    someone.end()
    assert someone.leave() == 130
    assert not mapping.exists()


@pytest.mark.parametrize("answer", ["9" * 3000, "0", "-1", "²", "send them"])
def test_an_answer_that_is_too_long_or_no_number_is_asked_for_again(person, table, answer):
    someone = person("import", table, "--sandbox")
    someone.asked()
    someone.say(answer)
    assert "type one of the numbers" in someone.asked()
    someone.interrupt()
    someone.leave()


def test_a_narrow_terminal_is_served_without_colours(tmp_path, table):
    someone = Person("import", table, "--sandbox", folder=tmp_path, columns=50)
    someone.answer({}, end="send them")
    assert someone.leave() == 0
    assert "Invoices: 2" in someone.output
    assert "\x1b[3" not in someone.output


def test_numbers_that_are_none_are_given_ones(person, tmp_path, confirma_json):
    file = tmp_path / "laskut.csv"
    lines = ["Numero;Pvm;Eräpäivä;Nimi;Netto", "2026-1;1.3.2026;15.3.2026;Haave Oy;10,00"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    someone = person("import", file, "--sandbox", "--number-from", "5001")
    someone.asked()
    someone.say()
    shown = someone.asked()
    assert "invoice 5001, Haave Oy" in shown
    assert "the number 2026-1 is no whole number; sent as 5001" in " ".join(shown.split())
    someone.choose(shown, "send them")
    assert someone.leave() == 0
    _, status = confirma_json("status", "--sandbox")
    assert [each["number"] for each in status["numbers"]] == [5001]
