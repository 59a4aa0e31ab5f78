"""What has to be translated, read out of the sources; run as a module, it brings the catalogues up to date.

There are four catalogues for each language. ``confirma`` holds the texts that the command line marks with
``_``, and all texts of its modules of texts. ``library`` holds messages that nothing marks: in the modules
below, every text with a blank in it is one, with ``{0}``, ``{1}`` for what varies. ``help`` holds the help of
the commands, and ``click`` what click says of itself. Thus a new message cannot be forgotten.
"""

from __future__ import annotations

import ast
import datetime
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from confirma_async.cli.app import confirma, every_command
from confirma_async.cli.language.choice import CATALOGUES, LANGUAGES, LIBRARY, OWN
from confirma_async.cli.language.help_texts import CLICK, HELP, texts_of

PACKAGE = CATALOGUES.parents[2]
TRANSLATED = tuple(code for code in LANGUAGES if code != "en")
_NO_DAY = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""The day of every catalogue, so that compiled again it is the same."""

_MARKS = {"_": 1, "ngettext": 2}
"""What marks a text, and how many forms it takes."""

TEXTS = ("cli/importing/texts.py", "cli/marking/messages.py")
"""Modules whose texts are all told to people."""

HELPED = (
    "import", "submit", "worker", "validate", "columns", "retry", "status", "report", "export", "jobs",
    "doctor", "mirror sync",
)  # fmt: skip
"""Commands that a bookkeeper meets, or whoever sends for many accounts: all of their help is translated."""

OF_CLICK = ("core", "decorators", "exceptions", "formatting", "parser", "types")
"""Modules of click that speak to whoever types a command."""

_NOT_SAID = re.compile(
    r"Deprecation|deprecated|Windows|UUID|Choice\(|Tuple|defined twice|prefix|Arguments take|iterable|"
    r"declarations|No options defined|Boolean option|start character|match the format|boolean|"
    r"values are required|executable|Confirm the|Do you want"
)
"""What click says to nobody here."""

RAISED = (
    "accounts/owner.py", "bulk/machines/health.py", "bulk/machines/planned_journal.py",
    "bulk/machines/worker.py", "bulk/postgres/opening.py", "cli/app.py",
    "cli/command_group.py", "cli/commands/jobs/export.py", "cli/commands/jobs/report.py",
    "cli/commands/jobs/sending/retry.py", "cli/commands/jobs/sending/submit.py",
    "cli/commands/jobs/sending/worker.py", "cli/commands/mirror/place.py", "cli/commands/mirror/sync.py",
    "cli/journals.py", "cli/options/__init__.py", "cli/options/connection.py", "cli/options/destination.py",
    "cli/options/jobs.py", "cli/options/send_mode.py", "cli/output/tables.py", "cli/output/workbook.py",
    "cli/running/processes.py", "mirror/store/accounts.py", "mirror/store/writing.py",
)  # fmt: skip
"""Where errors are raised that people read, beside texts of other kinds."""

MODULES: Mapping[str, str | None] = {
    "bulk/account_run.py": None,
    "bulk/job/circuit_breaker.py": None,
    "bulk/journal/rules.py": "check_target foreign_key",
    "bulk/machines/planner.py": "database_of",
    "bulk/postgres/connection/failures.py": None,
    "bulk/postgres/runs.py": None,
    "bulk/reporting/outcomes.py": None,
    "bulk/reporting/report.py": "in_words",
    "bulk/sqlite/file/guard.py": "_doubtful gone",
    "cli/errors/account_errors.py": None,
    "cli/errors/error_messages.py": "explained",
    "converters/strict.py": "read_file read_toml",
    "converters/value_types.py": None,
    "credentials.py": "FileTokenStore",
    "creditors/__init__.py": "_whose _check_databases _place _check_journal",
    "creditors/profiles.py": None,
    "doctor/checks.py": "run_checks",
    "doctor/machine.py": None,
    "doctor/mirror.py": None,
    "doctor/network.py": None,
    "doctor/service.py": None,
    "doctor/settings.py": None,
    "errors.py": (
        "OutcomeUnknownError APIError BadRequestError AuthenticationError BusinessRuleError NotFoundError "
        "PermissionDeniedError ConflictError UnprocessableError RateLimitedError ServerError"
    ),
    "formats/attached/attachments.py": None,
    "formats/numbers/duplicates.py": "standing_twice",
    "formats/file_format.py": None,
    "formats/files.py": None,
    "formats/normalise.py": None,
    "formats/numbers/numbering.py": None,
    "formats/reader.py": None,
    "formats/tables/cells.py": None,
    "formats/tables/csv/lines.py": None,
    "formats/tables/csv/survey.py": None,
    "formats/tables/csv/table.py": None,
    "formats/tables/excel/sheet_cells.py": None,
    "formats/tables/excel/table.py": None,
    "formats/tables/groups.py": None,
    "formats/tables/header.py": None,
    "formats/tables/invoices.py": None,
    "formats/tables/propose/guess.py": None,
    "formats/tables/propose/proposal.py": None,
    "formats/tables/propose/sample.py": None,
    "formats/tables/propose/seen.py": None,
    "mirror/reading/proof.py": None,
    "mirror/store/postgres.py": None,
    "mirror/store/sqlite.py": None,
    "mirror/sync.py": None,
    "session/answers/outcomes.py": None,
    "session/connection/http.py": "send _not_sent",
    "session/connection/tls_errors.py": None,
    "validation/accounting.py": None,
    "validation/checking.py": None,
    "validation/values/codes.py": None,
    "validation/values/identifiers.py": None,
    "validation/values/internet.py": None,
    "validation/invoice.py": None,
    "validation/keys.py": None,
    "validation/prices.py": None,
    "validation/values/value_rules.py": None,
}
"""Where messages stand that people read; and in which parts alone, where the rest of a module has none."""

WORDS = (
    "line", "row", "buyer", "seller", "invoice", "credit note", "reminder", "text", "nothing",
    "accepted", "rejected", "unknown", "true/false", "list", "object", "an array", "journal", "mirror",
    "the sandbox", "must be {0}", "is required and missing", "none", "comma", "semicolon", "tab",
    "vertical bar", "No such file or directory", "Permission denied", "Is a directory", "File exists",
    "No space left on device", "Read-only file system", "Address already in use",
    "no such file or directory", "permission denied", "is a directory", "connection refused",
    "no route to host", "network is unreachable", "or", "YYYY-MM-DD", "D.M.YYYY", "{0} (HTTP {1}){2}",
    "attempts: {0}", "{0} was not sent: {1} {2}", "problem", "problems", "failed ({0})", "distributions",
    "payments", "settlements", "cases",
)  # fmt: skip
"""What stands in the holes of messages, and messages that several modules share."""

_WORDS = re.compile(r"[a-z]{2,} |[a-z]{2,}\}? \{| [a-z]{2,}", re.DOTALL)
_CODE = re.compile(
    r"type\(|\(\?:|^[a-z_]+ \| |^(field|expected) |\n|pip install|^ or $|dict\[|^i alt$|^grand total$|"
    r"^(SELECT|UPDATE|INSERT|PRAGMA|BEGIN|CREATE|SET|WHERE) |^\{0\} to \{1\}$|^<|^[a-z]+ \"$|"
    r"^does not exist$|^not authorized$"
)
"""What has blanks in it and is told to nobody."""
_HOLE = re.compile(r"\{(\d+)\}")


def own() -> Catalog:
    """Return the texts of the command line."""
    catalogue = Catalog(fuzzy=False)
    for path in sorted((PACKAGE / "cli").rglob("*.py")):
        for line, message in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            catalogue.add(message, None, [(path.relative_to(PACKAGE.parent).as_posix(), line)])
    for module in TEXTS:
        for line, message in _named(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
            catalogue.add(message, None, [(f"confirma_async/{module}", line)])
    for file, line, message, *_more in extract_from_dir(PACKAGE / "cli", [("**.j2", "jinja2")]):
        catalogue.add(message, None, [((Path("confirma_async/cli") / file).as_posix(), line)])
    return catalogue


def _marked(tree: ast.AST) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    """Yield the texts of ``_`` and ``ngettext``, wherever they stand, also within an f-string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS:
            marked = node.args[: _MARKS[node.func.id]]
            texts = tuple(str(each.value) for each in marked if isinstance(each, ast.Constant))
            if texts:  # others are of a module of texts
                yield node.lineno, texts if len(texts) > 1 else texts[0]


def _named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts that a module gives names to, alone or in a table."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            yield from (
                (each.lineno, each.value)
                for each in values
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def library() -> Catalog:
    """Return the messages of the library, as templates."""
    catalogue = Catalog(fuzzy=False)
    for word in WORDS:
        catalogue.add(word)
    for module, functions in MODULES.items():
        tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
        names = (functions or "").split()
        trees = [node for node in ast.walk(tree) if getattr(node, "name", None) in names] or [tree]
        for line, text in (found for each in trees for found in _texts(each)):
            if _is_message(text) or (functions == "in_words" and text.islower()):
                message = _below_its_file(text) if module.startswith("formats/") else text
                catalogue.add(message, None, [(f"confirma_async/{module}", line)])
    for module in RAISED:
        for line, text in _raised(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
            catalogue.add(text, None, [(f"confirma_async/{module}", line)])
    return catalogue


def _raised(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the messages of the errors that a module raises, or has click raise."""
    for node in ast.walk(tree):
        fails = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fail"
        )
        if fails or isinstance(node, ast.Raise):
            yield from ((line, text) for line, text in _texts(node) if _is_message(text))


def help_() -> Catalog:
    """Return the help of the commands that a bookkeeper meets, and a line on every other one."""
    catalogue = Catalog(fuzzy=False)
    context = click.Context(confirma)
    for text in texts_of(confirma):
        catalogue.add(text)
    commands = {name: confirma.get_command(context, name) for name in confirma.list_commands(context)}
    commands |= {name: each for words, each in every_command() if (name := " ".join(words)) in HELPED}
    for name, command in commands.items():
        if command is not None:
            for text in texts_of(command) if name in HELPED else [command.short_help or ""]:
                if not text.startswith("confirma ") and text:
                    catalogue.add(text)
    return catalogue


def of_click() -> Catalog:
    """Return what click says to whoever types a command."""
    catalogue = Catalog(fuzzy=False)
    for module in OF_CLICK:
        path = Path(click.__file__).with_name(f"{module}.py")
        for _line, message in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            if not any(
                _NOT_SAID.search(text) for text in ([message] if isinstance(message, str) else message)
            ):
                catalogue.add(message)
    return catalogue


def _below_its_file(text: str) -> str:
    """Return what is wrong with a file without the name of the file, which stands before it on its own."""
    below = text.removeprefix("{0}: ")
    return text if below == text else _HOLE.sub(lambda hole: f"{{{int(hole[1]) - 1}}}", below)


def _is_message(text: str) -> bool:
    return bool(_WORDS.search(text)) and not _CODE.search(text)


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are no docstrings, with ``{0}`` for what is put into them."""
    passed = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr | ast.JoinedStr):
            passed |= {id(part) for part in ast.iter_child_nodes(node) if isinstance(part, ast.Constant)}
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            passed |= {id(part) for part in ast.walk(node.format_spec)}
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            yield node.lineno, _template(node)


def _template(text: ast.JoinedStr) -> str:
    parts, holes = [], 0
    for part in text.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            parts.append(f"{{{holes}}}")
            holes += 1
    return "".join(parts)


SOURCES = {OWN: own, LIBRARY: library, HELP: help_, CLICK: of_click}
"""What each catalogue holds."""


def path_of(domain: str, code: str, suffix: str) -> Path:
    """Return a file of a catalogue."""
    return CATALOGUES / code / "LC_MESSAGES" / f"{domain}.{suffix}"


def written(domain: str, code: str) -> Catalog:
    """Return a catalogue as it is translated."""
    with path_of(domain, code, "po").open("rb") as file:
        return read_po(file, locale=code, domain=domain)


def update(domain: str, code: str) -> None:
    """Bring a catalogue up to date with the sources, and compile it."""
    source = path_of(domain, code, "po")
    source.parent.mkdir(parents=True, exist_ok=True)
    catalogue = written(domain, code) if source.exists() else Catalog(code, domain, fuzzy=False)
    catalogue.update(SOURCES[domain](), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.creation_date = catalogue.revision_date = _NO_DAY
    with source.open("wb") as file:
        write_po(file, catalogue, width=110, sort_by_file=True, omit_header=True, include_lineno=False)
    with path_of(domain, code, "mo").open("wb") as file:
        write_mo(file, catalogue)


def missing(domain: str, code: str) -> list[str]:
    """Return the messages that a catalogue does not translate."""
    catalogue = written(domain, code)
    found = []
    for message in SOURCES[domain]():
        translated = catalogue.get(message.id, message.context) if message.id else message
        strings = translated.string if translated is not None else ""
        if not all(strings if isinstance(strings, tuple | list) else [strings]) and message.id:
            found.append(str(message.id))
    return found


if __name__ == "__main__":
    for language in TRANSLATED:
        for name in SOURCES:
            update(name, language)
            sys.stdout.write(f"{language} {name}: {len(missing(name, language))} to translate\n")
