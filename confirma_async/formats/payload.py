"""Requests under construction: nested mappings of the built-in wire names, filled place by place."""

from __future__ import annotations

from functools import cache
from typing import Any

from attrs import field, frozen

from confirma_async.converters import Converter
from confirma_async.schemas import SalesInvoiceRequest


@frozen
class Draft:
    """A request, or a part of one, that is being filled.

    Attributes:
        values: What it holds so far, by built-in wire names.
        prefix: Where it stands in the request, as a JSON path that ends in a dot.
        origins: By JSON path, what of the file each value came from.
    """

    values: dict[str, Any] = field(factory=dict[str, Any])
    prefix: str = "$."
    origins: dict[str, Any] = field(factory=dict[str, Any], repr=False)

    def put(self, place: str, value: Any, origin: object = None) -> None:
        """Put a value at a place such as ``invoice.header.date``; the objects on the way are made as needed.

        Args:
            place: Where it goes.
            value: The value; None is none, and nothing is put.
            origin: What of the file it came from.
        """
        if value is None:
            return
        if "." in place:
            put(self.values, place, value)
        else:
            self.values[place] = value
        if origin is not None:
            self.origins[self.prefix + place] = origin

    def get(self, place: str) -> Any:
        """Return the value at a place; None where there is none."""
        found: Any = self.values
        for name in place.split("."):
            if name not in found:
                return None
            found = found[name]
        return found

    def part(self, place: str) -> Draft:
        """Return the object at a place, to be filled by itself; ``keep`` puts it there."""
        return Draft({}, f"{self.prefix}{place}.", self.origins)

    def keep(self, part: Draft) -> None:
        """Put a part where it belongs, unless there is nothing in it."""
        if part.values:
            put(self.values, part.prefix.removeprefix(self.prefix)[:-1], part.values)

    def items(self, place: str, count: int) -> list[Draft]:
        """Return so many objects of a list at a place, to be filled one by one."""
        found = [Draft({}, f"{self.prefix}{place}[{index}].", self.origins) for index in range(count)]
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
    """Return the request that a filled tree stands for."""
    return plain_converter().structure(tree, SalesInvoiceRequest)


@cache
def plain_converter() -> Converter:
    """Return the converter of the built-in wire names, whatever is overridden elsewhere.

    Made once, being slow.
    """
    return Converter()
