"""Mapping files: which column of one's own spreadsheet is which, in TOML."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

from attrs import field, frozen

from confirma_async.errors import ConfigurationError
from confirma_async.formats.tables.cells import (
    Cell,
    DateForm,
    DecimalSeparator,
    TextConventions,
    ValueProblem,
    reader_of,
)
from confirma_async.formats.tables.columns import COLUMNS

_Table: TypeAlias = Mapping[str, Any]


def title_key(title: str) -> str:
    """Return what makes two titles of columns the same: letters, whatever their case, and single spaces."""
    return " ".join(title.split()).casefold()


@frozen(kw_only=True)
class ColumnMapping:
    """Which column of a table is which, where they have names of their own.

    Attributes:
        source: Where the mapping stands, for messages.
        columns: By our name of a column, its name in the file.
        constants: By our name of a column, the value that holds for every invoice.
        ignore: Columns of the file that are passed over.
        words: By our name of a column, the words of the file for those of the SDK, in lower case.
        date_formats: Forms of dates besides ``YYYY-MM-DD`` and ``D.M.YYYY``.
        decimal_comma: Whether numbers that are text have a decimal comma; None finds out.
        sheet: The sheet of a workbook; None takes the first.
        header_row: The line that names the columns, from 1; None takes the first that is not empty.
        delimiter: What separates values in CSV; None finds out.
        encoding: How a CSV file is encoded; None finds out.
    """

    source: str = "given"
    columns: Mapping[str, str]
    constants: Mapping[str, object] = field(factory=dict[str, object])
    ignore: Sequence[str] = ()
    words: Mapping[str, Mapping[str, str]] = field(factory=dict[str, Mapping[str, str]])
    date_formats: tuple[DateForm, ...] = ()
    decimal_comma: bool | None = None
    sheet: str | None = None
    header_row: int | None = None
    delimiter: str | None = None
    encoding: str | None = None

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a mapping file.

        Raises:
            ConfigurationError: it cannot be read, is not TOML, or says something that no mapping says.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
            raise ConfigurationError(f"the mapping {path} cannot be read: {reason}") from error
        return cls.from_text(text, source=str(path))

    @classmethod
    def from_text(cls, text: str, *, source: str) -> Self:
        """Read a mapping out of TOML text; ``source`` says in messages where it stands.

        Raises:
            ConfigurationError: it is not TOML, or says something that no mapping says.
        """
        try:
            found: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"the mapping {source} cannot be read: {error}") from error
        try:
            return cls(source=source, **_checked(found))
        except _Wrong as wrong:
            raise ConfigurationError(f"the mapping {source}: {wrong}") from None

    def keys(self) -> frozenset[str]:
        """Return the titles that it names, in the form that they are compared in."""
        return frozenset(title_key(title) for title in self.columns.values())


class _Wrong(Exception):  # noqa: N818 (caught above)
    """The mapping says something that no mapping says."""


def _checked(found: _Table) -> dict[str, Any]:
    if unknown := found.keys() - _ENTRIES.keys():
        raise _Wrong(f"there is no entry {', '.join(sorted(unknown))}; only {', '.join(_ENTRIES)} are read")
    values = {name: _ENTRIES[name](value, name) for name, value in found.items() if name != "constants"}
    columns = values.setdefault("columns", {})
    if not columns:
        raise _Wrong("names no columns; write them below [columns], such as number = 'Invoice no.'")
    twice = _first_twice([title_key(title) for title in columns.values()])
    if twice is not None:
        raise _Wrong(f"names the column {twice!r} twice")
    conventions = TextConventions(
        decimal_separator=DecimalSeparator.COMMA if values.get("decimal_comma") else DecimalSeparator.POINT,
        dates=values.get("date_formats", ()),
        words=values.get("words", {}),
    )
    values["constants"] = _constants(found.get("constants", {}), conventions)
    both = columns.keys() & values["constants"].keys()
    if both:
        raise _Wrong(f"{', '.join(sorted(both))} stands below [columns] and below [constants]; choose one")
    return values


def _first_twice(keys: Sequence[str]) -> str | None:
    return next((key for index, key in enumerate(keys) if key in keys[:index]), None)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f"{name} must be a text")
    return value.strip()


def _true_or_false(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"{name} must be true or false")
    return value


def _row(value: object, name: str) -> int:
    if type(value) is not int or value < 1:
        raise _Wrong(f"{name} must be the number of a row, from 1")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(f"{name} must be a list of texts")
    return tuple(_text(each, name) for each in cast("list[object]", value))


def _date_formats(value: object, name: str) -> tuple[DateForm, ...]:
    try:
        return tuple(DateForm(text) for text in _texts([value] if isinstance(value, str) else value, name))
    except ValueError as error:
        raise _Wrong(str(error)) from None


def _delimiter(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise _Wrong(f"{name} must be one character")
    return value


def _encoding(value: object, name: str) -> str:
    encoding = _text(value, name)
    try:
        if ";A0\n".encode(encoding) == b";A0\n":
            return encoding
    except LookupError:
        raise _Wrong(f"there is no encoding {encoding!r}") from None
    raise _Wrong(f"{name} {encoding!r} is none that contains ASCII; save the file as UTF-8")


def _table(value: object, name: str) -> _Table:
    if not isinstance(value, dict):
        raise _Wrong(f"[{name}] must be a table")
    return cast("_Table", value)


def _columns(value: object, name: str) -> dict[str, str]:
    return {_known(ours): _text(theirs, f"{name}.{ours}") for ours, theirs in _table(value, name).items()}


def _words(value: object, name: str) -> dict[str, dict[str, str]]:
    return {
        _known(ours): {
            theirs.strip().lower(): _text(word, f"{name}.{ours}")
            for theirs, word in _table(words, name).items()
        }
        for ours, words in _table(value, name).items()
    }


def _constants(value: object, conventions: TextConventions) -> dict[str, object]:
    constants: dict[str, object] = {}
    for name, given in _table(value, "constants").items():
        column = COLUMNS[_known(name)]
        try:
            constants[name] = reader_of(column, conventions)(_cell(given))
        except ValueProblem as problem:
            raise _Wrong(f"the constant {name} {problem.message}") from None
    return constants


def _cell(value: object) -> Cell:
    if isinstance(value, bool | str | datetime.date | Decimal):
        return value.strip() if isinstance(value, str) else value
    if isinstance(value, int):
        return Decimal(value)
    raise ValueProblem("", "must be a text, a number, a date, true or false")


def _known(name: str) -> str:
    if name not in COLUMNS:
        raise _Wrong(f"{name} is none of the columns that the documentation lists")
    return name


_ENTRIES: Mapping[str, Callable[[object, str], Any]] = {
    "columns": _columns,
    "constants": _table,
    "ignore": _texts,
    "words": _words,
    "date_formats": _date_formats,
    "decimal_comma": _true_or_false,
    "sheet": _text,
    "header_row": _row,
    "delimiter": _delimiter,
    "encoding": _encoding,
}
"""What a mapping file may hold, and how each entry is read."""
