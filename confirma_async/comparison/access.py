"""``confirma.contract``: the contract in force, compared with what the service says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from confirma_async.contract import Overrides
from confirma_async.session.pipeline import Pipeline

if TYPE_CHECKING:
    from confirma_async.comparison.findings import ContractComparison


class ContractAccess:
    """``confirma.contract``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def overrides(self) -> Overrides:
        """The corrections in force."""
        return self._pipeline.overrides

    async def check(self) -> ContractComparison:
        """Ask the service harmless questions, and compare the answers with the contract.

        Nothing is written, no token is renewed, and nothing is marked as fetched.

        Returns:
            Names and kinds, never a value; ``to_toml()`` is the overrides that follow.

        Raises:
            NotTheServiceError: what answers does not look like the service.
            AuthenticationError: the key is not accepted.
        """
        from confirma_async.comparison.check import check

        return await check(self._pipeline)

    async def compare(self, file: str | Path) -> ContractComparison:
        """Compare the vendor's own document, OpenAPI 3.0 or 3.1 as JSON or YAML, with the contract.

        Args:
            file: The document. Nothing that it refers to outside of it is fetched.

        Raises:
            DocumentError: it is no such document, or of another API.
        """
        from confirma_async.comparison.document import compare

        return compare(file, self._pipeline.overrides)
