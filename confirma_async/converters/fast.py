"""Schemas through msgspec structs, which its C code reads from JSON or dicts, and writes.

A struct has the attributes of its schema, under their wire names, and takes no others: unknown keys and older
names are gathered first (``FastReader.gather``), in one reserved attribute of the struct.
"""

from __future__ import annotations

import datetime
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from decimal import Decimal
from functools import partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec

from confirma_async.converters.value_types import (
    BLANK,
    FAST_CHECKS,
    FAST_NAMES,
    SPELLING_KEPT,
    WHOLE_RECORD,
    Reader,
    WireMismatch,
    Writer,
    checked_json,
    is_open_enum,
    is_schema,
    not_too_deep,
)
from confirma_async.schemas.values import BlankText
from confirma_async.schemas.wire import Schema

if TYPE_CHECKING:
    from confirma_async.converters.codecs import Field

UNREADABLE = (WireMismatch, msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)
"""What reading raises where a value is not of the form that its place asks for."""

encode_json: Callable[[Any], bytes] = msgspec.json.Encoder(decimal_format="number").encode
"""Writes dicts, lists, structs and Decimals as JSON."""

EXTRA = "\ue000extra"
"""The key of what is gathered. A JSON that holds it is refused there, and gathered like any unknown key."""

NATIVE: Mapping[Any, type] = {
    str: str,
    BlankText: str,
    bool: bool,
    int: int,
    datetime.date: datetime.date,
}
"""Kinds that msgspec reads as exactly as we do; it decodes the others as what they are, and we read that."""


_FIRST = " quantum = CENT"
"""The line of a generated function before those of its fields; see ``FAST_CHECKS``."""

set_extra: Callable[[Schema, dict[str, Any]], None] = vars(Schema)["extra"].__set__
"""Writes the slot itself: a schema is frozen, but not while it is being read."""


class Extra:
    """What ``extra`` will hold, on its way through a struct. No JSON can stand for this class."""

    __slots__ = ("found",)

    def __init__(self, found: dict[str, Any]) -> None:
        self.found: dict[str, Any] = found


class FastReader:
    """How a schema, or an array of its objects, is read.

    Attributes:
        kind: The struct, or a list of it, that msgspec makes.
        unpack: Makes the schema of the struct.
        gather: Makes of dicts with unknown keys or older names those that msgspec takes.
        decode: Makes the struct of JSON.
    """

    def __init__(self, kind: Any, unpack: Reader, gather: Reader) -> None:
        self.kind: Any = kind
        self.unpack: Reader = unpack
        self.gather: Reader = gather
        self.decode: Reader = msgspec.json.Decoder(kind, float_hook=Decimal).decode

    def read(self, obj: object) -> Any:
        """Read what JSON is parsed into.

        Raises:
            UNREADABLE: it is not of that form.
        """
        try:
            return self.unpack(msgspec.convert(obj, self.kind))
        except UNREADABLE:
            pass
        return self.read_gathered(obj)

    def read_gathered(self, obj: object) -> Any:
        """Read the same, with keys that the contract does not know, or older names.

        Raises:
            UNREADABLE: it is not of that form.
        """
        return self.unpack(msgspec.convert(self.gather(obj), self.kind))


def array_reader(each: FastReader) -> FastReader:
    """Make what reads a bare array of the objects that ``each`` reads."""
    return FastReader(
        GenericAlias(list, each.kind),
        lambda found: tuple(map(each.unpack, found)),
        partial(_gather_each, each.gather),
    )


def schema_reader(
    cls: type[Schema], fields: Sequence[Field], nested: Callable[[type[Schema]], FastReader]
) -> FastReader:
    """Make what reads a schema.

    Args:
        cls: The schema.
        fields: Its fields.
        nested: Gives the reader of a schema below it.
    """
    names: dict[str, Any] = {
        "cls": cls,
        "new": object.__new__,
        "set_extra": set_extra,
        "UNSET": msgspec.UNSET,
        **FAST_NAMES,
    }
    lines = ["def unpack(o):", _FIRST, " extra = {} if o.extra is UNSET else o.extra.found"]
    slots: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("extra", Extra | msgspec.UnsetType, msgspec.UNSET)
    ]
    gather: dict[str, Reader] = {}
    for index, item in enumerate(fields):
        if is_schema(item.treated):
            below = nested(item.treated)
            kind, read = below.kind, below.unpack
            gather[item.wire] = partial(_gather_each, below.gather) if item.many else below.gather
        else:
            kind, read = str if is_open_enum(item.treated) else NATIVE.get(item.treated, Any), item.read
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
        cls.__name__,
        slots,
        rename={**_wire_names(fields), "extra": EXTRA},
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )
    newer = {item.older: item.wire for item in fields if item.older}
    return FastReader(
        struct,
        _compiled(cls, "unpack", lines, names),
        partial(_gather, frozenset(item.wire for item in fields), newer, gather),
    )


def _gather(
    names: AbstractSet[str], newer: Mapping[str, str], below: Mapping[str, Reader], found: Any
) -> dict[str, Any]:
    """Move what a struct has no attribute for under ``EXTRA``, in a copy of an object.

    Args:
        names: The wire names of the struct's attributes.
        newer: Those of them that have an older one, by that.
        below: What does the same for the objects below, by the wire name of their attribute.
        found: The object.
    """
    if type(found) is not dict and not isinstance(found, Mapping):
        raise WireMismatch("an object", found)
    known = dict(typing.cast("Mapping[str, Any]", found))
    extra = {} if names >= known.keys() else _set_apart(names, newer, known)
    for name, gather in below.items():
        if known.get(name) is not None:
            known[name] = gather(known[name])
    if extra:
        known[EXTRA] = Extra(extra)
    return known


def _set_apart(names: AbstractSet[str], newer: Mapping[str, str], known: dict[str, Any]) -> dict[str, Any]:
    """Take unknown keys and older names out of an object, but for a value that has no newer name."""
    renamed = {older: name for older, name in newer.items() if older in known}
    extra = {key: value for key, value in known.items() if key not in names or key in renamed.values()}
    for older, name in renamed.items():
        if name not in known and extra[older] not in (None, []):
            known[name] = extra[older]
    for key in extra.keys() - names:
        not_too_deep(known.pop(key))
    return extra


def _gather_each(gather: Reader, found: Any) -> list[Any]:
    if isinstance(found, list | tuple):
        return list(map(gather, typing.cast("Sequence[Any]", found)))
    raise WireMismatch("an array", found)


def _slot(item: Field, kind: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
    """Return the attribute of the struct. Its default tells a key that is missing from one that is null."""
    if item.many:
        return item.attribute, list[kind] | None | msgspec.UnsetType, msgspec.UNSET
    if item.required:
        return item.attribute, kind
    if item.absent is not None:
        return item.attribute, kind | None, item.absent
    return item.attribute, kind if kind is Any else kind | None | msgspec.UnsetType, msgspec.UNSET


def _unpacking(item: Field, index: int) -> Iterator[str]:
    value, raw, wire = f"v{index}", f"o.{item.attribute}", repr(item.wire)
    if item.many:
        yield f" if {value} is UNSET: {value} = ()"
        yield f" elif not {value}: extra[{wire}], {value} = {value}, ()"
        yield f" else: {value} = tuple([r{index}(i) for i in {value}])"
        return
    if item.absent is not None:  # null and a missing key stand for the same
        yield f" if {value} is None: {value} = {item.absent!r}"
    branches: list[str] = []
    if not item.required and item.absent is None:
        branches += [f"{value} is UNSET: {value} = None", f"{value} is None: extra[{wire}] = None"]
        if item.treated in BLANK:
            branches.append(f"{value} == '': {value}, extra[{wire}] = None, ''")
    if item.treated not in NATIVE:
        branches.append(f"{FAST_CHECKS.get(item.treated, 'True').format(value)}: {value} = r{index}({value})")
    for position, branch in enumerate(branches):
        yield f" {'elif' if position else 'if'} {branch}"
    if item.treated in SPELLING_KEPT:
        yield f" if {value} is not None and w{index}({value}) != {raw}: extra[{wire}] = {raw}"


def schema_writer(
    cls: type[Schema],
    fields: Sequence[Field],
    nested: Callable[[type[Schema]], Writer],
    unknown: Callable[[], object],
) -> Writer:
    """Make what writes a schema: of an object it makes a struct, or a dict where ``extra`` holds much.

    Explicit nulls, which many requests are full of, stay in a struct: one that leaves out what is not set.

    Args:
        cls: The schema.
        fields: Its fields.
        nested: Gives the writer of a schema below it.
        unknown: Called where an object holds a key that no attribute stands for.
    """
    struct = msgspec.defstruct(
        cls.__name__,
        [(item.attribute, Any, msgspec.UNSET if item.required else None) for item in fields],
        rename=_wire_names(fields),
        omit_defaults=True,
        gc=False,
    )
    explicit = msgspec.defstruct(
        cls.__name__, [(item.attribute, Any) for item in fields], rename=_wire_names(fields), gc=False
    )
    names: dict[str, Any] = {
        "struct": struct,
        "explicit": explicit,
        "nullable": {item.wire for item in fields if not item.required and item.treated not in SPELLING_KEPT},
        "with_extra": partial(
            _with_extra,
            {item.wire: item for item in fields},
            [item for item in fields if item.older],
            unknown,
        ),
        "kept": _is_kept,
        "Mismatch": WireMismatch,
        "UNSET": msgspec.UNSET,
        "type": type,  # found at once, and not after the names of the module
        **FAST_NAMES,
    }
    lines = ["def pack(x):", _FIRST]
    for index, item in enumerate(fields):
        names |= {f"w{index}": item.write, f"k{index}": NATIVE.get(item.treated, item.treated)}
        if is_schema(item.treated):
            names[f"n{index}"] = nested(item.treated)
        lines.append(f" v{index} = x.{item.attribute}")
        lines += _packing(item, index)
    values = [f"v{index}" for index in range(len(fields))]
    or_null = [
        f"e.get({item.wire!r}, UNSET) if {value} is None else {value}"
        for item, value in zip(fields, values, strict=True)
    ]
    lines += [
        " e = x.extra",
        f" if not e: return struct({', '.join(values)})",
        " if nullable >= e.keys() and not any(e.values()):",
        f"  return explicit({', '.join(or_null)})",
        f" return with_extra(x, struct({', '.join(values)}))",
    ]
    return _compiled(cls, "pack", lines, names)


def _packing(item: Field, index: int) -> Iterator[str]:
    value = f"v{index}"
    if item.many:
        yield f" if {value}:"
        yield f"  if type({value}) is not tuple and type({value}) is not list: raise Mismatch('', {value})"
        doubt = _doubt(item, index).format("i")
        yield f"  {value} = [({_written(item, index, 'i')}) if {doubt} else i for i in {value}]"
        yield f" else: {value} = None"
        return
    doubt, written = _doubt(item, index).format(value), _written(item, index, value)
    if item.required:  # one that was missing, or of the wrong kind, when it was read is in ``extra``
        yield f" if {doubt}: {value} = UNSET if {value} is None and kept(x, {item.wire!r}) else {written}"
    else:
        yield f" if {value} is not None and ({doubt}): {value} = {written}"


def _is_kept(obj: Schema, name: str) -> bool:
    """Say whether ``extra`` stands for what an attribute does not have."""
    return name in obj.extra or WHOLE_RECORD in obj.extra


def _doubt(item: Field, index: int) -> str:
    """Return when a value must not go to the encoder as it is."""
    if item.treated in NATIVE or is_open_enum(item.treated):
        return f"type({{0}}) is not k{index}"
    return FAST_CHECKS.get(item.treated, "True")


def _written(item: Field, index: int, value: str) -> str:
    """Return the expression that writes a value which is in doubt."""
    written = f"w{index}({value})"
    return (
        f"n{index}({value}) if type({value}) is k{index} else {written}"
        if is_schema(item.treated)
        else written
    )


def _wire_names(fields: Sequence[Field]) -> dict[str, str]:
    return {item.attribute: item.wire for item in fields}


def _with_extra(
    fields: Mapping[str, Field],
    renamed: Sequence[Field],
    unknown: Callable[[], object],
    obj: Schema,
    struct: msgspec.Struct,
) -> Any:
    """Write ``extra`` back; an attribute that was changed since wins over the spelling it had.

    Args:
        fields: The fields, by their wire names.
        renamed: Those of them that have an older name.
        unknown: Called where ``extra`` holds a key that no attribute stands for.
        obj: The object.
        struct: Its struct.
    """
    if WHOLE_RECORD in obj.extra:
        return checked_json(obj.extra[WHOLE_RECORD])
    out: dict[str, Any] = msgspec.to_builtins(struct, builtin_types=(Decimal,))
    for key, value in obj.extra.items():
        item = fields.get(key)
        current = None if item is None else getattr(obj, item.attribute)
        if value is msgspec.UNSET:  # a required value that was not there
            continue
        if item is not None and item.treated in SPELLING_KEPT and value is not None:
            if item.is_spelling_of(value, current) or (current is None and not item.can_read(value)):
                out[key] = value
        elif item is None or current is None or current == ():
            out[key] = checked_json(value)
            if item is None:
                unknown()
    for item in renamed:
        if item.older and item.older in obj.extra and item.wire not in obj.extra:
            # One name of the two is written: the older one, unless the attribute was changed since.
            older, current = obj.extra[item.older], getattr(obj, item.attribute)
            unsaid = older in (None, [])
            is_as_read = item.nothing == current if unsaid else item.is_spelling_of(older, current)
            out.pop(item.wire if is_as_read else item.older, None)
    return out


def _compiled(cls: type, verb: str, lines: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    """Compile the generated source, and return its function."""
    source = "\n".join(lines)
    exec(compile(source, f"<{verb} {cls.__name__}>", "exec"), names)  # noqa: S102 (our own, as attrs does)
    return typing.cast("Callable[..., Any]", names[verb])
