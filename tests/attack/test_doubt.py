"""A journal that was put back, in ways that the guard does not see."""
import csv, json, shutil, sqlite3, subprocess, sys, os, time
from pathlib import Path
import pytest
from .conftest import KEY_A, KEY_B, wait_for

SETTLE = ("--settle", "0.1")


def test_numbers_are_not_given_anew_by_a_journal_in_doubt(cli, service, account, place):
    def table(name, *numbers):
        file = place / name
        lines = ["number,type,date,due_date,currency,seller_business_id,seller_name,buyer_name,buyer_street,buyer_postal_code,buyer_city,buyer_country,row_description,row_net_amount,distribution_method"]
        return file, lines
    from pathlib import Path
    jan = Path("/work/shared/cases/03-jan.xml").read_text()
    def ubl(number):
        file = place / f"{number}.xml"
        file.write_text(jan.replace(">INV-1<", f">{number}<"))
        return file
    one, two, three = ubl("INV-1"), ubl("INV-2"), ubl("INV-3")
    r = cli("submit", one, "--number-from", 200, *SETTLE); print(r); assert r.code == 0
    backup = place / "backup"
    assert cli("journal", "backup", backup).code == 0
    assert cli("submit", two, "--number-from", 200, *SETTLE).code == 0
    print(service.documents)
    # the journal is lost; its latest copy is put in its place, as the messages advise
    shutil.copyfile(backup, account)
    done = cli("submit", three, two, "--number-from", 200, *SETTLE)
    print(done)
    print(service.documents)
    originals = [(d["_references"] or {}).get("sales") for d in service.documents[KEY_A]]
    print(originals)
    assert originals.count("INV-2") == 1, "INV-2 arrived twice, under two numbers"
    assert done.code != 0 or "INV-3" in originals, "INV-3 is told accepted, and never arrived"


def test_a_second_restore_while_in_doubt(cli, service, account, write, place):
    write(1, 2)
    f = write(1, 2)
    assert cli("submit", f, *SETTLE).code == 0
    b1 = place / "b1"; cli("journal", "backup", b1)
    shutil.copyfile(b1, account)
    service.answer_post = lambda d: (500, {"message": "x"})
    g = write(1, 2, 5)
    r = cli("submit", g, *SETTLE, "--unknown", "hold"); print(r)
    service.answer_post = None
    r = cli("resolve", 5, "--is", "absent", "--because", "asked them"); print(r)
    b2 = place / "b2"; cli("journal", "backup", b2)
    r = cli("submit", g, *SETTLE); print(r, service.numbers())
    n = service.numbers().get(5, 0)
    shutil.copyfile(b2, account)
    r = cli("submit", g, *SETTLE); print(r, service.numbers())
    assert service.numbers()[5] == n, "sent once more without a lookup"


OLD = """
import sys, asyncio
sys.path.insert(0, sys.argv[1])
from confirma_async.cli.app import run
sys.exit(run(sys.argv[2:]))
"""

@pytest.fixture(scope="session")
def old_code(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    root = Path(__file__).parents[2]
    tar = subprocess.run(["git", "-C", str(root), "archive", "10d56a8", "confirma_async"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "x", "-C", str(folder)], input=tar, check=True)
    return folder


@pytest.fixture
def old(old_code):
    def call(*args):
        script = old_code / "run.py"
        script.write_text(OLD)
        done = subprocess.run([sys.executable, str(script), str(old_code), *map(str, args)], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(old_code)})
        return done
    return call


def test_an_older_form_put_back_after_its_migration_is_in_doubt(cli, service, write, place, old):
    journal = place / "own.journal"
    f = write(1, 2, 3)
    r = old("submit", f, "--journal", journal); print(r.stdout, r.stderr); assert r.returncode == 0
    shutil.copyfile(journal, place / "copy")
    g = write(*range(1, 11))
    r = cli("submit", g, "--journal", journal, *SETTLE); print(r); assert r.code == 0
    shutil.copyfile(place / "copy", journal)
    v = cli("journal", "verify", journal); print(v)
    r = cli("submit", g, "--journal", journal, *SETTLE); print(r)
    assert not service.doubled


def test_an_older_journal_beside_the_input_is_not_passed_over(cli, service, write, old):
    f = write(1, 2, 3)
    r = old("submit", f); print(r.stdout, r.stderr)
    assert r.returncode == 0
    r = cli("submit", f, *SETTLE); print(r)
    assert not service.doubled


def test_account_folder_removed_without_state(cli, service, write, account, tmp_path):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE, env={"XDG_STATE_HOME": str(tmp_path / "s1")}).code == 0
    shutil.rmtree(account.parent)
    r = cli("submit", f, *SETTLE, env={"XDG_STATE_HOME": str(tmp_path / "s2")}); print(r)
    assert not service.doubled


def test_relative_journal_dir(cli, service, write, place):
    f = write(1, 2, 3)
    (place / "a").mkdir(); (place / "b").mkdir()
    cli("submit", f, *SETTLE, env={"CONFIRMA_JOURNAL_DIR": "journals"}, cwd=place / "a")
    r = cli("submit", f, *SETTLE, env={"CONFIRMA_JOURNAL_DIR": "journals"}, cwd=place / "b"); print(r)
    assert not service.doubled


def test_seller_spelled_two_ways_keeps_its_number(cli, service, place):
    jan = Path("/work/shared/cases/03-jan.xml").read_text()
    one = place / "one.xml"; one.write_text(jan)
    two = place / "two.xml"; two.write_text(jan.replace("<cbc:CompanyID>0112038-9</cbc:CompanyID>", ""))
    assert "0112038-9" not in two.read_text()
    r = cli("submit", one, "--number-from", 200, *SETTLE); print(r)
    r = cli("submit", two, "--number-from", 200, *SETTLE); print(r)
    print(service.documents)
    assert len(service.documents[KEY_A]) == 1
