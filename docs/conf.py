"""How Sphinx builds these pages: no network, warnings are errors, tables written from the code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs
from sphinx.application import Sphinx

from confirma_async import __version__, account
from confirma_async.outbox import OutboxAccounting, OutboxInvoices, OutboxOnboarding
from confirma_async.resources.accounting import Accounting
from confirma_async.resources.invoices import Invoices
from confirma_async.resources.onboarding import Onboarding
from confirma_async.resources.operations import Operations
from confirma_async.resources.payments import Payments
from confirma_async.schemas import Schema

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from docs import tables  # noqa: E402 (it stands beside this file)

# An account loads its resources late. A schema has this one's name, too, so that it must be found there.
vars(account)["Accounting"] = Accounting

# The options of a verb are told once, in their class; Sphinx looks for their defaults in its source.
resources = (Accounting, Invoices, Onboarding, Operations, Payments, account.Account)
for resource in (*resources, OutboxAccounting, OutboxInvoices, OutboxOnboarding):
    for verb in vars(resource).values():
        getattr(verb, "__dict__", {}).pop("__signature__", None)

project = "confirma-sdk"
author = "the confirma-sdk authors"
project_copyright = f"%Y, {author}"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "_generated"]
html_theme = "furo"
html_title = "confirma-sdk"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # an included table may stand below any heading

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes are told once, in their class: no second object of the same name
python_maximum_signature_line_length = 88

nitpick_ignore_regex = [
    # Without a network there is no inventory of these to link to.
    (
        r"py:.*",
        r"(aiohttp|asyncio|collections|contextlib|datetime|decimal|enum|opentelemetry|os|pathlib|ssl|types|typing)\..*",
    ),
    (r"py:.*", r"(date|datetime|Decimal|Path|PathLike|SSLContext|TracebackType|Unpack|optional|options)"),
    (r"py:.*", r"(Any|Awaitable|Callable|Generator|Iterable|Iterator|Mapping|Sequence|AsyncIterable)"),
    # Type variables, and what attrs calls a default that a function makes.
    # What verbs have of their outbox, and what it is made with.
    (r"py:class", r"confirma_async\.outbox\.opened\.OpenOutbox"),
    # What only workers import; it is named where the extra need not be installed.
    (r"py:class", r"(Source|PlannedJob|WorkerEnd|WorkerHealth|Begun|Stopped)"),
    (r"py:class", r"(JournalSource|confirma_async\.resources\.arguments\.Prepared)"),
    (r"py:.*", r"(.*\.)?(T|S|R|AnySchema|Answer|AnswerT_co|Body|Record|Item|NOTHING)"),
]


_attributes: dict[str, list[str]] = {}


def keep_attribute(_app: Sphinx, what: str, name: str, _obj: object, _options: Any, lines: list[str]) -> None:
    """Napoleon takes words before a colon for a type; ours are sentences. So they are kept away from it."""
    if what in {"attribute", "data", "property"}:
        _attributes[name] = list(lines)


def restore_attribute(
    _app: Sphinx, _what: str, name: str, _obj: object, _options: Any, lines: list[str]
) -> None:
    """Put back what was kept from napoleon."""
    lines[:] = _attributes.pop(name, lines)


def add_fields(_app: Sphinx, what: str, _name: str, obj: object, _options: Any, lines: list[str]) -> None:
    """Give every schema a table of its attributes, with wire names and evidence marks."""
    if what == "class" and isinstance(obj, type) and issubclass(obj, Schema) and len(attrs.fields(obj)) > 1:
        lines += ["", *tables.field_table(obj)]


def shorten_signature(
    _app: Sphinx, what: str, _name: str, obj: object, _options: Any, _signature: str, _returns: str
) -> tuple[str, None] | None:
    """Leave the arguments of a schema out: they are its attributes, in the table."""
    if what == "class" and isinstance(obj, type) and issubclass(obj, Schema):
        return "(*, ...)", None
    return None


def write_tables(_app: Sphinx) -> None:
    """Write the tables before any page is read."""
    tables.write(HERE / "_generated")


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("builder-inited", write_tables)
    app.connect("autodoc-process-docstring", keep_attribute, priority=100)
    app.connect("autodoc-process-docstring", restore_attribute, priority=900)
    app.connect("autodoc-process-docstring", add_fields, priority=900)
    app.connect("autodoc-process-signature", shorten_signature)
