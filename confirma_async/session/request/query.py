"""Makes the query of a request from the parameters of its verb and those that its caller adds."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from confirma_async.contract import Operation
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError
from confirma_async.schemas.wire import Schema


def query_string(
    converter: Converter,
    operation: Operation[object],
    query: Schema | None,
    added: Mapping[str, str | int | bool] | None = None,
) -> str:
    """Return the query with its question mark; empty where there is none.

    Args:
        converter: Writes the parameters.
        operation: The operation that is called.
        query: The parameters of the verb, as their schema; None for none.
        added: The parameters that the caller adds.

    Raises:
        ConfigurationError: a parameter that is added is the verb's own. Some of them decide whether a call
            may be repeated.
    """
    if query is None and not added:
        return ""
    written = {} if query is None else converter.unstructure(query)
    if added:
        own = {item.wire for item in converter.fields_of(operation.query)} if operation.query else set[str]()
        if taken := sorted(added.keys() & (own | written.keys())):
            raise ConfigurationError(f"the query parameter {taken[0]} is the verb's own; use its argument")
        written = {**written, **added}
    words = {name: _in_a_query(value) for name, value in written.items()}
    return f"?{urlencode(words)}" if words else ""


def _in_a_query(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
