"""Tables of the contract: endpoints and names, each with its mark."""

from __future__ import annotations

import inspect
import re
import typing
from collections import Counter
from collections.abc import Iterator

import attrs

from confirma_async.contract import OPERATIONS, PREFIX, Operation, schema_classes
from confirma_async.converters import wire_names
from confirma_async.schemas import Schema
from confirma_async.schemas.wire import EVIDENCE, Evidence
from docs.tables.markup import MARKS, SECTIONS, code, table


def operations() -> str:
    """Return every endpoint, whether it has a verb, and how well its path is known."""
    rows = [
        (
            operation.page,
            f"`{operation.method} {operation.path.removeprefix(PREFIX)}`",
            operation.evidence.value,
            code(operation.name),
        )
        for operation in OPERATIONS.values()
    ]
    return table(("Vendor page", "Endpoint", "Path", "Verb"), rows)


def effects() -> str:
    """Return which later read shows that an operation took effect, and how well that is known."""
    rows = [
        (
            code(operation.name),
            code(operation.effect.read) if operation.effect else "none",
            operation.effect.what.replace("``", "`") if operation.effect else "",
            operation.effect.evidence.value if operation.effect else "",
        )
        for operation in OPERATIONS.values()
        if operation.method == "POST"
    ]
    return table(("Operation", "Shown by", "What is looked for", "Evidence"), rows)


def evidence() -> str:
    """Return every wire name, by section and schema."""
    classes = sorted(schema_classes().values(), key=lambda cls: (cls.section, _page_order(cls)))
    count = Counter(mark for cls in classes for _, _, _, mark in _fields(cls))
    text = ", ".join(f"{count[mark]} {MARKS[mark]} ({mark.value})" for mark in Evidence)
    parts = [f"Wire names in all: {text}.\n"]
    section = ""
    for cls in classes:
        if cls.section != section:
            section = cls.section
            parts.append(f"\n### {SECTIONS[section]} (§{section})\n\n{_pages(section)}\n")
        parts.append(f"\n**{cls.vendor_name}** — {{py:class}}`~confirma_async.schemas.{cls.__name__}`\n\n")
        rows = [
            (code(wire), code(f"{cls.__name__}.{name}"), mark.value) for name, wire, _, mark in _fields(cls)
        ]
        parts.append(table(("Wire name", "Key for an override", "Evidence"), rows))
    return "".join(parts)


def _page_order(cls: type[Schema]) -> tuple[str, int]:
    return cls.__module__, inspect.getsourcelines(cls)[1]


def _pages(section: str) -> str:
    used: list[Operation[object]] = [
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
    """Yield attribute, wire name, type and evidence of each field of a schema."""
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
    """Return the fields of a schema as a table in reStructuredText, for its place in the reference."""
    lines = [".. list-table::", "   :header-rows: 1", "   :align: left", ""]
    rows = [("Attribute", "Wire name", "Type", "Evidence")]
    rows += [
        (f"``{name}``", f"``{wire}``", f"``{kind}``", mark.value) for name, wire, kind, mark in _fields(cls)
    ]
    for row in rows:
        lines += [f"   {'* -' if index == 0 else '  -'} {cell}" for index, cell in enumerate(row)]
    return lines
