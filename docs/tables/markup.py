"""How a table is written in Markdown, and the words that all tables share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sphinx.pycode import ModuleAnalyzer

from confirma_async.schemas.wire import Evidence

SECTIONS = {
    "1": "Ground rules",
    "3": "Onboarding",
    "4": "Create an invoice",
    "5": "Invoice actions, cases, distribution",
    "6": "Payments and settlements",
    "7": "Accounting",
    "8": "Operations",
    "9": "Services",
}
"""The sections of the wire contract, as docstrings and rules refer to them."""

MARKS = {
    Evidence.DOCUMENTED: "documented",
    Evidence.EXAMPLE: "seen in an example",
    Evidence.PROVISIONAL: "provisional",
}


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell(value) for value in line)} |\n" for line in lines)


def cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def code(text: object) -> str:
    return f"`{text}`"


def prose(docstring: str) -> str:
    """Return a docstring's double backticks as Markdown's single ones."""
    return docstring.replace("``", "`")


def member_docs(cls: type) -> Mapping[str, str]:
    """Return the docstrings that stand below the members of an enum."""
    found = ModuleAnalyzer.for_module(cls.__module__).find_attr_docs()
    return {name: prose(" ".join(lines)) for (owner, name), lines in found.items() if owner == cls.__name__}
