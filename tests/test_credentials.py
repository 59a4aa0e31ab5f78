"""Where keys come from, and where renewed ones are kept."""

import asyncio
import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from confirma_async import CallbackTokenStore, FileTokenStore, KeyringTokenStore, Secret, credentials
from confirma_async.credentials import ask
from confirma_async.errors import ConfigurationError, CredentialsError

OLD, NEW = Secret("old-token-1"), Secret("new-token-2")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text("old-token-1\n")
    return path


async def refusal(awaitable):
    with pytest.raises(CredentialsError) as caught:
        await awaitable
    assert "old-token-1" not in f"{caught.value}{caught.value!r}"
    return str(caught.value)


# --- a file -----------------------------------------------------------------------------------------


async def test_a_file_gives_back_what_it_keeps(file):
    store = FileTokenStore(file)
    assert await store.load() == OLD
    await store.save(NEW)
    assert await store.load() == NEW


async def test_a_token_file_is_made_for_its_owner_alone(tmp_path):
    path = tmp_path / "token"
    await FileTokenStore(path).save(NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["token"]


async def test_a_file_that_was_open_to_others_is_closed_by_saving(file):
    file.chmod(0o644)
    await FileTokenStore(file).save(NEW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
async def test_a_file_that_others_can_read_or_write_is_refused(file, mode):
    file.chmod(mode)
    assert "chmod 600" in await refusal(FileTokenStore(file).load())


async def test_a_missing_file_is_told(tmp_path):
    assert "cannot be read" in await refusal(FileTokenStore(tmp_path / "none").load())


@pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"token-\xe5", b"x" * 5000, b"a b\x00"])
async def test_a_file_that_holds_no_token_is_refused(file, content):
    file.write_bytes(content)
    await refusal(FileTokenStore(file).load())


async def test_the_new_token_is_on_the_disk_before_it_takes_the_place_of_the_old(file, monkeypatch):
    steps = []
    fsync, replace = os.fsync, os.replace

    def sync(descriptor):
        steps.append("sync")
        fsync(descriptor)

    def move(*paths, **options):
        steps.append(file.read_text().strip())
        replace(*paths, **options)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", move)
    await FileTokenStore(file).save(NEW)
    assert steps == ["sync", "old-token-1", "sync"]


async def test_a_failure_leaves_the_old_token_and_no_draft(file, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        await FileTokenStore(file).save(NEW)
    monkeypatch.undo()
    assert await FileTokenStore(file).load() == OLD
    assert [entry.name for entry in file.parent.iterdir()] == ["token"]


async def test_a_link_is_followed(file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file)
    await FileTokenStore(link).save(NEW)
    assert link.is_symlink()
    assert await FileTokenStore(file).load() == NEW


# --- a keyring --------------------------------------------------------------------------------------


class Keyring:
    def __init__(self):
        self.kept = {}

    def get_password(self, service_name, username):
        return self.kept.get((service_name, username))

    def set_password(self, service_name, username, password):
        self.kept[service_name, username] = password


async def test_a_keyring_keeps_tokens_by_account():
    keyring = Keyring()
    seller, other = (KeyringTokenStore(keyring, "confirma", name) for name in ("seller", "other"))
    await seller.save(NEW)
    assert await seller.load() == NEW
    assert "other" in await refusal(other.load())


@pytest.mark.shows_secrets("the cause is the user's own, and so are its words")
async def test_a_keyring_that_fails_is_told_without_what_it_says():
    class Locked(Keyring):
        def get_password(self, service_name, username):
            raise RuntimeError("old-token-1 is locked")

    assert "RuntimeError" in await refusal(KeyringTokenStore(Locked(), "confirma", "seller").load())


# --- functions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_functions_keep_a_token(asynchronous):
    kept = [OLD]

    async def load():
        return kept[-1]

    async def save(token):
        kept.append(token)

    store = (
        CallbackTokenStore(load, save) if asynchronous else CallbackTokenStore(lambda: kept[-1], kept.append)
    )
    assert await store.load() == OLD
    await store.save(NEW)
    assert await store.load() == NEW


async def test_a_function_may_give_text():
    assert await ask(lambda: "new-token-2") == NEW


@pytest.mark.shows_secrets("the cause is the user's own, and so are its words")
async def test_a_function_that_fails_is_told_without_what_it_says():
    def fail():
        raise LookupError("no old-token-1 here")

    assert "LookupError" in await refusal(ask(fail))


@pytest.mark.parametrize("nothing", ["", "a\nb"])
async def test_a_function_that_gives_no_key_is_told(nothing):
    assert "no key" in await refusal(ask(lambda: nothing))


@pytest.mark.parametrize(
    "store",
    [
        FileTokenStore("somewhere"),
        KeyringTokenStore(Keyring(), "confirma", "seller"),
        CallbackTokenStore(lambda: OLD, lambda _: None),
    ],
)
def test_no_store_shows_a_token(store):
    assert "token-" not in repr(store)


async def test_a_store_takes_no_token_that_could_not_be_sent(tmp_path):
    with pytest.raises(ConfigurationError):
        await FileTokenStore(tmp_path / "token").save(Secret("two\nlines"))


# --- other processes --------------------------------------------------------------------------------


async def test_a_file_is_renewed_by_one_at_a_time_and_every_link_leads_to_the_same_lock(file, tmp_path):
    (tmp_path / "link").symlink_to(file)
    entered = asyncio.Event()

    async def other():
        async with FileTokenStore(tmp_path / "link").exclusive():
            entered.set()

    async with FileTokenStore(file).exclusive():
        waiting = asyncio.create_task(other())
        for _ in range(3):
            await asyncio.sleep(credentials.TURN)
        assert not entered.is_set()
    await waiting
    assert entered.is_set()
    lock = tmp_path / ".token.lock"
    assert (stat.S_IMODE(lock.stat().st_mode), lock.read_bytes()) == (0o600, b"")


async def test_a_lock_is_let_go_of_by_an_error_and_by_a_child_that_has_it_open(file):
    copies = []

    async def fails():
        async with FileTokenStore(file).exclusive():
            copies.append(os.dup(descriptor_of(".token.lock")))
            raise LookupError

    with pytest.raises(LookupError):
        await fails()
    async with FileTokenStore(file).exclusive():
        os.close(copies[0])


def descriptor_of(name):
    (found,) = [each for each in Path("/proc/self/fd").iterdir() if links_to(each, name)]
    return int(found.name)


def links_to(descriptor, name):
    try:
        return descriptor.readlink().name == name
    except OSError:
        return False


async def test_another_process_is_not_waited_for_for_ever(file, monkeypatch):
    monkeypatch.setattr(credentials, "PATIENCE", 0.0)
    async with FileTokenStore(file).exclusive():
        reported = await refusal(FileTokenStore(file).exclusive().__aenter__())
    assert "nothing was sent" in reported


async def test_a_place_without_locks_is_told(file, tmp_path, monkeypatch):
    reported = await refusal(FileTokenStore(tmp_path / "none" / "token").exclusive().__aenter__())
    assert "no such file or directory" in reported

    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(CredentialsError, match="no locks available"):
        async with FileTokenStore(file).exclusive():
            pass
