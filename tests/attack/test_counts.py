import json, os, shutil
from pathlib import Path
from .conftest import KEY_A, KEY_B, wait_for
SETTLE = ("--settle", "0.1")


def unknown(service, cli, write):
    """1 accepted, 2 and 3 unknown."""
    def post(d):
        if d[3] > 1:
            service.documents[d[0]][:] = [x for x in service.documents[d[0]] if x["invoiceNumber"] == "1"]
            return (500, {"message": "x"})
        return (200, {"status": "ACCEPTED"})
    service.answer_post = post
    f = write(1, 2, 3)
    r = cli("submit", f, *SETTLE, "--unknown", "hold")
    service.answer_post = None
    assert json.loads(cli("status", "--json").out)["counts"]["unknown"] == 2, r
    return f


def test_resolved_items_count_in_their_run(cli, service, write):
    unknown(service, cli, write)
    assert cli("resolve", 2, "--is", "accepted", "--because", "seen").code == 0
    assert cli("resolve", 3, "--is", "rejected", "--because", "seen").code == 0
    s = cli("status", "--json"); print(s); print(cli("jobs")); print(cli("export"))
    rep = cli("report", "--html", "r.html"); print(rep)
    counts = json.loads(s.out)["counts"]
    assert (counts["accepted"], counts["rejected"]) == (2, 1)
    assert s.code == 1


def test_archived_run_adds_up(cli, service, write):
    f = write(1, 2, 3)
    assert cli("submit", f, *SETTLE).code == 0
    r = cli("journal", "archive", "--before", "2030-01-01"); print(r)
    for c in (("status",), ("jobs",), ("export",), ("report", "--html", "r.html"), ("report", "--html", "r.html", "1")):
        print(c, cli(*c))
    print(cli("submit", f, *SETTLE))
    assert not service.doubled
    changed = write(1, 2, 3, name="c.jsonl", header={"dueDate": "2026-11-29"})
    r = cli("submit", changed, *SETTLE); print(r)
    assert not service.doubled
    new = write(7)
    cli("submit", new, *SETTLE)
    print(cli("status", "1"), cli("jobs"))
    rep = cli("report", "1", "--html", "r.html"); 
    assert "3 invoices" in rep.out


def test_dry_run_after_a_mistyped_first_key(cli, service, write):
    service.refused_keys.add(KEY_B)
    f = write(1, 2, 3)
    r = cli("submit", f, *SETTLE, key=KEY_B); print(r)
    r = cli("submit", f, "--dry-run", key=KEY_A); print(r)
    assert r.code == 0
    r = cli("submit", f, *SETTLE, key=KEY_A); print(r)
    assert r.code == 0 and not service.doubled


def test_a_key_that_sent_nothing_does_not_stay_with_anothers_account(cli, service, write):
    """B's key is refused for a day; A becomes the first account; B's key works again."""
    service.refused_keys.add(KEY_B)
    f = write(1, 2, 3)
    r = cli("submit", f, *SETTLE, key=KEY_B)
    assert cli("submit", f, *SETTLE, key=KEY_A).code == 0
    service.refused_keys.clear()
    r = cli("submit", f, *SETTLE, key=KEY_B); print(r, service.posts)
    assert set(service.numbers(KEY_B)) == {1, 2, 3} or r.code != 0


def test_list_of_accounts_damaged_during_a_job(cli, service, write, directories, start):
    import threading
    gate = threading.Event()
    service.before_answer = lambda d: gate.wait(20)
    f = write(1, 2, 3)
    job = start("submit", f, *SETTLE)
    wait_for(lambda: service.posts)
    (directories / "accounts.json").write_text("{")
    gate.set()
    out, err = job.communicate(); print(out, err, job.returncode)
    assert job.returncode == 0 and "accepted" in out


def test_first_key_is_bound_also_when_the_user_names_another_later(cli, service, write):
    pass


def test_c1(cli, service, write, place):
    (place / "d").mkdir()
    write(1, 2, name="d/b.jsonl"); write(3, name="d/c.jsonl")
    assert cli("submit", "d", *SETTLE).code == 0
    write(4, name="d/a.jsonl")
    assert cli("submit", "d", *SETTLE).code == 0
    assert cli("submit", "d/c.jsonl", "d/a.jsonl", "d/b.jsonl", *SETTLE).code == 0
    os.rename("d/a.jsonl", "d/z.jsonl"); os.symlink("d/z.jsonl", "link.jsonl")
    assert cli("submit", "link.jsonl", *SETTLE).code == 0
    assert cli("submit", "d", "d/b.jsonl", *SETTLE).code in (0, 1)
    r = cli("submit", "-", "--format", "jsonl", *SETTLE, stdin=Path("d/b.jsonl").read_text()); print(r)
    assert cli("retry", "--rejected", *SETTLE).code != 70
    print(cli("retry", "--rejected", *SETTLE))
    assert not service.doubled


def test_feb_after_jan(cli, service, place):
    for n in ("jan", "feb"): shutil.copy(f"/work/shared/cases/03-{n}.xml", place)
    r = cli("submit", "03-jan.xml", "--number-from", 100, *SETTLE); print(r)
    r = cli("submit", "03-feb.xml", "--number-from", 200, *SETTLE); print(r)
    assert r.code == 0
    r = cli("submit", "03-feb.xml", "03-jan.xml", "--number-from", 300, *SETTLE); print(r)
    r = cli("submit", "03-feb.xml", "03-jan.xml", "--number-from", 1, *SETTLE); print(r)
    r = cli("journal", "archive", "--before", "2030-01-01"); print(r)
    r = cli("submit", "03-feb.xml", "03-jan.xml", "--number-from", 1, *SETTLE); print(r)
    print(service.documents)
    assert not service.doubled and len(service.documents[KEY_A]) == 2
