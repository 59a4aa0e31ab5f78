"""Reads mapping files: TOML that says which column of a spreadsheet is which."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from attrs import Attribute, evolve, field, frozen
from attrs.validators import optional

from confirma_async.errors import ConfigurationError
from confirma_async.formats.tables.cells import (
    Cell,
    DateForm,
    DecimalSeparator,
    TextConventions,
    ValueProblem,
    reader_of,
)
from confirma_async.formats.tables.columns import INVOICE_COLUMNS, ColumnSet

if TYPE_CHECKING:
    from confirma_async.converters.strict import StrictConverter


def distinct(titles: Sequence[str]) -> list[str]:
    """Return a distinct name for each column, by which a mapping knows it.

    The second ``Name`` is ``Name (2)``, and the sixth column without a name is ``column 6``.
    """
    count = Counter[str]()
    named: list[str] = []
    for position, title in enumerate(titles, start=1):
        key = title_key(title)
        count[key] += 1
        again = f"{title} ({count[key]})" if count[key] > 1 else title
        named.append(again if key else f"column {position}")
    return named


def joined(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of columns whose header has several lines, from the upper one down."""
    width = max(map(len, lines), default=0)
    return [
        " ".join(line[index] for line in lines if index < len(line) and line[index]) for index in range(width)
    ]


def title_key(title: str) -> str:
    """Return a title in the form by which titles are compared: case-folded, with single spaces."""
    return " ".join(title.split()).casefold()


def _in_lower_case(words: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    return {name: {theirs.lower(): ours for theirs, ours in each.items()} for name, each in words.items()}


def _names_columns(mapping: ColumnMapping, attribute: Attribute[Any], named: Mapping[str, object]) -> None:
    for name in named:
        if name not in mapping.known.by_name:
            raise ConfigurationError(
                f"{attribute.name}.{name} is none of the columns that the documentation lists"
            )


def _counts_from_one(_mapping: object, attribute: Attribute[Any], row: int) -> None:
    if row < 1:
        raise ConfigurationError(f"{attribute.name} must be the number of a row, from 1")


def _separates(_mapping: object, attribute: Attribute[Any], delimiter: str) -> None:
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise ConfigurationError(f"{attribute.name} must be one character")


def _contains_ascii(_mapping: object, attribute: Attribute[Any], encoding: str) -> None:
    try:
        if ";A0\n".encode(encoding) == b";A0\n":
            return
    except LookupError:
        raise ConfigurationError(f"{attribute.name}: there is no encoding {encoding!r}") from None
    raise ConfigurationError(
        f"{attribute.name} {encoding!r} is none that contains ASCII; save the file as UTF-8"
    )


@frozen(kw_only=True)
class ColumnMapping:
    """Says which column of a table is which, if the columns have names of their own.

    Attributes:
        known: The columns that it may name.
        source: The name of the mapping in messages, such as its file.
        text: The mapping as TOML, if it was read from a file; else empty.
        columns: The title of each column in the file, by our name of the column.
        constants: Values that hold for every invoice, by our names of columns.
        ignore: Columns of the file that are passed over.
        words: The words of the file, in lower case, for those of the SDK, by our names of columns.
        date_formats: Forms of dates besides ``YYYY-MM-DD`` and ``D.M.YYYY``.
        decimal_comma: Whether numbers that are text have a decimal comma; None finds out.
        sheet: The sheet of a workbook; None takes the first.
        header_row: The line that names the columns, from 1, or the last of several; None takes the first that
            is not empty.
        header_lines: The number of lines that name the columns together.
        currency_sign: The sign beside amounts that repeats the currency of the invoices, such as ``€``.
        delimiter: The character between values in CSV; None finds out.
        encoding: The encoding of a CSV file; None finds out.
    """

    known: ClassVar[ColumnSet] = INVOICE_COLUMNS

    source: str = "given"
    text: str = field(default="", repr=False, eq=False)
    columns: Mapping[str, str] = field(factory=dict[str, str], validator=_names_columns)
    constants: Mapping[str, Any] = field(factory=dict[str, Any], validator=_names_columns)
    ignore: Sequence[str] = ()
    words: Mapping[str, Mapping[str, str]] = field(
        factory=dict[str, Mapping[str, str]], converter=_in_lower_case, validator=_names_columns
    )
    date_formats: tuple[DateForm, ...] = ()
    decimal_comma: bool | None = None
    sheet: str | None = None
    header_row: int | None = field(default=None, validator=optional(_counts_from_one))
    header_lines: int = field(default=1, validator=_counts_from_one)
    currency_sign: str | None = None
    delimiter: str | None = field(default=None, validator=optional(_separates))
    encoding: str | None = field(default=None, validator=optional(_contains_ascii))

    def __attrs_post_init__(self) -> None:
        if not self.columns:
            raise ConfigurationError(
                "names no columns; write them below [columns], such as number = 'Invoice no.'"
            )
        keys = [title_key(title) for title in self.columns.values()]
        if twice := [key for index, key in enumerate(keys) if key in keys[:index]]:
            raise ConfigurationError(f"names the column {twice[0]!r} twice")
        if both := self.columns.keys() & self.constants.keys():
            raise ConfigurationError(
                f"{', '.join(sorted(both))} stands below [columns] and below [constants]; choose one"
            )
        _ = self.values

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a mapping file.

        Raises:
            ConfigurationError: it cannot be read, is not TOML, or has unknown or wrong entries.
        """
        found = _converter(cls).read_file(path, cls, f"the mapping {path}")
        return evolve(found, source=str(path), text=Path(path).read_text(encoding="utf-8"))

    @classmethod
    def from_text(cls, text: str, *, source: str) -> Self:
        """Read a mapping from TOML text; ``source`` is its name in messages.

        Raises:
            ConfigurationError: it is not TOML, or has unknown or wrong entries.
        """
        return evolve(_converter(cls).read_toml(text, cls, f"the mapping {source}"), source=source, text=text)

    @cached_property
    def values(self) -> Mapping[str, object]:
        """The constants, as values for their places in the request.

        Raises:
            ConfigurationError: one is not of the kind of its column.
        """
        conventions = TextConventions(
            decimal_separator=DecimalSeparator.COMMA if self.decimal_comma else DecimalSeparator.POINT,
            dates=self.date_formats,
            words=self.words,
        )
        values: dict[str, object] = {}
        for name, given in self.constants.items():
            try:
                values[name] = reader_of(self.known.by_name[name], conventions)(_cell(given))
            except ValueProblem as problem:
                raise ConfigurationError(f"the constant {name} {problem.message}") from None
        return values

    def keys(self) -> frozenset[str]:
        """Return the titles that it names, in the form of ``title_key``."""
        return frozenset(title_key(title) for title in self.columns.values())


def _converter(cls: type[ColumnMapping]) -> StrictConverter:
    from cattrs.gen import make_dict_structure_fn, override  # only where there is a mapping

    from confirma_async.converters.strict import StrictConverter, read_filled

    converter = StrictConverter()
    converter.register_structure_hook(str, read_filled)
    converter.register_structure_hook(DateForm, lambda found, _kind: DateForm(read_filled(found)))

    def date_formats(found: object, kind: Any) -> Any:
        return converter.structure([found] if isinstance(found, str) else found, kind)

    converter.register_structure_hook(
        cls,
        make_dict_structure_fn(
            cls,
            converter,
            source=override(omit=True),
            text=override(omit=True),
            date_formats=override(struct_hook=date_formats),
            delimiter=override(struct_hook=StrictConverter().get_structure_hook(str)),
        ),
    )
    return converter


def _cell(value: object) -> Cell:
    if isinstance(value, bool | str | datetime.date | Decimal):
        return value.strip() if isinstance(value, str) else value
    if isinstance(value, int):
        return Decimal(value)
    raise ValueProblem("", "must be a text, a number, a date, true or false")
