"""Tokens and clients (contract §3)."""

from attrs import field, frozen

from confirma_async.schemas.wire import D, Schema, vendor


@vendor("Validate access token", section="3")
@frozen(kw_only=True)
class TokenValidity(Schema):
    """The answer to "Validate access token"."""

    is_valid: bool = field(metadata=D)
    message: str | None = field(default=None, metadata=D)
