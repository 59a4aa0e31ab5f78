"""What whoever sends for many accounts, or with workers, reads in the language that was chosen."""

import re

import pytest

from confirma_async.cli.language.choice import choose
from confirma_async.cli.language.messages import translated

ENGLISH = re.compile(
    r"\b(the|and|is|was|not|by|accounts?|accepted|refused|planned|workers?|run|again|journal)\b"
)


def english_in(text):
    """The English words of an output, without its paths, URLs, options and commands."""
    return ENGLISH.findall(re.sub(r"\S*[/.:_-]\S+|confirma \S+|\[\S+\]", "", text))


@pytest.fixture
def profiles(service, tmp_path, monkeypatch):
    """The profile of the service's own client."""
    monkeypatch.setenv("OWN_KEY", service.api_key)
    file = tmp_path / "profiles.toml"
    file.write_text('[oak]\nkey_variable = "OWN_KEY"\nsellers = ["0737546-2"]\n')
    return file


TOLD = {
    "fi": ("Asiakastili", "Hyväksytyt", "Ei kuulu millekään asiakastilille, ei lähetetty: 1", "2/2 laskua"),
    "sv": ("Konto", "Godkända", "Hör inte till något konto, inte sända: 1", "1 stoppad, 1 godkänd"),
}


@pytest.mark.parametrize("code", TOLD)
def test_a_job_for_many_accounts_is_told_in_the_language(spoken, service, invoices, profiles, code):
    file = invoices(1, 2)
    file.write_text(file.read_text().replace('"EUR"', '"EUX"', 1))
    output = spoken(code, "submit", file, "--profiles", profiles)
    assert [each for each in TOLD[code] if each not in output] == []
    assert not english_in(output)


@pytest.mark.parametrize(("code", "title"), [("fi", "Asiakastili oak"), ("sv", "Konto oak")])
def test_what_the_mirror_of_many_accounts_reads_is_told_in_the_language(
    spoken, service, invoices, profiles, tmp_path, code, title
):
    spoken(code, "submit", invoices(1), "--profiles", profiles)
    output = spoken(code, "mirror", "sync", "--profiles", profiles, "--db", tmp_path / "m.db")
    assert output.startswith(title)
    assert not english_in(output)


@pytest.mark.parametrize(("code", "says"), [("fi", "2 hyväksytty"), ("sv", "2 godkända, 0 avvisade")])
def test_a_plan_and_the_worker_that_sends_it_speak_the_language(
    spoken, service, invoices, postgres, code, says
):
    pytest.importorskip("procrastinate", reason="procrastinate is not installed")
    planned = spoken(code, "submit", invoices(1, 2), "--journal", postgres, "--detach")
    worked = spoken(code, "worker", postgres, "--until-empty")
    waited = spoken(code, "submit", invoices(1, 2), "--journal", postgres)
    assert says in worked
    assert not english_in(planned + worked + waited + spoken(code, "jobs", postgres))


def test_what_a_worker_prints_for_machines_stays_english(confirma_json, service, profiles):
    _, output = confirma_json("--language", "fi", "worker", "--profiles", profiles)
    assert output["error"].startswith("the profile oak: its workers share a journal")


WRONG = {
    "worker": "Virhe: Argumentti puuttuu: 'JOURNAL' tai --profiles",
    "worker own.journal": "työprosesseilla on yhteinen loki PostgreSQL-tietokannassa",
    "worker postgresql://h/d --health 65535 --processes 3": "ei jätä portteja 3 prosessille",
    "worker postgresql://h/d --profiles bad.toml": "bad.toml: oak: on annettava joko",
    "submit one.jsonl --detach": "työprosesseja, jotka tarvitsevat lokin yhteisessä tietokannassa",
    "submit one.jsonl --profiles none.toml": "none.toml: ei voi lukea: tiedostoa tai kansiota",
    "mirror sync --to 2026-01-01": "--to tarvitsee valitsimen --from",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_with_a_command_line_is_told_in_the_language(spoken, tmp_path, line):
    (tmp_path / "one.jsonl").touch()
    (tmp_path / "bad.toml").write_text('[oak]\nsellers = ["0737546-2"]\n')
    assert WRONG[line] in spoken("fi", *line.split())


def test_a_seller_that_no_profile_names_is_told_of_in_the_language(spoken, service, invoices, profiles):
    output = spoken("fi", "submit", invoices(1, seller={"businessId": "0201256-6"}), "--profiles", profiles)
    assert "ei lähetetty (ajo): 1 virhe $.invoice.parties.sellerParty: yksikään profiili ei nimeä" in output
    assert "invoices.jsonl:1) [profiles.seller]" in output
    assert not english_in(output)


FAILED = {
    "invoices.create (attempts: 4): h:9 cannot be reached (connection refused); nothing was sent": (
        "invoices.create (yrityksiä: 4): osoitteeseen h:9 ei saa yhteyttä (yhteys torjuttiin); "
        "mitään ei lähetetty"
    ),
    "paused: invoices.create: the service failed (HTTP 500): back in an hour or two; call us": (
        "pysähtynyt: invoices.create: palvelussa tapahtui virhe (HTTP 500): back in an hour or two; call us"
    ),
    "invoices.create: the outcome of reminder 7 of 2026-11-02 is unknown (no answer within 1.5 s); find out "
    "what became of it before you send it again": (
        "invoices.create: tulos (maksumuistutus 7 (2026-11-02)) on epäselvä (ei vastausta 1,5 sekunnissa); "
        "selvitä, miten sen kävi, ennen kuin lähetät sen uudelleen"
    ),
    "the journal postgresql:///oak: the server refuses the password; check user and password (the file "
    "~/.pgpass, or PGPASSWORD)": (
        "loki postgresql:///oak: palvelin ei hyväksy salasanaa; tarkista käyttäjä ja salasana (tiedosto "
        "~/.pgpass tai PGPASSWORD)"
    ),
}


@pytest.mark.parametrize("message", FAILED)
def test_why_a_call_or_a_database_failed_is_told_with_what_others_said_as_it_is(message):
    choose("fi")
    assert translated(message) == FAILED[message]
