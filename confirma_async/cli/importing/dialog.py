"""Asks about the columns of a table, one question at a time, with a way back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import click
from attrs import define, field, frozen

from confirma_async.cli.importing import texts
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.output.printer import say
from confirma_async.formats import InputError
from confirma_async.formats.tables.propose.guess import Guess
from confirma_async.formats.tables.propose.proposal import completed
from confirma_async.formats.tables.propose.questions import (
    Question,
    about_column,
    answered,
    next_question,
    samples,
)
from confirma_async.formats.tables.propose.seen import SeenTable

Picked = TypeVar("Picked")


@frozen
class Back:
    """The answer of a person who wants to go back to the question before."""


def is_on_terminal() -> bool:
    """Say whether standard input and output are a terminal, at which a person can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def pick(
    asked: str,
    answers: Sequence[tuple[str, Picked]],
    default: int,
) -> Picked | Back:
    """Ask for one of several answers, by its number.

    Args:
        asked: The question, in the user's language.
        answers: The answers: the words for each, and the value that it stands for.
        default: The index of the answer that an empty line stands for.
    """
    say(f"\n{asked}", lines=True)
    for place, (words, _answer) in enumerate(answers, start=1):
        say(f"  {place:>2}  {words}")

    def read(text: str) -> Picked | Back:
        text = text.strip()
        if texts.is_back(text):
            return Back()
        if text.isdecimal() and 1 <= int(text) <= len(answers):
            return answers[int(text) - 1][1]
        raise click.BadParameter(_(texts.NOT_ONE))

    chosen: Picked | Back = click.prompt(_(texts.PROMPT), default=str(default + 1), value_proc=read)
    return chosen


@define
class Dialog:
    """Asks a person about a table, and can take answers back.

    Attributes:
        file: The file of the table.
        seen: The first lines of the table.
        guess: What the columns are, as guessed and answered so far.
    """

    file: Path
    seen: SeenTable
    guess: Guess
    _before: list[Guess] = field(factory=list[Guess], init=False)

    def ask(self) -> None:
        """Ask until every column is sure.

        Raises:
            InputError: there is no column for a value that every invoice needs.
            click.Abort: the person stopped the command.
        """
        while (question := next_question(completed(self.guess, self.seen), self.seen)) is not None:
            self._ask(question)

    def back(self) -> bool:
        """Take back the last answer; return whether there was one."""
        if not self._before:
            return False
        self.guess = self._before.pop()
        return True

    def change(self) -> None:
        """Ask what a column is, although the guess is sure of it."""
        titles = [
            (f"{title} ({' / '.join(samples(self.seen, title))}): {self._is(title)}", title)
            for title in self.seen.titles
        ]
        title = pick(_(texts.CHANGE_WHICH), titles, 0)
        if not isinstance(title, Back):
            known = self.guess.title_taken(title)
            choices = [*texts.LABELS] if known is None or known in texts.LABELS else [known, *texts.LABELS]
            self._ask(about_column(title, self.guess, self.seen, choices=choices))

    def _is(self, title: str) -> str:
        name = self.guess.title_taken(title)
        return _(texts.PASS_OVER) if name is None else texts.label(name)

    def _ask(self, question: Question) -> None:
        if not question.choices:
            what = texts.label(question.about)
            raise InputError(_(texts.NO_COLUMN_LEFT).format(file=self.file, what=what))
        answers = [(texts.choice_in_words(question, choice), choice) for choice in question.choices]
        chosen = pick(texts.asked(question), answers, question.default)
        if isinstance(chosen, Back):
            self.back()
            return
        self._before.append(self.guess)
        self.guess = answered(self.guess, question, chosen)
