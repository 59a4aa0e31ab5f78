"""The file that lists the accounts of this machine, as it lies beside their journals."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from attrs import frozen

from confirma_async.accounts.folders import JOURNAL_DIR_VARIABLE, JOURNAL_NAME
from confirma_async.accounts.owner import SALT_BYTES, fingerprint
from confirma_async.errors import ConfigurationError
from confirma_async.files import locked, make_private, write_durably
from confirma_async.privacy import Secret

_REGISTRY = "accounts.json"
_LOCK = "accounts.lock"
_VERSION = 1


class ListedAccount(msgspec.Struct):
    """An account in the list: its keys, and whether the service is known to have taken anything for it."""

    keys: list[str] = []
    proved: bool = False


class Contents(msgspec.Struct):
    """The list of accounts, as it lies in its file."""

    version: int
    salt: str
    accounts: dict[str, dict[str, ListedAccount]]
    renewals: dict[str, str]

    @property
    def salt_bytes(self) -> bytes:
        """The salt of the fingerprints."""
        return bytes.fromhex(self.salt)

    def prints_of(self, key: Secret) -> list[str]:
        """Return the fingerprints of a key, and of those that it was renewed from, the latest first."""
        found = [fingerprint(key, self.salt_bytes)]
        while (before := self.renewals.get(found[-1])) is not None and before not in found[1:]:
            found.append(before)
        return found

    def holder_of(self, target: str, key: Secret) -> str | None:
        """Return the account of a target that a key belongs to, if it is known."""
        prints, known = set(self.prints_of(key)), self.accounts.get(target, {})
        return next((name for name, one in known.items() if not prints.isdisjoint(one.keys)), None)


_decode = msgspec.json.Decoder(Contents).decode  # here: made by two threads at once, it would crash


@frozen
class AccountList:
    """The list of accounts in a folder.

    Attributes:
        root: The folder, which has the journals, too.
    """

    root: Path

    @property
    def is_lost(self) -> bool:
        """Whether there are journals of accounts, and no list that says whose they are."""
        return not (self.root / _REGISTRY).exists() and any(self.journals())

    def journals(self) -> Iterator[Path]:
        """Return the journals that lie in the folder, in order."""
        return iter(sorted(self.root.glob(f"*/*/{JOURNAL_NAME}")))

    @contextlib.contextmanager
    def changing(self, anew: Contents | None = None) -> Generator[Contents]:
        """Yield the list, locked, and written when the block ends.

        Args:
            anew: What takes the place of the list that is there.

        Raises:
            ConfigurationError: the list cannot be read or written.
        """
        try:
            make_private(self.root)
            with locked(self.root / _LOCK):
                contents = anew or self.read()
                yield contents
                self._write(contents)
        except OSError as error:
            cure = (
                "make it writable: journals in another place would not know what was sent"
                if self.root.is_dir()
                else f"set {JOURNAL_DIR_VARIABLE} to a folder that lasts, or name a journal"
            )
            reason = (error.strerror or "no folder").lower()
            raise ConfigurationError(
                f"the folder of the journals {self.root} cannot be written ({reason}); {cure}"
            ) from error

    def read(self) -> Contents:
        """Read the list; a new one where there is none, and no journal.

        Raises:
            ConfigurationError: it cannot be read, or it is gone, and journals are there.
        """
        path = self.root / _REGISTRY
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            if any(self.journals()):
                raise ConfigurationError(
                    f"the list of accounts {path} is gone, and the journals beside it are still there; the "
                    "next job makes it anew from them. Until then, name a journal by its path"
                ) from None
            return Contents(_VERSION, os.urandom(SALT_BYTES).hex(), {}, {})
        except OSError as error:
            raise ConfigurationError(
                f"the list of accounts {path} cannot be read ({(error.strerror or 'no file').lower()})"
            ) from error
        contents = _decoded(content)
        if contents is None:
            raise ConfigurationError(
                f"the list of accounts {path} is damaged, or of a newer version of this SDK; restore it "
                "from a copy, or upgrade. Without it, it is not known which key belongs to which journal. If "
                "you remove it, the next job makes it anew from the journals"
            )
        return contents

    def rebuild(self, salt: bytes, owners: Mapping[Path, Sequence[str]]) -> None:
        """Make the list anew from what the journals know of their owners.

        Args:
            salt: The salt of the fingerprints.
            owners: The fingerprints of each journal's keys.

        Raises:
            ConfigurationError: the list cannot be written.
        """
        accounts: dict[str, dict[str, ListedAccount]] = {}
        for journal, keys in owners.items():
            of_target = accounts.setdefault(journal.parent.parent.name, {})
            of_target[journal.parent.name] = ListedAccount(list(keys), proved=True)
        with self.changing(Contents(_VERSION, salt.hex(), accounts, {})):
            pass

    def _write(self, contents: Contents) -> None:
        content = msgspec.json.format(msgspec.json.encode(contents), indent=1)
        path = self.root / _REGISTRY
        if not path.exists() or path.read_bytes() != content:
            write_durably(path, content)


def _decoded(content: bytes) -> Contents | None:
    """Return the list, if it is one of this version."""
    try:
        contents = _decode(content)
        well = contents.version == _VERSION and len(contents.salt_bytes) == SALT_BYTES
    except ValueError:
        return None
    return contents if well else None
