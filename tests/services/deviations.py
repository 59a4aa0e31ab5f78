"""Random ways in which a service may differ from the contract, as what its sandbox and its document say."""

from __future__ import annotations

import random
import re
from typing import Any

from attrs import frozen

from confirma_async.contract import OPERATIONS, Overrides, schema_classes
from confirma_async.converters import Converter, Field
from confirma_async.sandbox.openapi import document
from confirma_async.schemas import Schema

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_OTHER = {"amount": "amt", "number": "no", "identifier": "id", "reference": "ref", "description": "text"}
_KEEP = {"InvoiceHeader.number", "TokenValidity.is_valid", "TokenRenewal.message", "InvoiceReceipt.status"}
"""Names without which a service would be no service, or that tests spell out."""


_LISTS = {
    f"{operation.response.__name__}.{item.attribute}"
    for operation in OPERATIONS.values()
    if operation.lists and not operation.bare_array
    for item in Converter().fields_of(operation.response)
    if item.many
}
"""The lists of answers: where they stand is told of the operation."""


def other_name(name: str, chance: random.Random) -> str:
    """The same name as somebody else would write it."""
    words: list[str] = [word.lower() for word in _WORD.findall(name)]
    style = chance.randrange(4)
    if style == 0 and len(words) > 1:
        words.reverse()
    elif style == 1 and any(word in _OTHER for word in words):
        words = [_OTHER.get(word, word) for word in words]
    elif style == 2:
        return "_".join(words) if len(words) > 1 else f"{words[0]}_value"
    else:
        words = ["invoice" if words[0] != "invoice" else "the", *words]
    return words[0] + "".join(word.title() for word in words[1:])


def deviating(seed: int) -> Overrides:
    """Renamed names, other methods, other paths, and lists that stand elsewhere: what overrides can say."""
    chance = random.Random(seed)
    names: dict[str, str] = {}
    classes = [cls for name, cls in schema_classes().items() if name in REACHED and name != "AccountingQuery"]
    while len(names) < 18:
        cls: type[Schema] = chance.choice(classes)
        item: Field = chance.choice(Converter().fields_of(cls))
        key = f"{cls.__name__}.{item.attribute}"
        taken = {each.wire for each in Converter().fields_of(cls)} | {*names.values()}
        new = other_name(item.wire, chance)
        if item.many and key in _LISTS:
            continue
        if key in _KEEP or new in taken or any(each.startswith(f"{cls.__name__}.") for each in names):
            continue
        names[key] = new
    paths = {
        name: f"/api/v1/partner/other/{index}/{name.split('.')[1].replace('_', '-')}"
        for index, name in enumerate(chance.sample([*OPERATIONS], 4))
    }
    reads = [name for name, operation in OPERATIONS.items() if operation.method == "GET"]
    methods = dict.fromkeys(chance.sample([name for name in reads if not _shares(name)], 3), "POST")
    lists = [name for name, operation in OPERATIONS.items() if operation.lists]
    where = ["data.items", "body.records", "outer.inner.list"]
    places = {name: chance.choice(where) for name in chance.sample(lists, 3)}
    return Overrides(paths=paths, methods=methods, names=names, lists=places, forced=True)


def _shares(name: str) -> bool:
    """Whether another operation has the same path."""
    return sum(each.path == OPERATIONS[name].path for each in OPERATIONS.values()) > 1


def _reached() -> set[str]:
    return {*document()["components"]["schemas"]} | {
        operation.query.__name__ for operation in OPERATIONS.values() if operation.query
    }


REACHED = _reached()


@frozen
class Reported:
    """What a comparison has to tell of a deviation: of what, and a word of it."""

    what: str
    about: str


def deviated(overrides: Overrides, seed: int) -> tuple[dict[str, Any], list[Reported]]:
    """The document of such a service, with names that are missing, added, re-typed or moved besides."""
    chance = random.Random(seed)
    found = document(overrides)
    schemas = found["components"]["schemas"]
    converter = Converter(overrides.names)
    reported = [
        *(Reported("name", name) for name in overrides.names),
        *(Reported("path", name) for name in overrides.paths),
        *(Reported("method", name) for name in overrides.methods),
        *(Reported("list", name) for name in overrides.lists),
    ]
    renamed = {name.split(".")[0] for name in overrides.names}
    plain = [
        (cls.__name__, item)
        for cls in schema_classes().values()
        if cls.__name__ in schemas and cls.__name__ not in renamed
        for item in converter.fields_of(cls)
        if not item.many and item.kind is str and len(converter.fields_of(cls)) > 3
    ]
    chance.shuffle(plain)
    used: set[str] = set()
    for way in ("missing", "added", "re-typed", "moved") * 4:
        name, item = next(pair for pair in plain if pair[0] not in used)
        used.add(name)
        properties = schemas[name]["properties"]
        if way == "missing":
            properties.pop(item.wire)
            reported.append(Reported("name", f"{name}.{item.attribute}"))
        elif way == "added":
            properties["sparePart"] = {"type": "array", "items": {"type": "boolean"}}
            reported.append(Reported("name", f"{name} sparePart"))
        elif way == "re-typed":
            properties[item.wire] = {"type": "array", "items": {"type": "integer"}}
            reported.append(Reported("kind", f"{name}.{item.attribute}"))
        else:
            properties["inner"] = {"type": "object", "properties": {item.wire: properties.pop(item.wire)}}
            reported.append(Reported("place", f"{name}.{item.attribute}"))
    return found, reported
