"""How files are read is remembered: beside the file, and with the run."""

import pytest

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

LINES = (
    "Lasku;Pvm;Eräpäivä;Asiakas;Veroton;Alv-%\n"
    "1;{day};16.11.2026;Haave Oy;100,00;25,5\n"
    "2;2.11.2026;16.11.2026;Haave Oy;10,00;25,5\n"
)


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "laskut.csv"
    file.write_text(LINES.format(day="ei tiedossa"), encoding="utf-8")
    return file


@pytest.fixture
def mapping(confirma, table):
    file = table.with_name("m.toml")
    file.write_text(confirma("columns", table)[1], encoding="utf-8")
    return file


def test_retry_reads_the_files_as_the_run_did(confirma_json, table, mapping):
    code, report = confirma_json("submit", table, "--mapping", mapping, "--sandbox")
    assert (code, report["accepted"], report["refused"]) == (1, 1, 1)
    mapping.unlink()
    table.write_text(LINES.format(day="2.11.2026"), encoding="utf-8")
    code, report = confirma_json("retry", "--sandbox")
    assert (code, report["accepted"], report["resumed"]) == (0, 2, 1)


def test_a_mapping_beside_a_file_is_its_mapping(confirma_json, table, mapping):
    mapping.rename(table.with_name("laskut.csv.mapping.toml"))
    assert confirma_json("validate", table)[1]["valid"] == 1
    assert confirma_json("submit", table, "--sandbox")[1]["accepted"] == 1


def test_what_the_command_line_says_goes_before_what_is_remembered(confirma, table, mapping):
    mapping.rename(table.with_name("laskut.csv.mapping.toml"))
    other = table.with_name("other.toml")
    other.write_text("[columns]\nnumber = 'Other'", encoding="utf-8")
    code, out, _ = confirma("validate", table, "--mapping", other)
    assert code == 1
    assert "other.toml does not fit" in " ".join(out.split())


def test_a_damaged_mapping_beside_a_file_is_told(confirma, table):
    table.with_name("laskut.csv.mapping.toml").write_text("[columns")
    code, _, err = confirma("submit", table, "--sandbox")
    assert code == 2
    assert "laskut.csv.mapping.toml cannot be read" in err


def test_how_many_days_and_which_decimals_were_said_is_remembered(confirma_json, table, mapping):
    text = mapping.read_text(encoding="utf-8").replace("decimal_comma = true\n", "")
    mapping.write_text(text, encoding="utf-8")
    table.write_text(LINES.format(day="x").replace("100,00", "1,000"), encoding="utf-8")
    confirma_json("submit", table, "--mapping", mapping, "--decimal-comma", "--sandbox")
    table.write_text(LINES.format(day="2.11.2026").replace("100,00", "1,00"), encoding="utf-8")
    code, report = confirma_json("retry", "--sandbox")
    assert (code, report["accepted"]) == (0, 2)
