"""The page of ``confirma contract check`` and ``import``: what ``comparison.html.j2`` shows."""

from __future__ import annotations

from confirma_async.cli.output.pages.rendering import rendered
from confirma_async.comparison import ContractComparison


def as_page(found: ContractComparison) -> str:
    """Return the page, which needs nothing beside it: each finding in a row, differences first."""
    return rendered("comparison.html.j2", {"found": found})
