"""What was sent is a fact about an account: wherever its invoices come from, and whoever asks."""

import json
import shutil
from pathlib import Path

import pytest

CREATE = "invoices.create"
OTHER_KEY = "1f0c2a4e-77c1-4b0d-9a57-3f1f6b1f3c55"


@pytest.fixture
def folder(tmp_path, invoices):
    """A folder of two files with an invoice each."""
    place = tmp_path / "in"
    place.mkdir()
    invoices(2, name="in/b.jsonl")
    invoices(3, name="in/c.jsonl")
    return place


def grow(folder, invoices):
    invoices(1, name="in/a.jsonl")
    return [folder], 1


def glob(folder, invoices):
    invoices(1, name="in/a.jsonl")
    return [folder / "*.jsonl"], 1


def turn(folder, invoices):
    return [folder / "c.jsonl", folder / "b.jsonl"], 0


def take_the_first_away(folder, invoices):
    (folder / "b.jsonl").unlink()
    return [folder], 0


def name_one_file(folder, invoices):
    return [folder / "c.jsonl"], 0


def rename(folder, invoices):
    return [(folder / "b.jsonl").rename(folder / "renamed.jsonl"), folder / "c.jsonl"], 0


def link(folder, invoices):
    (folder.parent / "link.jsonl").symlink_to(folder / "b.jsonl")
    return [folder.parent / "link.jsonl"], 0


@pytest.mark.parametrize(
    "change",
    [grow, glob, turn, take_the_first_away, name_one_file, rename, link],
    ids=lambda way: way.__name__,
)
def test_nothing_is_sent_again_whatever_the_files_are_called(
    confirma_json, service, invoices, folder, change
):
    confirma_json("submit", folder)
    arguments, new = change(folder, invoices)
    code, report = confirma_json("submit", *arguments)
    assert (code, service.requests[CREATE]) == (0, 2 + new)
    assert report["accepted"] - report["resumed"] == new


def test_a_credit_note_finds_the_number_of_a_document_of_an_earlier_job(confirma_json, service, invoices):
    confirma_json("submit", invoices("INV-1", name="jan.jsonl"), "--number-from", 100)
    credit = json.loads(invoices("CN-1", name="feb.jsonl", header={"type": "CREDIT_NOTE"}).read_text())
    credit["invoice"]["references"] = {"creditedInvoiceNumber": "INV-1"}
    Path("feb.jsonl").write_text(json.dumps(credit))
    code, report = confirma_json("submit", "feb.jsonl", "--number-from", 200)
    assert (code, {given["number"] for given in report["numbers"]}) == (0, {100, 200})
    code, _ = confirma_json("submit", "feb.jsonl", "jan.jsonl", "--number-from", 300)
    assert (code, service.requests[CREATE]) == (0, 2)
    bodies = {invoice.number: json.loads(invoice.body)["invoice"] for invoice in service.invoices()}
    assert bodies[200]["references"]["creditedInvoiceNumber"] == 100


def test_the_same_number_of_another_seller_is_another_invoice(confirma_json, service, invoices):
    confirma_json("submit", invoices(1))
    code, report = confirma_json("submit", invoices(1, seller={"businessId": "2946186-3"}))
    assert (code, report["accepted"], report["resumed"]) == (0, 1, 0)


@pytest.mark.parametrize(
    "seller", [{"businessId": "FI07375462"}, {"businessId": None, "vatCode": "FI07375462"}]
)
def test_a_seller_spelled_another_way_is_the_same_seller(confirma_json, service, invoices, seller):
    confirma_json("submit", invoices(1))
    _, report = confirma_json("submit", invoices(1, seller=seller))
    assert report["refused"] == 1
    assert service.requests[CREATE] == 1


# --- whose key it is ------------------------------------------------------------------------------


@pytest.fixture
def proved(confirma_json, service, invoices):
    """The first account has sent something; from now on another key is used, which the service knows, too."""
    code, _ = confirma_json("submit", invoices(1))
    assert code == 0
    return service


@pytest.fixture
def elsewhere(monkeypatch):
    """As if the service were not one of this machine, where every key has an account of its own."""
    monkeypatch.setattr("confirma_async.accounts.folders.is_loopback", lambda host: False)


def test_an_unknown_key_is_refused_with_the_two_ways_to_settle_it(
    confirma, elsewhere, proved, invoices, monkeypatch
):
    monkeypatch.setenv("CONFIRMA_API_KEY", OTHER_KEY)
    code, _, err = confirma("submit", invoices(1))
    assert code == 2
    assert "--account default" in err
    assert "--new-account NAME" in err
    assert proved.requests[CREATE] == 1
    code, _, dry = confirma("submit", invoices(1), "--dry-run")
    assert (code, "--new-account" in dry) == (2, True)


def test_a_new_key_of_an_account_that_is_named_once_is_known_from_then_on(
    confirma_json, elsewhere, proved, invoices, monkeypatch
):
    monkeypatch.setenv("CONFIRMA_API_KEY", OTHER_KEY)
    for more in (["--account", "default"], []):
        code, report = confirma_json("submit", invoices(1), *more)
        assert (code, report["resumed"]) == (0, 1)
    assert proved.requests[CREATE] == 1


def test_a_new_account_has_a_journal_of_its_own(confirma_json, elsewhere, proved, invoices, monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", OTHER_KEY)
    _, report = confirma_json("submit", invoices(1), "--new-account", "other")
    assert Path(report["journal"]).parent.name == "other"
    assert report["resumed"] == 0


def test_a_mistyped_account_is_named_with_what_may_be_meant(
    confirma, elsewhere, proved, invoices, monkeypatch
):
    monkeypatch.setenv("CONFIRMA_API_KEY", OTHER_KEY)
    code, _, err = confirma("submit", invoices(1), "--account", "defualt")
    assert code == 2
    assert "did you mean --account default?" in err


def test_a_key_of_another_account_is_refused_whatever_is_said(
    confirma, elsewhere, proved, invoices, monkeypatch
):
    key = OTHER_KEY
    confirma("submit", invoices(2), "--new-account", "first-name")  # the key of the first account
    code, _, err = confirma("submit", invoices(1), "--new-account", "second")
    assert code == 2
    assert "belongs to the account default" in err
    assert key not in err


def test_a_foreign_key_on_a_journal_of_ones_own_is_refused(confirma, service, invoices, monkeypatch):
    confirma("submit", invoices(1), "--journal", "j")
    monkeypatch.setenv("CONFIRMA_API_KEY", OTHER_KEY)
    code, _, err = confirma("submit", invoices(2), "--journal", "j")
    assert code == 2
    assert "belongs to" in err
    assert service.requests[CREATE] == 1


def test_no_fingerprint_holds_the_key(confirma_json, service, invoices, directories):
    confirma_json("submit", invoices(1))
    kept = b"".join(path.read_bytes() for path in directories.rglob("*") if path.is_file())
    assert service.api_key.encode() not in kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in directories.rglob("*"))


# --- runs -----------------------------------------------------------------------------------------


def test_jobs_are_runs_and_the_latest_is_meant(confirma, confirma_json, service, invoices):
    confirma("submit", invoices(1, 2, name="a.jsonl"))
    confirma("submit", invoices(2, "x", name="b.jsonl"))
    _, found = confirma_json("jobs")
    assert [(run["run"], run["accepted"], run["refused"], run["ending"]) for run in found["runs"]] == [
        (2, 1, 1, "finished"),
        (1, 2, 0, "finished"),
    ]
    assert confirma_json("status")[1]["counts"]["refused"] == 1
    code, first = confirma_json("status", 1)
    assert (code, first["counts"]["accepted"], first["inputs"]) == (0, 2, [str(Path("a.jsonl").resolve())])
    assert confirma("status", 3)[0] == 2


def test_what_an_earlier_run_decided_counts_in_a_later_one(confirma_json, invoices, answering):
    answering.answer("/invoice", {"message": "no agreement"}, status=422)
    confirma_json("submit", invoices(1))
    code, _ = confirma_json("submit", invoices(1))
    assert code == 1
    code, found = confirma_json("status")
    assert (code, found["counts"]["rejected"], len(found["rejected"])) == (1, 1, 1)


def test_before_anything_was_sent_there_is_nothing_to_tell(confirma, service):
    code, _, err = confirma("status")
    assert code == 2
    assert "Traceback" not in err


def test_a_look_leaves_no_trace(confirma, service, invoices, directories, tmp_path):
    confirma("submit", invoices(1))
    before = {path: path.read_bytes() for path in directories.rglob("*") if path.is_file()}
    for words in (["status"], ["jobs"], ["export"], ["journal", "verify"], ["journal", "list"]):
        assert confirma(*words)[0] == 0
    confirma("report", "--html", tmp_path / "page.html")
    confirma("submit", "invoices.jsonl", "--dry-run")
    assert {path: path.read_bytes() for path in directories.rglob("*") if path.is_file()} == before


def test_a_journal_that_is_gone_is_told_in_the_list_until_it_is_set_aside(
    confirma, confirma_json, service, invoices, directories
):
    _, report = confirma_json("submit", invoices(1))
    Path(report["journal"]).unlink()
    (one,) = confirma_json("journal", "list")[1]
    assert (one["exists"], one["gone"]) == (False, True)
    assert "gone, and with it what was sent" in " ".join(confirma("journal", "list")[1].split())
    assert confirma("submit", "invoices.jsonl")[0] == 2
    assert confirma("journal", "set-aside", "--yes")[0] == 0
    (one,) = confirma_json("journal", "list")[1]
    assert (one["exists"], one["gone"]) == (False, False)
    assert confirma("submit", "invoices.jsonl")[0] == 0


# --- copies ---------------------------------------------------------------------------------------


@pytest.fixture
def journal(confirma_json, service, invoices):
    _, report = confirma_json("submit", invoices(1))
    return Path(report["journal"])


def test_a_backup_that_is_put_in_place_is_in_doubt_until_a_person_trusts_it(
    confirma, confirma_json, service, invoices, journal, tmp_path
):
    assert confirma("journal", "backup", tmp_path / "copy")[0] == 0
    confirma("submit", invoices(2))
    shutil.copyfile(tmp_path / "copy", journal)
    code, found = confirma_json("journal", "verify")
    assert (code, "backup" in found["doubt"]) == (1, True)
    code, report = confirma_json("submit", invoices(2, 3), "--settle", 0)
    assert service.requests[CREATE] == 2  # the lost one is listed without a type; the new one waits for proof
    assert (report["accepted"], report["unknown"], len(report["warnings"])) == (0, 2, 1)
    assert confirma("resolve", "--listed", "--is", "accepted", "--because", "one series of numbers")[0] == 0
    code, _, err = confirma("journal", "trust")
    assert (code, "sent twice" in err) == (2, True)
    assert confirma("journal", "trust", "--yes")[0] == 0
    code, report = confirma_json("submit", invoices(2, 3))
    assert (code, report["accepted"], service.requests[CREATE]) == (0, 2, 3)


def test_a_journal_that_is_gone_is_missed(confirma, service, invoices, journal):
    journal.unlink()
    code, _, err = confirma("submit", invoices(1))
    assert (code, service.requests[CREATE]) == (2, 1)
    assert "is gone" in err


def test_a_journal_that_is_set_aside_is_kept(confirma, confirma_json, service, invoices, journal):
    code, _, _ = confirma("journal", "set-aside")
    assert code == 2
    code, found = confirma_json("journal", "set-aside", "--yes")
    assert (code, Path(found["kept_as"]).is_file(), journal.exists()) == (0, True, False)
    _, report = confirma_json("submit", invoices(1))
    assert report["run"] == 1


def test_an_archived_invoice_is_not_sent_again(confirma, confirma_json, service, invoices, journal):
    code, found = confirma_json("journal", "archive", "--before", "2999-01-01")
    assert (code, found["archived"]) == (0, 1)
    code, report = confirma_json("submit", invoices(1))
    assert (code, report["resumed"], service.requests[CREATE]) == (0, 1, 1)
