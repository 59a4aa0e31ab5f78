"""What people read, in the language that they chose; what machines read stays as it is."""

import datetime
import io
import re
from decimal import Decimal

import openpyxl
import pytest
from babel.messages.mofile import read_mo
from rich.console import Console

from confirma_async.bulk.models import Verdict
from confirma_async.cli.language import figures
from confirma_async.cli.language.choice import choose, current
from confirma_async.cli.language.messages import problem_in_words, translated, where
from confirma_async.cli.output.render import print_table, table
from confirma_async.cli.output.result import print_standings, standing
from confirma_async.cli.output.terminal import Terminal
from confirma_async.errors import Problem
from tests import catalogues

HOLE = re.compile(r"\{\w+(?:!r)?\}|%\(\w+\)s")
EVERY = [(domain, code) for domain in catalogues.SOURCES for code in catalogues.TRANSLATED]


@pytest.fixture
def locale(monkeypatch):
    def use(name):
        for variable in ("LC_ALL", "LC_MESSAGES", "LC_NUMERIC", "LANG"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("LANG", name)

    return use


def texts(catalogue):
    def plain(text):
        return tuple(text) if isinstance(text, list | tuple) else text

    return {plain(each.id): plain(each.string) for each in catalogue if each.id}


@pytest.mark.parametrize(("domain", "code"), EVERY)
def test_every_message_is_translated(domain, code):
    assert catalogues.missing(domain, code) == [], "translate it, then: make languages"


@pytest.mark.parametrize(("domain", "code"), EVERY)
def test_the_compiled_catalogues_are_those_that_were_translated(domain, code):
    with catalogues.path_of(domain, code, "mo").open("rb") as file:
        compiled = texts(read_mo(file))
    translated = texts(catalogues.written(domain, code))
    assert compiled == translated, "make languages"
    assert translated.keys() == texts(catalogues.SOURCES[domain]()).keys(), "make languages"


@pytest.mark.parametrize(("domain", "code"), EVERY)
def test_a_translation_holds_what_varies_and_no_other(domain, code):
    for message, written in texts(catalogues.written(domain, code)).items():
        forms = zip(message, written, strict=True) if isinstance(message, tuple) else [(message, written)]
        for whole, text in forms:
            assert {*HOLE.findall(text)} == {*HOLE.findall(whole)}, text


@pytest.mark.parametrize(
    ("name", "code", "amount", "moment"),
    [
        ("C", "en", "1,234.50", "2026-11-02 05:04"),
        ("fi_FI.UTF-8", "fi", "1 234,50", "2.11.2026 5.04"),
        ("sv_FI", "sv", "1 234,50", "2026-11-02 05:04"),
        ("sv_SE.UTF-8", "sv", "1 234,50", "2026-11-02 05:04"),
        ("en_GB.UTF-8", "en", "1,234.50", "02/11/2026 05:04"),
        ("de_DE.UTF-8", "en", "1.234,50", "02.11.2026 05:04"),
        ("nonsense", "en", "1,234.50", None),
    ],
)
def test_the_locale_says_the_language_and_how_numbers_and_dates_are_written(
    locale, name, code, amount, moment
):
    locale(name)
    assert current().code == code
    assert figures.plain(figures.amount(Decimal("1234.5"))) == amount
    if moment:
        assert figures.moment(datetime.datetime(2026, 11, 2, 5, 4, tzinfo=datetime.UTC)) == moment


def test_an_option_goes_before_the_locale(locale):
    locale("sv_SE.UTF-8")
    choose("fi")
    assert (current().code, current().locale) == ("fi", "fi_FI")


def test_amounts_are_never_rounded(locale):
    locale("fi_FI")
    assert figures.plain(figures.amount(Decimal("0.125"))) == "0,125"
    long = Decimal("1234567890123456789012345678901234567890.12")
    assert figures.amount(long).translate({0xA0: None}) == "1234567890123456789012345678901234567890,12"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.2, "just now"), (840, "14 minutes ago"), (7200, "2 hours ago")]
)
def test_how_long_ago_something_was(seconds, expected):
    assert figures.ago(seconds) == expected


PROBLEM = Problem(
    "line 3, column Viitenumero ($.invoice.references.payment)",
    "payment-reference",
    "must be a Finnish reference number of 4 to 20 digits; its check digit does not fit, so copy it again",
)


def test_a_problem_is_told_in_the_language_with_wire_names_and_rule_as_they_are():
    choose("fi")
    assert problem_in_words(PROBLEM) == (
        "rivi 3, sarake Viitenumero ($.invoice.references.payment): on oltava suomalainen viitenumero, "
        "4–20 numeroa; sen tarkistusnumero ei täsmää, joten kopioi se uudelleen [payment-reference]"  # noqa: RUF001
    )
    assert where(PROBLEM.path, wire=False) == "rivi 3, sarake Viitenumero"
    assert where("cell Laskut!D4, column Viite") == "solu Laskut!D4, sarake Viite"


def test_what_stands_in_a_message_is_told_too():
    choose("fi")
    assert translated(
        "must be netAmount plus vatAmount, which is 12.40, but is 12.00; correct whichever is wrong"
        " (roundingAmount is not part of it)"
    ) == (
        "on oltava netAmount plus vatAmount, joka on 12,40, mutta on 12,00; korjaa se, mikä on väärin"
        " (roundingAmount ei kuulu siihen)"
    )
    assert translated(
        "credit note 7 stands twice, at a.csv:2 and at b.csv:3; neither is sent. Remove one, or give it its "
        "own number if it is another invoice (lines of one invoice must stand together)"
    ).startswith("hyvityslasku 7 esiintyy kahdesti, kohdissa a.csv:2 ja b.csv:3;")  # fmt: skip


def test_forms_of_dates_are_told_as_the_language_writes_them():
    choose("fi")
    text = translated(
        "is no date as YYYY-MM-DD or D.M.YYYY; write it so, or give the cell of a spreadsheet a date format"
    )
    assert text.startswith("ei ole päivämäärä muodossa VVVV-KK-PP tai P.K.VVVV;")


def test_a_number_of_a_file_stays_as_the_file_has_it():
    choose("fi")
    assert translated(
        "10.5 is no whole number (digits alone, no leading zero, at most 18 digits), which is all that the "
        "service takes; renumber the document, or have it sent under a whole number (numbers=)"
    ).startswith("10.5 ei ole kokonaisluku")


@pytest.mark.parametrize("name", ["key_file=", "--key-file"])
def test_a_message_is_recognised_whether_it_names_a_parameter_or_its_option(name):
    choose("fi")
    text = translated(f"set CONFIRMA_API_KEY, or name the file it is kept in ({name})")
    assert text == "aseta CONFIRMA_API_KEY, tai anna tiedosto, jossa avain on (--key-file)"


def test_what_the_service_says_stays_as_it_is():
    choose("sv")
    assert translated("no agreement for 4711") == "no agreement for 4711"


def test_results_are_told_in_finnish_and_json_is_not(confirma, confirma_json, service, invoices):
    _, out, err = confirma("submit", invoices(1, 2), "--language", "fi")
    assert "Lähetetään" in err
    assert "Hyväksytyt" in out
    assert "Kaikki on valmista." in out
    _, out, _ = confirma("--language", "sv", "status")
    assert "Godkända" in out
    _, out, _ = confirma("status")
    assert "Accepted" in out
    _, found = confirma_json("--language", "fi", "status")
    assert found["counts"]["accepted"] == 2
    assert found["ending"] == "finished"


def test_the_doctor_speaks_the_language(confirma, service):
    _, out, _ = confirma("doctor", "--language", "sv")
    assert "✓ accepted: tjänsten godkänner API-nyckeln" in out
    assert "Klart att sända." in out


def test_a_report_speaks_the_language(confirma, service, invoices, tmp_path):
    confirma("submit", invoices(1))
    confirma("report", "--html", "r.html", "--language", "fi")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<html lang="fi">' in page
    assert "1/1 laskua hyväksytty; kaikki on valmista." in page


def test_a_language_that_is_not_spoken_is_refused(confirma):
    code, _, err = confirma("jobs", "--language", "de")
    assert code == 2
    assert "'en', 'fi', 'sv'" in err


def printed(width, rows, *columns):
    console = Console(width=width, record=True, color_system=None)
    print_table(console, table("Rows", *columns), rows)
    return console.export_text()


def test_a_narrow_terminal_gets_the_rows_below_each_other():
    out = printed(40, [["1", "finished"], ["2", "paused"]], "Run", "How it ended")
    assert out.splitlines() == [
        "Rows",
        "Run: 1",
        "How it ended: finished",
        "",
        "Run: 2",
        "How it ended: paused",
    ]


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_results_are_coloured_on_a_terminal_and_not_with_no_color(monkeypatch, variables, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = io.StringIO()
    console = Terminal(file=screen, force_terminal=True, width=80)
    print_standings(console, "Result", [standing(Verdict.ACCEPTED, 3)], None)
    assert bool(re.search("\x1b\\[[0-9;]*3[0-9]m", screen.getvalue())) is coloured


def test_a_column_without_a_cell_is_left_out():
    assert "Method" not in printed(100, [["1", ""]], "Run", "Method")


@pytest.mark.parametrize("command", catalogues.HELPED)
@pytest.mark.parametrize("code", catalogues.TRANSLATED)
def test_the_help_of_a_bookkeepers_commands_speaks_the_language(spoken, code, command):
    output = spoken(code, *command.split(), "--help")
    assert {"fi": "Käyttö: confirma", "sv": "Användning: confirma"}[code] in output
    assert not re.search(r"\b(the|unless|which|instead|given)\b", output)


def test_the_help_of_the_whole_names_every_command_in_the_language(spoken):
    output = spoken("fi", "--help")
    assert "import Lähetä oman taulukkosi laskut kysymysten avulla." in output
    assert "Valitsimet" in output
    assert not re.search(r"\b(the|unless|which|instead|given)\b", output)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["status", "--nope"], "Virhe: Valitsinta '--nope' ei ole."),
        (["submit"], "Virhe: Argumentti puuttuu: 'FILE...'."),
        (["submit", "none.csv"], "tiedostoa none.csv ei ole"),
        (["stauts"], "Virhe: komentoa stauts ei ole; tarkoititko status?"),
        (["status", "--sandbox"], "mitään ei ole vielä lähetetty: lokia"),
        (["submit", "x", "--format", "doc"], "'doc' ei ole mikään näistä: 'csv', 'jsonl'"),
        (["submit", "x", "--rate", "fast"], "Arvo ei kelpaa ('--rate'): 'fast' ei ole luku väliltä"),
        (["export", "--csv", "--excel"], "--json, --csv, --excel ja --xlsx sulkevat pois toisensa"),
        (["import", "none.csv"], "none.csv: tiedostoa ei ole"),
    ],
)
def test_what_is_wrong_with_a_command_line_is_told_in_the_language(spoken, words, says):
    assert says in spoken("fi", *words)


def test_a_language_that_is_named_behind_a_mistake_is_spoken_too(confirma):
    assert "Växeln '--nope' finns inte." in confirma("status", "--nope", "--language", "sv")[2]


def test_machines_are_told_in_english(confirma):
    _, out, err = confirma("--language", "fi", "status", "--sandbox", "--json")
    assert '"error": "nothing has been sent yet' in out
    assert "mitään ei ole vielä lähetetty" in err


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_table_whose_columns_have_no_names_is_told_of_in_the_language(confirma, tmp_path, ending):
    file = tmp_path / f"table{ending}"
    if ending == ".csv":
        file.write_text("a;b;c\n1;2;3\n")
    else:
        book = openpyxl.Workbook()
        for row in (["a", "b", "c"], [1, 2, 3]):
            book.active.append(row)
        book.save(file)
    _, out, _ = confirma("validate", file, "--language", "fi")
    assert "ensimmäinen rivi ei nimeä sarakkeita (3/3 nimeä on tuntemattomia)" in " ".join(out.split())
