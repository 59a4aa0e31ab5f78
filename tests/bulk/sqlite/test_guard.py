"""What every look at a journal's file asks first, and what a journal knows of itself."""

import contextlib
import datetime
import os
import shutil
import sqlite3
from pathlib import Path
from typing import cast

import pytest

from confirma_async.bulk.journal.records import Admission, Decision, JobName
from confirma_async.bulk.models import Retry, State
from confirma_async.bulk.sqlite.file import folder_watch, guard, journal_file, locks, look
from confirma_async.bulk.sqlite.file.guard import log_of
from confirma_async.bulk.sqlite.file.marks import mark_paths, read_marks
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.keeping import back_up, set_aside, verify
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import JournalError, JournalGoneError

BATCH_SIZE = 64


def begin(journal):
    with journal.transaction():
        return journal.runs.begin(JobName("t"), now=1.0)


def send(journal, entries, run=1, state=State.ACCEPTED):
    """Has entries claimed, sent and decided; returns what the journal said to them."""
    said = []
    for start in range(0, len(entries), BATCH_SIZE):
        with journal.transaction():
            admitted = journal.admit(entries[start : start + BATCH_SIZE], run)
        said += admitted
        positions = [each.position for each in admitted]
        with journal.transaction():
            journal.sending(positions, 1.0, 2.0)
        with journal.transaction():
            journal.decide([Decision(position=position, state=state, at=1.0) for position in positions])
    return said


@pytest.fixture
def entries(entry):
    return lambda *numbers: [entry(number) for number in numbers]


@pytest.fixture
def sent(path, entries):
    """A journal at rest after a run that sent invoice 1."""
    with contextlib.closing(open_sqlite(path)) as journal:
        begin(journal)
        send(journal, entries(1))
    return path


def killed(path, entries, *numbers):
    """Lets a run send some invoices and die: the journal's files and marks are as it left them.

    They are the same files, too, under the same inodes.
    """
    journal = open_sqlite(path)
    begin(journal)
    send(journal, entries(*numbers), run=2)
    parts = [path, log_of(path), *mark_paths(path)]
    left = {part: part.read_bytes() for part in parts}
    journal.close()
    for part, content in left.items():
        part.write_bytes(content)
    return path


def doubt(path):
    with reading(path) as journal:
        found = journal.trust.doubt()
    return found and found.reason


def files(path):
    marks = [mark for mark in mark_paths(path) if mark.exists()]
    return {each: each.read_bytes() for each in [*path.parent.iterdir(), *marks]}


# --- in doubt -------------------------------------------------------------------------------------


def test_a_journal_that_lies_where_it_was_is_in_no_doubt(sent):
    for _ in range(2):
        assert doubt(sent) is None
        open_sqlite(sent).close()


def test_a_journal_that_died_is_in_no_doubt(sent, entries):
    killed(sent, entries, 2)
    assert doubt(sent) is None


def test_a_journal_that_was_given_another_name_is_another_file_of_no_marks(sent):
    moved = sent.rename(sent.with_name("moved"))
    assert doubt(moved) == "its marks are gone"


def test_a_journal_whose_marks_are_gone_is_in_doubt(sent):
    for mark in mark_paths(sent):
        mark.unlink()
    assert doubt(sent) == "its marks are gone"


@pytest.mark.parametrize("kept", [0, 1])
def test_one_mark_is_enough_to_know_that_it_was_put_back(sent, entries, kept):
    older = sent.read_bytes()
    with contextlib.closing(open_sqlite(sent)) as journal:
        begin(journal)
    assert doubt(sent) is None
    sent.write_bytes(older)
    mark_paths(sent)[1 - kept].unlink()
    assert doubt(sent) == "it was put back to an earlier state"


def test_marks_may_be_behind_their_journal(sent, entries):
    before = {mark: mark.read_bytes() for mark in mark_paths(sent)}
    with contextlib.closing(open_sqlite(sent)) as journal:
        begin(journal)
    for mark, content in before.items():
        mark.write_bytes(content)
    assert doubt(sent) is None


def test_a_copy_of_itself_in_its_place_is_in_doubt(sent):
    shutil.copy(sent, sent.with_name("copy"))
    sent.with_name("copy").replace(sent)
    assert doubt(sent) == "it is a copy, or was moved from another disk or machine"


def test_another_journal_in_its_place_is_in_doubt(sent, entries, tmp_path):
    other = tmp_path / "other"
    with contextlib.closing(open_sqlite(other)) as journal:
        begin(journal)
        send(journal, entries(*range(2, 200)))
    sent.write_bytes(other.read_bytes())
    assert doubt(sent) == "another journal was here before it"


@pytest.mark.parametrize("parts", [("", "-wal", "-shm"), ("",), ("-wal", "-shm"), ("-wal",), ("-shm",)])
def test_what_is_replaced_under_a_job_is_joined_by_no_other_and_the_job_stops(sent, entries, parts):
    copy = sent.with_name("copy")
    shutil.copyfile(sent, copy)
    with contextlib.closing(open_sqlite(sent)) as running:
        begin(running)
        with running.transaction():
            running.admit(entries(2), 2)
        for part in parts:
            sent.with_name(f"{sent.name}{part}").unlink()
        if "" in parts:
            copy.rename(sent)
        with pytest.raises(JournalError, match="a job still runs"):
            open_sqlite(sent)
        with pytest.raises(JournalGoneError), running.transaction():
            running.sending([2], 1.0, 2.0)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_backup_is_a_copy_wherever_it_is_put(sent, in_place, tmp_path):
    back_up(sent, tmp_path / "backup")
    if in_place:
        sent.write_bytes((tmp_path / "backup").read_bytes())
    path = sent if in_place else tmp_path / "backup"
    assert doubt(path) == "it is a backup that was put in place"
    assert verify(path) is not None


def test_doubt_stays_until_a_person_ends_it(sent):
    for mark in mark_paths(sent):
        mark.unlink()
    open_sqlite(sent).close()
    assert len(read_marks(sent)) == 2
    assert doubt(sent) == "its marks are gone"
    with contextlib.closing(open_sqlite(sent)) as journal, journal.transaction():
        journal.trust.regain(1.0)
    assert doubt(sent) is None


def test_of_two_copies_that_were_used_neither_is_taken_for_the_other(sent, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copy(sent, copy)
    with contextlib.closing(open_sqlite(copy)) as journal, journal.transaction():
        journal.trust.regain(1.0)
    assert doubt(copy) is None
    sent.write_bytes(copy.read_bytes())
    assert doubt(sent) == "another journal was here before it"


# --- what a journal in doubt does -----------------------------------------------------------------


@pytest.fixture
def doubtful(path, entries):
    """A journal in doubt: 1 accepted, 2 rejected, 3 pending, 4 never admitted."""
    with contextlib.closing(open_sqlite(path)) as journal:
        begin(journal)
        send(journal, entries(1))
        send(journal, entries(2), state=State.REJECTED)
        with journal.transaction():
            journal.admit(entries(3), 1)
    for mark in mark_paths(path):
        mark.unlink()
    return path


def test_in_doubt_everything_that_is_not_final_is_looked_up_first(doubtful, entries):
    with contextlib.closing(open_sqlite(doubtful)) as journal:
        run = begin(journal)
        with journal.transaction():
            said = journal.admit(entries(1, 2, 3, 4), run)
        assert [each.admission for each in said] == [
            Admission.FINAL,
            Admission.FINAL,
            Admission.UNKNOWN,
            Admission.UNKNOWN,
        ]
        assert [row.state for row in journal.rows()][2:] == [State.UNKNOWN, State.UNKNOWN]
        # What a run that this journal has forgotten may have sent need not have ended by now.
        assert [row.ended for row in journal.rows()][2:] == [None, None]


def test_in_doubt_what_was_rejected_is_looked_up_before_it_is_sent_again(doubtful, entry):
    with contextlib.closing(open_sqlite(doubtful)) as journal:
        run = begin(journal)
        with journal.transaction():
            (said,) = journal.admit([entry(2, contents=b"b")], run, Retry.CHANGED)
        assert said.admission is Admission.UNKNOWN
        assert {row.key.number for row in journal.rows(State.UNKNOWN)} == {2, 3}


def test_what_was_looked_up_and_is_pending_is_claimed_by_the_next_run(doubtful, entries):
    with contextlib.closing(open_sqlite(doubtful)) as journal:
        run = begin(journal)
        with journal.transaction():
            (said,) = journal.admit(entries(4), run)
            journal.decide([Decision(position=said.position, state=State.PENDING, at=1.0)])
        run = begin(journal)
        with journal.transaction():
            (said,) = journal.admit(entries(4), run)
    assert said.admission is Admission.CLAIMED


# --- the log --------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", [open_sqlite, lambda path: reading(path).__enter__()])
@pytest.mark.parametrize("left", [None, b"", b"x" * 32, b"x" * 100, b"\x37\x7f\x06\x82" + b"\0" * 28])
def test_a_log_that_holds_nothing_is_none(sent, entries, use, left):
    killed(sent, entries, 2)
    log_of(sent).unlink()
    if left is not None:
        log_of(sent).write_bytes(left)
    before = files(sent)
    with pytest.raises(JournalError, match="missing or empty"):
        use(sent)
    assert files(sent) == before


def test_a_large_older_copy_beside_the_log_of_what_came_later_is_checked_whole(path, entries, monkeypatch):
    monkeypatch.setattr(guard, "CHECKED_BYTES", 0)
    with contextlib.closing(open_sqlite(path)) as journal:
        begin(journal)
        send(journal, entries(*range(1, 3000)))
    back_up(path, path.with_name("backup"))
    killed(path, entries, *range(3000, 6000))  # so much that the log has begun anew meanwhile
    path.write_bytes(path.with_name("backup").read_bytes())
    with pytest.raises(JournalError, match=r"its log .* do not belong together"):
        open_sqlite(path)
    log_of(path).unlink()
    assert doubt(path) == "it is a backup that was put in place"


def test_an_older_copy_beside_the_log_of_a_run_that_sent_nothing_is_refused(sent, entries):
    older = sent.read_bytes()
    with contextlib.closing(open_sqlite(sent)) as journal:
        begin(journal)
        send(journal, entries(2), run=2)
    killed(sent, entries)
    sent.write_bytes(older)
    with pytest.raises(JournalError, match=r"its log .* do not belong together"):
        open_sqlite(sent)
    log_of(sent).unlink()
    assert doubt(sent) == "it was put back to an earlier state"


def test_a_copy_that_is_written_into_the_file_of_a_running_job_is_in_doubt(sent, entries):
    older = sent.read_bytes()
    with contextlib.closing(open_sqlite(sent)) as journal:
        begin(journal)
        send(journal, entries(2), run=2)
    with contextlib.closing(open_sqlite(sent)) as journal:
        begin(journal)
        sent.write_bytes(older)
    assert doubt(sent) is not None


def test_a_journal_that_died_as_it_was_closed_is_in_no_doubt(sent, entries):
    journal = open_sqlite(sent)
    begin(journal)
    send(journal, entries(2), run=2)
    connection = WithoutTruncation(journal._connection.execute)
    journal_file._mark_closed(cast("sqlite3.Connection", connection))
    parts = {part: part.read_bytes() for part in [sent, log_of(sent), *mark_paths(sent)]}
    journal.close()
    for part, content in parts.items():
        part.write_bytes(content)
    with contextlib.closing(open_sqlite(sent)) as again:
        assert again.trust.doubt() is None
        assert len(list(again.rows())) == 2


class WithoutTruncation:
    """A connection whose checkpoints leave the log as it is."""

    def __init__(self, execute):
        self._execute = execute

    def execute(self, statement, *values):
        return self._execute(statement.replace("TRUNCATE", "PASSIVE"), *values)


def test_a_log_that_the_last_run_needs_is_no_reason_to_check_all(sent, entries, monkeypatch):
    killed(sent, entries, 2)
    monkeypatch.setattr(guard, "CHECKED_BYTES", 0)
    real = sqlite3.connect
    statements: list[str] = []

    def traced(*args, **kwargs):
        connection = real(*args, **kwargs)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    open_sqlite(sent).close()
    assert statements
    assert not any("integrity_check" in statement for statement in statements)


# --- gone, and in its place -----------------------------------------------------------------------


def test_a_journal_that_is_gone_is_not_begun_anew(sent):
    sent.unlink()
    for _ in range(2):
        with pytest.raises(JournalError, match="is gone, and with it what was sent"):
            open_sqlite(sent)
        with pytest.raises(JournalError, match="is gone"), reading(sent):
            pass
        mark_paths(sent)[0].unlink(missing_ok=True)  # one mark is enough
    set_aside(sent, datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC))
    open_sqlite(sent).close()


def test_a_journal_that_never_was_used_may_be_removed(path):
    open_sqlite(path).close()
    path.unlink()
    open_sqlite(path).close()


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("what", ["deleted", "replaced", "log deleted", "log replaced"])
def test_a_journal_that_is_no_longer_in_its_place_takes_nothing_more(
    sent, entries, what, still, monkeypatch, until_the_clock_ticks
):
    journal = open_sqlite(sent)
    # The folder counts as one in which nothing changed for long, or as one in which something just did.
    monkeypatch.setattr(folder_watch, "GRAIN_NS", -(10**12) if still else 10**18)
    begin(journal)
    assert journal._file._folder.is_still() == still
    until_the_clock_ticks(sent.parent)
    part = log_of(sent) if what.startswith("log") else sent
    kept = part.rename(part.with_name("kept"))
    if what.endswith("replaced"):
        shutil.copy(kept, part)
    with pytest.raises(JournalGoneError) as caught, journal.transaction():
        journal.admit(entries(2), 2)
    rescued = caught.value.rescued
    assert rescued is not None
    journal.close()
    with contextlib.closing(open_sqlite(Path(rescued))) as saved:
        assert saved.trust.doubt() is not None
        assert [row.key.number for row in saved.rows()] == [1]
        assert saved.runs.find(2) is not None


def test_a_journal_that_was_replaced_is_not_closed_as_whole(sent, entries):
    journal = open_sqlite(sent)
    begin(journal)
    kept = sent.rename(sent.with_name("kept"))
    shutil.copy(kept, sent)
    before = sent.read_bytes()
    journal.close()
    assert sent.read_bytes() == before


def test_a_journal_is_not_open_twice_under_two_names(sent):
    os.link(sent, sent.with_name("other name"))
    with contextlib.closing(open_sqlite(sent)), pytest.raises(JournalError, match="in use"):
        open_sqlite(sent.with_name("other name"))


def test_others_may_not_read_it(sent):
    sent.chmod(0o644)
    open_sqlite(sent).close()
    assert sent.stat().st_mode & 0o777 == 0o600


# --- looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["at rest", "died", "died, no index of the log"])
def test_a_look_makes_nothing_and_changes_nothing(sent, entries, state):
    if state != "at rest":
        killed(sent, entries, 2)
    if state == "died":  # SQLite's own index of the log, as a dead process leaves it
        with contextlib.closing(sqlite3.connect(sent.with_name("x"))) as other:
            other.execute("PRAGMA journal_mode = WAL")
            other.execute("CREATE TABLE a (b)")
            shutil.copy(sent.with_name("x-shm"), log_of(sent).with_name(f"{sent.name}-shm"))
        for each in sent.parent.glob("x*"):
            each.unlink()

    def as_they_are():
        return {name: name.match("*-shm") or content for name, content in files(sent).items()}

    before = as_they_are()
    with reading(sent) as journal:
        assert len(list(journal.rows())) == (1 if state == "at rest" else 2)
        assert as_they_are() == before
    verify(sent)
    assert doubt(sent) is None
    assert as_they_are() == before


def test_a_job_waits_for_those_who_only_look(sent, monkeypatch):
    monkeypatch.setattr(locks, "LOOK_PATIENCE", 0.0)
    with look._look(sent), pytest.raises(JournalError, match="is being read"):
        open_sqlite(sent)
    open_sqlite(sent).close()


def test_a_journal_that_was_moved_while_a_job_waited_for_it_is_left_alone(sent, monkeypatch):
    takes = locks.takes

    def moved_meanwhile(descriptor, kind):
        if sent.exists():
            sent.rename(sent.with_name("moved"))
        return takes(descriptor, kind)

    monkeypatch.setattr(locks, "takes", moved_meanwhile)
    with pytest.raises(JournalError, match="in use"):
        open_sqlite(sent)
    assert not sent.exists()


def test_a_journal_is_not_set_aside_under_a_job(sent):
    now = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    before = sent.stat().st_ino
    with contextlib.closing(open_sqlite(sent)), pytest.raises(JournalError, match="in use"):
        set_aside(sent, now)
    assert sent.stat().st_ino == before
    assert len(read_marks(sent)) == 2
    aside = set_aside(sent, now)
    assert aside is not None
    assert aside.stat().st_ino == before
    assert read_marks(sent) == []


def test_a_mark_that_cannot_reach_the_file_stops_the_run(sent, entries):
    killed(sent, entries, 2)
    uri = f"{sent.as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM item").fetchall()
        with pytest.raises(JournalError, match="is being read by another program") as caught:
            open_sqlite(sent)
        assert caught.value.resumable
    open_sqlite(sent).close()
