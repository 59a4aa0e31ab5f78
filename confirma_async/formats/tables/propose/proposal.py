"""Proposes a mapping for a table that nobody designed for the SDK, and says what it is unsure of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from attrs import define, field, frozen

from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.reader import format_of
from confirma_async.formats.tables.cells import Cell, DateForm, DecimalSeparator, detect_separator
from confirma_async.formats.tables.columns import COLUMNS, REQUIRED, ValueKind
from confirma_async.formats.tables.propose.sample import Sample, sample
from confirma_async.formats.tables.propose.synonyms import DOUBTFUL, SYNONYMS, TYPE_WORDS, plain
from confirma_async.privacy import looks_like_name
from confirma_async.schemas import InvoiceType

_HEADER_WITHIN = 30
_GUESSED_DAYS = 14
_GUESSED_CURRENCY = "EUR"
_DATE_FORMS = ("DD/MM/YYYY", "MM/DD/YYYY", "D/M/YYYY", "M/D/YYYY", "YYYY/MM/DD", "YYYYMMDD", "DD-MM-YYYY")

_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "seller_iban": re.compile(r"[A-Z]{2}\d{2}[ A-Z0-9]{11,35}"),
    "buyer_business_id": re.compile(r"\d{7}-\d|\d{6}-\d{4}"),
    "buyer_vat_code": re.compile(r"FI\d{8}|SE\d{12}"),
    "buyer_email": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE),
    "currency": re.compile(r"EUR|SEK|NOK|DKK|USD|GBP"),
}
"""Columns that are known by what stands in them."""


@frozen
class Proposal:
    """A mapping to look at, and to save.

    Attributes:
        text: The mapping as TOML, with a comment wherever something is unsure.
        unsure: What to look at; one sentence each.
        missing: What every invoice needs and the table does not seem to have.
    """

    text: str
    unsure: Sequence[str]
    missing: Sequence[str]


@define
class _Guess:
    """What is guessed so far."""

    columns: dict[str, str] = field(factory=dict[str, str])
    doubts: dict[str, str] = field(factory=dict[str, str])
    ignored: list[str] = field(factory=list[str])
    constants: dict[str, str | int] = field(factory=dict[str, "str | int"])
    words: dict[str, str] = field(factory=dict[str, str])
    entries: dict[str, str | int | tuple[str, ...]] = field(factory=dict[str, "str | int | tuple[str, ...]"])


def propose(path: Path, options: ReadOptions) -> Proposal:
    """Propose a mapping for a table.

    Columns are known by their names, in Finnish, Swedish and English, and else by what stands in them.

    Args:
        path: The file.
        options: What is known of it.

    Raises:
        InputError: the file is no table, or no line of it names columns.
    """
    found = sample(path, format_of(path, options, otherwise=FileFormat.CSV))
    header, titles, rows = _split(path, found)
    guess = _Guess()
    if found.sheet is not None:
        guess.entries["sheet"] = found.sheet
    if found.titles is None and header != found.lines[0][0]:
        guess.entries["header_row"] = header
    values = {
        title: [row[index] for row in rows if index < len(row) and row[index] != ""]
        for index, title in enumerate(titles)
    }
    _by_names(guess, titles)
    _by_values(guess, titles, values)
    _totals(guess, titles, rows)
    guess.ignored = [title for title in titles if title not in guess.columns.values()]
    _numbers(guess, values)
    _dates(guess, values)
    _types(guess, values)
    missing = _complete(guess)
    return Proposal(_toml(path, guess, missing), _sentences(guess, missing), missing)


def _split(path: Path, found: Sample) -> tuple[int, list[str], list[Sequence[Cell]]]:
    """Return the line of the header, the names of the columns, and the lines below."""
    if found.titles is not None:
        return 0, [*found.titles], [cells for _, cells in found.lines]
    first = found.lines[:_HEADER_WITHIN]
    scores = [
        sum(_name_of(cell) is not None for cell in cells if isinstance(cell, str)) for _, cells in first
    ]
    best = max(scores, default=0)
    for (line, cells), score in zip(first, scores, strict=True):
        if score == best and best > 0:
            titles = [str(cell) if isinstance(cell, str | Decimal) else "" for cell in cells]
            while titles and not titles[-1]:
                titles.pop()
            return line, titles, [cells for number, cells in found.lines if number > line]
    msg = (
        f"{path}: no line names columns in a way that is known; write the names of the columns above "
        "them, or write a mapping by hand"
    )
    raise InputError(msg)


def _name_of(title: str) -> str | None:
    """Return our name of a column by its title."""
    name = plain(title)
    ours = name.replace(" ", "_")
    return ours if ours in COLUMNS else SYNONYMS.get(name) or DOUBTFUL.get(name)


def _by_names(guess: _Guess, titles: Sequence[str]) -> None:
    sure = [title for title in titles if plain(title) not in DOUBTFUL]
    for title in (*sure, *(each for each in titles if each not in sure)):
        name = _name_of(title)
        if name is None:
            continue
        if name in guess.columns:
            guess.doubts.setdefault(name, f"{_shown(title)} could be meant as well")
            continue
        guess.columns[name] = title
        if plain(title) in DOUBTFUL:
            guess.doubts[name] = "the name does not say whether VAT is in the amount"


def _by_values(guess: _Guess, titles: Sequence[str], values: Mapping[str, Sequence[Cell]]) -> None:
    unknown = [title for title in titles if title and title not in guess.columns.values()]
    for title in unknown:
        for name, pattern in _PATTERNS.items():
            texts = [cell for cell in values[title] if isinstance(cell, str)]
            if name in guess.columns or not texts or len(texts) < len(values[title]):
                continue
            if all(pattern.fullmatch(text) for text in texts):
                guess.columns[name] = title
                guess.doubts[name] = "by what stands in it, not by its name"
                break


def _totals(guess: _Guess, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Propose amounts that are the same on every line of an invoice as totals of the invoice."""
    if "number" not in guess.columns:
        return
    at = titles.index(guess.columns["number"])
    invoices: dict[str, list[Sequence[Cell]]] = {}
    for row in rows:
        if at < len(row) and row[at] != "":
            invoices.setdefault(str(row[at]), []).append(row)
    several = [lines for lines in invoices.values() if len(lines) > 1]
    for part in ("net_amount", "vat_amount", "gross_amount"):
        title = guess.columns.get(f"row_{part}")
        if title is None or part in guess.columns or not several:
            continue
        index = titles.index(title)
        same = all(len({str(line[index]) for line in lines if index < len(line)}) == 1 for lines in several)
        differ = any(len({str(line) for line in lines}) > 1 for lines in several)
        if same and differ:
            guess.columns[part] = guess.columns.pop(f"row_{part}")
            guess.doubts.pop(f"row_{part}", None)
            guess.doubts[part] = "taken for a total, being the same on all lines of each invoice"


def _numbers(guess: _Guess, values: Mapping[str, Sequence[Cell]]) -> None:
    texts = [
        cell.removesuffix("%").rstrip()
        for name, title in guess.columns.items()
        if COLUMNS[name].kind.is_numeric
        for cell in values[title]
        if isinstance(cell, str)
    ]
    separators = {separator for separator in map(detect_separator, texts) if separator is not None}
    if len(separators) == 1:
        guess.entries["decimal_comma"] = separators == {DecimalSeparator.COMMA}
    elif texts and any("," in text or "." in text for text in texts):
        guess.doubts["decimal_comma"] = "set it: numbers are text, and do not tell what separates decimals"


def _dates(guess: _Guess, values: Mapping[str, Sequence[Cell]]) -> None:
    titles = [title for name, title in guess.columns.items() if COLUMNS[name].kind is ValueKind.DATE]
    texts = [str(cell) for title in titles for cell in values[title] if isinstance(cell, str | Decimal)]
    if all(_reads("YYYY-MM-DD", text) or _reads("D.M.YYYY", text) for text in texts):
        return
    fitting = [form for form in _DATE_FORMS if all(_reads(form, text) for text in texts)]
    if fitting:
        guess.entries["date_formats"] = (fitting[0],)
        if len(fitting) > 1:
            guess.doubts["date_formats"] = f"{fitting[1]} would fit as well"
    else:
        guess.doubts["date_formats"] = "set it: dates are not written as YYYY-MM-DD or D.M.YYYY"


def _reads(form: str, text: str) -> bool:
    try:
        return DateForm(form).read(text) is not None
    except ValueError:
        return False


def _types(guess: _Guess, values: Mapping[str, Sequence[Cell]]) -> None:
    title = guess.columns.get("type")
    if title is None:
        return
    for cell in dict.fromkeys(each for each in values[title] if isinstance(each, str)):
        word = TYPE_WORDS.get(cell.lower())
        if word is not None:
            guess.words[cell] = word
        elif re.sub(r"[\s-]+", "_", cell.upper()) not in InvoiceType.__members__:
            guess.doubts["type"] = "add the words that stand in it below [words.type]"


def _complete(guess: _Guess) -> list[str]:
    """Fill in what can be guessed of what every invoice needs; gives the rest."""
    known = guess.columns
    if "currency" not in known:
        guess.constants["currency"] = _GUESSED_CURRENCY
        guess.doubts["currency"] = "a guess: no column names the currency"
    if "due_date" not in known and "net_days" not in known:
        guess.constants["net_days"] = _GUESSED_DAYS
        guess.doubts["net_days"] = "a guess: no column tells when an invoice is due"
    return [name for name in REQUIRED if name not in {*known, *guess.constants, "due_date"}]


def _sentences(guess: _Guess, missing: Sequence[str]) -> list[str]:
    notes = [f"{name}: {doubt}" for name, doubt in guess.doubts.items()]
    notes += [f"{name}: no column seems to hold it; name one below [columns]" for name in missing]
    if guess.ignored:
        notes.append(f"columns passed over: {len(guess.ignored)}; see ignore")
    return notes


def _toml(path: Path, guess: _Guess, missing: Sequence[str]) -> str:
    lines = [f"# How the columns of {_shown(path.name)} become invoices. Look at what is unsure."]
    for name, value in guess.entries.items():
        lines.append(_line(name, value, guess.doubts))
    lines += [
        f"# {name}: {guess.doubts[name]}"
        for name in ("decimal_comma", "date_formats")
        if name in guess.doubts and name not in guess.entries
    ]
    if guess.ignored:
        lines += ["ignore = [", *(f"  {_string(title)}," for title in guess.ignored), "]"]
    in_order: Callable[[str], int] = list(COLUMNS).index
    lines += ["", "[columns]"]
    lines += [f"# {name} = unsure: no column seems to hold it" for name in missing]
    lines += [_line(name, guess.columns[name], guess.doubts) for name in sorted(guess.columns, key=in_order)]
    if guess.constants:
        lines += ["", "[constants]"]
        lines += [_line(name, value, guess.doubts) for name, value in guess.constants.items()]
    if guess.words:
        lines += ["", "[words.type]"]
        lines += [f"{_string(theirs)} = {_string(ours)}" for theirs, ours in guess.words.items()]
    return "\n".join(lines) + "\n"


def _line(name: str, value: str | int | tuple[str, ...], doubts: Mapping[str, str]) -> str:
    comment = f"  # unsure: {doubts[name]}" if name in doubts else ""
    return f"{name} = {_value(value)}{comment}"


def _value(value: str | int | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_string(each) for each in value)}]"
    return str(value).lower()


def _string(text: str) -> str:
    """Return a string of TOML, which is one of JSON but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(title: str) -> str:
    return (
        repr(title)
        if all(looks_like_name(word) for word in re.split(r"[\W_]+", title) if word)
        else "another"
    )
