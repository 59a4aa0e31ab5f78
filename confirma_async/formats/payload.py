"""Requests under construction: nested mappings of the built-in wire names, filled place by place."""

from __future__ import annotations

from functools import cache
from typing import Any

from confirma_async.converters import Converter
from confirma_async.schemas import SalesInvoiceRequest


def put(tree: dict[str, Any], place: str, value: Any) -> None:
    """Puts a value at a place such as ``invoice.header.date``; the objects on the way are made as needed.

    None is no value: nothing is put.
    """
    if value is None:
        return
    *parents, name = place.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[name] = value


def request_from(tree: dict[str, Any]) -> SalesInvoiceRequest:
    """The request that a filled tree stands for."""
    return plain_converter().structure(tree, SalesInvoiceRequest)


@cache
def plain_converter() -> Converter:
    """The converter of the built-in wire names, whatever is overridden elsewhere; made once, being slow."""
    return Converter()
