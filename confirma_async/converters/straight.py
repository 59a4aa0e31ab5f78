"""Straight functions, one per schema and direction, made from its fields as attrs makes its own methods.

The usual case runs without a call per value and without a path. What is unusual (an unknown key, a null,
another spelling) takes a second look; what is wrong raises, and is explained afterwards (``errors``).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from confirma_async.converters.fields import Field
from confirma_async.converters.value_types import (
    BLANK,
    CENT,
    EXACT_CLASSES,
    FAST_CHECKS,
    NOT_SO_DEEP,
    SPELLING_KEPT,
    Reader,
    WireMismatch,
    Writer,
    checked_json,
    is_schema,
    is_too_deep,
)
from confirma_async.schemas.wire import Schema

set_extra: Callable[[Schema, dict[str, Any]], None] = vars(Schema)["extra"].__set__
"""Writes the slot itself: a schema is frozen, but not while it is being read."""


def structure_function(
    cls: type[Schema], fields: Sequence[Field], readers: Sequence[Reader]
) -> Callable[[Any, Any], Any]:
    """One straight function that reads a schema from a dict.

    Args:
        cls: The schema.
        fields: Its fields.
        readers: What reads each of them.
    """
    known = frozenset(name for item in fields for name in (item.wire, item.older) if name)
    names: dict[str, Any] = {
        "cls": cls,
        "new": object.__new__,
        "set_extra": set_extra,
        "known": known,
        "fields": fields,
        "keep_oddities": _keep_oddities,
        "Mismatch": WireMismatch,
        "Decimal": Decimal,
        "CENT": CENT,
    }
    # A frozen class's own __init__ costs twice what its slots do, and its converters would run again.
    lines = ["def structure(o, _=None):", " if type(o) is not dict: raise Mismatch('an object', o)"]
    lines.append(" odd_ones, get = not known.issuperset(o), o.get")
    for index, item in enumerate(fields):
        names[f"r{index}"] = readers[index]
        value = f"v{index}"
        if item.kind in SPELLING_KEPT:
            names[f"w{index}"] = item.write
        if item.required or item.absent is not None:
            key = repr(item.wire)
            lines.append(f" {value} = " + (f"o[{key}]" if item.required else f"get({key}, {item.absent!r})"))
            lines += _reading(item, value, f"r{index}", " ")
            if item.kind in SPELLING_KEPT and not item.many:
                lines.append(f" if w{index}({value}) != o[{key}]: odd_ones = True")
            continue
        absent = "()" if item.many else "None"
        lines.append(f" {value} = get({item.wire!r})")
        if item.older:
            lines.append(f" if {item.older!r} in o:")
            lines.append("  odd_ones = True")
            lines.append(f"  if {item.wire!r} not in o: {value} = o[{item.older!r}]")
        lines.append(f" if {value} is None:")
        lines.append(f"  {value} = {absent}")
        lines.append(f"  if not odd_ones and {item.wire!r} in o: odd_ones = True")
        if item.kind in BLANK:
            lines.append(f" elif {value} == '': {value}, odd_ones = None, True")
        lines.append(" else:")
        lines += _reading(item, value, f"r{index}", "  ")
        if item.many:
            lines.append(f"  if not {value}: odd_ones = True")
        elif item.kind in SPELLING_KEPT:
            lines.append(f"  if w{index}({value}) != o[{item.wire!r}]: odd_ones = True")
    lines.append(" x = new(cls)")
    for index, item in enumerate(fields):
        lines.append(f" s{index}(x, v{index})")
        names[f"s{index}"] = getattr(cls, item.attribute).__set__
    lines.append(" set_extra(x, {})")
    lines.append(" return keep_oddities(o, fields, x) if odd_ones else x")
    return compiled(cls, "structure", lines, names)


def unstructure_function(
    cls: type[Schema], fields: Sequence[Field], writers: Sequence[Writer]
) -> Callable[[Any], Any]:
    """One straight function that writes a schema as a dict.

    Args:
        cls: The schema.
        fields: Its fields.
        writers: What writes each of them.
    """
    names: dict[str, Any] = {
        "fields": fields,
        "merge": _write_back,
        "Mismatch": WireMismatch,
        "Decimal": Decimal,
        "CENT": CENT,
    }
    lines = ["def unstructure(x):", " o = {}"]
    for index, item in enumerate(fields):
        names[f"w{index}"] = writers[index]
        lines.append(f" v = x.{item.attribute}")
        indent = " "
        if not item.required:
            lines.append(" if v:" if item.many else " if v is not None:")
            indent = "  "
        if item.many:
            lines.append(
                f"{indent}if type(v) is not tuple and type(v) is not list: raise Mismatch('a list', v)"
            )
            lines.append(f"{indent}o[{item.wire!r}] = [{writing(item, index, names, value='i')} for i in v]")
        else:
            lines.append(f"{indent}o[{item.wire!r}] = {writing(item, index, names)}")
    lines.append(" if x.extra: merge(o, fields, x)")
    lines.append(" return o")
    return compiled(cls, "unstructure", lines, names)


def _keep_oddities(raw: dict[str, Any], fields: Sequence[Field], obj: Schema) -> Schema:
    """Keeps in ``extra`` what writing the attributes alone would not bring back."""
    written = {item.wire: item for item in fields if not (item.older and item.older in raw)}
    extra: dict[str, Any] = {}
    for key, value in raw.items():
        item = written.get(key)
        if item is None and is_too_deep(value):
            raise WireMismatch(NOT_SO_DEEP, value)
        if (
            item is None
            or value is None
            or value == []
            or (value == "" and item.kind in BLANK)
            or (
                item.kind in SPELLING_KEPT
                and not item.many
                and item.write(getattr(obj, item.attribute)) != value
            )
        ):
            extra[key] = value
    set_extra(obj, extra)  # of our own making, and nobody has it yet
    return obj


def _write_back(out: dict[str, Any], fields: Sequence[Field], obj: Schema) -> None:
    """Writes ``extra`` back; an attribute that was changed since wins over the spelling it had."""
    written = {item.wire: item for item in fields}
    for key, value in obj.extra.items():
        item = written.get(key)
        current = None if item is None else getattr(obj, item.attribute)
        if item is not None and item.kind in SPELLING_KEPT and value is not None:
            if current is not None and item.read_any(value) == current:
                out[key] = value
        elif item is None or current is None or current == ():
            out[key] = checked_json(value)
    for item in fields:
        if item.older and item.older in obj.extra and item.wire not in obj.extra:
            # One name of the two is written: the older one, unless the attribute was changed since.
            older, current = obj.extra[item.older], getattr(obj, item.attribute)
            is_as_read = (item.read_any(older) if older else item.nothing) == current
            out.pop(item.wire if is_as_read else item.older, None)


def _reading(item: Field, value: str, reader: str, indent: str) -> list[str]:
    if item.many:
        return [
            f"{indent}if type({value}) is not list: raise Mismatch('an array', {value})",
            f"{indent}{value} = tuple([{reader}(i) for i in {value}])",
        ]
    if item.kind in EXACT_CLASSES:
        return [f"{indent}if type({value}) is not {EXACT_CLASSES[item.kind]}: raise Mismatch('', {value})"]
    doubt = FAST_CHECKS.get(item.kind)
    if doubt is not None:
        return [f"{indent}if {doubt.format(value)}: {value} = {reader}({value})"]
    return [f"{indent}{value} = {reader}({value})"]


def writing(item: Field, index: int, names: dict[str, Any], value: str = "v") -> str:
    """The expression that writes one value; what it needs is added to the names."""
    if is_schema(item.kind):
        names[f"c{index}"] = item.kind
        names[f"d{index}"] = item.write
        return f"w{index}({value}) if type({value}) is c{index} else d{index}({value})"
    if item.kind in EXACT_CLASSES:
        return f"{value} if type({value}) is {EXACT_CLASSES[item.kind]} else w{index}({value})"
    doubt = FAST_CHECKS.get(item.kind)
    if doubt is not None:
        return f"w{index}({value}) if {doubt.format(value)} else {value}"
    return f"w{index}({value})"


def compiled(cls: type, verb: str, lines: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    """The function whose text the lines are."""
    source = "\n".join(lines)
    exec(compile(source, f"<{verb} {cls.__name__}>", "exec"), names)  # noqa: S102 (our own, as attrs does)
    return typing.cast("Callable[..., Any]", names[verb])
