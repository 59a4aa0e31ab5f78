"""Reads the header of a table: finds out which column is which, by the SDK's names or by a mapping."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.tables.columns import INVOICE_COLUMNS, MARKS, Column, ColumnSet, column_name
from confirma_async.formats.tables.mapping import ColumnMapping, title_key
from confirma_async.privacy import looks_like_name

_SURE = 2
"""The number of known names that make a line a header, however many unknown ones it has."""


def known(titles: Sequence[str], mapping: ColumnMapping | None, columns: ColumnSet = INVOICE_COLUMNS) -> int:
    """Count the titles that are names of known columns."""
    if mapping is None:
        return sum(column_name(title) in columns.by_name for title in titles)
    keys = mapping.keys()
    return sum(title_key(title) in keys for title in titles)


def matched(
    path: Path,
    titles: Sequence[str],
    options: ReadOptions,
    names_nothing: str = "the first line does not name columns",
) -> tuple[Column | None, ...]:
    """Return the column of each title; None for one that the mapping passes over.

    Args:
        path: The path of the file.
        titles: The names of the columns, as in the file.
        options: How the file is read. Without a mapping, the SDK's own names of columns count.
        names_nothing: The beginning of the message if too few names are known.

    Raises:
        InputError: the columns are not known by these titles. The message shows nothing of an invoice.
    """
    columns = options.columns
    if options.mapping is not None:
        return _mapped(path, titles, options.mapping, columns)
    names = [column_name(title) for title in titles if title not in MARKS]
    count = known(titles, None, columns)
    if count < _SURE and 2 * count < len(names):
        # This may be the first invoice of a file without header: nothing of it may show in a message.
        raise InputError(
            f"{path}: {names_nothing} ({len(names) - count} of {len(names)} names are "
            f"unknown); write the names of the columns there, such as {';'.join(columns.required)}, or name "
            "your own columns in a mapping file (formats.propose() proposes one)"
        )
    complaints = [*_unknown(names, columns), *_repeated(names, columns), *_missing(set(names), columns)]
    if complaints:
        raise InputError(f"{path}: the header line cannot be used: {'; '.join(complaints)}")
    return tuple(None if title in MARKS else columns.by_name[column_name(title)] for title in titles)


def _mapped(
    path: Path, titles: Sequence[str], mapping: ColumnMapping, columns: ColumnSet
) -> tuple[Column | None, ...]:
    places = {title_key(title): name for name, title in mapping.columns.items()}
    ignored = {title_key(title) for title in (*mapping.ignore, *MARKS)}
    keys = [title_key(title) for title in titles]
    count = Counter(keys)
    complaints = [
        f"it names {title!r} for {name}, and the file has {count[title_key(title)] or 'no'} such columns"
        + _near(title, titles, count)
        for name, title in mapping.columns.items()
        if count[title_key(title)] != 1
    ]
    for position, key in enumerate(keys, start=1):
        if not key:
            complaints.append(f"column {position} of the file has no name")
        elif key not in places and key not in ignored:
            shown = repr(titles[position - 1]) if _shows(titles[position - 1]) else str(position)
            complaints.append(f"column {shown} of the file is neither named nor in ignore")
    complaints += _missing({*mapping.columns, *mapping.constants}, columns)
    if complaints:
        raise InputError(f"{path}: the mapping {mapping.source} does not fit: {'; '.join(complaints)}")
    return tuple(columns.by_name[places[key]] if key in places else None for key in keys)


def _near(title: str, titles: Sequence[str], count: Counter[str]) -> str:
    shown = [each for each in titles if _shows(each)] if not count[title_key(title)] else []
    near = difflib.get_close_matches(title, shown, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _shows(title: str) -> bool:
    return all(looks_like_name(word) for word in title.replace(".", " ").replace("-", " ").split())


def _unknown(names: Sequence[str], columns: ColumnSet) -> Iterator[str]:
    for position, name in enumerate(names, start=1):
        if not name:
            yield f"column {position} has no name"
        elif name not in columns.by_name:
            if not looks_like_name(name):
                yield f"column {position} is not known, rename or remove it"
                continue
            near = difflib.get_close_matches(name, columns.by_name, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "rename or remove it"
            yield f"there is no column {name!r}, {hint}"


def _repeated(names: Sequence[str], columns: ColumnSet) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1 and name in columns.by_name:
            yield f"column {name!r} is there {count} times"


def _missing(names: set[str], columns: ColumnSet) -> Iterator[str]:
    for name in columns.required:
        if name not in names and columns.instead.get(name) not in names:
            yield f"column {name!r} is missing"
