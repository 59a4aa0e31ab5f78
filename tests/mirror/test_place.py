"""Bad places, other databases, two runs at once, several accounts: a sentence, and nothing changed."""

import asyncio
import contextlib
import os
import sqlite3
import stat
import threading
from typing import Any

import pytest

from confirma_async import Confirma
from confirma_async.errors import ConfigurationError, ConfirmaError, MirrorBusyError, MirrorError
from confirma_async.mirror import ask, sync as syncing
from confirma_async.mirror.store import writing
from confirma_async.mirror.store.opening import open_mirror
from confirma_async.sandbox import ListedKind


async def test_a_second_run_at_the_same_time_ends_at_once(sync, place):
    await sync()
    database = open_mirror(place)
    with database.alone(), pytest.raises(MirrorBusyError, match="another run is at work"):
        await sync()
    database.close()
    assert (await sync()).complete


async def test_a_run_that_another_took_the_place_of_writes_no_more(
    sync, place, confirma, sandbox, monkeypatch
):
    await sync()
    other = open_mirror(place)

    def overtake(progress):
        ((last,),) = other.rows("SELECT max(id) FROM run")
        if progress.stream == "payments" and progress.done == 0:
            other.run(
                f"INSERT INTO run (id, account, began_at) VALUES ({last + 1}, 1, '2026-01-01T00:00:00Z')"
            )

    with pytest.raises(MirrorBusyError, match="another run has begun"):
        await sync(progress=overtake)
    other.close()


async def test_the_mirror_is_for_its_owner_alone(sync, tmp_path, confirma, sandbox):
    place = tmp_path / "mirror.db"
    await confirma.mirror.sync(place, now=sandbox.clock.now())
    files = [file for file in tmp_path.iterdir() if file.name.startswith("mirror.db")]
    assert files
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mirror.db"


def of_another_program(file):
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()


def of_a_newer_version(file):
    open_mirror(file, make=True).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()


BAD_FILES = {
    "text": (lambda file: file.write_text("number;amount\n" * 9), "no mirror of this SDK, and is left alone"),
    "folder": (lambda file: file.mkdir(), "no regular file"),
    "another program": (of_another_program, "database of another program"),
    "newer": (of_a_newer_version, "newer version of this SDK"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
async def test_a_file_that_is_none_is_left_alone(confirma, file, kind):
    make, said = BAD_FILES[kind]
    make(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(MirrorError, match=said):
        await confirma.mirror.sync(file)
    assert before == (file.read_bytes() if file.is_file() else None)


def test_an_empty_file_is_no_mirror_and_stays_empty_when_asked(file):
    file.touch()
    with pytest.raises(MirrorError, match="there is no mirror"):
        ask("SELECT 1", file)
    assert file.stat().st_size == 0


async def test_a_schema_of_a_newer_version_is_left_alone(confirma, postgres):
    await confirma.mirror.sync(postgres)
    database = open_mirror(postgres)
    database.run("UPDATE mirror SET version = 99")
    database.close()
    with pytest.raises(MirrorError, match="newer version of this SDK"):
        await confirma.mirror.sync(postgres)


async def test_a_mirror_that_another_program_holds_is_told(confirma, file):
    await confirma.mirror.sync(file)
    holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(20, holder.rollback)
    with pytest.raises(MirrorError, match="another program holds it") as caught:
        await confirma.mirror.sync(file)
    assert caught.value.resumable
    release.cancel()
    holder.rollback()
    holder.close()


async def test_a_full_disk_loses_nothing(confirma, sandbox, file, truth_of):
    day = sandbox.clock.now().date()
    sandbox.add_records(
        ListedKind.PAYMENT, {"p": {"invoiceNumber": "7", "bookingDate": str(day), "amount": 10}}
    )
    await confirma.mirror.sync(file, now=sandbox.clock.now())
    records = {
        str(number): {"invoiceNumber": str(number), "bookingDate": str(day), "accountName": "x" * 5000}
        for number in range(40)
    }
    sandbox.add_records(ListedKind.PAYMENT, records)
    pages = sqlite3.connect(file)
    ((count,),) = pages.execute("PRAGMA page_count").fetchall()
    pages.close()
    with limited(count), pytest.raises(MirrorError, match="disk is full") as caught:
        await confirma.mirror.sync(file, now=sandbox.clock.now())
    assert caught.value.resumable
    assert (await confirma.mirror.sync(file, now=sandbox.clock.now())).complete
    assert truth_of(file) == 41


class limited:  # noqa: N801 (read as a word of the test)
    """Has SQLite take a file of so many pages for full."""

    def __init__(self, pages):
        self._pages = pages

    def __enter__(self):
        from confirma_async.mirror.store import sqlite

        self._prepare, pages = sqlite._prepare, self._pages

        def prepare(path, connection, *, make):
            self._prepare(path, connection, make=make)
            connection.execute(f"PRAGMA max_page_count = {pages}")

        sqlite._prepare = prepare

    def __exit__(self, *_):
        from confirma_async.mirror.store import sqlite

        sqlite._prepare = self._prepare


@pytest.fixture
def truth_of():
    return lambda file: ask("SELECT count(*) FROM payments", file).rows[0][0]


async def test_the_folder_must_be_there(confirma, tmp_path):
    with pytest.raises(MirrorError, match="cannot be made"):
        await confirma.mirror.sync(tmp_path / "nowhere" / "mirror.db")


async def test_another_kind_of_database_is_refused(confirma):
    with pytest.raises(ConfigurationError, match="begins with postgresql://"):
        await confirma.mirror.sync("mysql://host/db")


async def test_a_server_that_is_not_there_is_told_without_the_password(confirma):
    with pytest.raises(MirrorError) as caught:
        await confirma.mirror.sync("postgresql://me:hunter-22@127.0.0.1:1/db")
    assert "hunter" not in str(caught.value)
    assert caught.value.resumable


async def test_two_accounts_share_a_mirror_and_are_never_mixed(sandbox, place, confirma):
    other_key = sandbox.add_client("other")
    day = str(sandbox.clock.now().date())
    record = {"invoiceNumber": "7", "bookingDate": day, "amount": 10, "currency": "EUR"}
    sandbox.add_records(ListedKind.PAYMENT, {"p": record})
    sandbox.add_records(ListedKind.PAYMENT, {"p": {**record, "amount": 20}}, client="other")
    await confirma.mirror.sync(place, now=sandbox.clock.now())
    with confirma.as_client(other_key) as other:
        await other.mirror.sync(place, now=sandbox.clock.now())
        await other.mirror.sync(place, now=sandbox.clock.now())
    answer = ask(
        "SELECT account, count(*), sum(amount_cents) FROM payments GROUP BY account ORDER BY 3", place
    )
    assert [row[1:] for row in answer.rows] == [(1, 1000), (1, 2000)]
    assert len({row[0] for row in answer.rows}) == 2


async def test_a_mistyped_key_leaves_no_account_behind(sandbox, place, confirma):
    async with Confirma("no-key-of-anybody", base_url=sandbox.url) as stranger:
        report = await stranger.mirror.sync(place, now=sandbox.clock.now())
    assert report.error is not None
    await confirma.mirror.sync(place, now=sandbox.clock.now())
    database = open_mirror(place)
    assert database.rows("SELECT count(*) FROM account") == [(1,)]
    database.close()


async def test_a_key_of_another_account_is_refused_under_its_name(sandbox, place, confirma):
    async with Confirma(sandbox.api_key, base_url=sandbox.url, account="mine", new_account=True) as mine:
        await mine.mirror.sync(place, now=sandbox.clock.now())
    other = sandbox.add_client("other")
    async with Confirma(other, base_url=sandbox.url) as stranger:
        await stranger.mirror.sync(place, now=sandbox.clock.now())
    async with Confirma(other, base_url=sandbox.url, account="mine") as liar:
        with pytest.raises(MirrorError, match="mixes no two accounts"):
            await liar.mirror.sync(place, now=sandbox.clock.now())


async def test_a_file_that_is_moved_away_stops_the_run(sandbox, confirma, file, monkeypatch):
    await confirma.mirror.sync(file)
    read = writing.merge

    def moved(*arguments, **options):
        file.replace(file.with_name("moved.db"))
        monkeypatch.setattr(syncing, "merge", read)
        return read(*arguments, **options)

    monkeypatch.setattr(syncing, "merge", moved)
    with pytest.raises(MirrorError, match="was moved or replaced"):
        await confirma.mirror.sync(file)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hush%hush@127.0.0.1:1/db",
        "postgresql://me:hush/hush@127.0.0.1:1/db",
        "postgresql://me:hush@hush@127.0.0.1:1/db",
        "postgresql://me:hush@[::1/db",
        "postgresql://me:hush@127.0.0.1:hush/db",
        "postgresql:///db?host=127.0.0.1&port=1&password=hush",
    ],
)
async def test_a_url_that_cannot_be_read_is_told_without_the_password(url):
    with pytest.raises(ConfirmaError) as found:
        open_mirror(url)
    assert "hush" not in str(found.value)


@pytest.fixture
def cut_off(in_database):
    """Ends every other connection to the database, as a server that is restarted does."""

    def end():
        with in_database() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    return end


@pytest.mark.parametrize("stream", ["distributions", "payments", "settlements", "cases"])
async def test_a_run_whose_connection_is_lost_is_told_and_the_next_one_goes_on(
    sandbox, confirma, postgres, cut_off, stream
):
    day = str(sandbox.clock.now().date())
    sandbox.add_records(ListedKind.PAYMENT, {"p": {"invoiceNumber": "7", "bookingDate": day, "amount": 10}})

    def lose(progress):
        if progress.stream == stream:
            cut_off()

    with pytest.raises(MirrorError, match=r"terminat|closed") as caught:
        await confirma.mirror.sync(postgres, now=sandbox.clock.now(), progress=lose)
    assert caught.value.resumable
    assert (await confirma.mirror.sync(postgres, now=sandbox.clock.now())).complete
    assert ask("SELECT count(*) FROM payments", postgres).rows == [(1,)]


async def test_a_run_that_lost_its_connection_and_so_its_lock_writes_no_more(
    sandbox, confirma, postgres, cut_off
):
    """Another one takes the lock meanwhile, and both would be at work."""
    day = str(sandbox.clock.now().date())
    sandbox.add_records(ListedKind.PAYMENT, {"p": {"invoiceNumber": "7", "bookingDate": day, "amount": 10}})
    found: list[Any] = []

    def lose(progress):
        if progress.stream == "payments" and not found:
            found.append(progress)
            cut_off()
            found.append(asyncio.ensure_future(confirma.mirror.sync(postgres, now=sandbox.clock.now())))

    with pytest.raises(MirrorError):
        await confirma.mirror.sync(postgres, now=sandbox.clock.now(), progress=lose)
    assert (await found[1]).complete
    database = open_mirror(postgres)
    assert database.rows("SELECT count(*) FROM change") == [(1,)]
    assert database.rows("SELECT id, ending FROM run ORDER BY id") == [(1, None), (2, "done")]
    database.close()


async def test_a_rebuild_while_a_run_is_at_work_ends_at_once(sync, confirma, place):
    await sync()
    database = open_mirror(place)
    with database.alone(), pytest.raises(MirrorBusyError, match="another run is at work"):
        await confirma.mirror.rebuild(place)
    database.close()
    await confirma.mirror.rebuild(place)


@pytest.fixture
def unwritable():
    """Takes rights of a file away while a test looks at it."""

    @contextlib.contextmanager
    def without_rights(file, mode=0o400):
        if os.geteuid() == 0:
            pytest.skip("an administrator may read and write anywhere")
        file.chmod(mode)
        yield
        file.chmod(0o600)

    return without_rights


async def test_a_mirror_that_cannot_be_written_is_told_and_can_be_asked(confirma, file, unwritable):
    await confirma.mirror.sync(file)
    with unwritable(file):
        with pytest.raises(MirrorError, match="cannot be written to"):
            await confirma.mirror.sync(file)
        assert ask("SELECT count(*) FROM payments", file).rows == [(0,)]


async def test_a_file_that_may_not_be_read_is_told(confirma, file, unwritable):
    await confirma.mirror.sync(file)
    with unwritable(file, 0o000), pytest.raises(MirrorError, match="cannot be opened"):
        ask("SELECT 1", file)
