"""The vendor's own document, OpenAPI 3.0 or 3.1, compared with the contract path by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from confirma_async.comparison.findings import ContractComparison, ContractFinding, FindingKind
from confirma_async.comparison.kinds import accepts, types_in_words
from confirma_async.comparison.matching import matched
from confirma_async.comparison.observing import list_of, record_of
from confirma_async.comparison.reading import ContractDocument, DocumentedOperation, read_document
from confirma_async.contract import OPERATIONS, Operation, Overrides
from confirma_async.contract.places import WHOLE, usual_place
from confirma_async.converters import Converter
from confirma_async.converters.codecs import Field
from confirma_async.converters.value_types import is_open_enum, is_schema
from confirma_async.errors import DocumentError
from confirma_async.schemas.wire import Schema

_ALIKE = 0.5
"""The share of names that two schemas have in common, above which they count as the same one."""


def compare(file: str | Path, overrides: Overrides | None = None) -> ContractComparison:
    """Compare a document with the contract.

    Args:
        file: OpenAPI 3.0 or 3.1, as JSON or YAML; or a folder of Markdown pages that hold it in blocks.
        overrides: Corrections that are in force already.

    Raises:
        DocumentError: it is no such document, or of another API.
    """
    known = overrides or Overrides()
    return _Comparing(read_document(Path(file)), Converter(known.names), known).compared(Path(file).name)


@define
class _Comparing:
    document: ContractDocument
    converter: Converter
    overrides: Overrides
    found: list[ContractFinding] = field(factory=list[ContractFinding])
    _compared: set[str] = field(factory=set[str])

    def compared(self, source: str) -> ContractComparison:
        entries = list(self.document.operations())
        pairs = self._paired(entries)
        if not any(operation.path.endswith(entry.path) for operation, entry in pairs.items()):
            raise DocumentError(f"{source} is of another API: it has none of the paths of this one")
        for operation, entry in pairs.items():
            self._operation(operation, entry)
        for name, operation in OPERATIONS.items():
            if name not in {each.name for each in pairs}:
                message = f"{operation.method} {operation.path} is not in it"
                self._add(FindingKind.NEVER_SEEN, "path", name, message)
        for entry in entries:
            if entry not in pairs.values():
                place = f"{entry.method} {entry.path}"
                self._add(FindingKind.UNKNOWN, "path", place, "the contract does not have it")
        return ContractComparison(source=source, findings=self.found)

    def _paired(self, entries: Sequence[DocumentedOperation]) -> dict[Operation[object], DocumentedOperation]:
        """Return which operation of the document is which of ours.

        By path and method, path, page, then contents.
        """
        pairs: dict[Operation[object], DocumentedOperation] = {}
        left = list(entries)
        ours = [self.overrides.applied(each) for each in OPERATIONS.values()]

        def take(fits: Callable[[Operation[object], DocumentedOperation], bool]) -> None:
            for operation in ours:
                if operation in pairs:
                    continue
                fitting = [entry for entry in left if fits(operation, entry)]
                rivals = [
                    other
                    for other in ours
                    if other not in pairs
                    and other is not operation
                    and any(fits(other, each) for each in fitting)
                ]
                if len(fitting) == 1 and not rivals:
                    pairs[operation] = fitting[0]
                    left.remove(fitting[0])

        take(lambda ours, its: (its.method, its.path) == (ours.method, ours.path))
        take(lambda ours, its: its.path == ours.path)
        take(lambda ours, its: its.method == ours.method and its.title == ours.page)
        take(lambda ours, its: its.title == ours.page)
        take(lambda ours, its: its.method == ours.method and self._alike(ours, its) >= _ALIKE)
        return pairs

    def _alike(self, operation: Operation[object], entry: DocumentedOperation) -> float:
        """Return the share of names in common of request and answer."""
        shares: list[float] = []
        request = self.document.request_of(entry.content)
        if operation.request is not None and request:
            shares.append(self._share(operation.request, request))
        answer = self.document.answer_of(entry.content)
        if answer:
            inner = self.document.items_of(answer) if operation.bare_array else answer
            shares.append(self._share(operation.response, inner or answer))
        return max(shares, default=0.0)

    def _share(self, cls: type[Schema], schema: Mapping[str, Any]) -> float:
        names = {item.wire for item in self.converter.fields_of(cls)}
        theirs = self.document.properties(schema).keys()
        return len(names & theirs) / max(len(names), len(theirs), 1)

    def _operation(self, operation: Operation[object], entry: DocumentedOperation) -> None:
        shipped = OPERATIONS[operation.name]
        name, firm = operation.name, entry.path == operation.path or entry.title == shipped.page
        if entry.path != operation.path:
            message = f"it is {entry.path}, not {operation.path}"
            self._add(FindingKind.DIFFERS, "path", name, message, ("paths", name, entry.path), sure=firm)
        if entry.method != operation.method:
            message = f"it is {entry.method}, not {operation.method}"
            self._add(
                FindingKind.DIFFERS, "method", name, message, ("methods", name, entry.method), sure=firm
            )
        if entry.path == operation.path and entry.method == operation.method:
            self._add(FindingKind.CONFIRMED, "path", name, f"{entry.method} {entry.path} is in it")
        if operation.query is not None:
            self._schema(operation.query, self.document.query_of(entry.content), f"{name} query")
        request = self.document.request_of(entry.content)
        if operation.request is not None and request:
            self._schema(operation.request, request, f"{name} request")
        answer = self.document.answer_of(entry.content)
        if answer:
            self._answer(operation, answer)

    def _answer(self, operation: Operation[object], answer: Mapping[str, Any]) -> None:
        if not operation.lists:
            self._schema(operation.response, answer, f"{operation.name} answer")
            return
        place = self.overrides.lists.get(operation.name) or usual_place(operation, self.converter)
        record = record_of(operation, self.converter)
        _, where = self._place_of_list(answer, record) or (0.0, place)
        if where == place or (not operation.bare_array and "." not in where and where != WHOLE):
            inner = self.document.items_of(answer) if operation.bare_array else answer
            if inner is not None:
                self._schema(operation.response, inner, f"{operation.name} answer")
            elif operation.bare_array:
                self._add(FindingKind.DIFFERS, "list", operation.name, "the answer is no list")
            return
        message = f"the list stands at {where}, not at {place}"
        self._add(FindingKind.DIFFERS, "list", operation.name, message, ("lists", operation.name, where))
        items = self.document.items_of(self.document.at(answer, where))
        if items is not None:
            self._schema(record, items, f"{operation.name} answer {where}[]")
        if not operation.bare_array and where != WHOLE:
            left = {list_of(operation, self.converter).attribute}
            self._schema(
                operation.response, answer, f"{operation.name} answer", leave=left, ours={where.split(".")[0]}
            )

    def _place_of_list(
        self, answer: Mapping[str, Any], record: type[Schema], path: str = ""
    ) -> tuple[float, str] | None:
        """Return where the list of an answer stands, after the share of our names that its records have.

        Of several lists it is the one with the greatest share.
        """
        items = self.document.items_of(answer)
        if items is not None:
            return self._share(record, items), path or WHOLE
        if path.count(".") >= 3:
            return None
        below = self.document.properties(answer).items()
        found = [
            self._place_of_list(inner, record, f"{path}.{name}" if path else name) for name, inner in below
        ]
        return max(filter(None, found), key=lambda each: each[0], default=None)

    def _schema(
        self,
        cls: type[Schema],
        schema: Mapping[str, Any],
        place: str,
        *,
        leave: set[str] | None = None,
        ours: set[str] | None = None,
    ) -> None:
        """Compare a schema with a class, once for each class."""
        if cls.__name__ in self._compared:
            return
        self._compared.add(cls.__name__)
        properties = {
            name: each for name, each in self.document.properties(schema).items() if name not in (ours or ())
        }
        if not properties:
            return
        fields = [item for item in self.converter.fields_of(cls) if item.attribute not in (leave or ())]
        present = {
            item.attribute: name for item in fields for name in (item.older, item.wire) if name in properties
        }
        missing = {item.attribute: item for item in fields if item.attribute not in present}
        unknown = {name: each for name, each in properties.items() if name not in present.values()}
        fits = {
            name: {attribute for attribute, item in missing.items() if self._fits(item, each)}
            for name, each in unknown.items()
        }
        taken = matched(fits, {attribute: item.wire for attribute, item in missing.items()})
        required = self.document.required(schema)
        found = present | {attribute: name for name, (attribute, _) in taken.items()}
        for item in fields:
            if (wire := found.get(item.attribute)) is not None:
                name = f"{cls.__name__}.{item.attribute}"
                if wire in taken:
                    message = f"{place}: it is {wire}, not {item.wire}"
                    sure = taken[wire][1]
                    self._add(FindingKind.DIFFERS, "name", name, message, ("names", name, wire), sure=sure)
                else:
                    self._add(FindingKind.CONFIRMED, "name", name, f"{place}: {wire} is in it")
                if required and item.required != (wire in required):
                    message = f"{place}: {wire} is {'' if wire in required else 'not '}required"
                    self._add(FindingKind.DIFFERS, "required", name, message)
                self._attribute(name, item, wire, properties[wire], place)
        for name, each in unknown.items():
            if name not in taken:
                message = f"{place}: {name} ({types_in_words(self.document, each)}) is not known"
                self._add(FindingKind.UNKNOWN, "name", f"{cls.__name__} {name}", message)
        moved = set(missing) - {attribute for attribute, _ in taken.values()}
        for attribute in sorted(moved):
            self._missing(cls, missing[attribute], unknown, place)

    def _attribute(self, name: str, item: Field, wire: str, schema: Mapping[str, Any], place: str) -> None:
        """Compare what stands under a name with the kind of an attribute."""
        one = self.document.items_of(schema) if item.many else schema
        if one is None or not accepts(item.kind, one, self.document):
            types = types_in_words(self.document, schema)
            message = f"{place}: {item.wire} is {types}, which is not read there"
            self._add(FindingKind.DIFFERS, "kind", name, message)
        elif is_open_enum(item.kind):
            more = sorted(self.document.words(one) - {str(word) for word in item.kind})
            if more:
                message = f"{place}: {', '.join(more[:10])} may be its value, too"
                self._add(FindingKind.DIFFERS, "words", name, message)
        if is_schema(item.kind) and one is not None:
            self._schema(item.kind, one, f"{place}.{wire}{'[]' if item.many else ''}")

    def _missing(
        self, cls: type[Schema], item: Field, unknown: Mapping[str, Mapping[str, Any]], place: str
    ) -> None:
        name = f"{cls.__name__}.{item.attribute}"
        inside = [
            key
            for key, each in unknown.items()
            if item.wire in self.document.properties(self.document.items_of(each) or each)
        ]
        if inside:
            message = f"{place}: {item.wire} stands one level further in, in {inside[0]}"
            self._add(FindingKind.DIFFERS, "place", name, message)
        else:
            self._add(FindingKind.NEVER_SEEN, "name", name, f"{place}: {item.wire} is not in it")

    def _fits(self, item: Field, schema: Mapping[str, Any]) -> bool:
        one = self.document.items_of(schema)
        if item.many != (one is not None):
            return False
        one = one or schema
        if not accepts(item.kind, one, self.document):
            return False
        return not is_schema(item.kind) or self._share(item.kind, one) >= _ALIKE

    def _add(
        self,
        standing: FindingKind,
        what: str,
        about: str,
        message: str,
        correction: tuple[str, str, str] | None = None,
        *,
        sure: bool = True,
    ) -> None:
        self.found.append(ContractFinding(standing, what, about, message, correction=correction, sure=sure))
