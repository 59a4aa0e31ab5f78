"""What do exact types, open enums and kept unknown keys cost, against the fastest thing there is?

Encodes and decodes a ten-row invoice through the SDK's converter and, in turns, through msgspec Structs that
are generated from the same schemas: the same wire names, Decimals as JSON numbers, dates, the same JSON. What
the Structs do not do: keep unknown keys, know enums, check the values of an object made in Python.

Read ``ratio``: the median over the rounds of the SDK over the Structs. ``parse`` and ``structure`` are the
two halves of decoding (bytes to dicts, dicts to schemas), ``unstructure`` and ``encode_dicts`` those of
encoding.
"""

from __future__ import annotations

import argparse
import datetime
import types
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from parts.figures import median, ratio, report, rounds_of, surroundings
from parts.sample import sample_invoice

from confirma_async.converters import Converter
from confirma_async.schemas import (
    Amount,
    InvoiceNumber,
    InvoiceNumberText,
    Moment,
    OpenEnum,
    SalesInvoiceRequest,
    Schema,
)

TARGET = 3.5
PLAIN: dict[Any, Any] = {
    Amount: Decimal,
    InvoiceNumber: int,
    InvoiceNumberText: str,
    Moment: datetime.datetime | datetime.date,
}
"""What a kind of value of ours is to msgspec, where the kind is not a plain class."""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="encode and decode over msgspec Structs")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=2000, help="calls per variant and round")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    rounds, calls = (2, 20) if options.quick else (options.rounds, options.calls)
    variants, size, values = _variants()
    taken = rounds_of(variants, rounds=rounds, calls=calls)
    ratios = {
        "encode": ratio(taken["encode"], taken["struct_encode"]),
        "decode": ratio(taken["decode"], taken["struct_decode"]),
    }
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "calls": calls,
            "bytes": size,
            "values": values,
            "cpu_us": {name: median(each) for name, each in taken.items()},
            "ratio": ratios,
            "target": TARGET,
            "met": all(found["median"] <= TARGET for found in ratios.values()),
        }
    )


def _variants() -> tuple[dict[str, Callable[[], object]], int, int]:
    converter, invoice = Converter(), sample_invoice()
    data = converter.dumps(invoice)
    tree = converter.parse(data)
    dicts = converter.unstructure(invoice)
    structs = _structs(SalesInvoiceRequest, converter)
    decode = msgspec.json.Decoder(structs).decode
    encode = msgspec.json.Encoder(decimal_format="number").encode
    struct = decode(data)
    if converter.parse(encode(struct)) != tree or converter.loads(data, SalesInvoiceRequest) != invoice:
        raise AssertionError("the two sides do not write the same JSON")
    variants: dict[str, Callable[[], object]] = {
        "struct_encode": lambda: encode(struct),
        "encode": lambda: converter.dumps(invoice),
        "unstructure": lambda: converter.unstructure(invoice),
        "encode_dicts": lambda: converter.encode(dicts),
        "struct_decode": lambda: decode(data),
        "decode": lambda: converter.loads(data, SalesInvoiceRequest),
        "parse": lambda: converter.parse(data),
        "structure": lambda: converter.structure(tree, SalesInvoiceRequest),
    }
    return variants, len(data), _values(tree)


def _structs(cls: type[Schema], converter: Converter) -> type[msgspec.Struct]:
    """Return a Struct class with the fields of a schema, and of the schemas below it."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for item in converter.fields_of(cls):
        kind = _plain(item.kind, converter)
        if item.many:
            fields.append((item.attribute, types.GenericAlias(tuple, (kind, ...)), ()))
        elif item.required or item.absent is not None:  # what has a default of ours is always written
            fields.append((item.attribute, kind))
        else:
            fields.append((item.attribute, kind | None, None))
    names = {item.attribute: item.wire for item in converter.fields_of(cls)}
    return msgspec.defstruct(cls.__name__, fields, rename=names, omit_defaults=True, kw_only=True)


def _plain(kind: Any, converter: Converter) -> Any:
    if kind in PLAIN:
        return PLAIN[kind]
    if issubclass(kind, Schema):
        return _structs(kind, converter)
    return str if issubclass(kind, OpenEnum) else kind


def _values(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(_values(item) for item in tree.values())
    return sum(_values(item) for item in tree) if isinstance(tree, list) else 1


if __name__ == "__main__":
    main()
