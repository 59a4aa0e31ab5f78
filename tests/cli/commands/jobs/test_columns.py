"""``columns``: a mapping for a table of one's own."""

import datetime

import openpyxl
import pytest

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def sales(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("Laskun nro;Pvm;Eräpäivä;Valuutta;Veroton\n1;2.11.2026;16.11.2026;EUR;10,00\n")
    return file


def test_what_is_proposed_can_be_used(confirma, sales):
    code, out, err = confirma("columns", sales)
    assert (code, err) == (0, "")
    mapping = sales.with_suffix(".toml")
    mapping.write_text(out)
    code, out, _ = confirma("validate", sales, "--mapping", mapping)
    assert code == 0
    assert "Can be sent: 1" in out


@pytest.fixture
def proposed(confirma, tmp_path):
    """What is proposed for a file of these contents: exit code, standard output, standard error."""

    def propose(name, contents):
        file = tmp_path / name
        file.write_text(contents)
        return confirma("columns", file)

    return propose


def test_what_is_unsure_is_told_on_standard_error(proposed):
    code, out, err = proposed("sales.txt", "Lasku;Pvm;Summa\n1;2.11.2026;10,00\n")
    assert code == 0
    assert 'row_gross_amount = "Summa"  # unsure' in out
    assert "confirma: unsure: currency: a guess" in err


def test_what_is_missing_is_told_by_the_exit_code(proposed):
    code, _, err = proposed("sales.csv", "Asiakas;Summa\nHaave Oy;10,00\n")
    assert code == 1
    assert "number: no column seems to hold it" in err


def test_a_file_that_is_no_table_is_told(proposed):
    code, _, err = proposed("a.jsonl", "{}")
    assert code == 2
    assert "is no table" in err


@pytest.fixture
def validated(confirma, sales, tmp_path):
    """What the validation of the sales says with a mapping of these contents, or one that is not there."""

    def validate(contents=None):
        mapping = tmp_path / "m.toml"
        if contents is not None:
            mapping.write_text(contents)
        return confirma("validate", sales, "--mapping", mapping.name)

    return validate


def test_a_mapping_that_does_not_fit_is_told(validated):
    code, out, _ = validated("[columns]\nnumber = 'Other'")
    assert code == 1
    assert "does not fit" in " ".join(out.split())


def test_a_mapping_that_is_not_there_is_told(validated):
    code, _, err = validated()
    assert (code, err) == (2, "confirma: the mapping m.toml cannot be read: No such file or directory\n")


def test_a_mapping_that_is_no_toml_is_told(validated):
    code, _, err = validated("[columns")
    assert code == 2
    assert "cannot be read" in err


def test_a_spreadsheet_of_ones_own_is_submitted_by_its_mapping(confirma, confirma_json, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(
        ["Laskunumero", "Päiväys", "Maksuehto", "Asiakas", "Nimike", "Veroton", "ALV", "Verollinen"]
    )
    for number in range(1, 4):
        day = datetime.date(2026, 11, number)
        book.active.append([number, day, 14, "Haave Oy", "Työ", 100.1, 25.53, 125.63])
    book.active.append([4, "ei tiedossa", 14, "Haave Oy", "Työ", 100.1, 25.53, 125.63])
    book.save(tmp_path / "laskut.xlsx")
    _, mapping, _ = confirma("columns", tmp_path / "laskut.xlsx")
    (tmp_path / "m.toml").write_text(mapping)
    code, report = confirma_json(
        "submit", tmp_path / "laskut.xlsx", "--mapping", tmp_path / "m.toml", "--sandbox"
    )
    assert code == 1
    assert (report["accepted"], report["refused"]) == (3, 1)
    (issue,) = report["issues"]
    assert issue["place"].endswith("laskut.xlsx:5")
    assert "column Päiväys" in str(issue)
