"""Asks questions about a guess, and changes the guess by the answers."""

from __future__ import annotations

import copy
import enum
import re
from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen

from confirma_async.formats.tables.cells import Cell, Percent
from confirma_async.formats.tables.columns import COLUMNS, ValueKind
from confirma_async.formats.tables.propose.guess import TAKEN_BEFORE, Guess
from confirma_async.formats.tables.propose.proposal import (
    GUESSED_COUNTRY,
    GUESSED_CURRENCY,
    GUESSED_DAYS,
    completed,
    date_texts,
    forms_of_dates,
    number_texts,
)
from confirma_async.formats.tables.propose.seen import SeenTable

Choice: TypeAlias = str | int | bool | None
"""An answer: one of our names, a title, a form of dates, a number of days, or a truth value. None passes a
column over."""

_SAMPLES = 3
_CURRENCIES = (GUESSED_CURRENCY, "SEK", "NOK", "DKK", "USD", "GBP")
_COUNTRIES = (GUESSED_COUNTRY, "SE", "EE", None)
_FIRM = re.compile(r"\b(oy|oyj|ab|ky|tmi|ry|rf|ltd|as|gmbh|kaupunki|kunta|stad|kommun)\b", re.IGNORECASE)
"""Words that are in the names of companies."""
_DAYS = (7, GUESSED_DAYS, 21, 30)
_AMOUNTS = (
    "row_net_amount",
    "row_vat_amount",
    "row_gross_amount",
    "net_amount",
    "vat_amount",
    "gross_amount",
    "row_unit_price",
    "row_discount_percentage",
    "row_vat_percentage",
)
_NUMBERS = ("number", "payment_reference", "buyer_customer_account", "order_number")


class Subject(enum.Enum):
    """The subjects of questions."""

    COLUMN = "what a column is"
    MISSING = "which column holds what every invoice needs"
    DUE = "when invoices are due"
    CURRENCY = "which currency amounts are in"
    DATES = "how dates are written"
    DECIMALS = "what separates decimals"
    WANTED = "which column holds what an invoice should have"
    COUNTRY = "which country buyers are in"


@frozen
class Question:
    """A question with its possible answers.

    Attributes:
        subject: The subject of the question.
        about: The title of the column, or our name of what is missing.
        samples: Values of the column, or of all columns in question.
        why: Why it is asked; empty where the subject says it.
        choices: The answers.
        default: The index of the likely answer.
    """

    subject: Subject
    about: str
    samples: Sequence[str]
    why: str
    choices: Sequence[Choice]
    default: int = 0


def next_question(guess: Guess, seen: SeenTable) -> Question | None:
    """Return the question to ask first; None if nothing is unsure.

    Args:
        guess: The guess, completed.
        seen: The first lines of the table.
    """
    for name in guess.missing:
        return Question(
            Subject.MISSING, name, (), "", [title for title in guess.ignored if seen.values[title]]
        )
    for name, why in guess.doubts.items():
        title = guess.columns.get(name)
        if title is not None and title not in guess.decided:
            return about_column(title, guess, seen, why)
    for title in guess.ignored:
        if title in guess.rivals and title not in guess.decided:
            return about_column(title, guess, seen, guess.rivals[title])
    return _about_buyer(guess, seen) or _about_values(guess, seen)


def _about_buyer(guess: Guess, seen: SeenTable) -> Question | None:
    """Return the question which column has the buyer, if no title says it."""
    if "buyer_name" in {*guess.columns, *guess.constants, *guess.decided}:
        return None
    titles = [title for title in guess.ignored if any(seen.texts(title)) and not seen.is_numeric(title)]
    if not titles:
        return None
    likely = (
        place
        for place, title in enumerate(titles)
        if 2 * sum(bool(_FIRM.search(text)) for text in seen.texts(title)) > len(seen.values[title])
    )
    choices: list[Choice] = [*titles, None]
    return Question(Subject.WANTED, "buyer_name", (), "", choices, next(likely, len(titles)))


def about_column(
    title: str, guess: Guess, seen: SeenTable, why: str = "", choices: Sequence[str] | None = None
) -> Question:
    """Return the question what a column is.

    Args:
        title: The title of the column.
        guess: The guess so far.
        seen: The first lines of the table.
        why: Why it is asked.
        choices: Our names of the columns that it may be; found out unless given.
    """
    taken = guess.title_taken(title)
    if choices is None:
        own = taken or seen.name_of(title)
        is_amount = _is_amount(own) or seen.is_money(title)
        choices = _AMOUNTS if is_amount else _NUMBERS
        if own is None and not is_amount and seen.is_numeric(title):
            choices = (*_AMOUNTS, *_NUMBERS)
        if own is not None and own not in choices:
            choices = (own, *choices) if own in COLUMNS and seen.is_numeric(title) else (own,)
    answers: list[Choice] = [*choices, None]
    return Question(Subject.COLUMN, title, samples(seen, title), why, answers, answers.index(taken))


def _is_amount(name: str | None) -> bool:
    return name is not None and COLUMNS[name].kind in {ValueKind.AMOUNT, ValueKind.PERCENTAGE}


def _about_values(guess: Guess, seen: SeenTable) -> Question | None:
    doubts = guess.doubts
    if "buyer_country" in doubts and "buyer_country" not in guess.columns:
        title = guess.columns["buyer_postal_code"]
        return Question(Subject.COUNTRY, "buyer_country", samples(seen, title), "", _COUNTRIES)
    if "currency" in doubts and "currency" not in guess.columns:
        return Question(Subject.CURRENCY, "currency", (), "", _CURRENCIES)
    if "net_days" in doubts and "net_days" not in guess.columns:
        days: list[Choice] = [*_DAYS, *(title for title in guess.ignored if seen.values[title])]
        return Question(Subject.DUE, "due_date", (), "", days, days.index(GUESSED_DAYS))
    if "date_formats" in doubts:
        texts = date_texts(guess, seen)
        forms = forms_of_dates(texts)
        if forms:
            return Question(Subject.DATES, "date_formats", tuple(dict.fromkeys(texts))[:_SAMPLES], "", forms)
    if "decimal_comma" in doubts:
        texts = number_texts(guess, seen)
        return Question(Subject.DECIMALS, "decimal_comma", tuple(texts[:_SAMPLES]), "", (True, False))
    return None


def answered(guess: Guess, question: Question, choice: Choice) -> Guess:
    """Return the guess as an answer changes it.

    Args:
        guess: The guess before it was completed.
        question: The question that was answered.
        choice: One of its choices.
    """
    guess = copy.deepcopy(guess)
    match question.subject:
        case Subject.COLUMN:
            _assign(guess, question.about, None if choice is None else str(choice))
        case Subject.WANTED | Subject.COUNTRY if choice is None:
            guess.decided.add(question.about)
        case Subject.WANTED | Subject.MISSING:
            _assign(guess, str(choice), question.about)
        case Subject.COUNTRY | Subject.CURRENCY:
            guess.constants[question.about] = str(choice)
        case Subject.DUE if isinstance(choice, str):
            _assign(guess, choice, "due_date")
        case Subject.DUE:
            guess.constants["net_days"] = int(choice or 0)
        case Subject.DATES:
            guess.entries["date_formats"] = (str(choice),)
        case Subject.DECIMALS:
            guess.entries["decimal_comma"] = bool(choice)
    return guess


def _assign(guess: Guess, title: str, name: str | None) -> None:
    """Give a column the name that a person chose; None passes it over."""
    before = guess.title_taken(title)
    if before is not None:
        del guess.columns[before]
        guess.doubts.pop(before, None)
    guess.rivals.pop(title, None)
    guess.decided.add(title)
    if name is None:
        return
    displaced = guess.columns.get(name)
    if displaced is not None:
        guess.rivals[displaced] = TAKEN_BEFORE
        guess.decided.discard(displaced)
    guess.columns[name] = title
    guess.constants.pop(name, None)
    guess.doubts.pop(name, None)


def samples(seen: SeenTable, title: str) -> tuple[str, ...]:
    """Return the first distinct values of a column, as people write them."""
    return tuple(dict.fromkeys(map(_shown, seen.values[title])))[:_SAMPLES]


def _shown(cell: Cell) -> str:
    return f"{cell.value} %" if isinstance(cell, Percent) else str(cell)


def unasked(guess: Guess, seen: SeenTable) -> list[Question]:
    """Return all questions that would come if each got its likely answer; for use without a person."""
    found: list[Question] = []
    while (question := next_question(completed(guess, seen), seen)) is not None:
        found.append(question)
        if not question.choices:
            break
        guess = answered(guess, question, question.choices[question.default])
    return found
