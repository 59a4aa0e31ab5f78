"""The page of ``confirma contract check`` and ``import``: what ``comparison.html.j2`` shows."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from confirma_async.comparison import ContractComparison
from confirma_async.privacy import visible


def as_page(found: ContractComparison) -> str:
    """Return the page, which needs nothing beside it: each finding in a row, differences first."""
    environment = Environment(
        loader=PackageLoader("confirma_async.cli", "output/pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("comparison.html.j2").render(found=found)


def _harmless(value: object) -> object:
    """Write control characters out in every text."""
    return visible(value) if isinstance(value, str) else value
