"""``confirma mirror``: what is read, asked and said."""

import json

import pytest

from confirma_async.mirror.store.opening import open_mirror

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def sent(service, confirma, invoices):
    """Two invoices, sent and delivered."""
    assert confirma("submit", invoices(41, 42))[0] == 0
    service.advance(days=1)
    return service


def test_a_run_says_what_is_new(sent, confirma):
    code, out, _ = confirma("mirror", "sync", "--db", "m.db", "--from", "2026-10-25", "--to", "2026-11-30")
    assert code == 0
    assert "distributions" in out
    assert "m.db" in out


def test_a_run_tells_machines_the_same(sent, confirma_json):
    code, output = confirma_json(
        "mirror", "sync", "--db", "m.db", "--from", "2026-10-25", "--to", "2026-11-30"
    )
    assert code == 0
    assert output["complete"]
    assert output["streams"]["distributions"]["new"] == 2
    assert output["journal"] == 2


def test_what_was_sent_stands_beside_what_became_of_it(sent, confirma):
    confirma("mirror", "sync", "--from", "2026-10-25", "--to", "2026-11-30")
    code, out, _ = confirma("mirror", "query", "SELECT number, sent_state, status FROM invoices", "--json")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"number": "41", "sent_state": "accepted", "status": "INVOICED"},
        {"number": "42", "sent_state": "accepted", "status": "INVOICED"},
    ]


def test_the_mirror_lies_beside_the_journals_unless_named(sent, confirma, directories):
    confirma("mirror", "sync")
    assert (directories / "mirror.db").exists()


def test_a_second_run_ends_with_a_code_of_its_own(sent, confirma):
    confirma("mirror", "sync", "--db", "m.db")
    database = open_mirror("m.db")
    with database.alone():
        code, _, err = confirma("mirror", "sync", "--db", "m.db")
    database.close()
    assert code == 6
    assert "another run is at work" in err


def test_what_is_not_proved_is_told(sent, confirma):
    from confirma_async.sandbox import Fault

    sent.faults.add(Fault.SERVER_ERROR, operation="payments.list", times=None, status=500)
    code, out, _ = confirma("mirror", "sync", "--db", "m.db", "--from", "2026-11-16", "--to", "2026-11-30")
    assert code == 3
    assert "Not proved: payments" in out


def test_a_formula_in_a_record_is_defused_for_spreadsheets(sent, confirma):
    from confirma_async.sandbox import ListedKind

    day = str(sent.clock.now().date())
    sent.add_records(
        ListedKind.PAYMENT, {"p": {"invoiceNumber": "7", "bookingDate": day, "accountName": "=cmd()"}}
    )
    confirma("mirror", "sync", "--db", "m.db")
    _, out, _ = confirma("mirror", "query", "SELECT account_name FROM payments", "--db", "m.db", "--csv")
    assert out.splitlines()[1] == '"\'=cmd()"'


def test_a_formula_in_the_name_of_a_column_is_defused_for_spreadsheets(sent, confirma):
    confirma("mirror", "sync", "--db", "m.db")
    _, out, _ = confirma("mirror", "query", 'SELECT 1 AS "=cmd()", \'+1\' AS "@x"', "--db", "m.db", "--csv")
    assert out.splitlines() == ['"\'=cmd()","\'@x"', '1,"\'+1"']


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sync", "--to", "2026-01-01"), "--to needs --from"),
        (("sync", "--from", "2026-02-01", "--to", "2026-01-01"), "swap them"),
        (("sync", "--db", ""), "it is empty"),
        (("sync", "--db", "mysql://x"), "postgresql://"),
        (("query",), "ask something"),
        (("query", "SELECT 1", "--db", "none.db"), "there is no mirror"),
        (("rebuild", "--db", "none.db"), "there is no mirror"),
    ],
)
def test_what_cannot_be_done_is_said(service, confirma, arguments, said):
    code, _, err = confirma("mirror", *arguments)
    assert code == 2
    assert said in err
    assert "db=" not in err


def test_the_columns_are_made_anew(sent, confirma):
    confirma("mirror", "sync", "--db", "m.db", "--from", "2026-10-25", "--to", "2026-11-30")
    code, out, _ = confirma("mirror", "rebuild", "--db", "m.db")
    assert code == 0
    assert "records made anew" in out


def test_the_tables_are_told(confirma):
    code, out, _ = confirma("mirror", "query", "--tables")
    assert code == 0
    assert "receivables_ageing" in out


def test_events_are_printed_once(sent, confirma):
    confirma("mirror", "sync", "--from", "2026-10-25", "--to", "2026-11-30")
    code, out, _ = confirma("mirror", "events", "--jsonl")
    assert code == 0
    assert {json.loads(line)["type"] for line in out.splitlines()} == {"invoice.distributed", "case.opened"}
    assert confirma("mirror", "events", "--jsonl") == (0, "", "")


def test_a_command_that_fails_is_told_and_the_next_run_goes_on(sent, confirma, monkeypatch):
    monkeypatch.setattr("confirma_async.mirror.events.delivery.ATTEMPTS", 1)
    confirma("mirror", "sync", "--from", "2026-10-25", "--to", "2026-11-30")
    code, _, err = confirma("mirror", "events", "--exec", "false")
    assert code == 3
    assert "was not taken: false ended with 1" in err
    code, out, _ = confirma("mirror", "events", "--exec", "true")
    assert code == 0
    assert "4 events were taken" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "one of --exec, --url and --jsonl"),
        (("--jsonl", "--exec", "true"), "one of --exec"),
        (("--url", "https://x.example"), "go together"),
        (("--exec", "true", "--consumer", "a b"), "letters"),
        (("--exec", "'"), "no command"),
        (("--url", "http://x.example", "--secret-file", "secret"), "this machine only"),
    ],
)
def test_where_events_go_must_be_said(sent, confirma, tmp_path, arguments, said):
    (tmp_path / "secret").write_text("a-secret-of-many-letters")
    (tmp_path / "secret").chmod(0o600)
    confirma("mirror", "sync")
    code, _, err = confirma("mirror", "events", *arguments)
    assert code == 2
    assert said in err
