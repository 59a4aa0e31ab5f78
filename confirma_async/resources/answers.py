"""What is done with answers beyond reading them: rules that the contract promises are looked at."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TypeVar

from confirma_async.contract import Operation
from confirma_async.schemas.wire import Schema
from confirma_async.validation import check

logger: logging.Logger = logging.getLogger("confirma_async")

A = TypeVar("A", bound="Schema | Sequence[Schema]")


def reported(operation: Operation[object], answer: A) -> A:
    """Return the answer as it is; what it breaks is logged as a warning, never raised.

    The service's word stands: an answer that breaks a rule is still what the service said, and the caller
    may ask ``confirma_async.validation.check`` for the same list.
    """
    parts = answer if isinstance(answer, Sequence) else (answer,)
    problems = [problem for part in parts for problem in check(part)]
    if problems:
        logger.warning(
            "%s: the answer breaks %d promised rule(s), first %s at %s",
            operation.name,
            len(problems),
            problems[0].rule,
            problems[0].path,
            extra={"operation": operation.name, "rules": sorted({problem.rule for problem in problems})},
        )
    return answer
