"""Requests of the user's own to any path, with the keys, limits and retries of every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from confirma_async.contract import OPERATIONS, PREFIX, RENEW_TOKEN, Operation, Overrides, TokenKind
from confirma_async.contract.operations import METHODS, REMEDY, is_path
from confirma_async.errors import ConfigurationError
from confirma_async.schemas.wire import Answer, Evidence
from confirma_async.session.answers.raw import RawResponse, as_it_came
from confirma_async.session.call_options import CallOptions
from confirma_async.session.pipeline import Pipeline

Body: TypeAlias = Mapping[str, Any] | Sequence[Any] | bytes

_READS = frozenset({"GET", "HEAD"})
_METHODS = METHODS | _READS


def own_operation(
    method: str, path: str, repeatable: bool | None, token: TokenKind | str, overrides: Overrides
) -> Operation[object]:
    """Return the operation for a request of the user's own.

    Args:
        method: The HTTP method, in any case.
        path: The path below the prefix; one that begins with ``/api/`` is used as it is.
        repeatable: Whether it may be sent again if its outcome is unknown; None to decide by method and path.
        token: Which key it carries.
        overrides: The corrections of the paths of the contract.

    Raises:
        ConfigurationError: the method or the path is invalid, or ``repeatable`` is set for an operation that
            must not be repeated.
    """
    verb = method.upper()
    if verb not in _METHODS:
        raise ConfigurationError(f"there is no method {method[:20]!r}; use {', '.join(sorted(_METHODS))}")
    if not is_path(path):
        raise ConfigurationError(
            "the path must begin with /, and hold no host, no query and no space; give query= its parameters"
        )
    whole = path if path.startswith("/api/") else PREFIX + path
    known = next(
        (
            operation
            for operation in (*map(overrides.applied, OPERATIONS.values()), *OPERATIONS.values())
            if (operation.method, operation.path.rstrip("/")) == (verb, whole.rstrip("/"))
        ),
        None,
    )
    if known is not None and known.name == RENEW_TOKEN.name:
        raise ConfigurationError("a renewed token must be kept: use onboarding.renew_token, which does")
    usual = known.repeatable if known else verb in _READS
    wanted = usual if repeatable is None else repeatable
    if known is not None and wanted and not usual:
        raise ConfigurationError(f"{known.name} changes something, and is never sent again blindly")
    return Operation(
        name=known.name if known else "request",
        page=known.page if known else "",
        method=verb,
        path=whole,
        evidence=known.evidence if known else Evidence.PROVISIONAL,
        repeatable=wanted,
        token=TokenKind(token),
        answer=lambda: Answer,
        answer_shown=False,
        remedy=known.remedy if known else REMEDY,
    )


async def sent(
    pipeline: Pipeline, operation: Operation[object], body: Body | None, options: CallOptions
) -> RawResponse[Any]:
    """Send a request, and return the answer as it came, with its JSON where it has any.

    Args:
        pipeline: The pipeline of the client.
        operation: The operation, as ``own_operation`` makes it.
        body: JSON as ``bytes``, or an object to be encoded as JSON; None for no body.
        options: The options of this call.
    """
    payload = body if body is None or isinstance(body, bytes) else pipeline.converter.encode(body)

    async def ask(keeping: Pipeline) -> Any:
        return (await keeping.reply(operation, payload, options=options)).found

    return await as_it_came(pipeline, ask)
