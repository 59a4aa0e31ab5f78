"""Where the list of an answer stands, and how it is moved to where the schema has it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from confirma_async.contract.operations import Operation
from confirma_async.converters import Converter

WHOLE = "$"
"""The place of a list that is the whole answer."""


def usual_place(operation: Operation[object], converter: Converter) -> str:
    """Return where the schema of an answer has its list."""
    if operation.bare_array:
        return WHOLE
    return next(item.wire for item in converter.fields_of(operation.response) if item.many)


def moved(answer: Any, source: str, target: str) -> Any:
    """Return the same answer with its list in another place; unchanged where it has none at the source.

    Args:
        answer: The JSON of an answer, which is not changed.
        source: Where the list stands.
        target: Where it is to stand.
    """
    found, rest = _taken(answer, [] if source == WHOLE else source.split("."))
    if found is None:
        return answer
    if target == WHOLE:
        return found
    return _put(rest, target.split("."), found)


def as_usual(
    answer: Any, operation: Operation[object], lists: Mapping[str, str], converter: Converter
) -> Any:
    """Return an answer with its list where the schema has it.

    Args:
        answer: The JSON of an answer, which is not changed.
        operation: What it is the answer to.
        lists: Where lists stand, by operation name, as the overrides say.
        converter: Knows the schema.
    """
    place = lists.get(operation.name)
    return answer if place is None else moved(answer, place, usual_place(operation, converter))


def _taken(answer: Any, names: list[str]) -> tuple[Any, dict[str, Any]]:
    if not names:
        return answer, {}
    if not isinstance(answer, Mapping):
        return None, {}
    rest = dict(cast("Mapping[str, Any]", answer))
    head, *tail = names
    if not tail:
        return rest.pop(head, None), rest
    found, inner = _taken(rest.get(head), tail)
    if inner:
        rest[head] = inner
    else:
        rest.pop(head, None)
    return found, rest


def _put(answer: dict[str, Any], names: list[str], found: Any) -> dict[str, Any]:
    head, *tail = names
    if not tail:
        return {**answer, head: found}
    inner = answer.get(head)
    below = dict(cast("Mapping[str, Any]", inner)) if isinstance(inner, Mapping) else {}
    return {**answer, head: _put(below, tail, found)}
