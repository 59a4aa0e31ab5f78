"""The journal's file: what is made, what is refused, and what is never touched."""

import os
import pickle
import shutil
import sqlite3
import subprocess
import sys

import pytest

from confirma_async.bulk import file_systems, journal, journal_file
from confirma_async.bulk.items import State
from confirma_async.errors import JournalError, JournalMismatchError


def states(connection):
    return [state for (state,) in connection.execute("SELECT state FROM item ORDER BY position")]


def test_a_new_journal_is_durable_and_leaves_no_draft(opened, path):
    assert opened.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert opened.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not list(path.parent.glob("*.new"))


def test_a_journal_is_found_again(path, entry):
    first = journal_file.open_journal(path)
    journal.admit(first.connection, [entry()], 1)
    first.close()
    second = journal_file.open_journal(path)
    assert states(second.connection) == [State.CLAIMED]
    second.close()


def test_an_empty_file_becomes_a_journal(path):
    path.touch()
    journal_file.open_journal(path).close()
    assert path.read_bytes().startswith(b"SQLite format 3")


def make_text(path):
    path.write_text("number;date\n1;2026-01-01\n" * 20)


def make_other_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()


def make_newer_journal(path):
    journal_file.open_journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("make", [make_text, make_other_database, make_newer_journal])
@pytest.mark.parametrize(
    "use", [journal_file.open_journal, lambda path: journal_file.reading(path).__enter__()]
)
def test_a_file_that_is_no_journal_of_ours_is_refused_and_not_touched(path, make, use):
    make(path)
    before = path.read_bytes()
    with pytest.raises(JournalMismatchError, match=r"not touched"):
        use(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_newer_journal_says_what_to_do(path):
    make_newer_journal(path)
    with pytest.raises(JournalMismatchError, match="upgrade"):
        journal_file.open_journal(path)


def test_a_journal_in_use_is_refused(opened, path):
    with pytest.raises(JournalError, match="in use by another job"):
        journal_file.open_journal(path)


def test_a_journal_is_free_again_after_closing(path):
    journal_file.open_journal(path).close()
    journal_file.open_journal(path).close()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(JournalError, match="cannot be written"):
        journal_file.open_journal(tmp_path / "nowhere" / "job.journal")


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write anywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="cannot be written"):
        journal_file.open_journal(tmp_path / "job.journal")


def test_a_network_file_system_is_refused(path, monkeypatch):
    monkeypatch.setattr(file_systems, "file_system", lambda folder: "nfs4")
    with pytest.raises(JournalError, match="network file system"):
        journal_file.open_journal(path)
    assert not path.exists()


def test_the_file_system_of_a_folder_is_known_where_the_system_tells(tmp_path):
    kind = file_systems.file_system(tmp_path)
    assert kind is None or kind.strip() == kind


def test_a_damaged_journal_is_named_as_such(path, entry):
    opened = journal_file.open_journal(path)
    journal.admit(opened.connection, [entry(number) for number in range(1, 500)], 1)
    opened.close()
    contents = path.read_bytes()
    path.write_bytes(contents[:4096] + b"\xff" * (len(contents) - 4096))
    with pytest.raises(JournalError, match="damaged"):
        journal_file.open_journal(path)


def test_a_cut_journal_is_named_as_such(path):
    journal_file.open_journal(path).close()
    path.write_bytes(path.read_bytes()[:4096])
    with pytest.raises(JournalError, match=r"damaged"):
        journal_file.open_journal(path)


def test_no_journal_to_read_is_said(path):
    with pytest.raises(JournalError, match="there is no journal"), journal_file.reading(path):
        pass


def test_a_journal_can_be_read_while_a_job_holds_it(opened, path, entry):
    journal.admit(opened.connection, [entry()], 1)
    with journal_file.reading(path) as connection:
        assert states(connection) == [State.CLAIMED]


def test_reading_never_writes(path):
    journal_file.open_journal(path).close()
    with (
        pytest.raises(JournalError, match="cannot be written"),
        journal_file.reading(path) as connection,
    ):
        connection.execute("DELETE FROM item")


def test_errors_of_the_journal_survive_pickling(path):
    make_text(path)
    with pytest.raises(JournalMismatchError) as caught:
        journal_file.open_journal(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.mkdir()])
def test_what_is_no_regular_file_is_refused_and_left_alone(path, make):
    make(path)
    before = path.stat().st_ino
    with pytest.raises(JournalError, match="no regular file"):
        journal_file.open_journal(path)
    assert path.stat().st_ino == before


def test_an_empty_file_is_filled_in_its_place(path):
    path.touch()
    before = path.stat().st_ino
    journal_file.open_journal(path).close()
    assert path.stat().st_ino == before


def outsider(path):
    """Another program opens the journal for writing and closes it again."""
    code = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT 1 FROM meta'); c.close()"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("look", ["refused", "reading"])
def test_looking_into_it_from_the_same_process_leaves_its_log_alone(opened, path, entry, look):
    journal.admit(opened.connection, [entry()], 1)
    if look == "refused":
        with pytest.raises(JournalError, match="in use"):
            journal_file.open_journal(path)
    else:
        with journal_file.reading(path) as connection:
            connection.execute("SELECT * FROM meta").fetchall()
    outsider(path)
    assert path.with_name(f"{path.name}-wal").exists()


def left_open(path, entry):
    """What a killed process leaves: a journal and its log."""
    opened = journal_file.open_journal(path)
    journal.admit(opened.connection, [entry()], 1)
    copy = path.with_name("copy")
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    opened.close()
    return copy


def test_a_journal_with_its_log_is_whole_after_a_kill(path, entry):
    opened = journal_file.open_journal(left_open(path, entry))
    assert states(opened.connection) == [State.CLAIMED]
    opened.close()


def test_a_journal_without_the_log_that_it_needs_is_refused(path, entry):
    copy = left_open(path, entry)
    log = copy.with_name("copy-wal")
    log.unlink()
    with pytest.raises(JournalError, match="may have forgotten"):
        journal_file.open_journal(copy)
    log.touch()  # what the message offers to whoever knows better
    journal_file.open_journal(copy).close()


def test_a_log_without_its_journal_is_refused(path, entry):
    copy = left_open(path, entry)
    copy.unlink()
    with pytest.raises(JournalError, match="its log copy-wal is still there"):
        journal_file.open_journal(copy)


def test_a_journal_that_was_closed_can_be_copied_alone(path, entry):
    journal_file.open_journal(path).close()
    shutil.copy(path, path.with_name("copy"))
    journal_file.open_journal(path.with_name("copy")).close()


def test_a_journal_behind_a_link_has_its_log_where_the_journal_is(path, entry):
    copy = left_open(path, entry)
    link = path.parent / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to(copy)
    opened = journal_file.open_journal(link)
    assert states(opened.connection) == [State.CLAIMED]
    opened.close()


def test_a_journal_whose_link_points_to_no_file_yet_is_made_there(path):
    link = path.with_name("link")
    link.symlink_to(path)
    journal_file.open_journal(link).close()
    assert path.is_file()
    assert link.is_symlink()
