"""The journal's file: what is made, what is refused, and what is never touched."""

import contextlib
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys

import pytest
from attrs import asdict

from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite import migrations
from confirma_async.bulk.sqlite.file import file_systems
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.migrations import APPLICATION_ID, MIGRATIONS
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import JournalError, JournalMismatchError


@pytest.fixture
def opened(path):
    journal = open_sqlite(path)
    yield journal
    journal.close()


def states(journal):
    return [row.state for row in journal.rows()]


def claim(journal, *entries):
    with journal.transaction():
        journal.admit(entries, 1)


def test_a_new_journal_is_durable_and_leaves_no_draft(opened, path):
    assert opened._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert opened._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert not list(path.parent.glob("*.new"))


def test_a_journal_is_found_again(path, entry):
    first = open_sqlite(path)
    claim(first, entry())
    first.close()
    second = open_sqlite(path)
    assert states(second) == [State.CLAIMED]
    second.close()


@pytest.mark.parametrize("use", [open_sqlite, lambda path: reading(path).__enter__()])
def test_an_empty_file_is_refused_and_left_alone(path, use):
    path.touch()
    with pytest.raises(JournalError, match="empty file"):
        use(path)
    assert [(file.name, file.stat().st_size) for file in path.parent.iterdir()] == [(path.name, 0)]


def make_text(path):
    path.write_text("number;date\n1;2026-01-01\n" * 20)


def make_other_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()


def make_newer_journal(path):
    open_sqlite(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("make", [make_text, make_other_database, make_newer_journal])
@pytest.mark.parametrize("use", [open_sqlite, lambda path: reading(path).__enter__()])
def test_a_file_that_is_no_journal_of_ours_is_refused_and_not_touched(path, make, use):
    make(path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(JournalMismatchError, match=r"not touched"):
        use(path)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_newer_journal_says_what_to_do(path):
    make_newer_journal(path)
    with pytest.raises(JournalMismatchError, match="upgrade"):
        open_sqlite(path)


def test_a_journal_in_use_is_not_to_be_had_alone(opened, path):
    with pytest.raises(JournalError, match="in use by another job"):
        open_sqlite(path, alone=True)
    opened.close()
    with (
        contextlib.closing(open_sqlite(path, alone=True)),
        pytest.raises(JournalError, match="in use by another job"),
    ):
        open_sqlite(path)


def test_opening_it_again_and_again_while_a_job_has_it_keeps_no_descriptor(opened, path):
    open_sqlite(path).close()
    before = len(os.listdir("/proc/self/fd"))  # SQLite keeps one itself, for the next
    for _ in range(5):
        open_sqlite(path).close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_forked_child_neither_opens_nor_closes_the_journal_of_its_parent(opened, path, entry):
    child = os.fork()
    if not child:
        try:
            open_sqlite(path)
        except JournalError as error:
            opened.close()
            os._exit(0 if "forked" in str(error) else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    claim(opened, entry())
    assert states(opened) == [State.CLAIMED]


def test_a_hold_that_cannot_be_read_is_not_taken_for_a_dead_jobs(opened, path, monkeypatch):
    """It may be another user's, or the process may be out of descriptors."""
    real = os.open

    def refuse(file, *arguments, **more):
        if ".held-" in os.fspath(file) and not arguments[0] & os.O_CREAT:
            raise PermissionError(13, "Permission denied")
        return real(file, *arguments, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError, match="cannot be told"):
        open_sqlite(path)
    monkeypatch.undo()
    assert len(list(path.parent.glob("*.held-*"))) == 1


def test_a_journal_is_free_again_after_closing(path):
    open_sqlite(path).close()
    open_sqlite(path).close()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(JournalError, match="cannot be written"):
        open_sqlite(tmp_path / "nowhere" / "job.journal")


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write anywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="cannot be written"):
        open_sqlite(tmp_path / "job.journal")


def test_a_network_file_system_is_refused(path, monkeypatch):
    monkeypatch.setattr(file_systems, "file_system", lambda folder: "nfs4")
    with pytest.raises(JournalError, match="network file system"):
        open_sqlite(path)
    assert not path.exists()


def test_the_file_system_of_a_folder_is_known_where_the_system_tells(tmp_path):
    kind = file_systems.file_system(tmp_path)
    assert kind is None or kind.strip() == kind


@pytest.fixture
def filled(path, entry):
    """A journal at rest, of a few dozen pages."""
    opened = open_sqlite(path)
    claim(opened, *(entry(number) for number in range(1, 500)))
    opened.close()
    return path


def overwrite(path, at):
    contents = path.read_bytes()
    path.write_bytes(contents[:at] + b"\xff" * (len(contents) - at))


def cut(path, at):
    path.write_bytes(path.read_bytes()[:at])


@pytest.mark.parametrize("damage", [overwrite, cut])
@pytest.mark.parametrize("at", [4096, 5000, 3 * 4096])
@pytest.mark.parametrize("log", [False, True])
def test_a_damaged_journal_is_named_as_such_and_not_touched(filled, damage, at, log):
    damage(filled, at)
    if log:
        filled.with_name(f"{filled.name}-wal").touch()
    before = {file.name: file.read_bytes() for file in filled.parent.iterdir() if not file.match("*-shm")}
    with pytest.raises(JournalError, match="damaged"):
        open_sqlite(filled)
    after = {file.name: file.read_bytes() for file in filled.parent.iterdir() if not file.match("*-shm")}
    assert after == before


def test_a_cut_journal_is_not_read_either(filled):
    cut(filled, 4096)
    with pytest.raises(JournalError, match="damaged"), reading(filled):
        pass


def test_a_journal_that_would_not_find_an_invoice_it_holds_is_damaged(filled):
    # Only the index of keys forgets the invoices: every page by itself is whole.
    reword = "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'item_key'"
    whole, narrow = "repeat)", "repeat) WHERE number > 100"
    for before, after, then in [(whole, narrow, "REINDEX item_key"), (narrow, whole, "")]:
        with contextlib.closing(sqlite3.connect(filled, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(reword, (before, after))
        with contextlib.closing(sqlite3.connect(filled, isolation_level=None)) as connection:
            connection.execute(then)
    with pytest.raises(JournalError, match="damaged"):
        open_sqlite(filled)


# --- older forms ----------------------------------------------------------------------------------


def make_first_form(path):
    """A journal as the first version wrote it, with one item in each final state."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = 1; {MIGRATIONS[0]}"
        )
        rows = [(1, 7, 4), (2, 8, 5), (3, 9, 0)]
        connection.executemany(
            "INSERT INTO item (position, number, type, seller, repeat, date, source, digest, state, run) "
            "VALUES (?, ?, 'INVOICE', 's', '', '2026-11-01', 'f.csv:2', x'00', ?, 1)",
            rows,
        )
        connection.execute("INSERT INTO meta VALUES ('target', 't'), ('inputs', '[]'), ('run', '1')")
        connection.commit()


def of_first_form(journal):
    return [(row.key.number, row.state, row.amount, row.currency) for row in journal.rows()] == [
        (7, State.ACCEPTED, None, ""),
        (8, State.REJECTED, None, ""),
        (9, State.PENDING, None, ""),
    ]


def test_a_journal_of_an_older_form_is_brought_up_to_date(path, entry):
    make_first_form(path)
    opened = open_sqlite(path)
    assert of_first_form(opened)
    with opened.transaction():
        opened.admit([entry(10)], 2)
    opened.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"seller": "7375462"}, {"seller": "07375462"}),
        ({"type": "reminder"}, {"type": "REMINDER", "repeat": "2026-11-01"}),
        ({"state": State.PENDING}, {"state": State.UNKNOWN}),
        ({"state": State.PENDING, "attempts": 0}, {"state": State.PENDING}),
        ({"state": State.REJECTED}, {"says_no": True}),
        ({"state": State.REJECTED, "status": "ERROR"}, {"says_no": False}),
    ],
    ids=str,
)
def test_what_the_version_before_spelled_or_judged_otherwise_is_brought_to_what_holds_now(
    path, written, kept
):
    row = {
        "position": 1, "number": 7, "type": "INVOICE", "seller": "07375462", "repeat": "",
        "date": "2026-11-01", "source": "f", "digest": b"x" * 32, "state": State.ACCEPTED, "attempts": 1,
        "attempted_at": 9.0, "run": 1, "status": None, **written,
    }  # fmt: skip
    with contextlib.closing(sqlite3.connect(path)) as older:
        older.executescript(
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 2; {MIGRATIONS[0]}"
            f"{MIGRATIONS[1]}"
        )
        names, places = ", ".join(row), ", ".join("?" * len(row))
        older.execute(f"INSERT INTO item ({names}) VALUES ({places})", [*row.values()])
        older.commit()
    with contextlib.closing(open_sqlite(path)) as journal:
        (found,) = journal.rows()
    reported = {**asdict(found.key), "state": found.state, "says_no": found.says_no}
    assert {name: reported[name] for name in kept} == kept


def test_a_journal_of_an_older_form_is_read_as_it_lies(path):
    make_first_form(path)
    before = path.read_bytes()
    with reading(path) as journal:
        assert of_first_form(journal)
    assert path.read_bytes() == before


def test_an_update_that_fails_leaves_the_older_form(path, monkeypatch):
    make_first_form(path)
    monkeypatch.setattr(migrations, "MIGRATIONS", [*MIGRATIONS, "CREATE TABLE one (a); nonsense;"])
    with pytest.raises(JournalError):
        open_sqlite(path)
    monkeypatch.undo()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    open_sqlite(path).close()


def test_a_new_journal_and_an_updated_one_have_the_same_form(path):
    def form(file):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()

    new = path.with_name("new")
    make_first_form(path)
    for each in (path, new):
        open_sqlite(each).close()
    assert form(path) == form(new)


# --- reading --------------------------------------------------------------------------------------


def test_no_journal_to_read_is_said(path):
    with pytest.raises(JournalError, match="there is no journal"), reading(path):
        pass


def test_a_journal_can_be_read_while_a_job_holds_it(opened, path, entry):
    claim(opened, entry())
    with reading(path) as connection:
        assert states(connection) == [State.CLAIMED]


def test_reading_never_writes(path):
    open_sqlite(path).close()
    with (
        pytest.raises(JournalError, match="cannot be written"),
        reading(path) as journal,
    ):
        journal._tables.change("DELETE FROM meta")


def test_errors_of_the_journal_survive_pickling(path):
    make_text(path)
    with pytest.raises(JournalMismatchError) as caught:
        open_sqlite(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.mkdir()])
def test_what_is_no_regular_file_is_refused_and_left_alone(path, make):
    make(path)
    before = path.stat().st_ino
    with pytest.raises(JournalError, match="no regular file"):
        open_sqlite(path)
    assert path.stat().st_ino == before


def outsider(path):
    """Another program opens the journal for writing and closes it again."""
    code = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT 1 FROM meta'); c.close()"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("look", ["refused", "reading", "another job"])
def test_looking_into_it_from_the_same_process_leaves_its_log_alone(opened, path, entry, look):
    claim(opened, entry())
    if look == "refused":
        with pytest.raises(JournalError, match="in use"):
            open_sqlite(path, alone=True)
    elif look == "another job":
        open_sqlite(path).close()
    else:
        with reading(path) as journal:
            assert states(journal)
    outsider(path)
    assert path.with_name(f"{path.name}-wal").exists()


def left_open(path, entry):
    """What a killed process leaves: a journal and its log."""
    opened = open_sqlite(path)
    claim(opened, entry())
    copy = path.with_name("copy")
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    opened.close()
    return copy


def test_a_journal_with_its_log_is_whole_after_a_kill(path, entry):
    opened = open_sqlite(left_open(path, entry))
    assert states(opened) == [State.CLAIMED]
    opened.close()


def test_a_journal_without_the_log_that_it_needs_is_refused(path, entry):
    copy = left_open(path, entry)
    log = copy.with_name("copy-wal")
    log.unlink()
    for _ in ("missing", "empty"):
        with pytest.raises(JournalError, match="missing or empty"):
            open_sqlite(copy)
        with pytest.raises(JournalError, match="missing or empty"), reading(copy):
            pass
        log.touch()


def test_a_log_without_its_journal_is_refused(path, entry):
    copy = left_open(path, entry)
    copy.unlink()
    with pytest.raises(JournalError, match="its log copy-wal is still there"):
        open_sqlite(copy)


def test_a_journal_that_was_closed_can_be_copied_alone(path, entry):
    open_sqlite(path).close()
    shutil.copy(path, path.with_name("copy"))
    open_sqlite(path.with_name("copy")).close()


def test_a_journal_behind_a_link_has_its_log_where_the_journal_is(path, entry):
    copy = left_open(path, entry)
    link = path.parent / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to(copy)
    opened = open_sqlite(link)
    assert states(opened) == [State.CLAIMED]
    opened.close()


def test_a_journal_whose_link_points_to_no_file_yet_is_made_there(path):
    link = path.with_name("link")
    link.symlink_to(path)
    open_sqlite(link).close()
    assert path.is_file()
    assert link.is_symlink()
