"""Claims entries of many tasks in the journal; entries of one turn of the loop share a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import define, field

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.admission import TAKEN_UP
from confirma_async.bulk.journal.records import Admitted
from confirma_async.bulk.models import Entry, Retry
from confirma_async.bulk.writer import JournalWriter

_Asked = tuple[Entry, Retry, asyncio.Future[Admitted]]


@define
class Admissions:
    """Admits the entries of one run.

    Attributes:
        writer: Writes the journal, in its own thread.
        run: The number of the run.
        keep: Whether the journal keeps the payloads until they are final.
    """

    writer: JournalWriter
    run: int
    keep: bool = False
    _asked: list[_Asked] = field(init=False, factory=list[_Asked])
    _working: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])

    async def admit(self, entry: Entry, retry: Retry) -> Admitted:
        """Return the journal's answer to an entry; an entry that may be sent is claimed durably.

        Raises:
            JournalError: the journal cannot be written, or could not be before.
        """
        self.writer.check_whole()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Admitted] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._hand_over)
        self._asked.append((entry, retry, answer))
        return await answer

    def _hand_over(self) -> None:
        """Hand over the entries of one turn of the loop."""
        asked, self._asked = self._asked, []
        work = asyncio.get_running_loop().create_task(self._admit(asked))
        self._working.add(work)
        work.add_done_callback(self._working.discard)

    async def _admit(self, asked: Sequence[_Asked]) -> None:
        try:
            admitted = await self.writer.run(
                lambda journal: _admitted(journal, asked, self.run, keep=self.keep)
            )
        except BaseException as error:
            for _, _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # whoever waited may have gone: then the loop must not complain
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        for (_, _, answer), one in zip(asked, admitted, strict=True):
            if not answer.done():
                answer.set_result(one)


def _admitted(journal: Journal, asked: Sequence[_Asked], run: int, *, keep: bool) -> Sequence[Admitted]:
    """Return the answers in the order of the entries; those that share a ``retry`` are asked together."""
    answers: dict[int, Admitted] = {}
    for retry in dict.fromkeys(retry for _, retry, _ in asked):
        some = [at for at, (_, wanted, _) in enumerate(asked) if wanted is retry]
        admitted = journal.admit([asked[at][0] for at in some], run, retry, again=True)
        answers.update(zip(some, admitted, strict=True))
    if keep:
        for at, (entry, _, _) in enumerate(asked):
            if answers[at].admission in TAKEN_UP and entry.body and not entry.placeholders:
                journal.payloads.keep(answers[at].position, entry.body)
    return [answers[at] for at in range(len(asked))]
