"""The quick way between JSON and schemas: through msgspec structs, which its C code reads and writes.

A struct has the attributes of its schema, under their wire names. What msgspec refuses, an unknown key for
one, goes the way of dicts (``straight``) instead, where it is kept or explained.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from confirma_async.converters.fields import Field
from confirma_async.converters.straight import compiled, set_extra, writing
from confirma_async.converters.value_types import (
    BLANK,
    CENT,
    EXACT_CLASSES,
    FAST_CHECKS,
    SPELLING_KEPT,
    Reader,
    WireMismatch,
    Writer,
    is_open_enum,
    is_schema,
)
from confirma_async.schemas.values import BlankText
from confirma_async.schemas.wire import Schema

NATIVE: Mapping[Any, type] = {
    str: str,
    BlankText: str,
    bool: bool,
    int: int,
    datetime.date: datetime.date,
}
"""Kinds that msgspec reads as exactly as we do; it decodes the others as what they are, and we read that."""


@attrs.frozen
class Unpacker:
    """How a schema is read: its struct, and the function that makes of such a struct the schema."""

    struct: type[msgspec.Struct]
    unpack: Reader


def unpacker(
    cls: type[Schema], fields: Sequence[Field], nested: Callable[[type[Schema]], Unpacker]
) -> Unpacker:
    """Makes what reads a schema.

    Args:
        cls: The schema.
        fields: Its fields.
        nested: Gives the unpacker of a schema below it.
    """
    names: dict[str, Any] = {
        "cls": cls,
        "new": object.__new__,
        "set_extra": set_extra,
        "UNSET": msgspec.UNSET,
        "Decimal": Decimal,
        "CENT": CENT,
    }
    lines = ["def unpack(o):", " extra = {}"]
    slots: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for index, item in enumerate(fields):
        if is_schema(item.kind):
            below = nested(item.kind)
            kind, read = below.struct, below.unpack
        else:
            kind, read = str if is_open_enum(item.kind) else NATIVE.get(item.kind, Any), item.read
        slots.append(_slot(item, kind))
        names |= {
            f"r{index}": read,
            f"w{index}": item.write,
            f"s{index}": getattr(cls, item.attribute).__set__,
        }
        lines.append(f" v{index} = o.{item.attribute}")
        lines += _unpacking(item, index)
    # A frozen class's own __init__ costs twice what its slots do, and its converters would run again.
    lines.append(" x = new(cls)")
    lines += [f" s{index}(x, v{index})" for index in range(len(fields))]
    lines += [" set_extra(x, extra)", " return x"]
    struct = msgspec.defstruct(
        cls.__name__, slots, rename=_wire_names(fields), kw_only=True, forbid_unknown_fields=True, gc=False
    )
    return Unpacker(struct, compiled(cls, "unpack", lines, names))


def _slot(item: Field, kind: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    """The attribute of the struct. Its default tells a key that is missing from one that is null."""
    if item.many:
        return item.attribute, list[kind] | None | msgspec.UnsetType, msgspec.UNSET
    if item.required:
        return item.attribute, kind
    if item.absent is not None:
        return item.attribute, kind, item.absent
    return item.attribute, kind if kind is Any else kind | None | msgspec.UnsetType, msgspec.UNSET


def _unpacking(item: Field, index: int) -> Iterator[str]:
    value, raw, wire = f"v{index}", f"o.{item.attribute}", repr(item.wire)
    if item.many:
        yield f" if {value} is UNSET: {value} = ()"
        yield f" elif not {value}: extra[{wire}], {value} = {value}, ()"
        yield f" else: {value} = tuple([r{index}(i) for i in {value}])"
        return
    branches: list[str] = []
    if not item.required and item.absent is None:
        branches += [f"{value} is UNSET: {value} = None", f"{value} is None: extra[{wire}] = None"]
        if item.kind in BLANK:
            branches.append(f"{value} == '': {value}, extra[{wire}] = None, ''")
    if item.kind not in NATIVE:
        branches.append(f"{FAST_CHECKS.get(item.kind, 'True').format(value)}: {value} = r{index}({value})")
    for position, branch in enumerate(branches):
        yield f" {'elif' if position else 'if'} {branch}"
    if item.kind in SPELLING_KEPT:
        yield f" if {value} is not None and w{index}({value}) != {raw}: extra[{wire}] = {raw}"


def packer(
    cls: type[Schema], fields: Sequence[Field], nested: Callable[[type[Schema]], Writer], plain: Writer
) -> Writer:
    """Makes what writes a schema: of an object it makes a struct, which the encoder takes like a dict.

    Args:
        cls: The schema.
        fields: Its fields.
        nested: Gives the packer of a schema below it.
        plain: Writes it as a dict, for an object with something in its ``extra``.
    """
    struct = msgspec.defstruct(
        cls.__name__,
        [(item.attribute, Any, msgspec.UNSET if item.required else None) for item in fields],
        rename=_wire_names(fields),
        omit_defaults=True,
        gc=False,
    )
    names: dict[str, Any] = {
        "struct": struct,
        "plain": plain,
        "Mismatch": WireMismatch,
        "Decimal": Decimal,
        "CENT": CENT,
    }
    lines = ["def pack(x):", " if x.extra: return plain(x)"]
    for index, item in enumerate(fields):
        names[f"w{index}"] = nested(item.kind) if is_schema(item.kind) else item.write
        names[f"k{index}"] = item.kind
        lines.append(f" v{index} = x.{item.attribute}")
        lines += _packing(item, index, names)
    lines.append(f" return struct({', '.join(f'v{index}' for index in range(len(fields)))})")
    return compiled(cls, "pack", lines, names)


def _packing(item: Field, index: int, names: dict[str, Any]) -> Iterator[str]:
    value = f"v{index}"
    if item.many:
        yield f" if {value}:"
        yield f"  if type({value}) is not tuple and type({value}) is not list: raise Mismatch('', {value})"
        yield f"  {value} = [{writing(item, index, names, value='i')} for i in {value}]"
        yield f" else: {value} = None"
        return
    present = "" if item.required else f"{value} is not None and "
    doubt = _doubt(item.kind, index).format(value)
    if doubt:
        yield f" if {present}({doubt}): {value} = w{index}({value})"
        return
    written = writing(item, index, names, value=value)
    yield f" if {value} is not None: {value} = {written}" if present else f" {value} = {written}"


def _doubt(kind: Any, index: int) -> str:
    """When a value must not go to the encoder as it is; empty for kinds that always need their writer."""
    if kind in EXACT_CLASSES:
        return f"type({{0}}) is not {EXACT_CLASSES[kind]}"
    if kind is datetime.date or is_open_enum(kind):
        return f"type({{0}}) is not k{index}"
    return FAST_CHECKS.get(kind, "")


def _wire_names(fields: Sequence[Field]) -> dict[str, str]:
    return {item.attribute: item.wire for item in fields}
