"""What the writes of one run have in common: mirror, account, run and moment."""

from __future__ import annotations

import datetime

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.mirror.projections import moment
from confirma_async.mirror.store.database import MirrorDatabase


@frozen(kw_only=True)
class WriteSession:
    """What the writes of one run have in common.

    Attributes:
        database: The mirror.
        account: The account's number in the mirror.
        run: The run's number; a run that is no longer the latest writes nothing.
        now: The moment of the run.
        converter: Reads records, with the names of the user's overrides.
    """

    database: MirrorDatabase
    account: int
    run: int
    now: datetime.datetime
    converter: Converter

    @property
    def at(self) -> str:
        """The moment of the run as the mirror stores it: ISO 8601, in UTC."""
        return moment(self.now) or ""
