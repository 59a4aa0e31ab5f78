"""Sources of keys: text, a callback, or a store that takes a renewed token."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar, cast, runtime_checkable

from confirma_async.errors import ConfigurationError, CredentialsError
from confirma_async.privacy import Secret

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that a renewal waits for another process to end its own."""

TURN = 0.02
"""Seconds between two looks whether another process has let go of a token."""

LONGEST_TOKEN = 4096
"""Bytes of a token file at most; a larger one is no token."""


@runtime_checkable
class TokenStore(Protocol):
    """Keeps the one token of one client account, and is given a new one when the token is renewed."""

    async def load(self) -> Secret:
        """Return the token as it is kept now.

        Raises:
            CredentialsError: there is none, or it cannot be read.
        """
        ...

    async def save(self, token: Secret) -> None:
        """Store a new token in place of the old one; return only once it would survive a power cut.

        Any error that it raises means that the token is not stored. The caller then gets a
        ``TokenNotKeptError``, which has the token.
        """
        ...


@runtime_checkable
class SharedTokenStore(TokenStore, Protocol):
    """A store whose token several processes may renew, one of them at a time."""

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        """Keep other processes out while the block reads, renews and saves the token.

        Raises:
            CredentialsError: other processes cannot be kept out; nothing was sent.
        """
        ...


AskedFor: TypeAlias = Callable[[], str | Secret | Awaitable[str | Secret]]
"""A function that returns the key, directly or when awaited. It is asked before every attempt."""

Credentials: TypeAlias = str | Secret | AskedFor | TokenStore
"""What a client takes as its key: the key itself, a function that returns it, or a store."""


def checked(key: str | Secret) -> Secret:
    """Return the key as a secret.

    Raises:
        ConfigurationError: no HTTP header can carry it.
    """
    text = Secret(key).reveal()
    if not text:
        raise ConfigurationError("the API key must not be empty")
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise ConfigurationError(
            "the API key holds a character that no HTTP header can carry, or a space at an end; "
            "copy it again without line breaks"
        )
    return Secret(key)


class FileTokenStore:
    """Keeps the token in a file that nobody else can read (mode 0600).

    A new token is written beside the file, synced to the disk, and only then put in its place, so that a
    crash leaves either the old token or the new one. While it is renewed, other processes that keep the same
    file wait for the new one: they are kept out by a lock on a file beside it (``.NAME.lock``).

    Args:
        path: The file. A symbolic link is followed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)

    async def load(self) -> Secret:
        """Read the token.

        Raises:
            CredentialsError: there is no such file, others can read it, or it holds no token.
        """
        return await asyncio.to_thread(self._read)

    async def save(self, token: Secret) -> None:
        """Write a token.

        Raises:
            OSError: the file cannot be written.
        """
        await asyncio.to_thread(self._write, checked(token))

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[None]:
        """Keep other processes out, and whoever else has the file in this one; see ``SharedTokenStore``.

        Raises:
            CredentialsError: no file can be locked beside the token's, or another process has not let go of
                it in ``PATIENCE`` seconds; nothing was sent.
        """
        lock = _Lock(self.path)
        clock = asyncio.get_running_loop().time
        until = clock() + PATIENCE
        try:
            while not lock.taken():
                if clock() >= until:
                    raise CredentialsError(
                        f"another process has been renewing the token in {self.path} for {PATIENCE:.0f} s; "
                        "nothing was sent; see what holds it up, and try again"
                    )
                await asyncio.sleep(TURN)
            yield
        finally:
            lock.close()

    def _read(self) -> Secret:
        try:
            with self.path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise CredentialsError(
                        f"others may read the token file {self.path}; run: chmod 600 {self.path}, and "
                        "consider whether the token must be renewed"
                    )
                token = _token_of(file.read(LONGEST_TOKEN + 1))
        except OSError as error:
            raise CredentialsError(
                f"the token file {self.path} cannot be read ({(error.strerror or 'no file').lower()})"
            ) from error
        if token is None:
            raise CredentialsError(f"the token file {self.path} holds no token, or more than a token")
        return token

    def _write(self, token: Secret) -> None:
        target = Path(os.path.realpath(self.path))
        draft = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(token.reveal().encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self.path)!r})"


class _Lock:
    """A lock on a file beside the token's, against other processes and other stores in this one.

    The file stays: one that is removed could be locked by two at once.

    Raises:
        CredentialsError: the file cannot be made or locked.
    """

    def __init__(self, token: Path) -> None:
        target = Path(os.path.realpath(token))
        self._path = target.with_name(f".{target.name}.lock")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._impossible(error) from error

    def taken(self) -> bool:
        """Say whether the lock could be taken, or is held already."""
        import fcntl  # not on every platform

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._impossible(error) from error
        return True

    def close(self) -> None:
        """Let go of it, also where a child process has the file open, too."""
        import fcntl

        with suppress(OSError):  # where there are no locks, there is none to let go of
            fcntl.flock(self._file, fcntl.LOCK_UN)
        os.close(self._file)

    def _impossible(self, error: OSError) -> CredentialsError:
        reason = (error.strerror or type(error).__name__).lower()
        return CredentialsError(
            f"the token cannot be renewed: {self._path}, which keeps other processes out, cannot be locked "
            f"({reason}); nothing was sent; keep the token where files can be written and locked"
        )


def _token_of(content: bytes) -> Secret | None:
    if len(content) > LONGEST_TOKEN:
        return None
    try:
        return checked(content.decode("ascii").strip())
    except (UnicodeDecodeError, ConfigurationError):
        return None


class Keyring(Protocol):
    """What the ``keyring`` package offers, and whatever is shaped like it."""

    def get_password(self, service_name: str, username: str, /) -> str | None:
        """Return what is kept under these names; None if nothing is."""
        ...

    def set_password(self, service_name: str, username: str, password: str, /) -> None:
        """Keep something under these names."""
        ...


class KeyringTokenStore:
    """Keeps the token in a keyring, e.g. the desktop's: ``KeyringTokenStore(keyring, "confirma", "seller")``.

    Args:
        keyring: The ``keyring`` package itself, one of its backends, or anything with the same two functions.
        service: The name to keep the token under.
        username: The account within that name.
    """

    def __init__(self, keyring: Keyring, service: str, username: str) -> None:
        self._keyring = keyring
        self._service = service
        self._username = username

    async def load(self) -> Secret:
        """Read the token.

        Raises:
            CredentialsError: the keyring has none, or cannot be read.
        """
        try:
            found = await asyncio.to_thread(self._keyring.get_password, self._service, self._username)
        except Exception as error:
            raise CredentialsError(f"the keyring cannot be read ({type(error).__name__})") from error
        if found is None:
            raise CredentialsError(f"the keyring has no token of {self._username} under {self._service}")
        return checked(found)

    async def save(self, token: Secret) -> None:
        """Write a token; raise what the keyring raises."""
        await asyncio.to_thread(self._keyring.set_password, self._service, self._username, token.reveal())

    def __repr__(self) -> str:
        return f"KeyringTokenStore({self._service!r}, {self._username!r})"


class CallbackTokenStore:
    """Keeps the token wherever two functions of yours keep it: a database, a vault.

    Args:
        load: Returns the token, or an awaitable of it.
        save: Stores a new token. It must return, or its awaitable end, only once the token is stored durably.
    """

    def __init__(self, load: AskedFor, save: Callable[[Secret], Awaitable[None] | None]) -> None:
        self._load = load
        self._save = save

    async def load(self) -> Secret:
        """Ask the function for the token.

        Raises:
            CredentialsError: the function raised something.
        """
        return await ask(self._load)

    async def save(self, token: Secret) -> None:
        """Hand a token to the function; raise what the function raises."""
        await _awaited(self._save(token))

    def __repr__(self) -> str:
        return "CallbackTokenStore(...)"


async def ask(function: AskedFor) -> Secret:
    """Ask a function for the key.

    Raises:
        CredentialsError: the function raised something, or gave what is no key.
    """
    try:
        return checked(await _awaited(function()))
    except CredentialsError:
        raise
    except ConfigurationError as error:
        raise CredentialsError(f"what the function gave is no key: {error}") from None
    except Exception as error:
        raise CredentialsError(
            f"the function that gives the API key failed ({type(error).__name__})"
        ) from error


async def _awaited(result: Awaitable[T] | T) -> T:
    return cast("T", await result if isinstance(result, Awaitable) else result)
