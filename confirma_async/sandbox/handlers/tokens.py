"""Validate access token."""

from __future__ import annotations

from confirma_async.sandbox.answers import Answer
from confirma_async.sandbox.handlers.call import Call, World
from confirma_async.schemas import TokenValidity


def validate_token(world: World, call: Call) -> Answer:  # noqa: ARG001 (a handler's form)
    """Answers 200 (documented, contract §3); a token that is not valid has got its 401 before this."""
    return Answer(body=world.converter.dumps(TokenValidity(is_valid=True, message="The token is valid.")))
