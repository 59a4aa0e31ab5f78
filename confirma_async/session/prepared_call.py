"""A call that is checked and written as JSON, and not sent yet."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

from attrs import define

from confirma_async.contract import Operation
from confirma_async.session.call_options import CallOptions
from confirma_async.session.pipeline import Pipeline

AnswerT = TypeVar("AnswerT")


@define
class PreparedCall(Generic[AnswerT]):
    """A call that needs an event loop from here on only. Made once, and not changed.

    Attributes:
        pipeline: What sends it.
        operation: What it calls.
        body: The JSON to send.
        options: What it does differently.
    """

    pipeline: Pipeline
    operation: Operation[AnswerT]
    body: bytes
    options: CallOptions

    def send(self) -> Coroutine[Any, Any, AnswerT]:
        """Send it and return the answer; see ``Pipeline.call``."""
        return self.pipeline.call(self.operation, self.body, options=self.options)
