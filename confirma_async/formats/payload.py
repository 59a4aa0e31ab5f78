"""Requests that are being filled: nested mappings of the built-in wire names."""

from __future__ import annotations

from functools import cache
from typing import Any

from attrs import define, field

from confirma_async.converters import Converter
from confirma_async.schemas import SalesInvoiceRequest


@define(init=False)
class Draft:
    """A request, or a part of one, that is being filled.

    Attributes:
        values: Its values so far, by built-in wire names.
        prefix: Its place in the request, as a JSON path that ends in a dot.
        all_origins: The origins of all parts of the request, by their prefixes.
        origins: The origin in the file of each value of this part, by its place.
    """

    values: dict[str, Any]
    prefix: str
    all_origins: dict[str, dict[str, Any]] = field(repr=False)
    origins: dict[str, Any] = field(repr=False)

    def __init__(self, prefix: str = "$.", all_origins: dict[str, dict[str, Any]] | None = None) -> None:
        # Not by factories such as dict[str, Any], which take ten times as long to make an empty one.
        self.values = {}
        self.prefix = prefix
        self.origins = {}
        self.all_origins = {} if all_origins is None else all_origins
        self.all_origins[prefix] = self.origins

    def put(self, place: str, value: Any, origin: object = None) -> None:
        """Put a value at a place such as ``invoice.header.date``; the objects on the way are made as needed.

        Args:
            place: The wire names from this part down, with dots between them.
            value: The value; nothing is put for None.
            origin: What it came from in the file, such as an element.
        """
        if value is None:
            return
        tree = self.values
        parents, name = _steps(place)
        for parent in parents:
            tree = tree.setdefault(parent, {})
        tree[name] = value
        if origin is not None:
            self.origins[place] = origin

    def move(self, place: str, to: str) -> None:
        """Move the value at a place of this part to another place, with its origin."""
        self.put(to, self.values.pop(place), self.origins.pop(place, None))

    def get(self, place: str) -> Any:
        """Return the value at a place; None where there is none."""
        found: Any = self.values
        for name in place.split("."):
            if name not in found:
                return None
            found = found[name]
        return found

    def origin_of(self, path: str) -> Any:
        """Return the origin in the file of the value at a JSON path of the request; None if it has none."""
        for prefix, origins in self.all_origins.items():
            if path.startswith(prefix):
                found = origins.get(path[len(prefix) :])
                if found is not None:
                    return found
        return None

    def part(self, place: str) -> Draft:
        """Return a draft of the object at a place. Fill it, then put it there by ``keep``."""
        return Draft(f"{self.prefix}{place}.", self.all_origins)

    def keep(self, part: Draft) -> None:
        """Put a part at its place, unless it is empty."""
        if part.values:
            put(self.values, part.prefix.removeprefix(self.prefix)[:-1], part.values)

    def items(self, place: str, count: int) -> list[Draft]:
        """Put a list of ``count`` objects at a place; return their drafts, to be filled one by one."""
        found = [Draft(f"{self.prefix}{place}[{index}].", self.all_origins) for index in range(count)]
        self.put(place, [each.values for each in found] or None)
        return found


def put(tree: dict[str, Any], place: str, value: Any) -> None:
    """Put a value at a place such as ``invoice.header.date``; the objects on the way are made as needed."""
    parents, name = _steps(place)
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[name] = value


@cache  # places are written in this package alone
def _steps(place: str) -> tuple[tuple[str, ...], str]:
    *parents, name = place.split(".")
    return tuple(parents), name


def request_from(tree: dict[str, Any]) -> SalesInvoiceRequest:
    """Return the request of a tree that is filled."""
    return plain_converter().structure(tree, SalesInvoiceRequest)


@cache
def plain_converter() -> Converter:
    """Return the converter of the built-in wire names, without any overrides."""
    return Converter()
