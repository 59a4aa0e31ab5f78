"""The rules of a journal that hold in a file and in a database alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from attrs import frozen

from confirma_async.accounts.owner import Owner
from confirma_async.accounts.registry import automatic_name
from confirma_async.bulk.journal.records import Admission, Resolution
from confirma_async.bulk.models import FINAL, Entry, Retry, Row, State
from confirma_async.errors import JournalError, JournalMismatchError
from confirma_async.schemas.identity import InvoiceKey

FAR = 3600.0
"""Seconds into the future up to which the end of a lost call is waited for; beyond, a clock was wrong."""

_IN_DOUBT = frozenset({State.UNKNOWN, State.SENDING})


class NotWrittenError(JournalError):
    """A transaction was lost on the way to the server, and surely not written. It may be tried again."""

    resumable = True


def admission_of(entry: Entry, row: Row | None, run: int, retry: Retry, *, again: bool = False) -> Admission:
    """Return the journal's answer to an entry.

    Args:
        entry: What the job wants to send.
        row: The item of the same invoice in the journal; None where there is none.
        run: The number of this run.
        retry: Which rejected invoices are sent again.
        again: Whether the run may meet an invoice of its own again, as an outbox does.
    """
    if row is None:
        return Admission.CLAIMED
    if row.key != entry.key:  # only one of the two names its seller
        return Admission.CHANGED
    if row.holder is not None and row.holder != run and row.state not in FINAL:
        return Admission.ELSEWHERE
    if row.run == run and not again:
        return Admission.CLASH
    return admission_by_state(row.state, row.digest != entry.digest, retry)


def admission_by_state(state: State, changed: bool, retry: Retry) -> Admission:
    """Return the journal's answer to an invoice or a write that no other run has in its hands.

    Args:
        state: Its state in the journal; SENDING means sent by this run.
        changed: Whether its contents differ from those that the journal knows.
        retry: Whether it is sent again where it was rejected.
    """
    if state is State.REJECTED and (retry is Retry.ALL or (retry is Retry.CHANGED and changed)):
        return Admission.RETRIED
    if changed and state is not State.PENDING:  # one that surely did not arrive may still be corrected
        return Admission.CHANGED
    if state in FINAL:
        return Admission.FINAL
    return Admission.UNKNOWN if state in _IN_DOUBT else Admission.CLAIMED


def check_resolvable(row: Row | None, resolution: Resolution, forgotten: float) -> None:
    """Check that a person may decide the outcome of an item now.

    Args:
        row: The item, as it is once what dead runs have left is released; None where there is no such item.
        resolution: What the person found out.
        forgotten: The latest moment at which a call could end that the journal does not know; 0 where it
            knows all.

    Raises:
        JournalError: a run that is alive looks it up, its outcome is not unknown any more, or it may still
            arrive and is said to be anything but accepted.
    """
    if row is None:
        raise JournalError("the invoice is in the journal no longer")
    if row.holder is not None:
        raise JournalError(
            f"a job that runs now has {row.key} in its hands, and looks it up; wait until it has ended, or "
            "until it lets go of the invoice"
        )
    check_unknown(str(row.key), row.state)
    if resolution.state is not State.ACCEPTED:
        ends_at = max(ended_by(row.attempted_at, row.ends_at, resolution.at), forgotten)
        check_ended(str(row.key), ends_at, resolution.at, resolution.settle_seconds)


def check_unknown(name: str, state: State) -> None:
    """Check that the outcome of an item or a write is unknown.

    Raises:
        JournalError: it was decided in the meantime.
    """
    if state is not State.UNKNOWN:
        raise JournalError(
            f"{name} is of unknown outcome no longer: a job has found it {state.name.lower()}; "
            "nothing was changed"
        )


def ended_by(attempted_at: float | None, ends_at: float | None, now: float) -> float:
    """Return when the last call of an item or a write had surely ended; 0 where that is not known.

    It is not known of a call that was sent while the clock was far ahead: only the person can know it then.

    Args:
        attempted_at: When it was sent; seconds since 1970.
        ends_at: The latest moment at which its last call could end; seconds since 1970.
        now: The current time; seconds since 1970.
    """
    if attempted_at is not None and attempted_at - now > FAR:
        return 0.0
    return ends_at or attempted_at or 0.0


def check_ended(name: str, ends_at: float, now: float, settle_seconds: float) -> None:
    """Check that so much time has passed since the last call that a person can have seen its effect.

    Args:
        name: The item or the write, as messages name it.
        ends_at: The latest moment at which the call could end; seconds since 1970.
        now: The current time; seconds since 1970.
        settle_seconds: Seconds for which the service may still be at work on a call that has ended.

    Raises:
        JournalError: it may still arrive.
    """
    left = math.ceil(ends_at + settle_seconds - now)
    if left > 0:
        raise JournalError(
            f"{name} may still arrive: its last call is so new that the service may be at work on it. Look "
            f"it up there in {left} s, and say then what became of it; nothing was changed"
        )


class JournalTakenOverError(JournalError):
    """Another run has taken over the items of this run, and nothing of the transaction is written."""


class Keyed(Protocol):
    """An object with the key of an invoice."""

    @property
    def key(self) -> InvoiceKey:
        """The key of the invoice."""
        ...


K = TypeVar("K", bound=Keyed)


def same_invoice(known: Sequence[K], key: InvoiceKey) -> K | None:
    """Return the object of an invoice out of those of its number, type and repeat; None where there is none.

    A key without a seller counts as the same invoice as one with a seller.
    """
    found = None
    for item in known:
        if item.key.seller == key.seller:
            return item
        if not item.key.seller or not key.seller:
            found = found or item
    return found


def check_target(name: str, known: str | None, target: str) -> None:
    """Check that a journal is tied to the target of a run, or to none yet.

    Args:
        name: The name of the journal, for the message.
        known: The target that it is tied to; None before the first run.
        target: The target of the run.

    Raises:
        JournalMismatchError: it is tied to another one.
    """
    if known is not None and known != target:
        raise JournalMismatchError(
            f"the journal {name} belongs to {known}, and this job sends to {target}; each has a journal of "
            "its own"
        )


@frozen
class Tie:
    """What a journal keeps to be tied to the key of a run.

    Attributes:
        kept: Values that the journal keeps from now on, by their names.
        fingerprint: The fingerprint of the key, under the journal's salt.
        forgets: Whether the journal forgets the keys that it knew, with which nothing was sent.
    """

    kept: Mapping[str, str]
    fingerprint: str
    forgets: bool


def tie(
    kept: Mapping[str, str], known: Collection[str], owner: Owner, check_unused: Callable[[str], None]
) -> Tie:
    """Return what a journal keeps to be tied to the key of a run.

    Args:
        kept: The values that the journal keeps, by their names.
        known: The fingerprints of the keys that it knows.
        owner: The account of the run, and its key.
        check_unused: Called with an account's name; raises an error where a job uses the journal already.

    Raises:
        JournalMismatchError: the key is not known to be of the journal's account.
    """
    salt, account = kept.get("salt", owner.salt.hex()), kept.get("account", "")
    vouched = "salt" not in kept or (owner.vouched and owner.account == account)
    own, *kin = owner.fingerprints(bytes.fromhex(salt))
    forgets = not vouched and {own, *kin}.isdisjoint(known)
    if forgets:
        check_unused(account)
        account = ""  # a mistyped key binds nothing
    return Tie({"salt": salt, "account": account or owner.account or automatic_name(own)}, own, forgets)


def foreign_key(name: str, account: str, *, planned: bool = False) -> JournalMismatchError:
    """Make the error for a key that a journal does not know.

    Args:
        name: The name of the journal, for the message.
        account: The name of the journal's account; empty where it has none.
        planned: Whether invoices are planned in it, which workers will send with that account's key.
    """
    given = "account="  # the command line puts its own option there
    more = "; what was planned with a wrong key is to be planned in another database" if planned else ""
    error = JournalMismatchError(
        f"the journal {name} belongs to the account {account or 'of another key'}, and the key of this job "
        "is not known to be of that account; what one account has sent says nothing about another's. Use the "
        "account's own key, or the journal of this key's account. If it is a new key of the same account, "
        f"name that ({given}){more}"
    )
    error.account = account or None
    return error
