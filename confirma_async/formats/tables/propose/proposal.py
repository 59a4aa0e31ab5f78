"""Proposes a mapping for a table that nobody designed for the SDK, and says what it is unsure of."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.reader import format_of
from confirma_async.formats.tables.cells import DateForm, DecimalSeparator, bare, detect_separator
from confirma_async.formats.tables.columns import COLUMNS, REQUIRED, ValueKind
from confirma_async.formats.tables.propose import guess as reasons
from confirma_async.formats.tables.propose.amounts import (
    find_amounts,
    find_rate,
    find_row_values,
    find_totals,
    fractions,
)
from confirma_async.formats.tables.propose.guess import Guess
from confirma_async.formats.tables.propose.prices import check_prices
from confirma_async.formats.tables.propose.sample import sample
from confirma_async.formats.tables.propose.seen import SeenTable, look
from confirma_async.formats.tables.propose.synonyms import WORDS
from confirma_async.formats.tables.propose.written import toml_of
from confirma_async.privacy import looks_like_name
from confirma_async.schemas import InvoiceType
from confirma_async.validation.values.identifiers import is_finnish_reference

GUESSED_DAYS = 14
GUESSED_CURRENCY = "EUR"
GUESSED_COUNTRY = "FI"
_EURO = "€"
_DATE_FORMS = ("DD/MM/YYYY", "MM/DD/YYYY", "D/M/YYYY", "M/D/YYYY", "YYYY/MM/DD", "YYYYMMDD", "DD-MM-YYYY")
_USUAL_DATES = ("YYYY-MM-DD", "D.M.YYYY")
_LACKS_ZEROS = re.compile(r"\d{3,4}", re.ASCII)
_WORD_GAP = re.compile(r"[\s-]+")
_FEWEST = 2
"""Columns that a list of invoices has under known names, at least."""
_ONE_NUMBER = re.compile(r"\D*(\d{1,3})\D*", re.ASCII)

_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "seller_iban": re.compile(r"[A-Z]{2}\d{2}[ A-Z0-9]{11,35}"),
    "buyer_business_id": re.compile(r"\d{7}-\d|\d{6}-\d{4}"),
    "buyer_vat_code": re.compile(r"FI\d{8}|SE\d{12}"),
    "buyer_email": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE),
    "currency": re.compile(r"EUR|SEK|NOK|DKK|USD|GBP"),
}
"""The forms of values by which columns are recognised."""


@frozen
class Proposal:
    """A mapping to look at, and to save.

    Attributes:
        text: The mapping as TOML, with a comment wherever something is unsure.
        unsure: What to check; one sentence each.
        missing: What every invoice needs and the table does not seem to have.
    """

    text: str
    unsure: Sequence[str]
    missing: Sequence[str]


def propose(path: Path, options: ReadOptions) -> Proposal:
    """Propose a mapping for a table.

    Columns are recognised by their names in Finnish, Swedish and English, or else by their values.

    Args:
        path: The path of the file.
        options: What is known of it.

    Raises:
        InputError: the file is no table, or no line of it names columns.
    """
    seen = seen_in(path, options)
    guess = completed(first_guess(seen), seen)
    return Proposal(mapping_text(path, guess), _sentences(guess), guess.missing)


def mapping_text(path: Path, guess: Guess) -> str:
    """Return a guess as a mapping file for a table."""
    return toml_of(shown(path.name), guess)


def seen_in(path: Path, options: ReadOptions, sheet: str | None = None) -> SeenTable:
    """Read the first lines of a table.

    Args:
        path: The path of the file.
        options: What is known of it.
        sheet: The sheet of a workbook; None takes the one that holds most.

    Raises:
        InputError: the file is no table, or no line of it names columns.
    """
    return look(path, sample(path, format_of(path, options, otherwise=FileFormat.CSV), sheet))


def sheets_of_invoices(path: Path, options: ReadOptions) -> list[str]:
    """Return the sheets of a workbook that may be lists of invoices; none where it has one sheet.

    Raises:
        InputError: the file is no table.
    """
    file_format = format_of(path, options, otherwise=FileFormat.CSV)
    first = sample(path, file_format)
    names = [] if first.sheet is None else [first.sheet, *first.other_sheets]
    found: list[str] = []
    for name in names:
        with contextlib.suppress(InputError):
            seen = look(path, sample(path, file_format, name))
            known = {seen.name_of(title) for title in seen.titles}
            if seen.rows and known & {"number", "date"} and len(known - {None}) >= _FEWEST:
                found.append(name)
    return found


def first_guess(seen: SeenTable) -> Guess:
    """Return a guess of what the columns are, by their names and their values."""
    guess = Guess()
    _by_names(guess, seen)
    _by_values(guess, seen)
    _number_and_reference(guess, seen)
    find_row_values(guess, seen)
    find_rate(guess, seen)
    check_prices(guess, seen)
    find_amounts(guess, seen)
    find_totals(guess, seen)
    return guess


def completed(guess: Guess, seen: SeenTable) -> Guess:
    """Complete a guess by what follows from its columns: how values are written, and what is missing."""
    guess = copy.deepcopy(guess)
    if seen.sheet is not None:
        guess.entries["sheet"] = seen.sheet
        if seen.other_sheets:
            guess.doubts["sheet"] = f"not read: {', '.join(seen.other_sheets)}"
    if not seen.is_first:
        guess.entries["header_row"] = seen.header
    if seen.header_lines > 1:
        guess.entries["header_lines"] = seen.header_lines
    guess.ignored = [title for title in seen.titles if title not in guess.columns.values()]
    _numbers(guess, seen)
    _dates(guess, seen)
    _words(guess, seen)
    known = guess.columns
    if _lacks_zeros(guess, seen) and "buyer_country" not in {*known, *guess.constants, *guess.decided}:
        guess.constants["buyer_country"] = GUESSED_COUNTRY
        guess.doubts["buyer_country"] = reasons.GUESSED_COUNTRY
    if "currency" not in known and "currency" not in guess.constants:
        guess.constants["currency"] = GUESSED_CURRENCY
        if "currency_sign" not in guess.entries:
            guess.doubts["currency"] = reasons.GUESSED_CURRENCY
    if "due_date" not in known and "net_days" not in {*known, *guess.constants}:
        guess.constants["net_days"] = GUESSED_DAYS
        guess.doubts["net_days"] = reasons.GUESSED_DAYS
    guess.missing = [name for name in REQUIRED if name not in {*known, *guess.constants, "due_date"}]
    return guess


def _by_names(guess: Guess, seen: SeenTable) -> None:
    sure = [title for title in seen.titles if not seen.is_doubtful(title)]
    for title in (*sure, *(each for each in seen.titles if each not in sure)):
        name = seen.name_of(title)
        if name is None:
            continue
        if name in guess.columns:
            guess.doubts.setdefault(name, f"{shown(title)} could be meant as well")
            guess.rivals[title] = f"could be {name} as well"
            continue
        guess.columns[name] = title
        if title not in sure:
            guess.doubts[name] = reasons.NAME_SAYS_NOTHING


def _by_values(guess: Guess, seen: SeenTable) -> None:
    for title in seen.titles:
        if guess.title_taken(title) is not None or title in guess.rivals:
            continue
        for name, pattern in _PATTERNS.items():
            texts = [*seen.texts(title)]
            if name in guess.columns or not texts or len(texts) < len(seen.values[title]):
                continue
            if all(pattern.fullmatch(text) for text in texts):
                guess.columns[name] = title
                guess.doubts[name] = reasons.BY_VALUES
                break


def _number_and_reference(guess: Guess, seen: SeenTable) -> None:
    """Find out which of two columns named after numbers has invoice numbers, and which references."""
    number = guess.columns.get("number")
    others = [title for title in guess.rivals if seen.name_of(title) == "number"]
    if number is None or not others or not _are_references(seen, number):
        return
    other = next((title for title in others if not _are_references(seen, title)), None)
    if other is None:
        return
    guess.columns["number"] = other
    del guess.rivals[other]
    guess.doubts.pop("number", None)
    if "payment_reference" in guess.columns:
        guess.rivals[number] = reasons.IS_REFERENCE
    else:
        guess.columns["payment_reference"] = number
        guess.doubts["payment_reference"] = reasons.IS_REFERENCE


def _are_references(seen: SeenTable, title: str) -> bool:
    texts = [str(cell) for cell in seen.values[title] if isinstance(cell, str | Decimal)]
    return bool(texts) and all(text.isdigit() and is_finnish_reference(text) for text in texts)


def _numbers(guess: Guess, seen: SeenTable) -> None:
    texts = number_texts(guess, seen)
    currency = guess.columns.get("currency")
    is_euro = currency is None or {*seen.texts(currency)} <= {GUESSED_CURRENCY}
    signs = {text for text in texts if text.startswith(_EURO) or text.endswith(_EURO)}
    if (
        is_euro
        and signs
        and all(_EURO in text for text in texts if bare(text) != text.removesuffix("%").rstrip())
    ):
        guess.entries["currency_sign"] = _EURO
    separators = {separator for text in texts if (separator := detect_separator(bare(text))) is not None}
    if "decimal_comma" in guess.entries:
        return
    if len(separators) == 1:
        guess.entries["decimal_comma"] = separators == {DecimalSeparator.COMMA}
    elif texts and any("," in text or "." in text for text in texts):
        guess.doubts["decimal_comma"] = reasons.SET_COMMA


def _dates(guess: Guess, seen: SeenTable) -> None:
    if "date_formats" in guess.entries:
        return
    texts = date_texts(guess, seen)
    readable, fitting = _readable(texts), forms_of_dates(texts)
    if not texts or (readable and all(any(_reads(form, text) for form in _USUAL_DATES) for text in readable)):
        return
    if not fitting:
        guess.doubts["date_formats"] = reasons.SET_DATES
        return
    guess.entries["date_formats"] = (fitting[0],)
    if len(fitting) > 1:
        guess.doubts["date_formats"] = f"{fitting[1]} would fit as well"


def number_texts(guess: Guess, seen: SeenTable) -> list[str]:
    """Return the numbers of the table that are text."""
    titles = [title for name, title in guess.columns.items() if COLUMNS[name].kind.is_numeric]
    return [text for title in titles for text in seen.texts(title)]


def date_texts(guess: Guess, seen: SeenTable) -> list[str]:
    """Return the dates of the table that are text, or a number such as 20261231."""
    titles = [title for name, title in guess.columns.items() if COLUMNS[name].kind is ValueKind.DATE]
    return [str(cell) for title in titles for cell in seen.values[title] if isinstance(cell, str | Decimal)]


def forms_of_dates(texts: Sequence[str]) -> list[str]:
    """Return the forms in which all of these texts can be read, without those that are no dates."""
    readable = _readable(texts)
    return [form for form in _DATE_FORMS if readable and all(_reads(form, text) for text in readable)]


def _lacks_zeros(guess: Guess, seen: SeenTable) -> bool:
    """Say whether a postal code of a buyer has lost its leading zeros, as numbers do."""
    title = guess.columns.get("buyer_postal_code")
    return title is not None and any(_LACKS_ZEROS.fullmatch(str(cell)) for cell in seen.values[title])


def _readable(texts: Sequence[str]) -> list[str]:
    """Return the texts that are dates in some form."""
    forms = (*_USUAL_DATES, *_DATE_FORMS)
    return [text for text in texts if any(_reads(form, text) for form in forms)]


def _reads(form: str, text: str) -> bool:
    try:
        return DateForm(form).read(text) is not None
    except ValueError:
        return False


def _words(guess: Guess, seen: SeenTable) -> None:
    for name, known in WORDS.items():
        title = guess.columns.get(name)
        if title is None:
            continue
        for cell in dict.fromkeys(seen.texts(title)):
            word = known.get(cell.lower())
            if word is not None:
                guess.words.setdefault(name, {})[cell] = word
            elif name == "type" and _WORD_GAP.sub("_", cell.upper()) not in InvoiceType.__members__:
                guess.doubts["type"] = "add the words that stand in it below [words.type]"
    title = guess.columns.get("row_vat_percentage")
    if title is not None and (rates := _in_percent(guess, seen, title)):
        guess.words["row_vat_percentage"] = rates
    title = guess.columns.get("net_days")
    for cell in dict.fromkeys(seen.texts(title)) if title is not None else ():
        days = _ONE_NUMBER.fullmatch(cell)
        if days is not None and days[1] != cell:
            guess.words.setdefault("net_days", {})[cell] = days[1]


def _in_percent(guess: Guess, seen: SeenTable, title: str) -> dict[str, str]:
    """Return each fraction of a column as it is written, with its value in per cent."""
    mark = "," if guess.entries.get("decimal_comma") else "."
    found: dict[str, str] = {}
    for cell, rate in fractions(seen, title):
        written = f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
        found[written] = f"{(rate * 100).normalize():f}".replace(".", mark)
    return found


def _sentences(guess: Guess) -> list[str]:
    notes = [f"{name}: {doubt}" for name, doubt in guess.doubts.items()]
    notes += [f"{name}: no column seems to hold it; name one below [columns]" for name in guess.missing]
    notes += [f"{shown(title)} {why}" for title, why in guess.rivals.items() if title in guess.ignored]
    if guess.ignored:
        notes.append(f"columns passed over: {len(guess.ignored)}; see ignore")
    return notes


def shown(title: str) -> str:
    """Return the title of a column for a message, unless it may be data of an invoice."""
    return (
        repr(title)
        if all(looks_like_name(word) for word in re.split(r"[\W_]+", title) if word)
        else "another"
    )
