"""Writes a guess as a mapping file, with a comment wherever something is unsure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from confirma_async.formats.tables.columns import COLUMNS
from confirma_async.formats.tables.propose.guess import Guess, Value


def toml_of(name: str, guess: Guess) -> str:
    """Return the mapping of a guess as TOML.

    Args:
        name: The name of the table, for its comments.
        guess: The guess, completed.
    """
    lines = [f"# How the columns of {name} become invoices. Look at what is unsure."]
    lines += [_line(entry, value, guess.doubts) for entry, value in guess.entries.items()]
    lines += [
        f"# {entry}: {guess.doubts[entry]}"
        for entry in ("decimal_comma", "date_formats")
        if entry in guess.doubts and entry not in guess.entries
    ]
    if guess.ignored:
        lines += ["ignore = [", *(f"  {_ignored(title, guess)}" for title in guess.ignored), "]"]
    in_order: Callable[[str], int] = list(COLUMNS).index
    lines += ["", "[columns]"]
    lines += [f"# {each} = unsure: no column seems to hold it" for each in guess.missing]
    lines += [_line(each, guess.columns[each], guess.doubts) for each in sorted(guess.columns, key=in_order)]
    if guess.constants:
        lines += ["", "[constants]"]
        lines += [_line(each, value, guess.doubts) for each, value in guess.constants.items()]
    for column, words in guess.words.items():
        lines += ["", f"[words.{column}]"]
        lines += [f"{_string(theirs)} = {_string(ours)}" for theirs, ours in words.items()]
    return "\n".join(lines) + "\n"


def _ignored(title: str, guess: Guess) -> str:
    comment = f"  # unsure: {guess.rivals[title]}" if title in guess.rivals else ""
    return f"{_string(title)},{comment}"


def _line(name: str, value: Value, doubts: Mapping[str, str]) -> str:
    comment = f"  # unsure: {doubts[name]}" if name in doubts else ""
    return f"{name} = {_value(value)}{comment}"


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_string(each) for each in value)}]"
    return str(value).lower()


def _string(text: str) -> str:
    """Return a string in TOML, which is a JSON string except for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
