"""Translates messages of the library into the user's language, also those that a journal has kept.

The library, its journals and JSON are in English. A catalogue holds each message as a template, with ``{0}``
for what varies, and recognises messages by it. A journal can therefore be read in any language, whichever was
used when it was written. A text that fits no template, such as the service's words, is not translated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache

from attrs import frozen

from confirma_async.cli.flags import in_flags
from confirma_async.cli.language.choice import CATALOGUES, LIBRARY, current, gettext as _
from confirma_async.cli.language.figures import amount, number, plain
from confirma_async.errors import Problem
from confirma_async.formats.tables.places import TablePlace

_DOCUMENT = re.compile(r"(invoice|credit note|reminder) (\S+)(?: of (\S+))?")
_CALL = re.compile(r"([a-z]+\.\w+)(?: \((attempts: \d+)\))?: (.*)", re.DOTALL)
"""What an error of a call says: the operation, and how often it was attempted."""
_OR = " or "
_NUMERAL = re.compile(r"-?\d{1,30}\.\d{1,30}", re.ASCII)
_OF_AMOUNTS = re.compile(r"which is \{|^make \{|must (?:add|balance|be the sum)")
_OF_RATES = re.compile(r"a VAT rate|a discount|^within \{")
"""Matches templates whose numbers are rates or seconds, and no quotations from a file."""
_HOLE = re.compile(r"\{\d+\}")


@frozen
class _Template:
    pattern: re.Pattern[str]
    translation: str
    figure: Callable[[Decimal], str] | None

    def written(self, text: str) -> str:
        """Return an amount or a rate as the locale writes it, and any other text unchanged."""
        if self.figure is None or not _NUMERAL.fullmatch(text):
            return text
        return plain(self.figure(Decimal(text)))


def translated(message: str) -> str:
    """Return a message of the library in the user's language, with options in place of parameters."""
    code, shown = current().code, in_flags(message)
    return shown if code == "en" else _translated_to(code, shown)


def error_in_words(message: str, problems: Sequence[Problem] = ()) -> str:
    """Return the message of an error in the user's language.

    Args:
        message: The message: a sentence, and what is listed below it, each on a line of its own.
        problems: What it lists, where these are problems.
    """
    sentence, *listed = message.split("\n")
    below = [f"  {problem_in_words(each)}" for each in problems] or [*map(_below_names, listed)]
    return "\n".join([_below_names(sentence), *below])


def _below_names(message: str) -> str:
    """Return a message in the user's language, also below the name of a file or account."""
    found, before, rest = translated(message), "", message
    while found == rest and ": " in rest:
        name, _colon, rest = rest.partition(": ")
        before += f"{name}: "
        found = translated(rest)
    return message if found == rest else before + found


def is_cell(path: str) -> bool:
    """Say whether the path of a problem names a line or a cell of a table."""
    return TablePlace.parse(path) is not None


def where(path: str, *, wire: bool = True) -> str:
    """Return a place in a record in words: of a table, its line and its column by the file's own title.

    Args:
        path: The path of a problem.
        wire: Whether to add the JSON path that a cell of a table is read into.
    """
    found = TablePlace.parse(path)
    if found is None:
        return path
    if found.unit == "cell":
        words = _("cell {cell}") if found.title is None else _("cell {cell}, column {column}")
    elif found.unit == "line":
        words = _("line {line}") if found.title is None else _("line {line}, column {column}")
    else:
        words = _("row {line}") if found.title is None else _("row {line}, column {column}")
    place = words.format(line=found.line, cell=found.cell, column=found.title)
    return f"{place} ({found.below})" if wire and found.below else place


def problem_in_words(problem: Problem) -> str:
    """Return a problem as one sentence: the place, the message and the rule."""
    place = f"{where(problem.path)}: " if problem.path else ""
    found = " " + _("(found: {what})").format(what=translated(problem.found)) if problem.found else ""
    return f"{place}{translated(problem.message)}{found} [{problem.rule}]"


@lru_cache(maxsize=4096)
def _translated_to(code: str, message: str) -> str:
    whole, varying = _templates(code)
    if message in whole:
        return whole[message]
    document = _DOCUMENT.fullmatch(message)
    if document is not None:
        repeat = f" ({document[3]})" if document[3] else ""
        return f"{_translated_to(code, document[1])} {document[2]}{repeat}"
    call = _CALL.fullmatch(message)
    if call is not None:
        operation, attempts, what = call.groups()
        often = f" ({_translated_to(code, attempts)})" if attempts else ""
        return f"{operation}{often}: {_translated_to(code, what)}"
    for template in varying:
        found = template.pattern.fullmatch(message)
        if found is not None:
            parts = map(template.written, found.groups())
            return template.translation.format(*(_parts(code, part) for part in parts))
    return message


def _parts(code: str, text: str) -> str:
    """Return the translation of a varying part of a message, which may consist of several messages."""
    whole = _translated_to(code, text)
    if whole != text:
        return whole
    for between, word in ((_OR, f" {_translated_to(code, _OR.strip())} "), ("; ", "; ")):
        parts = text.split(between)
        told = [_translated_to(code, part) for part in parts]
        if told != parts:
            return word.join(told)
    return text


@cache
def _templates(code: str) -> tuple[Mapping[str, str], Sequence[_Template]]:
    """Return the fixed messages of a catalogue, with their translations, and the others as templates."""
    from babel.messages.mofile import read_mo

    with (CATALOGUES / code / "LC_MESSAGES" / f"{LIBRARY}.mo").open("rb") as file:
        # An error names options already where it comes here.
        found = {in_flags(str(each.id)): in_flags(str(each.string)) for each in read_mo(file) if each.id}
    varying = sorted((each for each in found if _HOLE.search(each)), key=_letters, reverse=True)
    whole = {each: found[each] for each in found.keys() - {*varying}}
    return whole, [_Template(_pattern(each), found[each], _figure_of(each)) for each in varying]


def _figure_of(template: str) -> Callable[[Decimal], str] | None:
    """Return the function that writes the numbers of a message; None if they are not changed."""
    if _OF_RATES.search(template):
        return number
    return amount if _OF_AMOUNTS.search(template) else None


def _letters(template: str) -> int:
    """Return the number of fixed characters in a template: those with the most are tried first."""
    return len(_HOLE.sub("", template))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, _HOLE.split(template))), re.DOTALL)
