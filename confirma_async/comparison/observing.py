"""What answers show of the names of the contract: counted, and no value is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field

from confirma_async.comparison.findings import ContractFinding, FindingKind
from confirma_async.comparison.json_values import as_array, as_object
from confirma_async.comparison.matching import matched
from confirma_async.contract import Operation, Overrides
from confirma_async.contract.places import as_usual, moved, usual_place
from confirma_async.converters import Converter
from confirma_async.converters.codecs import Field
from confirma_async.converters.value_types import JSON_TYPE_NAMES, WireMismatch, is_schema
from confirma_async.schemas.wire import Schema

MOST_RECORDS = 200
"""Records of one list that are looked at."""
MOST_NAMES = 2000
"""Names that are kept that the contract does not know."""


def kind_name(value: object) -> str:
    """Return the kind of a JSON value, in words."""
    return JSON_TYPE_NAMES["null"] if value is None else JSON_TYPE_NAMES.get(type(value).__name__, "value")


@define
class _UnknownName:
    """A key that the contract does not know: where it stands, and which attributes could be meant."""

    place: str
    kinds: Counter[str] = field(factory=Counter[str])
    fits: set[str] | None = None


@define
class AnswerObservations:
    """What answers have shown so far.

    Attributes:
        converter: Reads under the names in force.
        overrides: Where lists stand.
    """

    converter: Converter
    overrides: Overrides
    seen: Counter[str] = field(factory=Counter[str])
    _objects: dict[str, type[Schema]] = field(factory=dict[str, type[Schema]])
    _unknown: dict[tuple[str, str], _UnknownName] = field(factory=dict[tuple[str, str], _UnknownName])
    _wrong: Counter[tuple[str, str, str, str]] = field(factory=Counter[tuple[str, str, str, str]])
    _places: dict[str, ContractFinding] = field(factory=dict[str, ContractFinding])

    def note(self, operation: Operation[object], found: Any) -> None:
        """Take in the JSON of an answer."""
        found = as_usual(found, operation, self.overrides.lists, self.converter)
        listed, answer = as_array(found), as_object(found)
        if operation.bare_array and listed is not None:
            self._list(operation.response, listed, "$")
        elif not operation.bare_array and answer is not None and not self._has_moved(operation, answer):
            self._object(operation.response, answer, "$")
        else:
            self._elsewhere(operation, found)

    def findings(self) -> Iterator[ContractFinding]:
        """Yield what it all comes to."""
        yield from self._places.values()
        for (name, place, wanted, found), count in self._wrong.items():
            message = f"{place}: expected {wanted}, found {found}"
            yield ContractFinding(FindingKind.DIFFERS, "kind", name, message, count=count)
        for name, count in self.seen.items():
            yield ContractFinding(FindingKind.CONFIRMED, "name", name, "seen in an answer", count=count)
        for cls in self._objects.values():
            yield from self._of_class(cls)

    def _of_class(self, cls: type[Schema]) -> Iterator[ContractFinding]:
        fields = {item.attribute: item for item in self.converter.fields_of(cls)}
        missing = {name for name in fields if f"{cls.__name__}.{name}" not in self.seen}
        unknown = {key: known for (owner, key), known in self._unknown.items() if owner == cls.__name__}
        candidates = {key: (known.fits or set()) & missing for key, known in unknown.items()}
        taken = matched(candidates, {name: fields[name].wire for name in missing})
        for key, known in unknown.items():
            message, count = f"{known.place} ({', '.join(known.kinds)}) is not known", known.kinds.total()
            if key not in taken:
                yield ContractFinding(FindingKind.UNKNOWN, "name", known.place, message, count=count)
                continue
            attribute, sure = taken[key]
            name = f"{cls.__name__}.{attribute}"
            message += f", and {fields[attribute].wire} was never there: one may be the other"
            yield ContractFinding(
                FindingKind.DIFFERS,
                "name",
                name,
                message,
                correction=("names", name, key),
                sure=sure,
                count=count,
            )
        for attribute in sorted(missing - {attribute for attribute, _ in taken.values()}):
            message = f"{fields[attribute].wire} was in no answer"
            yield ContractFinding(FindingKind.NEVER_SEEN, "name", f"{cls.__name__}.{attribute}", message)

    def _has_moved(self, operation: Operation[object], answer: Mapping[str, Any]) -> bool:
        """Say whether the list of an answer stands further in than it should."""
        if not operation.lists:
            return False
        there = answer.get(usual_place(operation, self.converter))
        return not isinstance(there, list) and "." in (_only_list(answer) or "")

    def _elsewhere(self, operation: Operation[object], found: object) -> None:
        """Note that the list of an answer does not stand where it should."""
        where = "$" if as_array(found) is not None else _only_list(found)
        wanted = usual_place(operation, self.converter) if operation.lists else "an object"
        message = f"expected {'an array' if operation.bare_array else 'an object'}, found {kind_name(found)}"
        correction = None
        if operation.lists and where is not None:
            message = f"the list stands at {where}, not at {wanted}"
            correction = ("lists", operation.name, where)
            inner = as_array(found if where == "$" else moved(found, where, "$"))
            self._list(record_of(operation, self.converter), inner or (), "$")
        self._places[operation.name] = ContractFinding(
            FindingKind.DIFFERS, "list", operation.name, message, correction=correction
        )

    def _list(self, cls: type[Schema], found: Sequence[Any], place: str) -> None:
        for each in found[:MOST_RECORDS]:
            if (record := as_object(each)) is not None:
                self._object(cls, record, f"{place}[]")
            else:
                self._wrong[cls.__name__, f"{place}[]", "an object", kind_name(each)] += 1

    def _object(self, cls: type[Schema], found: Mapping[str, Any], place: str) -> None:
        fields = self.converter.fields_of(cls)
        names = {name: item for item in fields for name in (item.wire, item.older) if name}
        self._objects.setdefault(cls.__name__, cls)
        for key, value in found.items():
            item = names.get(key)
            if item is None:
                self._note_unknown(cls, fields, key, value, f"{place}.{key}")
            else:
                self._known(cls, item, value, f"{place}.{key}")

    def _known(self, cls: type[Schema], item: Field, value: Any, place: str) -> None:
        name = f"{cls.__name__}.{item.attribute}"
        self.seen[name] += 1
        if value is None:
            return
        listed, below = as_array(value), as_object(value)
        if item.many and listed is not None:
            if is_schema(item.kind):
                self._list(item.kind, listed, place)
        elif is_schema(item.kind) and below is not None and not item.many:
            self._object(item.kind, below, place)
        elif item.many or is_schema(item.kind):
            wanted = "an array" if item.many else "an object"
            self._wrong[name, place, wanted, kind_name(value)] += 1
        else:
            try:
                item.read(value)
            except WireMismatch as mismatch:
                self._wrong[name, place, mismatch.wanted, kind_name(value)] += 1

    def _note_unknown(
        self, cls: type[Schema], fields: Sequence[Field], key: str, value: Any, place: str
    ) -> None:
        owner = cls.__name__, key
        if owner not in self._unknown and len(self._unknown) >= MOST_NAMES:
            return
        known = self._unknown.setdefault(owner, _UnknownName(place))
        known.kinds[kind_name(value)] += 1
        if value is not None:
            fits = {item.attribute for item in fields if _fits(item, value, self.converter)}
            known.fits = fits if known.fits is None else known.fits & fits


def _fits(item: Field, value: Any, converter: Converter) -> bool:
    """Say whether a value could be that of an attribute, by its kind and, for an object, by what it holds."""
    if item.many:
        inner = as_array(value)
        return inner is not None and (not inner or _fits_one(item, inner[0], converter))
    return _fits_one(item, value, converter)


def _fits_one(item: Field, value: Any, converter: Converter) -> bool:
    if not is_schema(item.kind):
        return item.can_read(value)
    found = as_object(value)
    if found is None:
        return False
    names = {each.wire for each in converter.fields_of(item.kind)}
    return not found or 2 * len(names & found.keys()) >= len(found)


def _only_list(found: Any, path: str = "") -> str | None:
    """Return where the only list of objects in an answer stands, at most three deep.

    None where there is not one.
    """
    answer = as_object(found)
    if answer is None or path.count(".") > 2:
        return None
    places: list[str] = []
    for key, value in answer.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, list):
            places.append(here)
        elif inner := _only_list(value, here):
            places.append(inner)
    return places[0] if len(places) == 1 else None


def record_of(operation: Operation[object], converter: Converter) -> type[Schema]:
    """Return the schema of a record in the list that an operation answers with."""
    return operation.response if operation.bare_array else list_of(operation, converter).kind


def list_of(operation: Operation[object], converter: Converter) -> Field:
    """Return the attribute of an answer that holds its list."""
    fields = converter.fields_of(operation.response)
    return next(item for item in fields if item.many and is_schema(item.kind))
