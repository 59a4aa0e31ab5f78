"""The journal's one thread: durable when awaited, grouped, and honest about failure."""

import asyncio
import contextlib
import sqlite3
from functools import partial

import pytest

from confirma_async.bulk import journal_thread
from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import JournalError
from confirma_async.formats import Identity
from confirma_async.schemas import InvoiceType


@pytest.fixture
def opener(path):
    return partial(open_sqlite, path)


@pytest.fixture
async def writer(opener):
    opened = await JournalWriter.open(opener, 30.0)
    yield opened
    await opened.close()


def insert(name):
    return lambda journal: journal.numbers.keep({Identity("s", InvoiceType.INVOICE, f"n{name}"): 1})


def names(journal):
    return sorted(name[1:] for (name,) in journal._connection.execute("SELECT original FROM numbered"))


async def test_what_is_awaited_is_committed(writer):
    await writer.run(insert("a"))
    assert await writer.run(names) == ["a"]


async def test_many_writers_share_commits(writer):
    commits: list[str] = []
    await writer.run(lambda journal: journal._connection.set_trace_callback(commits.append))
    await asyncio.gather(*(writer.run(insert(f"{index:03}")) for index in range(200)))
    assert len(await writer.run(names)) == 200
    assert sum(statement == "COMMIT" for statement in commits) < 50


async def test_a_function_that_refuses_leaves_the_others_alone(writer):
    def refuse(journal):
        raise JournalError("not this one")

    results = await asyncio.gather(
        writer.run(insert("a")), writer.run(refuse), writer.run(insert("b")), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), JournalError, type(None)]
    assert await writer.run(names) == ["a", "b"]


async def test_a_full_disk_is_a_sentence_and_nothing_of_the_group_is_written(writer):
    def shrink(journal):
        connection = journal._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await writer.run(shrink)
    huge = "x" * 100_000
    with pytest.raises(JournalError, match="the disk is full") as caught:
        await writer.run(insert(huge))
    assert caught.value.resumable
    assert await writer.run(names) == []


async def test_a_fault_in_a_function_reaches_whoever_waits_for_it(writer):
    with pytest.raises(ZeroDivisionError):
        await writer.run(lambda journal: 1 / 0)
    assert await writer.run(names) == []


async def test_closing_finishes_what_is_queued(opener):
    writer = await JournalWriter.open(opener, 30.0)
    waiting = [asyncio.create_task(writer.run(insert(str(index)))) for index in range(20)]
    await asyncio.sleep(0)
    await writer.close()
    await asyncio.gather(*waiting)
    again = await JournalWriter.open(opener, 30.0)
    assert len(await again.run(names)) == 20
    await again.close()


async def test_after_closing_nothing_is_taken(opener):
    writer = await JournalWriter.open(opener, 30.0)
    await writer.close()
    await writer.close()
    with pytest.raises(JournalError, match="is closed"):
        await writer.run(names)


async def test_cancelled_while_it_opens_it_lets_go_of_the_file(opener):
    opening = asyncio.create_task(JournalWriter.open(opener, 30.0))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(5):
        while True:
            try:
                writer = await JournalWriter.open(opener, 30.0)
            except JournalError:  # the cancelled one is still at it
                await asyncio.sleep(0.01)
            else:
                break
    await writer.close()


async def test_a_rollback_that_fails_too_does_not_silence_the_thread(writer):
    def break_it(journal):
        journal._connection.execute("ROLLBACK")  # so that the commit fails, and the rollback after it as well
        raise sqlite3.OperationalError("the disk is gone")

    with pytest.raises(JournalError, match="the disk is gone"):
        await writer.run(break_it)
    assert await writer.run(names) == []


# --- intents and outcomes -------------------------------------------------------------------------


@pytest.fixture
async def claimed(writer, entry):
    """The writer, over a journal that has claimed two hundred items."""
    run = await writer.run(lambda journal: journal.runs.begin(JobName("t"), now=0.0))
    await writer.run(lambda journal: journal.admit([entry(number) for number in range(1, 201)], run))
    return writer


def counted(state):
    return lambda journal: journal.figures.counts()[state]


def accepted(position):
    return Decision(position=position, state=State.ACCEPTED, at=1.0)


async def test_an_intent_is_durable_when_awaited(claimed):
    await claimed.sending(3)
    assert await claimed.run(counted(State.SENDING)) == 1


async def test_intents_and_outcomes_go_over_together(claimed):
    commits: list[str] = []
    await claimed.run(lambda journal: journal._connection.set_trace_callback(commits.append))
    reported: list[int] = []

    async def send(position):
        await claimed.sending(position)
        claimed.decide(accepted(position), partial(reported.append, position))

    await asyncio.gather(*(send(position) for position in range(1, 201)))
    assert await claimed.run(counted(State.ACCEPTED)) == 200
    assert sorted(reported) == list(range(1, 201))
    assert sum(statement == "COMMIT" for statement in commits) < 20


async def test_an_intent_waits_for_others_only_while_few_of_those_that_are_sent_wait(claimed, monkeypatch):
    monkeypatch.setattr("confirma_async.bulk.writer.GATHER_SECONDS", 3600.0)
    await claimed.sending(1)
    await asyncio.gather(*map(claimed.sending, (2, 3, 4)))
    fifth = asyncio.create_task(claimed.sending(5))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not fifth.done()
    assert not claimed._under_way
    await asyncio.gather(fifth, claimed.sending(6))


async def test_an_outcome_is_told_only_when_it_is_durable(claimed, path):
    seen: list[int] = []

    def look():
        with contextlib.closing(sqlite3.connect(path)) as outside:
            seen.extend(outside.execute("SELECT count(*) FROM item WHERE state = 4").fetchone())

    claimed.decide(accepted(1), look)
    await claimed.run(counted(State.ACCEPTED))
    assert seen == [1]


async def test_what_was_handed_over_comes_before_what_is_run_after_it(claimed):
    claimed.decide(accepted(1), lambda: None)
    assert await claimed.run(counted(State.ACCEPTED)) == 1


async def test_closing_writes_the_outcomes_that_are_on_their_way(claimed, opener):
    reported: list[bool] = []
    claimed.decide(accepted(1), lambda: reported.append(True))
    await claimed.close()
    assert reported == [True]
    again = await JournalWriter.open(opener, 30.0)
    assert await again.run(counted(State.ACCEPTED)) == 1
    await again.close()


async def test_an_intent_that_cannot_be_written_is_an_error(claimed, full_disk):
    await claimed.run(full_disk)
    with pytest.raises(JournalError, match="the disk is full"):
        await claimed.sending(1)


async def test_an_outcome_that_cannot_be_written_breaks_the_writer_and_is_not_told(claimed, full_disk):
    await claimed.run(full_disk)
    reported: list[bool] = []
    claimed.decide(accepted(1), lambda: reported.append(True))
    with pytest.raises(JournalError, match="the disk is full"):
        await asyncio.wait_for(asyncio.shield(claimed.broken), 5)
    assert reported == []


async def test_an_intent_that_is_called_off_in_time_is_not_written_after_its_outcome(claimed):
    first = asyncio.create_task(claimed.sending(2))
    while not claimed._under_way:  # noqa: ASYNC110 (it tells nobody)
        await asyncio.sleep(0)
    second = asyncio.create_task(claimed.sending(1))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    claimed.decide(Decision(position=1, state=State.PENDING, at=1.0), lambda: None)
    await first
    assert (await claimed.run(lambda journal: journal.figures.counts()))[State.PENDING] == 1


async def test_what_was_put_off_is_written_while_nothing_is_handed_over(opener, monkeypatch):
    monkeypatch.setattr(journal_thread, "LEFT_AFTER", 0.01)
    loop, asked = asyncio.get_running_loop(), asyncio.Event()

    def open_and_put_off():
        journal = opener()

        def write_put_off():
            loop.call_soon_threadsafe(asked.set)
            raise JournalError("the disk is full")

        journal.write_put_off = write_put_off
        return journal

    writer = await JournalWriter.open(open_and_put_off, 30.0)
    await asyncio.wait_for(asked.wait(), 5)
    assert await writer.run(names) == []  # whoever writes next hears of the disk
    await writer.close()


@pytest.fixture
def full_disk():
    """Makes every statement that writes to items fail as it would on a full disk."""

    def fill(journal):
        def fail(*_):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        journal.sending = journal.decide = fail

    return fill


async def test_the_password_of_a_database_does_not_show(path):
    def open_with(_password):
        return open_sqlite(path)

    writer = await JournalWriter.open(partial(open_with, "hunter2"), 30.0)
    try:
        assert "hunter2" not in f"{writer!r} {vars(writer)!r}"
    finally:
        await writer.close()
