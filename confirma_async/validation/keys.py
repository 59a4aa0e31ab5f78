"""Keys of a request that the contract does not know: a slip of the pen, or newer than this version."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from confirma_async.converters import Converter
from confirma_async.converters.value_types import is_schema
from confirma_async.errors import Problem
from confirma_async.privacy import visible
from confirma_async.schemas.wire import Schema
from confirma_async.validation import rules

_LONGEST = 60


def unknown_keys(request: Schema, converter: Converter) -> list[Problem]:
    """Return every key of a request that no attribute stands for, once for each place in its rows.

    Args:
        request: The request, as it was read from a mapping.
        converter: What read it; overridden names count.
    """
    return [*dict.fromkeys(_unknown(request, converter, "$"))]


def _unknown(obj: Schema, converter: Converter, path: str) -> Iterator[Problem]:
    fields = converter.fields_of(type(obj))
    names = {item.wire for item in fields}
    for key in obj.extra.keys() - names - {item.older for item in fields}:
        near = difflib.get_close_matches(key.lower(), {name.lower(): name for name in names}, n=1)
        meant = next((name for name in names if near and name.lower() == near[0]), None)
        hint = f"did you mean {meant}?" if meant else "see the names on the page of evidence"
        message = f"is not known, and would be sent as it is; {hint}"
        yield Problem(f"{path}.{visible(key)[:_LONGEST]}", rules.UNKNOWN_KEY.id, message)
    for item in fields:
        if not is_schema(item.kind):
            continue
        value = getattr(obj, item.attribute)
        for each in value if item.many else (value,):
            if isinstance(each, Schema):
                step = f"{item.wire}[]" if item.many else item.wire
                yield from _unknown(each, converter, f"{path}.{step}")
