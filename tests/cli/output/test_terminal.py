"""Whatever the service says and files are called: no command lets a key out, and none drives the terminal."""

import ast
import json
from pathlib import Path

import pytest

from confirma_async import RetryPolicy, cli
from confirma_async.cli.output.printer import json_document, json_line
from confirma_async.privacy import visible
from tests.plugins.leaks import look
from tests.services.echoes import DRIVING, FORMS, KEY, echoing

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

TABLE = "number;date;due_date;currency\n1;2026-11-01;2026-11-15;EUR\n"


def says_driving(_key):
    """An answer with all that drives a terminal in every text of it."""
    body = {
        "status": DRIVING,
        "message": DRIVING,
        "errors": [{"field": DRIVING, "message": DRIVING}],
        "isValid": False,
        DRIVING: 1,
        "metaData": {"totalCount": 1},
        "data": [
            {
                "invoiceNumber": "1",
                "invoiceDate": "2026-11-01",
                "status": "ERROR",
                "error": DRIVING,
                "x": DRIVING,
            }
        ],
    }
    return 200, {"X-Request-Id": "r\x9b2J\u202e".encode().decode("latin-1")}, json.dumps(body).encode()


def refuses_driving(_key):
    body = {"message": DRIVING, "errors": [DRIVING]}
    return 422, {"X-Request-Id": "r\x9b2J\u202e".encode().decode("latin-1")}, json.dumps(body).encode()


@pytest.fixture
def files(tmp_path, invoices):
    """Files whose names drive the terminal, too."""
    named = tmp_path / f"in{DRIVING.replace('/', '')}.csv"
    named.write_text(TABLE + f"{DRIVING.split(chr(13))[0]};2026-11-01;2026-11-15;EUR\n")
    return {"table": named, "lines": invoices(1, 2), "journal": tmp_path / f"j{DRIVING}.journal"}


def commands(files):
    """Every command that shows what the service or a file says."""
    journal = files["journal"]
    yield "submit", files["lines"], files["table"], "--journal", journal, "--settle", 0.01
    yield "status", journal
    yield "export", journal, "--csv"
    yield "report", journal, "--html", journal.with_name("page.html")
    yield "validate", files["table"]
    yield "validate", files["table"].with_name(f"none{DRIVING}")
    yield "columns", files["table"]
    yield "token", "check"
    yield "invoice", "create", files["lines"].with_name("one.json")
    yield "invoice", "case", 7
    yield "invoice", "distribution"
    yield "invoice", "distribution", "--csv"
    yield "payments", "--from", "2026-11-01"
    yield ("no such" + DRIVING,)


@pytest.fixture
def story(confirma, files, monkeypatch, wire_invoice):
    """Gives every command to a service, as people and as machines do; returns all that was printed."""
    files["lines"].with_name("one.json").write_text(json.dumps(wire_invoice(3), default=float))
    monkeypatch.setenv("CONFIRMA_API_KEY", KEY)
    monkeypatch.setattr(RetryPolicy, "backoff", lambda _policy, _attempt: 0.0)

    def reported(form):
        printed = []
        with echoing(form) as url:
            monkeypatch.setenv("CONFIRMA_BASE_URL", url)
            for command in commands(files):
                plain = ["-v", *command, *(["--timeout", 1] if asks(command) else [])]
                printed += confirma(*plain)[1:]
                if command[0] not in {
                    "submit",
                    "export",
                    "columns",
                }:  # which take their time, or have no JSON
                    printed += confirma(*plain, "--json")[1:]
        for file in files["journal"].parent.iterdir():
            if file.is_file():
                look(file.read_bytes().decode("latin-1"), f"the file {file.name}")
        return printed

    return reported


def asks(command):
    return command[0] in {"submit", "token", "invoice", "payments"}


@pytest.mark.parametrize("form", FORMS)
def test_no_command_lets_the_key_out(story, form):
    for text in story(FORMS[form]):
        look(text, "what was printed")


@pytest.mark.parametrize("form", [says_driving, refuses_driving])
def test_no_command_drives_the_terminal(story, form):
    for text in story(form):
        for line in text.split("\n"):
            assert visible(line) == line
            assert not line.lstrip().startswith("WARNING forged")


def test_a_page_holds_no_character_that_drives(story, files):
    story(says_driving)
    page = files["journal"].with_name("page.html").read_text(encoding="utf-8")
    assert "forged" in page
    assert all(visible(line) == line for line in page.split("\n"))


@pytest.mark.parametrize("write", [json_document, json_line])
def test_json_says_the_same_without_driving(write):
    written = write({"a": DRIVING + "ä€😀\U000e0041"})
    assert json.loads(written) == {"a": DRIVING + "ä€😀\U000e0041"}
    assert "ä€😀".encode() in written
    assert all(visible(line) == line for line in written.decode().split("\n"))


def test_one_printer_prints():
    """No other module of the commands writes to the terminal by itself."""
    folder = Path(cli.__file__).parent
    by_themselves = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print",
                "click.echo",
                "click.secho",
                "Console",
                "sys.stdout.write",
            }:
                by_themselves.add(file.name)
    assert by_themselves == {"printer.py", "render.py"}  # the latter prints JSON, which the former made


def test_a_name_between_colons_stays_as_it_is(confirma, service, tmp_path, invoices):
    folder = tmp_path / ":key:"
    folder.mkdir()
    _, out, _ = confirma("submit", invoices(1), "--journal", folder / "x:100:.journal")
    assert ":key:" in out
    assert "x:100:.journal" in out
