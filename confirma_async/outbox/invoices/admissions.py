"""Entries of many tasks on their way into the journal: what comes at once shares a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import define, field

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Admission, Admitted
from confirma_async.bulk.models import Entry, Retry
from confirma_async.bulk.writer import JournalWriter

_OPEN = frozenset({Admission.CLAIMED, Admission.RETRIED, Admission.UNKNOWN})
"""Admissions of what this run brings to its end."""

_Asked = tuple[Entry, Retry, asyncio.Future[Admitted]]


@define
class Admissions:
    """Admits the entries of one run.

    Attributes:
        writer: The journal.
        run: The number of the run.
        keep: Whether the journal keeps the payloads until they are final.
    """

    writer: JournalWriter
    run: int
    keep: bool = False
    _asked: list[_Asked] = field(init=False, factory=list[_Asked])
    _working: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])

    async def admit(self, entry: Entry, retry: Retry) -> Admitted:
        """Return what the journal says to an entry; it is claimed durably where it may be sent.

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
        """Hand over what came in one turn of the loop."""
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
            if answers[at].admission in _OPEN and entry.body and not entry.placeholders:
                journal.payloads.keep(answers[at].position, entry.body)
    return [answers[at] for at in range(len(asked))]
