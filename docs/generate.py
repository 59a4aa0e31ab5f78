"""The tables of these pages, written from the code, so that they cannot say anything else than it does."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs
import click
from sphinx.pycode import ModuleAnalyzer

from confirma_async.bulk import State, Verdict
from confirma_async.cli.app import confirma, every_command
from confirma_async.cli.connection import connected
from confirma_async.cli.exits import Exit
from confirma_async.contract import CREATE_INVOICE, OPERATIONS, PREFIX, Operation, Repeat, schema_classes
from confirma_async.converters import wire_names
from confirma_async.doctor import CHECKS, Health
from confirma_async.errors import (
    AddressNotChosenError,
    APIError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    BusinessRuleError,
    CallError,
    ConfigurationError,
    ConfirmaError,
    ConflictError,
    CredentialsError,
    JournalError,
    JournalMismatchError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Phase,
    RateLimitedError,
    RequestInvalidError,
    ResponseDecodeError,
    ServerError,
    TokenNotKeptError,
    TransportError,
    UnprocessableError,
    error_class,
)
from confirma_async.formats import COLUMNS, InputError
from confirma_async.formats.columns import REQUIRED, SUMMED
from confirma_async.formats.finvoice_codes import TYPE_CODES as FINVOICE_CODES
from confirma_async.formats.ubl_codes import TYPE_CODES
from confirma_async.sandbox import Fault
from confirma_async.sandbox.admin import COMMANDS
from confirma_async.sandbox.lifecycle import PRINCIPLES, STEPS, TRANSITIONS, Transition
from confirma_async.sandbox.lifecycle import RULES as SANDBOX_RULES
from confirma_async.schemas import InvoiceType, Schema
from confirma_async.schemas.wire import EVIDENCE, Evidence
from confirma_async.session import pace
from confirma_async.session.history import History
from confirma_async.session.history import log_fields as fields_of_record
from confirma_async.session.retry import RetryPolicy, may_repeat, outcome_unknown
from confirma_async.settings import Environment
from confirma_async.validation import RULES

SECTIONS = {
    "1": "Ground rules",
    "3": "Onboarding",
    "4": "Create an invoice",
    "5": "Invoice actions, cases, distribution",
    "6": "Payments and settlements",
    "7": "Accounting",
    "8": "Operations",
    "9": "Services",
}
"""The sections of the wire contract, as docstrings and rules refer to them."""

ADVICE: Mapping[type[ConfirmaError], str] = {
    ConfirmaError: "Catch this one to catch them all.",
    ConfigurationError: "Change what the message names. Nothing was sent.",
    RequestInvalidError: "Correct the places that `problems` lists. Nothing was sent.",
    AddressNotChosenError: "Name the type of address, the operator, or both, as the message lists them.",
    InputError: "Correct or replace the file. Nothing of it was sent.",
    CallError: "Catch this one for every failed call, and look at `phase`.",
    CredentialsError: "See to the place where the key is kept, as the message says.",
    TransportError: "`NOT_SENT`: repeat the call when the network is back. `NO_REPLY`: only calls that read "
    "end like this; repeat them.",
    OutcomeUnknownError: "Do not send it again. Look the invoice up in the distribution information first; "
    "a bulk job does that by itself.",
    TokenNotKeptError: "Keep `token.reveal()`, or mend the store and call `renew_token()` again: it saves "
    "the token that is there. If `token` is None, look for it in `answer.reveal()`.",
    ResponseDecodeError: "For a call that changes something, treat the outcome as unknown. If the service "
    "uses another name than a provisional one, correct it with overrides.",
    APIError: "Read `detail`; `body` has the raw answer.",
    BadRequestError: "Correct the request as `detail` says.",
    AuthenticationError: "Check that the key belongs to this environment and has not expired.",
    BusinessRuleError: "Ask the service why it forbids this; the request itself is well formed.",
    PermissionDeniedError: "Use the right kind of token: a client's, or the provisioning token.",
    NotFoundError: "Check the number asked for. If the path is provisional, correct it with overrides.",
    ConflictError: "Look up what the service has before doing anything else.",
    UnprocessableError: "Correct the contents as `detail` says.",
    RateLimitedError: "Lower the rate limit; wait `retry_after` seconds where it is given.",
    ServerError: "Repeat the call later. It is raised only where nothing can have taken effect.",
    JournalError: "Do what the message says. If `resumable`, the same call goes on afterwards.",
    JournalMismatchError: "Name another journal, or go on with the files and the target it belongs to.",
}
"""What to do about each error. A class without an entry stops the build."""

_PHASES: Mapping[type[ConfirmaError], str] = {
    CallError: "any",
    TransportError: "`NOT_SENT` or `NO_REPLY`",
    TokenNotKeptError: "`REPLIED`; `NOT_SENT` from the calls after it",
    OutcomeUnknownError: "`NO_REPLY`, or `REPLIED` with a 5xx",
}

_MARKS = {
    Evidence.DOCUMENTED: "documented",
    Evidence.EXAMPLE: "seen in an example",
    Evidence.PROVISIONAL: "provisional",
}


def write(folder: Path) -> None:
    """Writes every table whose contents have changed."""
    folder.mkdir(exist_ok=True)
    for name, table in TABLES.items():
        file = folder / f"{name}.md"
        text = table()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _code(text: object) -> str:
    return f"`{text}`"


def _prose(docstring: str) -> str:
    """A docstring's double backticks as Markdown's single ones."""
    return docstring.replace("``", "`")


def _member_docs(cls: type) -> Mapping[str, str]:
    """The docstrings that stand below the members of an enum."""
    found = ModuleAnalyzer.for_module(cls.__module__).find_attr_docs()
    return {name: _prose(" ".join(lines)) for (owner, name), lines in found.items() if owner == cls.__name__}


# --- the command line -------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its options, from the commands themselves."""
    context = click.Context(confirma, info_name="confirma", **confirma.context_settings)
    parts = [
        "Options before any command:\n\n",
        _table(("Option", "Meaning"), _options(confirma, context)),
        "\nOptions of a connection, which every command takes that makes a call of its own:\n\n",
        _table(("Option", "Meaning"), _connection()),
    ]
    for words, command in every_command():
        name = " ".join(words)
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join(command.collect_usage_pieces(inner))
        parts.append(f"\n### confirma {name}\n\n`confirma {name} {usage}`\n\n{_help(command)}\n\n")
        rows = _options(command, inner)
        own = [row for row in rows if row not in _connection()] if {*_connection()} <= {*rows} else rows
        parts.append(_table(("Option", "Meaning"), own))
        if len(own) < len(rows):
            parts.append("\nAnd the options of a connection.\n")
    return "".join(parts)


@functools.cache
def _connection() -> Sequence[tuple[str, str]]:
    """The options that say where calls go."""
    bare = click.command(connected(lambda **_options: None))
    return _options(bare, click.Context(bare))[:-1]  # the last one is --help


def _help(command: click.Command) -> str:
    return "\n\n".join(_paragraph(it) for it in inspect.cleandoc(command.help or "").split("\n\n"))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    if lines[0] == "\b":  # click's own mark for lines to leave as they are
        return "\n".join(["```text", *(line.strip() for line in lines[1:]), "```"])
    return " ".join(text.split())


def _options(command: click.Command, context: click.Context) -> Sequence[tuple[str, str]]:
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    records = [option.get_help_record(context) for option in options]
    return [(_code(record[0]), record[1]) for record in records if record is not None]


def exit_codes() -> str:
    """Every exit code."""
    docs = _member_docs(Exit)
    return _table(
        ("Code", "Name", "Meaning"), [(code.value, _code(code.name), docs[code.name]) for code in Exit]
    )


def checks() -> str:
    """Every check of the go-live check."""
    rows = [(_code(check.name), check.meaning, ", ".join(map(_code, check.needs))) for check in CHECKS]
    return _table(("Check", "What must hold", "Not looked at without"), rows)


def healths() -> str:
    """How each thing can stand."""
    docs = _member_docs(Health)
    return _table(("Health", "Meaning"), [(_code(it.value), docs[it.name]) for it in Health])


# --- input files ------------------------------------------------------------------------------------


def columns() -> str:
    """Every column of CSV files."""
    rows: list[Sequence[str]] = []
    for column in COLUMNS.values():
        place = f"invoice.rows[].{column.place}" if column.of_row else column.place
        values = column.kind.value
        if column.name in REQUIRED:
            values += "; required"
        if column.name in SUMMED:
            values += f"; the sum of `{SUMMED[column.name]}` where it is not given"
        rows.append((_code(column.name), _code(place), values))
    return _table(("Column", "Goes to", "Values"), rows)


def type_codes() -> str:
    """The UBL document types that are read."""
    rows = [
        (_code(kind.value), ", ".join(sorted((c for c, k in TYPE_CODES.items() if k == kind), key=int)))
        for kind in (InvoiceType.INVOICE, InvoiceType.CREDIT_NOTE)
    ]
    return _table(("Sent as", "Document type codes"), rows)


def finvoice_codes() -> str:
    """The Finvoice document types that are read."""
    rows = [
        (_code(kind.value), ", ".join(code for code, each in FINVOICE_CODES.items() if each == kind))
        for kind in dict.fromkeys(FINVOICE_CODES.values())
    ]
    return _table(("Sent as", "Document type codes"), rows)


def rules() -> str:
    """Every rule that is checked before sending."""
    return _table(
        ("Rule", "What must hold", "Source"), [(_code(rule.id), rule.text, rule.source) for rule in RULES]
    )


# --- jobs and errors --------------------------------------------------------------------------------


def states() -> str:
    """Every state that the journal knows."""
    docs = _member_docs(State)
    return _table(("State", "Meaning"), [(_code(state.name), docs[state.name]) for state in State])


def verdicts() -> str:
    """Every verdict of a job."""
    docs = {Verdict.ACCEPTED.name: "The service has it.", **_member_docs(Verdict)}
    return _table(("Verdict", "Meaning"), [(_code(it.value), docs[it.name]) for it in Verdict])


def errors() -> str:
    """Every error, by the tree of their classes."""
    rows = [
        (
            f"{{py:class}}`~{_documented(cls)}`",
            _prose((inspect.getdoc(cls) or "").partition("\n\n")[0]),
            _phase(cls),
            ADVICE[cls],
        )
        for cls in _tree(ConfirmaError)
    ]
    return _table(("Error", "What happened", "Phase", "What to do"), rows)


def _tree(cls: type[ConfirmaError]) -> Iterator[type[ConfirmaError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from _tree(child)


def _documented(cls: type) -> str:
    home = "confirma_async.formats" if cls is InputError else cls.__module__
    return f"{home}.{cls.__name__}"


def _phase(cls: type[ConfirmaError]) -> str:
    if cls in _PHASES:
        return _PHASES[cls]
    return _code(cls.phase.name) if issubclass(cls, CallError) else ""


def phases() -> str:
    """How far a call can come."""
    docs = _member_docs(Phase)
    return _table(("Phase", "Meaning"), [(_code(phase.name), docs[phase.name]) for phase in Phase])


def log_fields() -> str:
    """Every field of a record of the log, with what it says of a call that was tried twice."""
    busy = Attempt(phase=Phase.REPLIED, status=503, reason="HTTP 503", seconds=0.02)
    taken = Attempt(phase=Phase.REPLIED, status=200, request_id="c0ffee", waited=0.004, seconds=0.031)
    history = History(
        operation=CREATE_INVOICE,
        url=Environment.STAGING.value + CREATE_INVOICE.path,
        subject="invoice 1042",
        started=0.0,
        attempts=[busy, taken],
        ended=0.255,
    )
    return _table(
        ("Field", "For example"), [(_code(k), _code(v)) for k, v in fields_of_record(history).items()]
    )


def retries() -> str:
    """What happens after each kind of failure, asked of the retry rules themselves."""
    cases: Sequence[tuple[str, Phase, int | None, str]] = (
        (
            "nothing was sent: name not found, refused, no TLS, no connection in time",
            Phase.NOT_SENT,
            None,
            "TransportError",
        ),
        (
            "no complete answer came: silence, a reset, a body that breaks off",
            Phase.NO_REPLY,
            None,
            "TransportError",
        ),
        ("429", Phase.REPLIED, 429, error_class(429).__name__),
        ("503", Phase.REPLIED, 503, error_class(503).__name__),
        ("500, 502, 504 and other 5xx", Phase.REPLIED, 500, error_class(500).__name__),
        ("501, 505", Phase.REPLIED, 501, error_class(501).__name__),
        ("3xx, and 4xx other than 429", Phase.REPLIED, 400, "the error of its status"),
        ("2xx that cannot be read, or is too long", Phase.REPLIED, 200, "ResponseDecodeError"),
    )
    rows = [
        (what, *(_consequence(phase, repeat, status, error) for repeat in Repeat))
        for what, phase, status, error in cases
    ]
    return _table(("What came of the request", "The call only reads", "The call changes something"), rows)


def retry_figures() -> str:
    """The policy of retries, and what a refusal does to the rate."""
    policy = RetryPolicy()
    return (
        f"- A call starts at most {policy.attempts} requests (`attempts`). The pause before the next is a "
        f"random time of up to {policy.base} s (`base`), then twice that, and so on up to {policy.cap:.0f} s "
        f"(`cap`).\n"
        f"- All calls of a client share a budget of {policy.budget} retries (`budget`); five successes earn "
        f"one back. When it is spent, failures are told at once.\n"
        f"- `Retry-After` is obeyed, in seconds, fractions of a second or as a date. Until then no call of "
        f"the limiter goes out. If it asks for more time than a call has left, the call ends at once; "
        f"`retry_after` has the seconds.\n"
    )


def pace_figures() -> str:
    """What a refusal does to the rate."""
    return (
        f"After a 429 or 503 the rate falls by {1 - pace.CUT:.0%}, from the ceiling or, where there is none, "
        f"from what really went out. It then rises evenly, and is back after {pace.RECOVERY:.0f} s at most. "
        f"It never falls below {pace.SLOWEST} calls per second, and there are no bursts meanwhile.\n"
    )


def _consequence(phase: Phase, repeat: Repeat, status: int | None, error: str) -> str:
    told = _code(error) if error.endswith("Error") else error
    if may_repeat(phase, repeat, status):
        return f"tried again; in the end {told}"
    if outcome_unknown(phase, repeat, status):
        return "never tried again: `OutcomeUnknownError`"
    return f"{told}, at once"


def faults() -> str:
    """Every fault of the sandbox."""
    docs = _member_docs(Fault)
    return _table(("Fault", "What happens"), [(_code(fault.name), docs[fault.name]) for fault in Fault])


# --- the sandbox ------------------------------------------------------------------------------------


def commands_of_the_sandbox() -> str:
    """Every command below ``/_sandbox/``, with its arguments."""
    rows = [
        (
            _code(f"{command.method} /_sandbox/{name}"),
            ", ".join(_code(argument) for argument in command.arguments.__struct_fields__),
            _prose(command.what),
        )
        for name, command in COMMANDS.items()
    ]
    return _table(("Command", "Arguments", "What happens"), rows)


def stages() -> str:
    """Every stage of an unpaid invoice."""
    rows = [(_code(it.route), it.day, _code(it.stage), it.fee or "", it.description) for it in STEPS]
    return _table(("Route", "Day", "Stage", "Fee", "What the timeline says"), rows)


def principles() -> str:
    """Everything that the sandbox lives by, and whose word that is."""
    validation = [(f"ERROR: {rule.error}", rule.lives_by, rule.evidence) for rule in SANDBOX_RULES]
    steps = [(f"{it.source} → {it.target}: {_when(it)}", it.lives_by, it.evidence) for it in TRANSITIONS]
    ways = {it.route: (f"{it.route}: stages of an unpaid invoice", it.lives_by, it.evidence) for it in STEPS}
    rest = [(it.what, it.lives_by, it.evidence) for it in PRINCIPLES]
    rows = [
        (what, lives_by, _known(lives_by, evidence))
        for what, lives_by, evidence in (*validation, *steps, *ways.values(), *rest)
    ]
    return _table(("What it does", "Lives by", "Known"), rows)


def _known(lives_by: str, evidence: Evidence | None) -> str:
    if evidence is None:
        return "ours"
    return _MARKS[evidence] + (", in part" if re.search(r"\bours?\b", lives_by) else "")


def _when(transition: Transition) -> str:
    wanted = (
        fact if value is True else f"not {fact}" if value is False else str(value)
        for fact, value in transition.when.items()
    )
    return ", ".join(wanted)


# --- evidence ---------------------------------------------------------------------------------------


def operations() -> str:
    """Every endpoint, whether it has a verb, and how well its path is known."""
    rows = [
        (
            operation.page,
            f"`{operation.method} {operation.path.removeprefix(PREFIX)}`",
            operation.evidence.value,
            _code(operation.name),
        )
        for operation in OPERATIONS.values()
    ]
    return _table(("Vendor page", "Endpoint", "Path", "Verb"), rows)


def evidence() -> str:
    """Every wire name, by section and schema."""
    classes = sorted(schema_classes().values(), key=lambda cls: (cls.section, _page_order(cls)))
    count = Counter(mark for cls in classes for _, _, _, mark in _fields(cls))
    told = ", ".join(f"{count[mark]} {_MARKS[mark]} ({mark.value})" for mark in Evidence)
    parts = [f"Wire names in all: {told}.\n"]
    section = ""
    for cls in classes:
        if cls.section != section:
            section = cls.section
            parts.append(f"\n### {SECTIONS[section]} (§{section})\n\n{_pages(section)}\n")
        parts.append(f"\n**{cls.vendor_name}** — {{py:class}}`~confirma_async.schemas.{cls.__name__}`\n\n")
        rows = [
            (_code(wire), _code(f"{cls.__name__}.{name}"), mark.value) for name, wire, _, mark in _fields(cls)
        ]
        parts.append(_table(("Wire name", "Key for an override", "Evidence"), rows))
    return "".join(parts)


def _page_order(cls: type[Schema]) -> tuple[str, int]:
    return cls.__module__, inspect.getsourcelines(cls)[1]


def _pages(section: str) -> str:
    used: list[Operation] = [
        operation
        for operation in OPERATIONS.values()
        if any(
            cls is not None and cls.section == section
            for cls in (operation.request, operation.query, operation.response)
        )
    ]
    names = ", ".join(f"“{operation.page}”" for operation in used)
    return f"Vendor page{'s' if len(used) > 1 else ''}: {names}."


def _fields(cls: type[Schema]) -> Iterator[tuple[str, str, str, Evidence]]:
    """Attribute, wire name, type and evidence of each field of a schema."""
    hints = typing.get_type_hints(cls, include_extras=True)
    for name, wire in wire_names(cls).items():
        yield name, wire, _type_name(hints[name]), attrs.fields_dict(cls)[name].metadata[EVIDENCE]


_ALIASES = {
    "amount": "Amount",
    "invoice number": "InvoiceNumber",
    "invoice number as text": "InvoiceNumberText",
    "identifier": "Identifier",
    "text, empty for none": "BlankText",
    "0 or 1": "NumericFlag",
    "object": "JsonObject",
}


def _type_name(hint: object) -> str:
    if hint is type(None):
        return "None"
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _ALIASES[arguments[1]]
    if origin is not None and arguments:
        inner = [_type_name(argument) for argument in arguments]
        name = re.sub(r".*\.", "", str(getattr(origin, "__name__", origin)))
        return " | ".join(inner) if name in {"UnionType", "Union"} else f"{name}[{', '.join(inner)}]"
    return getattr(hint, "__name__", str(hint))


def field_table(cls: type[Schema]) -> list[str]:
    """The fields of a schema as a table in reStructuredText, for its place in the reference."""
    lines = [".. list-table::", "   :header-rows: 1", "   :align: left", ""]
    rows = [("Attribute", "Wire name", "Type", "Evidence")]
    rows += [
        (f"``{name}``", f"``{wire}``", f"``{kind}``", mark.value) for name, wire, kind, mark in _fields(cls)
    ]
    for row in rows:
        lines += [f"   {'* -' if index == 0 else '  -'} {cell}" for index, cell in enumerate(row)]
    return lines


TABLES: Mapping[str, Callable[[], str]] = {
    table.__name__.replace("_", "-"): table
    for table in (
        commands,
        exit_codes,
        checks,
        healths,
        columns,
        type_codes,
        finvoice_codes,
        rules,
        states,
        verdicts,
        errors,
        phases,
        log_fields,
        retries,
        retry_figures,
        pace_figures,
        faults,
        commands_of_the_sandbox,
        stages,
        principles,
        operations,
        evidence,
    )
}
