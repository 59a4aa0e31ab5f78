"""Options that more than one command takes."""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from attrs import frozen

from confirma_async import bounds
from confirma_async.bounds import Bounds
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace, is_url
from confirma_async.cli.language.choice import LANGUAGES, choose, gettext as _
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.output.printer import say
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError, Problem, RequestInvalidError
from confirma_async.formats import Spooled, read_document, spooled
from confirma_async.schemas.wire import Schema
from confirma_async.validation import Checks, check, missing_libraries
from confirma_async.validation.rules import UNKNOWN_KEY

if TYPE_CHECKING:
    from confirma_async.creditors import Profiles

S = TypeVar("S", bound=Schema)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_DIGITS = 40
"""The greatest number of characters of a number; those within bounds have fewer."""
_MONEY = re.compile(r"-?\d{1,15}(\.\d{1,2})?", re.ASCII)
AMOUNTS = "from -999999999999999.99 to 999999999999999.99, with two decimals at most"


class NamedPath(click.Path):
    """The path of a file on the command line.

    It cannot be empty, as it is if a variable of the shell is not set: that would be the current folder. It
    can be ``-`` only if the command reads standard input or writes standard output.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check the path, and return it."""
        if value == "":
            self.fail("it is empty; name a file", param, ctx)
        if value == "-" and not self.allow_dash:
            self.fail("standard input or output (-) will not do here; name a file", param, ctx)
        return super().convert(value, param, ctx)


FILE = NamedPath(path_type=Path, dir_okay=False)
"""The path of a file that need not exist."""


class JournalName(click.ParamType[JournalPlace]):
    """A journal on the command line: the path of a file, or the URL of a database."""

    name = "file or url"

    def __init__(self, *, exists: bool = False) -> None:
        self._path = NamedPath(path_type=Path, exists=exists, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> JournalPlace:
        """Check the path or the URL, and return the place of the journal."""
        if isinstance(value, str) and is_url(value):
            try:
                return PostgresPlace.of(value)
            except ConfigurationError as error:
                self.fail(str(error), param, ctx)
        return cast("Path", self._path.convert(value, param, ctx))


def _is_closed(stream: object) -> bool:
    """Say whether a standard stream was closed before Python began, which then has no object for it."""
    return stream is None


def _spool_standard_input(
    context: click.Context, parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path | Spooled, ...]:
    """Copy standard input (``-``) to a file that exists until the command ends."""
    if paths.count(Path("-")) > 1:
        raise click.BadParameter("standard input (-) can be read once only", context, parameter)
    if Path("-") in paths and _is_closed(sys.stdin):
        raise click.BadParameter("standard input (-) is closed; name a file", context, parameter)
    return tuple(
        context.with_resource(spooled(sys.stdin.buffer)) if path == Path("-") else path for path in paths
    )


files: Decorator = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=NamedPath(path_type=Path, allow_dash=True),
    callback=_spool_standard_input,
)
as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def _choose(_context: click.Context, _parameter: click.Parameter, code: str | None) -> None:
    if code:
        choose(code)


language: Decorator = click.option(
    "--language",
    type=click.Choice([*LANGUAGES]),
    expose_value=False,
    callback=_choose,
    help="The language of what people read; that of the locale unless given.",
)


def _overrides(overrides: Path | None) -> Overrides:
    return Overrides() if overrides is None else Overrides.from_toml(overrides)


overrides: Decorator = bundle(
    "overrides",
    _overrides,
    click.option("--overrides", type=FILE, help="A TOML file that corrects provisional paths and names."),
)
"""Gives a command the user's corrections; it takes ``overrides``, the ``Overrides``."""


def _profiles(profiles: Path | None, new_accounts: bool) -> ChosenProfiles | None:
    if profiles is None:
        if new_accounts:
            raise click.UsageError(
                "--new-accounts is for those of --profiles; for one, say --new-account NAME"
            )
        return None
    from confirma_async.creditors import Profiles

    return ChosenProfiles(Profiles.from_toml(profiles), new_accounts)


@frozen
class ChosenProfiles:
    """The profiles that the command line names.

    Attributes:
        all: The profiles of the accounts.
        new_accounts: Whether the profiles may name accounts that are not known here yet.
    """

    all: Profiles
    new_accounts: bool


profiles: Decorator = bundle(
    "profiles",
    _profiles,
    click.option(
        "--profiles",
        type=FILE,
        help="A TOML file that says which account, key and journal each seller has; for partners who act for "
        "many.",
    ),
    click.option(
        "--new-accounts", is_flag=True, help="Begin the accounts of --profiles that are not known here yet."
    ),
)
"""Gives a command the accounts of a partner; it takes ``profiles``, the ``ChosenProfiles`` or None."""


def _checks(strict: bool, allow: tuple[str, ...]) -> Checks:
    return Checks("strict" if strict else True, allow)


checks: Decorator = bundle(
    "checks",
    _checks,
    click.option("--strict", is_flag=True, help="Refuse what is otherwise a warning, too."),
    click.option(
        "--allow",
        multiple=True,
        metavar="RULE",
        help="Let this rule be broken, such as payment-reference; may be given several times.",
    ),
)
"""Gives a command how strictly it checks; it takes ``checks``, the ``Checks``."""


class FiniteRange(click.FloatRange):
    """A number within bounds, which the option's help shows; ``nan``, ``inf`` and ``1_0`` are no numbers."""

    name = "number"

    def __init__(self, within: Bounds) -> None:
        super().__init__(within.least, within.most, min_open=within.above)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Check the number, and return it."""
        if isinstance(value, str) and not (_NUMBER.fullmatch(value) and len(value) <= _DIGITS):
            self.fail(f"{value[:_DIGITS]!r} is no number from {self.min} to {self.max}", param, ctx)
        return float(super().convert(cast("float", value), param, ctx))


class WholeRange(click.IntRange):
    """A whole number within bounds, written in digits; nothing else that Python reads as a number."""

    name = "whole number"

    def __init__(self, within: Bounds) -> None:
        super().__init__(int(within.least), int(within.most))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Check the number, and return it."""
        if isinstance(value, str) and not (_WHOLE_NUMBER.fullmatch(value) and len(value) <= _DIGITS):
            self.fail(f"{value[:_DIGITS]!r} is no whole number from {self.min} to {self.max}", param, ctx)
        return int(super().convert(cast("int", value), param, ctx))


def amount(value: str) -> Decimal:
    """Return an amount of money, exactly."""
    if not _MONEY.fullmatch(value):
        raise click.BadParameter(f"{value[:_DIGITS]} is no amount such as 125.50: {AMOUNTS}")
    return Decimal(value)


whole_number: WholeRange = WholeRange(bounds.NUMBER)
"""The type of options and arguments for the number of an invoice or a case."""


def date(value: str) -> datetime.date:
    """Return a date that is written in ISO 8601."""
    if not _DAY.fullmatch(value):
        raise click.BadParameter(f"{value} is no date of the form YYYY-MM-DD")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"there is no day {value}") from None


json_file: Decorator = click.argument("file", metavar="FILE", type=NamedPath(path_type=Path, allow_dash=True))
invoice_number: Decorator = click.option(
    "--invoice", "invoice_number", type=whole_number, metavar="NUMBER", help="The number of the invoice."
)


def period(what: str) -> Decorator:
    """Make a decorator that adds the options --from and --to to a command; ``what`` is for their help."""
    first = click.option("--from", "from_date", type=date, metavar="YYYY-MM-DD", help=f"The first {what}.")
    last = click.option(
        "--to", "to_date", type=date, metavar="YYYY-MM-DD", help=f"The last {what}; today unless given."
    )

    def with_period(command: Callable[..., Any]) -> Callable[..., Any]:
        return first(last(command))

    return with_period


def name_and_value(
    _context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> Mapping[str, str]:
    """Return the values of an option's NAME=VALUE pairs by their names."""
    pairs = [text.partition("=") for text in given]
    for name, sign, _value in pairs:
        if not (name and sign):
            raise click.BadParameter("write NAME=VALUE", param=parameter)
    return {name: value for name, _sign, value in pairs}


def judged(file: Path, cls: type[S], converter: Converter, checks: Checks) -> S:
    """Read a document that is about to be sent, and print warnings about it.

    Raises:
        InputError: the file cannot be read, or is not JSON.
        RequestInvalidError: the document is not of that form, or has unknown keys although the checks are
            strict.
    """
    document = read_document(file, cls, converter)
    unknown = [Problem("$", UNKNOWN_KEY.id, remark) for remark in document.remarks]
    if refused := checks.refused(unknown):
        raise RequestInvalidError("the document", refused)
    remark(document.remarks)
    for problem in checks.warned(check(document.value)):
        say(f"confirma: warning: {problem}", err=True)
    return document.value


def remark(remarks: Sequence[str]) -> None:
    """Print the remarks of a reader on standard error."""
    for text in remarks:
        say(f"confirma: {translated(text)}", err=True)


def warn_of_unchecked() -> None:
    """Print on standard error which rules are not checked, because packages are missing."""
    missing = missing_libraries()
    if missing:
        rules = sorted({rule for unchecked in missing.values() for rule in unchecked})
        unchecked = _("not checked here: {rules}; pip install 'confirma-sdk[validation]'")
        say(f"confirma: {unchecked.format(rules=', '.join(rules))}", err=True)
