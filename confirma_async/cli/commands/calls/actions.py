"""``confirma invoice action``: a command for each action, made from the class of the action."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import click
from attrs import frozen
from click.core import ParameterSource

from confirma_async.cli import options
from confirma_async.cli.commands.calls.action_file import ActionFile, action_file_options, send_action_file
from confirma_async.cli.errors import argument_errors
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.schemas import (
    Action,
    Comment,
    DirectPayment,
    DueDate,
    InvoiceActions,
    Objection,
    Pause,
    PaymentPlan,
    TypedAction,
    Withdraw,
)
from confirma_async.validation import Checks


@frozen
class _Named:
    """The command for an action: the class of the action, what it does, and an example."""

    kind: type[TypedAction]
    meaning: str
    example: str


_ACTIONS: Mapping[str, _Named] = {
    "comment": _Named(
        Comment, "Say something about an invoice or a case.", '--case 7 --comment "Debtor has moved"'
    ),
    "withdraw": _Named(Withdraw, "Withdraw it: nothing is to be collected any more.", "--case 7"),
    "due-date": _Named(
        DueDate,
        "Move the due date of the case, not that of the invoice.",
        "--invoice 1042 --case 7 --due-date 2026-12-01",
    ),
    "payment-plan": _Named(
        PaymentPlan,
        "Ask for a payment plan; what it should be goes into the comment.",
        '--case 7 --comment "Three instalments"',
    ),
    "objection": _Named(Objection, "Say that the debtor objects.", '--case 7 --comment "Goods were broken"'),
    "pause": _Named(Pause, "Pause it.", "--case 7"),
    "direct-payment": _Named(
        DirectPayment,
        "Say that the debtor has paid you directly.",
        "--case 7 --amount 125.50 --currency EUR --payment-date 2026-11-20",
    ),
}

_Value: TypeAlias = tuple[Callable[[str], object], str]
_DAY: _Value = (options.date, "YYYY-MM-DD")
_MONEY: _Value = (options.amount, "AMOUNT")
_NUMBER: _Value = (options.whole_number, "NUMBER")
_WORDS: _Value = (str, "TEXT")

_OPTIONS: Mapping[str, tuple[str, _Value, str]] = {
    "invoice_number": ("--invoice", _NUMBER, "The number of the invoice it is about."),
    "case_id": ("--case", _NUMBER, "The case it is about."),
    "comment": ("--comment", _WORDS, "What to say with it."),
    "due_date": ("--due-date", _DAY, "The new due date."),
    "amount": ("--amount", _MONEY, "What was paid."),
    "currency": ("--currency", _WORDS, "Its currency, such as EUR."),
    "payment_date": ("--payment-date", _DAY, "When it was paid."),
    "payment_method": ("--payment-method", _WORDS, "How it was paid, such as Bankgiro."),
    "reference": ("--reference", _WORDS, "The reference it was paid with."),
    "outstanding_capital_amount": ("--outstanding-capital", _MONEY, "What is left of the capital."),
    "outstanding_interest_amount": ("--outstanding-interest", _MONEY, "What is left of the interest."),
    "outstanding_costs_amount": ("--outstanding-costs", _MONEY, "What is left of the costs."),
}
"""The option for each attribute of an action."""


@click.group(short_help="Act on an invoice or its case.", invoke_without_command=True)
@action_file_options
@click.pass_context
def action(context: click.Context, batch: ActionFile | None) -> Exit | None:
    """Act on an invoice or its case. The service queues an action as pending, and processes it later.

    --file sends the actions of a table (CSV, Excel, Parquet, Arrow) or of JSON Lines, each exactly once under
    its key, over the journal of the account: run again, the command sends nothing twice. The options after
    it are for --file alone; one action is a command of its own.

    \b
      confirma invoice action due-date --invoice 1042 --case 7 --due-date 2026-12-01
      confirma invoice action --file actions.csv
      confirma invoice action from-file actions.json
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return None
    if batch is None:
        say(context.get_help())
        return Exit.USAGE
    return send_action_file(batch)


def _refuse_options(context: click.Context) -> None:
    """Refuse options before the name of a subcommand, such as --environment, which has no effect there.

    Raises:
        click.UsageError: there is such an option.
    """
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} stands before {context.invoked_subcommand}, where it is for --file "
                "alone; give it after that. Nothing was sent"
            )


def _command(name: str, named: _Named) -> click.Command:
    def run(connection: Connection, as_json: bool, **given: Any) -> None:
        if given["invoice_number"] is None and given["case_id"] is None:
            raise click.UsageError("name the invoice, the case, or both: --invoice, --case. Nothing was sent")
        with argument_errors.of_arguments():
            _send([named.kind(**given)], connection, as_json=as_json)

    help_text = f"{named.meaning}\n\n\b\n  confirma invoice action {name} {named.example}"
    command = click.command(name, short_help=named.meaning, help=help_text)(options.as_json(connected(run)))
    command.params[:0] = map(_option, attrs.fields(named.kind))
    return command


def _option(attribute: attrs.Attribute[Any]) -> click.Option:
    flag, (read, metavar), meaning = _OPTIONS[attribute.name]
    required = attribute.default is attrs.NOTHING
    if read is options.amount:
        meaning = f"{meaning}  [{options.AMOUNTS}]"
    return click.Option([flag, attribute.name], type=read, metavar=metavar, help=meaning, required=required)


for _name, _named in _ACTIONS.items():
    action.add_command(_command(_name, _named))


@action.command("from-file", short_help="Send the actions of a file.")
@options.json_file
@options.checks
@connected
@options.as_json
def from_file(file: Path, checks: Checks, connection: Connection, as_json: bool) -> None:
    """Send all actions of FILE in one call: the wire form of "Create an Invoice Action" as JSON.

    - is standard input. This is also the way for codes that have no command of their own.
    """
    sent = options.judged(file, InvoiceActions, connection.converter, checks)
    _send(sent.actions, connection, checks, as_json=as_json)


def _send(
    actions: Sequence[TypedAction | Action],
    connection: Connection,
    checks: Checks = Checks(),
    *,
    as_json: bool,
) -> None:
    receipt = connection.send(
        lambda confirma: confirma.invoices.create_actions(
            actions, validate=checks.validate, allow=checks.allow
        )
    )
    if as_json:
        print_json(connection.converter.unstructure(receipt))
        return
    count = f"{len(actions)} action{'' if len(actions) == 1 else 's'}"
    say(f"The service has taken {count}; it queues them, and processes them later.")
    for action in receipt.actions:
        about = ", ".join(
            f"{what} {number}"
            for what, number in (("invoice", action.invoice_number), ("case", action.case_id))
            if number is not None
        )
        say(f"  {action.code or 'action'} of {about or '?'}: {action.status or 'no status given'}")
