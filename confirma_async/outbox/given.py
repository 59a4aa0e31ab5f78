"""A write that is no invoice, as the caller gave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from confirma_async.bulk.journal.writes import Fact
from confirma_async.bulk.models import State, digest_of
from confirma_async.contract import Operation
from confirma_async.errors import Problem, RequestInvalidError
from confirma_async.outbox.write_options import WriteOptions
from confirma_async.resources.arguments import Prepared


@frozen
class Given:
    """A write as the caller gave it.

    Attributes:
        operation: The operation to call.
        prepared: The request, checked and encoded.
        key: What identifies the write among those of its operation.
        how: How it is sent.
        names: Identifiers in it that no other write of the operation may have.
        facts: Values by which a later read can find it.
    """

    operation: Operation[object]
    prepared: Prepared[Any]
    key: str
    how: WriteOptions
    names: Sequence[str] = ()
    facts: Sequence[Fact] = ()

    @property
    def digest(self) -> bytes:
        """The first ``DIGEST_BYTES`` of the SHA-256 of the body: differs where contents differ."""
        return digest_of(self.prepared.body)


def differs(given: Given, key: str, state: str) -> RequestInvalidError:
    """Return the error for a write of which the journal has other contents.

    Args:
        given: The write.
        key: The key of the earlier write with other contents.
        state: The state of that write, in a word.
    """
    which = f"the key {given.key}"
    if key != given.key:
        which = f"{which}, one of whose identifiers stands in the write with the key {key}"
    message = (
        f"{given.operation.name} with {which}: the journal has other contents for it ({state}); give it as "
        "it was, or give another write a key and identifiers of its own"
    )
    if state == State.REJECTED.name.lower() and key == given.key:
        message = f"{message}. To send it as it is now, under the same key, say retry='changed'"
    return RequestInvalidError(given.prepared.subject, [Problem("key", "outbox.changed", message)])
