"""Schemas as text for people, and as tables for notebooks: what has a value, and no secret."""

from __future__ import annotations

import html
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

MOST_ROWS = 50
"""Records that a table for a notebook shows."""


def shown(obj: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an object that hold something, and are no secret."""
    items: Sequence[attrs.Attribute[Any]] = obj.__attrs_attrs__
    for item in items:
        value = getattr(obj, item.name)
        if item.name != "extra" and item.repr and value is not None and value != ():
            yield item.name, value


def is_object(value: object) -> bool:
    """Say whether a value has attributes of its own to show."""
    cls: type = type(value)
    return attrs.has(cls)


def as_text(obj: Any) -> str:
    """Return an object as text, one attribute a line, what is below it further in."""
    return "\n".join([type(obj).__name__, *_lines(obj, "  ")])


def _lines(obj: Any, margin: str) -> Iterator[str]:
    for name, value in shown(obj):
        if is_object(value):
            yield f"{margin}{name}:"
            yield from _lines(value, margin + "  ")
        elif _is_list(value):
            yield f"{margin}{name}:"
            for each in value:
                yield from _entry(each, margin + "  ")
        else:
            yield f"{margin}{name}: {plain(value)}"


def _entry(value: Any, margin: str) -> Iterator[str]:
    if not is_object(value):
        yield f"{margin}- {plain(value)}"
        return
    first = True
    for line in _lines(value, margin + "  "):
        yield f"{margin}- {line.lstrip()}" if first else line
        first = False
    if first:
        yield f"{margin}-"


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def plain(value: object) -> str:
    """Return a value as text in one line: nothing in it that would drive a terminal."""
    return "".join(char if char.isprintable() else "?" for char in str(value))


def as_html(obj: Any) -> str:
    """Return an object as a table for a notebook.

    Its records where it is a list of them, else its attributes.
    """
    for _, value in shown(obj):
        if _is_list(value) and value and is_object(value[0]):
            return table(value)
    return facts(obj)


def facts(obj: Any) -> str:
    """Return the attributes of an object as a table for a notebook."""
    return _rows(("", ""), ((name, plain(_short(value))) for name, value in shown(obj)))


def table(records: Sequence[Any]) -> str:
    """Record as a table for a notebook; columns that hold nothing are left out."""
    cells = [dict(shown(record)) for record in records[:MOST_ROWS]]
    names = [*dict.fromkeys(name for row in cells for name in row)]
    lines = ([plain(_short(row.get(name, ""))) for name in names] for row in cells)
    left = len(records) - len(cells)
    return _rows(names, lines) + (f"<p>and {left} more</p>" if left > 0 else "")


def _short(value: Any) -> object:
    if is_object(value):
        return ", ".join(f"{name}={plain(_short(inner))}" for name, inner in shown(value))
    if _is_list(value):
        return f"{len(typing.cast('Sequence[object]', value))} records"
    return value


def _rows(names: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
