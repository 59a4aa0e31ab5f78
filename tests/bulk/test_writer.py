"""The journal's one thread: durable when awaited, grouped, and honest about failure."""

import asyncio
import sqlite3

import pytest

from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import JournalError


@pytest.fixture
async def writer(path):
    opened = await JournalWriter.open(path)
    yield opened
    await opened.close()


def insert(name):
    return lambda connection: connection.execute("INSERT INTO meta VALUES (?, '')", (name,)) and None


def names(connection):
    return [
        name for (name,) in connection.execute("SELECT name FROM meta WHERE name <> 'open' ORDER BY name")
    ]


async def test_what_is_awaited_is_committed(writer):
    await writer.run(insert("a"))
    assert not await writer.run(lambda connection: connection.total_changes == 0)
    assert await writer.run(names) == ["a"]


async def test_many_writers_share_commits(writer):
    commits: list[str] = []
    await writer.run(lambda connection: connection.set_trace_callback(commits.append))
    await asyncio.gather(*(writer.run(insert(f"{index:03}")) for index in range(200)))
    assert len(await writer.run(names)) == 200
    assert sum(statement == "COMMIT" for statement in commits) < 50


async def test_a_function_that_refuses_leaves_the_others_alone(writer):
    def refuse(connection):
        raise JournalError("not this one")

    results = await asyncio.gather(
        writer.run(insert("a")), writer.run(refuse), writer.run(insert("b")), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), JournalError, type(None)]
    assert await writer.run(names) == ["a", "b"]


async def test_a_full_disk_is_a_sentence_and_nothing_of_the_group_is_written(writer):
    def shrink(connection):
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
        await writer.run(lambda connection: 1 / 0)
    assert await writer.run(names) == []


async def test_closing_finishes_what_is_queued(path):
    writer = await JournalWriter.open(path)
    waiting = [asyncio.create_task(writer.run(insert(str(index)))) for index in range(20)]
    await asyncio.sleep(0)
    await writer.close()
    await asyncio.gather(*waiting)
    again = await JournalWriter.open(path)
    assert len(await again.run(names)) == 20
    await again.close()


async def test_after_closing_nothing_is_taken(path):
    writer = await JournalWriter.open(path)
    await writer.close()
    await writer.close()
    with pytest.raises(JournalError, match="is closed"):
        await writer.run(names)


async def test_cancelled_while_it_opens_it_lets_go_of_the_file(path):
    opening = asyncio.create_task(JournalWriter.open(path))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(5):
        while True:
            try:
                writer = await JournalWriter.open(path)
            except JournalError:  # the cancelled one is still at it
                await asyncio.sleep(0.01)
            else:
                break
    await writer.close()


async def test_a_rollback_that_fails_too_does_not_silence_the_thread(writer):
    def break_it(connection):
        connection.execute("ROLLBACK")  # so that the commit fails, and the rollback after it as well
        raise sqlite3.OperationalError("the disk is gone")

    with pytest.raises(JournalError, match="the disk is gone"):
        await writer.run(break_it)
    assert await writer.run(names) == []
