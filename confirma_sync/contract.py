"""The contract in force, for blocking code."""

from __future__ import annotations

from typing import Final, cast

from confirma_async.comparison.access import ContractAccess
from confirma_async.contract import Overrides
from confirma_sync.waiting.proxy import SyncProxy, blocking


class Contract(SyncProxy):
    """``confirma.contract``: the contract in force, compared with the service's documentation and answers."""

    check: Final = blocking(ContractAccess.check)
    compare: Final = blocking(ContractAccess.compare)

    @property
    def overrides(self) -> Overrides:
        """The user's corrections that are in force."""
        return cast("ContractAccess", self.original).overrides
