"""Who writes into a mirror: which run, for which account, at which moment."""

from __future__ import annotations

import datetime

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.mirror.projections import moment
from confirma_async.mirror.store.database import MirrorDatabase


@frozen(kw_only=True)
class WriteSession:
    """What writes are made for.

    Attributes:
        database: The mirror.
        account: The account's number.
        run: The run's number: one that is not the latest any more writes nothing.
        now: The moment of the run.
        converter: Reads records, with the user's corrections of names.
    """

    database: MirrorDatabase
    account: int
    run: int
    now: datetime.datetime
    converter: Converter

    @property
    def at(self) -> str:
        """The moment, as the mirror keeps it."""
        return moment(self.now) or ""
