"""``confirma import``: sends the invoices of a user's own table, after questions about its columns."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from pathlib import Path

import click
from attrs import evolve, frozen

from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.submit import carry_out, refuse_older_journals
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest, target_in_words
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.importing import texts
from confirma_async.cli.importing.dialog import Back, Dialog, is_on_terminal, pick
from confirma_async.cli.importing.preview import preview, show
from confirma_async.cli.journals import SANDBOX_TARGET
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection
from confirma_async.cli.options.destination import Destination, connected_for_account, own_journal, to_sandbox
from confirma_async.cli.options.inputs import Inputs, format_alone, number_from
from confirma_async.cli.options.send_mode import Sending, sending_options
from confirma_async.cli.output.printer import say
from confirma_async.cli.remembered import mapping_file
from confirma_async.errors import ConfigurationError
from confirma_async.files import write_durably
from confirma_async.formats import ColumnMapping, InputError, ReadOptions, assign, scan_files
from confirma_async.formats.tables.propose.proposal import (
    completed,
    first_guess,
    mapping_text,
    seen_in,
    sheets_of_invoices,
)
from confirma_async.formats.tables.propose.questions import unasked
from confirma_async.formats.tables.propose.seen import SeenTable
from confirma_async.settings import target_from_env

_FEWEST = 2
"""Columns that a list of invoices has under known names, at least."""
_LOCKS = ("~${name}", ".~lock.{name}#")
"""The names of the files that Excel and LibreOffice make beside a file that is open."""


class _Then(enum.Enum):
    SEND = texts.SEND
    CHANGE = texts.CHANGE
    SAVE = texts.SAVE


@frozen(kw_only=True)
class _ImportRequest:
    """The file to import, and how to read, check and send it."""

    file: Path
    inputs: Inputs
    connection: Connection
    target: str

    def preview(self, mapping: ColumnMapping) -> bool:
        """Show the invoices as a mapping reads them; return whether there is one to send.

        Raises:
            InputError: the mapping does not fit the file.
        """
        reading, converter = evolve(self.inputs.reading, mapping=mapping), self.connection.converter
        if self.inputs.number_from is not None:  # as a job may give them; its journal may know others
            documents = scan_files([self.file], reading, converter)
            numbers = assign([document.identity for document in documents], self.inputs.number_from)
            reading = evolve(reading, numbers=numbers)
        found = preview(self.file, reading, converter, self.inputs.checks)
        show(found, mapping.ignore, self.target)
        return found.can_be_sent


@click.command(name="import", short_help="Send the invoices of a table of your own, by questions.")
@click.argument("file", type=options.FILE)
@to_sandbox
@own_journal
@bundle(
    "inputs",
    Inputs,
    format_alone,
    number_from,
    options.checks,
    parameters=("reading", "number_from", "checks"),
)
@sending_options
@connected_for_account
@options.language
@bundle("destination", Destination, parameters=("connection", "sandbox", "journal"))
def import_(file: Path, destination: Destination, inputs: Inputs, sending: Sending) -> Exit:
    """Send the invoices of a table of your own: CSV, Excel, Parquet or Arrow.

    The command asks about each column that it is unsure of, shows the first invoices as they will be sent,
    and sends them when you say so. Every question has a likely answer and a way back. What you say is saved
    as FILE.mapping.toml: submit, validate and retry then read the file as you said, without options. Without
    a terminal nothing is asked; the command says what it would have asked, and ends with exit code 2.
    """
    refuse_older_journals([file], destination)
    _refuse_open(file)
    options.warn_of_unchecked()
    connection = destination.connection
    target = SANDBOX_TARGET if destination.sandbox else target_from_env(connection.variables)[1]
    wanted = _ImportRequest(file=file, inputs=inputs, connection=connection, target=target_in_words(target))
    mapping = _agreed(wanted)
    if mapping is None:
        say(_(texts.NOTHING_SENT))
        return Exit.ACCEPTED
    request = SubmitRequest(
        destination=destination,
        inputs=evolve(inputs, files=[file], reading=evolve(inputs.reading, mapping=mapping)),
        sending=sending,
    )
    return carry_out(request)


def _refuse_open(file: Path) -> None:
    """Refuse a file that is open in a spreadsheet program: changes that are not saved would not be sent.

    Raises:
        InputError: the file is open.
    """
    for lock in _LOCKS:
        beside = file.with_name(lock.format(name=file.name))
        if beside.exists():
            raise InputError(_(texts.OPEN_IN_EXCEL).format(file=file, lock=beside.name))


def _agreed(wanted: _ImportRequest) -> ColumnMapping | None:
    """Return the mapping that the user agrees to, the saved one or a new one; None to send nothing.

    Raises:
        ConfigurationError: there is no terminal at which to ask.
    """
    beside = mapping_file(wanted.file)
    saved = _saved(wanted, beside) if is_on_terminal() else None
    if saved is not None:
        then = _next(has_some=saved[1], is_saved=True)
        if then in {_Then.SEND, _Then.SAVE}:
            return saved[0] if then is _Then.SEND else None
    return _asked_for(wanted, beside)


def _asked_for(wanted: _ImportRequest, beside: Path) -> ColumnMapping | None:
    """Return the mapping that follows from the user's answers; None to send nothing.

    Raises:
        ConfigurationError: there is no terminal at which to ask.
    """
    file = wanted.file
    seen = _list_of_invoices(file, wanted.inputs.reading)
    sheets = sheets_of_invoices(file, wanted.inputs.reading)
    dialog = Dialog(file, seen, first_guess(seen))
    if not is_on_terminal():
        raise _nobody_to_ask(dialog, beside, sheets)
    if len(sheets) > 1:
        seen = _chosen_sheet(wanted, sheets)
        dialog = Dialog(file, seen, first_guess(seen))
    if seen.other_sheets:
        say(_(texts.SHEETS_PASSED_OVER).format(titles=", ".join(seen.other_sheets)))
    while True:
        dialog.ask()
        text = mapping_text(file, completed(dialog.guess, seen))
        mapping = ColumnMapping.from_text(text, source=str(beside))
        try:
            has_some = wanted.preview(mapping)
        except InputError as error:
            say(translated(str(error)))
            has_some = False
        match _next(has_some=has_some, is_saved=False):
            case _Then.SEND:
                _save(beside, text)
                return mapping
            case _Then.SAVE:
                _save(beside, text)
                return None
            case _Then.CHANGE:
                dialog.change()
            case _:
                dialog.back()


def _chosen_sheet(wanted: _ImportRequest, sheets: Sequence[str]) -> SeenTable:
    """Ask on which of several sheets the invoices are, and return the first lines of that sheet."""
    sheet: str | Back = Back()
    while isinstance(sheet, Back):
        sheet = pick(_(texts.WHICH_SHEET), [(each, each) for each in sheets], 0)
    return seen_in(wanted.file, wanted.inputs.reading, sheet)


def _list_of_invoices(file: Path, reading: ReadOptions) -> SeenTable:
    """Return the first lines of a table.

    Raises:
        InputError: the table is no list of invoices.
    """
    seen = seen_in(file, reading)
    known = {name for title in seen.titles if (name := seen.name_of(title)) is not None}
    if len(known) < _FEWEST and not known & {"number", "date"}:
        raise InputError(_(texts.NO_LIST).format(file=file))
    if not seen.rows:
        raise InputError(_(texts.NO_INVOICE).format(file=file))
    return seen


def _nobody_to_ask(dialog: Dialog, beside: Path, sheets: Sequence[str]) -> ConfigurationError:
    """Print the questions that would have been asked, and return the error that there is no terminal."""
    questions = [f"{_(texts.WHICH_SHEET)} ({' / '.join(sheets)})"] if len(sheets) > 1 else []
    questions += map(texts.asked, unasked(dialog.guess, dialog.seen))
    for question in (*questions, _(texts.WOULD_SEND).format(file=dialog.file)):
        say(f"confirma: {_(texts.WOULD_ASK).format(question=question)}", err=True, lines=True)
    return ConfigurationError(_(texts.NO_TERMINAL).format(mapping=beside.name))


def _saved(wanted: _ImportRequest, beside: Path) -> tuple[ColumnMapping, bool] | None:
    """Return the mapping beside a file, and whether an invoice can be sent by it; None if none fits."""
    if not beside.is_file():
        return None
    mapping = ColumnMapping.from_toml(beside)
    say(_(texts.REMEMBERED).format(mapping=beside))
    try:
        return mapping, wanted.preview(mapping)
    except InputError as error:
        say(_(texts.ANEW).format(mapping=beside, reason=translated(str(error))))
        return None


def _next(*, has_some: bool, is_saved: bool) -> _Then | Back:
    """Ask what to do next; an empty answer never means to send."""
    offered = [then for then in _Then if has_some or then is not _Then.SEND]
    words = {_Then.SAVE: texts.NOTHING if is_saved else texts.SAVE}
    return pick("", [(_(words.get(then, then.value)), then) for then in offered], len(offered) - 1)


def _save(beside: Path, text: str) -> None:
    try:
        write_durably(beside, text.encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        say(_(texts.NOT_SAVED).format(mapping=beside, reason=reason), err=True)
    else:
        say(_(texts.SAVED).format(mapping=beside))
