"""The one thread that owns the journal's connection, and groups what many workers write into one commit."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from confirma_async.bulk.journal_file import explained, open_journal
from confirma_async.errors import JournalError

T = TypeVar("T")

GROUP = 512
"""How many writes may share one commit."""

Work = Callable[[sqlite3.Connection], Any]


class JournalWriter:
    """Runs functions against the journal; each is durable when its await returns.

    Functions that arrive while a commit is under way share the next one, so that the disk is asked once for
    many workers. If the commit fails, all of its functions fail, and nothing of them is written.
    """

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.path: Path = path
        self._loop = loop
        self._closing = False
        self._opened: asyncio.Future[None] = loop.create_future()
        self._work: queue.SimpleQueue[tuple[Work, asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="confirma-journal", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, path: Path) -> JournalWriter:
        """Opens the journal in its thread; see ``open_journal`` for what can go wrong."""
        writer = cls(path, asyncio.get_running_loop())
        try:
            await writer._opened
        except BaseException:  # cancelled while it opens: whoever opens it closes it
            writer._closing = True
            writer._work.put(None)
            raise
        return writer

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a function in the journal's thread; returns when its effect is durable.

        Raises:
            JournalError: it could not be written; nothing of it was.
        """
        if self._closing:
            raise JournalError(f"the journal {self.path} is closed")
        done: asyncio.Future[T] = self._loop.create_future()
        self._work.put((work, done))
        return await done

    async def close(self) -> None:
        """Finishes what is queued, then closes the file. Closing twice is fine."""
        self._closing = True
        self._work.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            opened = open_journal(self.path)
        except BaseException as error:  # noqa: BLE001 (whoever opens must hear of it)
            self._tell(_deliver, [(None, self._opened)], [error])
            return
        try:
            self._tell(_deliver, [(None, self._opened)], [None])
            while (group := self._next_group()) is not None:
                self._tell(_deliver, group, self._commit(opened.connection, group))
        finally:
            opened.close()

    def _tell(self, deliver: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(deliver, *arguments)

    def _next_group(self) -> list[tuple[Work, asyncio.Future[Any]]] | None:
        first = self._work.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP:
            try:
                more = self._work.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._work.put(None)  # the end comes after this group
                break
            group.append(more)
        return group

    def _commit(
        self, connection: sqlite3.Connection, group: list[tuple[Work, asyncio.Future[Any]]]
    ) -> list[Any]:
        results: list[Any] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, _ in group:
                try:
                    results.append(work(connection))
                except JournalError as refusal:  # its own business; the others of the group go on
                    results.append(refusal)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 (whoever awaits must hear of it, or waits for ever)
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                connection.rollback()
            told = explained(self.path, error) if isinstance(error, sqlite3.Error) else error
            return [told] * len(group)
        return results


def _deliver(group: Sequence[tuple[object, asyncio.Future[Any]]], results: Sequence[Any]) -> None:
    for (_, done), result in zip(group, results, strict=True):
        if done.done():
            continue
        if isinstance(result, BaseException):
            done.set_exception(result)
        else:
            done.set_result(result)
