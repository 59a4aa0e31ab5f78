"""Items of a run: what is to be sent, what is known of a lost one, and how a lookup can end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import define, frozen

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.models import Entry, State
from confirma_async.session.answers.decoding import Reply

UNPROVEN = "sent again after the settle time, though no witness showed that the list was up to date"
"""The detail of an invoice that was sent again only because the settle time had passed."""


@define
class Lost:
    """What this run knows of an invoice that may have arrived.

    Attributes:
        settles_at: The loop time before which the absence of the invoice from a list proves nothing.
        ends_after: The loop time at which the lost attempt has surely ended; None where the journal has noted
            its end.
        ends_at: The latest moment at which its call could end, by the journal; seconds since 1970. It can
            only lengthen the wait.
        says_no: Whether the service rejected the lost attempt: if no list shows the invoice, it is rejected.
        said: Why the outcome is unknown, in words.
        form: The form of its answer, where a lookup must confirm that form; None elsewhere.
        new: Whether the journal is in doubt, and knows of no attempt of this invoice.
        surely_not: Whether the invoice counts as not sent, and is looked up once more before it is sent: a
            gateway may have been wrong, or a list late.
        changed: Whether it was corrected since it was sent.
        sent_on: Its date when it was sent, in ISO 8601, where the date may have changed since.
        asked: How often it was looked up.
        failed: How often a lookup failed.
    """

    settles_at: float
    ends_after: float | None = None
    ends_at: float = 0.0
    says_no: bool = False
    said: str | None = None
    form: str | None = None
    new: bool = False
    surely_not: bool = False
    changed: bool = False
    sent_on: str = ""
    asked: int = 0
    failed: int = 0


@define
class Task:
    """An entry that a run sends or looks up, with its position in the journal.

    Attributes:
        entry: What to send.
        position: Its place in the journal.
        sent_at: The loop time of its last attempt; 0 before the first.
        lost: What is known of a lost attempt, which must be looked up first; None where there is none.
        resends: How often this run has sent it again.
        unproven: Whether it was sent again only because the settle time had passed.
        unsure: Whether it was rejected before because no list showed it.
        elsewhere: The loop time until which the run waits for another job that has it in its hands; None
            where no job has.
        reply: The answer to its last attempt, where that was successful.
        timeout: Seconds for its call; the client's unless given.
        headers: Headers to add to it.
    """

    entry: Entry
    position: int
    sent_at: float = 0.0
    lost: Lost | None = None
    resends: int = 0
    unproven: bool = False
    unsure: bool = False
    elsewhere: float | None = None
    reply: Reply | None = None
    timeout: float | None = None
    headers: Mapping[str, str] | None = None


@frozen
class Decided:
    """The end of a lookup that has decided: the outcome of the invoice is written.

    Attributes:
        classification: The outcome.
        confirmed: The form of answer that this lookup has confirmed, if it has one.
    """

    classification: Classification
    confirmed: str | None = None


@frozen
class Again:
    """The end of a lookup that has decided nothing: the invoice is looked up again.

    Attributes:
        seconds: Seconds until that lookup.
        failed: The classification of the lookup's error, where its request failed.
    """

    seconds: float
    failed: Classification | None = None


@frozen
class Send:
    """The end of a lookup after which the invoice is sent: it surely did not arrive."""


Step: TypeAlias = Decided | Again | Send


def decision_of(
    task: Task,
    classification: Classification,
    *,
    wall: float,
    seconds: float | None,
    lost: bool = False,
    kept: bool = False,
) -> Decision:
    """Return the decision to write to the journal for an item.

    Args:
        task: The item, with its position.
        classification: What became of it.
        wall: The time of the decision; seconds since 1970.
        seconds: How long the deciding call took, with its retries.
        lost: Whether its answer was lost just now, and its attempt has surely ended.
        kept: Whether the run keeps the item in its hands, to look it up.
    """
    state, detail, known = classification.state, classification.detail, task.lost
    if task.unproven and UNPROVEN not in (detail or ""):  # an earlier run may have said it
        detail = f"{detail}; {UNPROVEN}" if detail else UNPROVEN
    says_no, form = False, None
    if state is State.UNKNOWN:
        says_no = classification.says_no or (known is not None and known.says_no)
        form = classification.form or (known.form if known is not None else None)
    elif state is State.REJECTED:
        says_no = classification.kind is EvidenceKind.ABSENT_AFTER_NO or task.unsure
    return Decision(
        position=task.position,
        state=state,
        status=classification.status,
        detail=detail,
        duplicate=classification.duplicate,
        at=wall,
        lost=lost,
        seconds=seconds,
        says_no=says_no,
        form=form,
        kept=kept,
    )
