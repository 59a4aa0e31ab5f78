"""Between JSON and schemas: the only cattrs converter, and every wire convention.

The conventions (money exact, types exact, enums open, nothing lost) are one table of value kinds, ``_KINDS``.
Everything else turns a schema class and that table into two straight functions, one per direction.
"""

from __future__ import annotations

import datetime
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any, TypeVar

import attrs
import cattrs
import msgspec

from confirma_async.errors import Problem, RequestInvalidError, ResponseDecodeError
from confirma_async.schemas.values import Amount, InvoiceNumber, InvoiceNumberText, Moment, OpenEnum
from confirma_async.schemas.wire import WIRE_NAME, Schema, camel_case

T = TypeVar("T")
Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

AMOUNT_DECIMALS = 2
CENT = Decimal(1).scaleb(-AMOUNT_DECIMALS)
RULE = "type"
"""The id of the rule that a value of the wrong kind breaks."""


class WireMismatch(Exception):  # noqa: N818 (never leaves this module unexplained)
    """A value is not of the kind that its place wants. Carries no value, only its class."""

    def __init__(self, wanted: str, found: object) -> None:
        self.wanted = wanted
        self.found: str = "null" if found is None else type(found).__name__
        super().__init__(wanted)


# --- kinds of values --------------------------------------------------------------------------------


def _exactly(kind: type, wanted: str) -> Reader:
    def check(value: Any) -> Any:
        if type(value) is kind:
            return value
        raise WireMismatch(wanted, value)

    return check


def _read_decimal(value: Any) -> Decimal:
    if type(value) is Decimal:
        if value.is_finite():
            return value
    elif type(value) is int:
        return Decimal(value)
    raise WireMismatch("a finite JSON number", value)


def _has_cents_at_most(value: Decimal) -> bool:
    if value.same_quantum(CENT):  # the usual form, and four times quicker to ask
        return True
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -AMOUNT_DECIMALS


def _read_amount(value: Any) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if type(value) is Decimal and _has_cents_at_most(value):
        return value
    raise WireMismatch("an amount: a JSON number with at most two decimals", value)


def _write_decimal(value: Any) -> Decimal:
    if type(value) is Decimal and value.is_finite():
        return value
    raise WireMismatch("a finite Decimal", value)


def _write_amount(value: Any) -> Decimal:
    if type(value) is Decimal and _has_cents_at_most(value):
        return value
    raise WireMismatch("an amount: a Decimal with at most two decimals", value)


def _looks_like_a_date(value: str) -> bool:
    return len(value) == 10 and value[4] == "-" == value[7]


def _read_date(value: Any) -> datetime.date:
    if type(value) is str and _looks_like_a_date(value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    raise WireMismatch("a date as YYYY-MM-DD", value)


def _write_date(value: Any) -> str:
    if type(value) is datetime.date:
        return value.isoformat()
    raise WireMismatch("a datetime.date", value)


def _read_moment(value: Any) -> Moment:
    if type(value) is str:
        if _looks_like_a_date(value):
            return _read_date(value)
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if moment.tzinfo is not None:
                return moment
    raise WireMismatch("an ISO 8601 date, or date-time with its offset", value)


def _write_moment(value: Any) -> str:
    if type(value) is datetime.datetime and value.tzinfo is not None:
        utc = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return utc.isoformat(timespec="milliseconds" if utc.microsecond % 1000 == 0 else "microseconds") + "Z"
    if type(value) is datetime.date:
        return value.isoformat()
    raise WireMismatch("a datetime.date, or a datetime with its offset", value)


_WHOLE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


def _read_number(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is str and _WHOLE.fullmatch(value):
        return int(value)
    raise WireMismatch("a whole number", value)


def _read_number_text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise WireMismatch("text, or a whole number", value)


def _write_enum(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise WireMismatch("text", value)


_text = _exactly(str, "text")
_flag = _exactly(bool, "true or false")
_whole = _exactly(int, "a whole number")

_KINDS: Mapping[Any, tuple[Reader, Writer]] = {
    str: (_text, _text),
    bool: (_flag, _flag),
    int: (_whole, _whole),
    Decimal: (_read_decimal, _write_decimal),
    Amount: (_read_amount, _write_amount),
    datetime.date: (_read_date, _write_date),
    Moment: (_read_moment, _write_moment),
    InvoiceNumber: (_read_number, _whole),
    InvoiceNumberText: (_read_number_text, _text),
}
"""How each kind of value is read from JSON and written to it. No entry coerces."""

_CHECKED_IN_PLACE: Mapping[Any, str] = {str: "str", bool: "bool", int: "int", InvoiceNumber: "int"}
"""Kinds whose value is the same on both sides: the straight functions check the class where it stands."""


_IN_DOUBT: Mapping[Any, str] = {
    Decimal: "type({0}) is not Decimal or not {0}.is_finite()",
    Amount: "type({0}) is not Decimal or not {0}.same_quantum(CENT)",
}
"""Kinds whose usual form is asked for where it stands; only a doubtful value goes through its reader."""


def _raw(value: Any) -> Any:
    """A value kept in ``extra``, safe to encode: refused if it holds a number that JSON has no form for."""
    if type(value) is Decimal and not value.is_finite():
        raise WireMismatch("a finite Decimal", value)
    if type(value) is float and not isfinite(value):  # the encoder would write null in its place
        raise WireMismatch("a finite number", value)
    if isinstance(value, dict):
        return {key: _raw(item) for key, item in typing.cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_raw(item) for item in typing.cast("Sequence[Any]", value)]
    return value


# --- schemas ----------------------------------------------------------------------------------------


@attrs.frozen
class _Field:
    """One attribute of a schema, as the wire sees it."""

    attribute: str
    wire: str
    kind: Any
    many: bool
    required: bool
    absent: Any
    """What stands for the attribute on the wire when its key is missing; None when nothing does."""
    read: Reader
    write: Writer

    def read_any(self, value: Any) -> Any:
        if not self.many:
            return self.read(value)
        if type(value) is list:
            return tuple([self.read(item) for item in typing.cast("Sequence[Any]", value)])
        raise WireMismatch("an array", value)

    def write_any(self, value: Any) -> Any:
        if not self.many:
            return self.write(value)
        if isinstance(value, list | tuple):
            return [self.write(item) for item in typing.cast("Sequence[Any]", value)]
        raise WireMismatch("a list or tuple", value)


def _is_schema(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Schema)


def _is_open_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, OpenEnum)


def _kind_of(annotation: Any) -> tuple[Any, bool]:
    """The kind behind an annotation, without its ``None``, and whether it is a sequence of that kind."""
    if annotation == Moment | None:
        return Moment, False
    if typing.get_origin(annotation) is typing.Union or type(annotation).__name__ == "UnionType":
        (annotation,) = (arg for arg in typing.get_args(annotation) if arg is not type(None))
    if typing.get_origin(annotation) is Sequence:
        return typing.get_args(annotation)[0], True
    return annotation, False


def wire_names(cls: type[Schema], overrides: Mapping[str, str] | None = None) -> dict[str, str]:
    """The wire name of every attribute of a schema, with the overrides of ``Class.attribute`` applied."""
    overrides = overrides or {}
    return {
        item.name: overrides.get(
            f"{cls.__name__}.{item.name}", item.metadata.get(WIRE_NAME) or camel_case(item.name)
        )
        for item in attrs.fields(cls)
        if item.name != "extra"
    }


class Converter:
    """Reads and writes the schemas of the wire contract, as dicts or as JSON bytes.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._fields: dict[type[Schema], tuple[_Field, ...]] = {}
        self._decode = msgspec.json.Decoder(float_hook=Decimal).decode
        self._encode = msgspec.json.Encoder(decimal_format="number").encode
        self._cattrs = cattrs.Converter()
        for kind, (read, write) in _KINDS.items():
            self._cattrs.register_structure_hook_func(partial(_same, kind), partial(_as_hook, read))
            self._cattrs.register_unstructure_hook_func(partial(_same, kind), write)
        self._cattrs.register_structure_hook_func(_is_open_enum, _read_enum)
        self._cattrs.register_unstructure_hook_func(_is_open_enum, _write_enum)
        self._cattrs.register_structure_hook_factory(_is_schema, self._structure_function)
        self._cattrs.register_unstructure_hook_factory(_is_schema, self._unstructure_function)

    def structure(self, obj: object, cls: type[T]) -> T:
        """Reads a schema from a mapping of wire names.

        Raises:
            ResponseDecodeError: the object is not of that form; lists every place, prints no value.
        """
        try:
            return self._cattrs.structure(obj, cls)
        except (WireMismatch, KeyError, TypeError):
            problems = tuple(self._problems_reading(obj, cls, "$"))
            if not problems:
                raise
        raise ResponseDecodeError(f"this is not a {_title(cls)}", problems)

    def unstructure(self, obj: Schema) -> dict[str, Any]:
        """Writes a schema as a mapping of wire names; numbers stay Decimal, dates become text.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
        """
        try:
            return typing.cast("dict[str, Any]", self._cattrs.unstructure(obj))
        except (WireMismatch, AttributeError, TypeError, ValueError):
            problems = tuple(self._problems_writing(obj, type(obj), "$"))
            if not problems:
                raise
        raise RequestInvalidError(f"the {_title(type(obj))}", problems)

    def loads(self, data: bytes | str, cls: type[T]) -> T:
        """Reads a schema from JSON.

        Raises:
            ResponseDecodeError: it is not JSON, or not of that form.
        """
        return self.structure(self.parse(data), cls)

    def dumps(self, obj: Schema) -> bytes:
        """Writes a schema as JSON, decimals exactly as they are.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind.
        """
        return self.encode(self.unstructure(obj))

    def parse(self, data: bytes | str) -> Any:
        """Reads JSON into dicts, lists and exact Decimals.

        Raises:
            ResponseDecodeError: it is not JSON.
        """
        try:
            return self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
            reason = str(error) if isinstance(error, msgspec.DecodeError) else type(error).__name__
        raise ResponseDecodeError(f"this is not JSON: {reason}")

    def encode(self, obj: object) -> bytes:
        """Writes dicts, lists and Decimals as JSON.

        Raises:
            RequestInvalidError: something in it has no form in JSON, such as half of a surrogate pair.
        """
        try:
            return self._encode(obj)
        except (TypeError, ValueError):
            # Raised below, not here: the encoder's error may hold a value, and must not hang on ours.
            problems = tuple(self._problems_encoding(obj, "$"))
        raise RequestInvalidError("the body", problems)

    def _problems_encoding(self, obj: object, path: str) -> typing.Iterator[Problem]:
        if isinstance(obj, dict):
            for key, value in typing.cast("dict[object, object]", obj).items():
                yield from self._problems_encoding(key, f"{path} (a key)")
                step = key if isinstance(key, str) and key.isprintable() else ascii(key)
                yield from self._problems_encoding(value, f"{path}.{step}")
            return
        if isinstance(obj, list):
            for index, value in enumerate(typing.cast("list[object]", obj)):
                yield from self._problems_encoding(value, f"{path}[{index}]")
            return
        try:
            self._encode(obj)
        except UnicodeEncodeError:
            yield Problem(
                path, RULE, "must be text without half surrogates, which no encoding can carry", "str"
            )
        except (TypeError, ValueError):
            yield _problem(path, WireMismatch("a value that JSON has a form for", obj))

    def fields_of(self, cls: type[Schema]) -> tuple[_Field, ...]:
        """The fields of a schema as this converter reads and writes them."""
        if cls not in self._fields:
            self._fields[cls] = tuple(self._make_fields(cls))
        return self._fields[cls]

    def _make_fields(self, cls: type[Schema]) -> typing.Iterator[_Field]:
        hints = typing.get_type_hints(cls, include_extras=True)
        names = wire_names(cls, self._names)
        for item in attrs.fields(cls):
            if item.name == "extra":
                continue
            kind, many = _kind_of(hints[item.name])
            if kind in _KINDS:
                read, write = _KINDS[kind]
            elif _is_open_enum(kind):
                read, write = partial(_read_enum, cls=kind), _write_enum
            else:
                read = partial(self._read_nested, kind)
                write = partial(self._write_nested, kind)
            required = item.default is attrs.NOTHING
            absent = None if required or item.default is None or many else write(item.default)
            yield _Field(item.name, names[item.name], kind, many, required, absent, read, write)

    def _read_nested(self, cls: type[Schema], value: Any) -> Any:
        return self._cattrs.get_structure_hook(cls)(value, cls)

    def _write_nested(self, cls: type[Schema], value: Any) -> Any:
        if not isinstance(value, cls):
            raise WireMismatch(f"a {cls.__name__}", value)
        return self._cattrs.get_unstructure_hook(cls)(value)

    def _structure_function(self, cls: type[Schema]) -> Callable[[Any, Any], Any]:
        fields = self.fields_of(cls)
        known = frozenset(item.wire for item in fields)
        names: dict[str, Any] = {
            "cls": cls,
            "new": object.__new__,
            "set_extra": vars(Schema)["extra"].__set__,
            "known": known,
            "fields": fields,
            "odd": self._odd_spellings,
            "Mismatch": WireMismatch,
            "Decimal": Decimal,
            "CENT": CENT,
        }
        # A frozen class's own __init__ costs twice what its slots do, and its converters would run again.
        lines = ["def structure(o, _=None):", " if type(o) is not dict: raise Mismatch('an object', o)"]
        lines.append(" nulls, get = not known.issuperset(o), o.get")
        for index, item in enumerate(fields):
            names[f"r{index}"] = self._bound_reader(item)
            value = f"v{index}"
            if item.kind in _RESPELLED:
                names[f"w{index}"] = item.write
            if item.required or item.absent is not None:
                key = repr(item.wire)
                lines.append(
                    f" {value} = " + (f"o[{key}]" if item.required else f"get({key}, {item.absent!r})")
                )
                lines += _reading(item, value, f"r{index}", " ")
                if item.kind in _RESPELLED and not item.many:
                    lines.append(f" if w{index}({value}) != o[{key}]: nulls = True")
                continue
            absent = "()" if item.many else "None"
            lines.append(f" {value} = get({item.wire!r})")
            lines.append(f" if {value} is None:")
            lines.append(f"  {value} = {absent}")
            lines.append(f"  if not nulls and {item.wire!r} in o: nulls = True")
            lines.append(" else:")
            lines += _reading(item, value, f"r{index}", "  ")
            if item.many:
                lines.append(f"  if not {value}: nulls = True")
            elif item.kind in _RESPELLED:
                lines.append(f"  if w{index}({value}) != o[{item.wire!r}]: nulls = True")
        lines.append(" x = new(cls)")
        for index, item in enumerate(fields):
            lines.append(f" s{index}(x, v{index})")
            names[f"s{index}"] = getattr(cls, item.attribute).__set__
        lines.append(" set_extra(x, {})")
        lines.append(" return odd(o, fields, x) if nulls else x")
        return _compiled(cls, "structure", lines, names)

    def _unstructure_function(self, cls: type[Schema]) -> Callable[[Any], Any]:
        fields = self.fields_of(cls)
        names: dict[str, Any] = {
            "fields": fields,
            "merge": self._merge_extra,
            "Mismatch": WireMismatch,
            "Decimal": Decimal,
            "CENT": CENT,
        }
        lines = ["def unstructure(x):", " o = {}"]
        for index, item in enumerate(fields):
            names[f"w{index}"] = self._bound_writer(item)
            lines.append(f" v = x.{item.attribute}")
            indent = " "
            if not item.required:
                lines.append(" if v:" if item.many else " if v is not None:")
                indent = "  "
            if item.many:
                lines.append(
                    f"{indent}if type(v) is not tuple and type(v) is not list: raise Mismatch('a list', v)"
                )
                lines.append(
                    f"{indent}o[{item.wire!r}] = [{_writing(item, index, names, value='i')} for i in v]"
                )
            else:
                lines.append(f"{indent}o[{item.wire!r}] = {_writing(item, index, names)}")
        lines.append(" if x.extra: merge(o, fields, x)")
        lines.append(" return o")
        return _compiled(cls, "unstructure", lines, names)

    def _bound_reader(self, item: _Field) -> Reader:
        if _is_schema(item.kind):  # the straight function itself: one call less for each nested object
            return typing.cast("Reader", self._cattrs.get_structure_hook(item.kind))
        return item.read

    def _bound_writer(self, item: _Field) -> Writer:
        return self._cattrs.get_unstructure_hook(item.kind) if _is_schema(item.kind) else item.write

    def _odd_spellings(self, raw: dict[str, Any], fields: Sequence[_Field], obj: Schema) -> Schema:
        """Keeps in ``extra`` what writing the attributes alone would not bring back."""
        written = {item.wire: item for item in fields}
        extra: dict[str, Any] = {}
        for key, value in raw.items():
            item = written.get(key)
            if (
                item is None
                or value is None
                or value == []
                or (
                    item.kind in _RESPELLED
                    and not item.many
                    and item.write(getattr(obj, item.attribute)) != value
                )
            ):
                extra[key] = value
        return attrs.evolve(obj, extra=extra)

    def _merge_extra(self, out: dict[str, Any], fields: Sequence[_Field], obj: Schema) -> None:
        """Writes ``extra`` back; an attribute that was changed since wins over the spelling it had."""
        written = {item.wire: item for item in fields}
        for key, value in obj.extra.items():
            item = written.get(key)
            current = None if item is None else getattr(obj, item.attribute)
            if item is not None and item.kind in _RESPELLED and value is not None:
                if current is not None and item.read_any(value) == current:
                    out[key] = value
            elif item is None or current is None or current == ():
                out[key] = _raw(value)

    def _problems_reading(self, obj: Any, cls: Any, path: str) -> typing.Iterator[Problem]:
        if type(obj) is not dict:
            yield _problem(path, WireMismatch("an object", obj))
            return
        found = typing.cast("dict[str, Any]", obj)
        for item in self.fields_of(cls):
            place = f"{path}.{item.wire}"
            value = found.get(item.wire, item.absent)
            if value is None:
                if item.required:
                    yield Problem(place, RULE, "is required and missing")
                elif item.absent is not None:
                    yield _problem(place, WireMismatch("given, or left out", None))
                continue
            yield from self._problems_at(item, value, place, item.read, list, self._problems_reading)

    def _problems_writing(self, obj: Any, cls: Any, path: str) -> typing.Iterator[Problem]:
        if not isinstance(obj, cls):
            yield _problem(path, WireMismatch(f"a {cls.__name__}", obj))
            return
        for item in self.fields_of(cls):
            place = f"{path}.{item.wire}"
            value = getattr(obj, item.attribute)
            if value is None and not item.required:
                continue
            yield from self._problems_at(
                item, value, place, item.write, (list, tuple), self._problems_writing
            )
        try:
            _raw(dict(obj.extra))
        except WireMismatch as mismatch:
            yield _problem(f"{path} (extra)", mismatch)

    def _problems_at(
        self,
        item: _Field,
        value: Any,
        place: str,
        convert: Reader,
        sequences: Any,
        nested: Callable[[Any, Any, str], typing.Iterator[Problem]],
    ) -> typing.Iterator[Problem]:
        if item.many and not isinstance(value, sequences):
            yield _problem(place, WireMismatch("an array", value))
            return
        places = enumerate(value) if item.many else [(None, value)]
        for index, entry in places:
            where = place if index is None else f"{place}[{index}]"
            if _is_schema(item.kind):
                yield from nested(entry, item.kind, where)
                continue
            try:
                convert(entry)
            except WireMismatch as mismatch:
                yield _problem(where, mismatch)


_RESPELLED: frozenset[Any] = frozenset({Moment, InvoiceNumber, InvoiceNumberText})
"""Kinds that read more than one spelling of the same value."""


def _reading(item: _Field, value: str, reader: str, indent: str) -> list[str]:
    if item.many:
        return [
            f"{indent}if type({value}) is not list: raise Mismatch('an array', {value})",
            f"{indent}{value} = tuple([{reader}(i) for i in {value}])",
        ]
    if item.kind in _CHECKED_IN_PLACE and item.kind not in _RESPELLED:
        return [
            f"{indent}if type({value}) is not {_CHECKED_IN_PLACE[item.kind]}: raise Mismatch('', {value})"
        ]
    doubt = _IN_DOUBT.get(item.kind)
    if doubt is not None:
        return [f"{indent}if {doubt.format(value)}: {value} = {reader}({value})"]
    return [f"{indent}{value} = {reader}({value})"]


def _writing(item: _Field, index: int, names: dict[str, Any], value: str = "v") -> str:
    if _is_schema(item.kind):
        names[f"c{index}"] = item.kind
        names[f"d{index}"] = item.write
        return f"w{index}({value}) if type({value}) is c{index} else d{index}({value})"
    if item.kind in _CHECKED_IN_PLACE:
        return f"{value} if type({value}) is {_CHECKED_IN_PLACE[item.kind]} else w{index}({value})"
    doubt = _IN_DOUBT.get(item.kind)
    if doubt is not None:
        return f"w{index}({value}) if {doubt.format(value)} else {value}"
    return f"w{index}({value})"


def _compiled(cls: type, verb: str, lines: list[str], names: dict[str, Any]) -> Callable[..., Any]:
    source = "\n".join(lines)
    exec(compile(source, f"<{verb} {cls.__name__}>", "exec"), names)  # noqa: S102 (our own text, as attrs does)
    return typing.cast("Callable[..., Any]", names[verb])


def _read_enum(value: Any, cls: Any) -> Any:
    if type(value) is str:
        return cls.__members__.get(value) or cls(value)
    raise WireMismatch("text", value)


def _same(kind: Any, other: Any) -> bool:
    return bool(kind == other)


def _as_hook(read: Reader, value: Any, _cls: Any) -> Any:
    return read(value)


def _problem(path: str, mismatch: WireMismatch) -> Problem:
    return Problem(path, RULE, f"must be {mismatch.wanted}", mismatch.found)


def _title(cls: Any) -> str:
    return getattr(cls, "vendor_name", "") or getattr(cls, "__name__", str(cls))
