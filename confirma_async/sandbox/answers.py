"""Answers of the sandbox, independent of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from attrs import field, frozen

from confirma_async.errors import Problem


@frozen(kw_only=True)
class SandboxResponse:
    """A status and a JSON body, with the headers that this answer needs beyond the usual ones."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(factory=dict[str, str])


def error_response(
    status: int,
    message: str,
    problems: Sequence[Problem] = (),
    *,
    headers: Mapping[str, str] | None = None,
) -> SandboxResponse:
    """Return an error answer: ``{"message": ..., "errors": [{"field": ..., "message": ...}]}``.

    The form is ours: the vendor documents no error body. It names places and what is wanted there,
    never the values found.

    Args:
        status: The HTTP status.
        message: What is wrong, in a sentence.
        problems: The places of the request that are wrong.
        headers: Headers to add to the usual ones.
    """
    body = msgspec.json.encode(
        {
            "message": message,
            "errors": [
                {
                    "field": problem.path,
                    "message": problem.message + (f" (found: {problem.found})" if problem.found else ""),
                }
                for problem in problems
            ],
        }
    )
    return SandboxResponse(status=status, body=body, headers=headers or {})


class RejectedError(Exception):
    """A request gets an error answer, wherever that turns out; see ``error_response``."""

    def __init__(self, status: int, message: str, problems: Sequence[Problem] = ()) -> None:
        self.answer: SandboxResponse = error_response(status, message, problems)
        super().__init__(message)
