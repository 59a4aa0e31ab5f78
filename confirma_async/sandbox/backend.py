"""The parts of the sandbox that handlers use."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from confirma_async.converters import Converter
from confirma_async.sandbox.clock import VirtualClock
from confirma_async.sandbox.rules.terms import DEFAULT_TERMS, Terms
from confirma_async.sandbox.scheduler import catch_up
from confirma_async.sandbox.store import Store


@frozen(kw_only=True)
class Backend:
    """Store, clock and terms.

    Attributes:
        store: All stored records.
        clock: The virtual clock.
        converter: Reads and writes bodies, with the wire names in force.
        terms: Timing, fees and rates.
        provisioning_token: The token that onboards clients and does nothing else.
    """

    store: Store
    clock: VirtualClock
    converter: Converter
    terms: Terms = DEFAULT_TERMS
    provisioning_token: str = field(repr=False)

    def now(self) -> datetime:
        """Return the virtual time, once everything that is due by then has happened."""
        now = self.clock.now()
        catch_up(self.store, now, self.converter, self.terms)
        return now
