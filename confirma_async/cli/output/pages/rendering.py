"""Renders pages from templates: each value is escaped, and styles are included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from confirma_async.privacy import visible


def rendered(
    template: str,
    values: Mapping[str, Any],
    *,
    styles: Sequence[str] = (),
    filters: Mapping[str, Callable[..., object]] | None = None,
) -> str:
    """Render a template of this folder; control characters in values become visible text.

    Args:
        template: The name of the template's file.
        values: The variables of the template.
        styles: The style sheets of this folder to include, which the template gets as ``style``.
        filters: The filters of the template, by name.
    """
    environment = Environment(
        loader=PackageLoader("confirma_async.cli", "output/pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        keep_trailing_newline=True,
    )
    known: dict[str, Any] = environment.filters
    known |= filters or {}
    folder = resources.files("confirma_async.cli.output.pages")
    style = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in styles)
    shown = {**values, "style": Markup(style)}  # noqa: S704 (our own files)
    return environment.get_template(template).render(shown)


def _harmless(value: object) -> object:
    """Make control characters visible in every text that is not HTML of our own."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
