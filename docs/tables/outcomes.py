"""Tables of what can become of a job and of a call."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence

from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.bulk import State, Verdict
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import (
    AmbiguousAddressError,
    APIError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    BusinessRuleError,
    CallError,
    ConfigurationError,
    ConfirmaError,
    ConflictError,
    CredentialsError,
    DocumentError,
    JournalError,
    JournalGoneError,
    JournalMismatchError,
    MirrorBusyError,
    MirrorError,
    NotFoundError,
    NotTheServiceError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Phase,
    RateLimitedError,
    RequestInvalidError,
    ResponseDecodeError,
    ServerError,
    TokenNotKeptError,
    TransportError,
    UnprocessableError,
    error_class,
)
from confirma_async.formats import InputError
from confirma_async.mirror.events.delivery import DeliveryError
from confirma_async.mirror.events.signature import SignatureError
from confirma_async.sandbox import Fault
from confirma_async.session.call_record import CallRecord, log_fields as fields_of_record
from confirma_async.session.rate import adaptive_rate, throttled_share
from confirma_async.session.retry import RetryPolicy, may_repeat, outcome_unknown
from confirma_async.session.waiting.halt import CalledOffError
from confirma_async.settings import Environment
from docs.tables.markup import code, member_docs, prose, table

ADVICE: Mapping[type[ConfirmaError], str] = {
    NotTheServiceError: "Check the base URL: it may be a proxy's, or another API's.",
    DocumentError: "Export the document of this API again, as OpenAPI 3.0 or 3.1.",
    ConfirmaError: "Catch this one to catch them all.",
    ConfigurationError: "Change what the message names. Nothing was sent.",
    RequestInvalidError: "Correct the places that `problems` lists. Nothing was sent.",
    AmbiguousAddressError: "Name the type of address, the operator, or both, as the message lists them.",
    InputError: "Correct or replace the file. Nothing of it was sent.",
    CallError: "Catch this one for every failed call, and look at `phase`.",
    CredentialsError: "See to the place where the key is kept, as the message says.",
    TransportError: "`NOT_SENT`: repeat the call when the network is back; if `lasting`, do what the message "
    "says first. `NO_REPLY`: only calls that read "
    "end like this; repeat them.",
    OutcomeUnknownError: "Do not send it again. Look the invoice up in the distribution information first; "
    "a bulk job does that by itself.",
    TokenNotKeptError: "Keep `token.reveal()`, or mend the store and call `renew_token()` again: it saves "
    "the token that is there. If `token` is None, look for it in `answer.reveal()`.",
    ResponseDecodeError: "For a call that changes something, treat the outcome as unknown. If the service "
    "uses another name than a provisional one, correct it with overrides.",
    APIError: "Read `detail`; `body` has the raw answer.",
    BadRequestError: "Correct the request as `detail` says.",
    AuthenticationError: "Check that the key belongs to this environment and has not expired.",
    BusinessRuleError: "Ask the service why it forbids this; the request itself is well formed.",
    PermissionDeniedError: "Use the right kind of token: a client's, or the provisioning token.",
    NotFoundError: "Check the number asked for. If the path is provisional, correct it with overrides.",
    ConflictError: "Look up what the service has before doing anything else.",
    UnprocessableError: "Correct the contents as `detail` says.",
    CalledOffError: "Hooks see it where a job was stopped. Nothing was sent.",
    RateLimitedError: "Lower the rate limit; wait `retry_after` seconds where it is given.",
    ServerError: "Repeat the call later. It is raised only where nothing can have taken effect.",
    JournalError: "Do what the message says. If `resumable`, the same call goes on afterwards.",
    MirrorError: "See to the file or the server that the message names, then run the same again.",
    DeliveryError: "See to the receiver, then run the same again: it goes on with this event.",
    SignatureError: "Answer the delivery with an error, and do not believe it.",
    MirrorBusyError: "Wait for the other run to end, then run the same again.",
    JournalGoneError: "Put the journal, or what `rescued` names, in its place before anything else is sent.",
    JournalMismatchError: "Use the key and the target of the journal, or the journal of this key.",
    UnknownAccountError: "Name one of the accounts that `known` lists, or say that it is a new one.",
    UnknownKeyError: "Say whose key it is: an account that is known, or a new one. Nothing was sent.",
}
"""What to do about each error. A class without an entry stops the build."""

_PHASES: Mapping[type[ConfirmaError], str] = {
    CallError: "any",
    TransportError: "`NOT_SENT` or `NO_REPLY`",
    TokenNotKeptError: "`REPLIED`; `NOT_SENT` from the calls after it",
    OutcomeUnknownError: "`NO_REPLY`, or `REPLIED` with 408, a 3xx, a 5xx, or part of an answer",
}


def states() -> str:
    """Return every state that the journal knows."""
    docs = member_docs(State)
    return table(("State", "Meaning"), [(code(state.name), docs[state.name]) for state in State])


def answers() -> str:
    """Return what each answer of the service proves, a successful one aside."""
    return _evidence("answer", "The answer")


def receipts() -> str:
    """Return what each successful answer proves."""
    return _evidence("receipt", "The answer, 200, 201, 202 or 204,")


def records() -> str:
    """Return what each record proves that a lookup finds."""
    return _evidence("record", "A record is found")


def lists() -> str:
    """Return what each list proves that does not show the invoice."""
    return _evidence("list", "The list is one")


def absences() -> str:
    """Return what it proves that a list which confirms the question does not show the invoice."""
    return _evidence("absence", "The invoice is not listed, and")


def _evidence(of: str, header: str) -> str:
    readings = [kind.reading for kind in EvidenceKind if kind.reading.of == of]
    rows = [(reading.what, _then(reading.state, reading.pause), reading.reason) for reading in readings]
    return table((header, "The invoice is then", "Because"), rows)


def _then(state: State, pause: bool) -> str:
    text = "sent again" if state is State.SENDING else code(state.name)
    return f"{text}; the job pauses" if pause else text


def verdicts() -> str:
    """Return every verdict of a job."""
    docs = {Verdict.ACCEPTED.name: "The service has it.", **member_docs(Verdict)}
    return table(("Verdict", "Meaning"), [(code(it.value), docs[it.name]) for it in Verdict])


def errors() -> str:
    """Return every error, by the tree of their classes."""
    rows = [
        (
            f"{{py:class}}`~{_documented(cls)}`",
            prose((inspect.getdoc(cls) or "").partition("\n\n")[0]),
            _phase(cls),
            ADVICE[cls],
        )
        for cls in _tree(ConfirmaError)
    ]
    return table(("Error", "What happened", "Phase", "What to do"), rows)


def _tree(cls: type[ConfirmaError]) -> Iterator[type[ConfirmaError]]:
    """Yield the classes that a user can meet: others are raised and caught within the SDK."""
    if cls.__module__ == ConfirmaError.__module__ or cls is InputError:
        yield cls
    for child in cls.__subclasses__():
        yield from _tree(child)


def _documented(cls: type) -> str:
    home = "confirma_async.formats" if cls is InputError else cls.__module__
    return f"{home}.{cls.__name__}"


def _phase(cls: type[ConfirmaError]) -> str:
    if cls in _PHASES:
        return _PHASES[cls]
    return code(cls.phase.name) if issubclass(cls, CallError) else ""


def phases() -> str:
    """Return how far a call can come."""
    docs = member_docs(Phase)
    return table(("Phase", "Meaning"), [(code(phase.name), docs[phase.name]) for phase in Phase])


def log_fields() -> str:
    """Return every field of a record of the log, with what it says of a call that was tried twice."""
    busy = Attempt(phase=Phase.REPLIED, status=503, reason="HTTP 503", seconds=0.02)
    taken = Attempt(phase=Phase.REPLIED, status=200, request_id="c0ffee", waited_seconds=0.004, seconds=0.031)
    history = CallRecord(
        operation=CREATE_INVOICE,
        url=Environment.STAGING.value + CREATE_INVOICE.path,
        subject="invoice 1042",
        started=0.0,
        attempts=[busy, taken],
        ended=0.255,
    )
    return table(("Field", "For example"), [(code(k), code(v)) for k, v in fields_of_record(history).items()])


def retries() -> str:
    """Return what happens after each kind of failure, asked of the retry rules themselves."""
    no_tls = "the certificate of the host is not accepted, and nothing was sent"
    cases: Sequence[tuple[str, Phase, int | None, str]] = (
        (
            "nothing was sent: name not found, refused, no TLS, no connection in time",
            Phase.NOT_SENT,
            None,
            "TransportError",
        ),
        (no_tls, Phase.NOT_SENT, None, "TransportError"),
        (
            "no complete answer came: silence, a reset, a body that breaks off",
            Phase.NO_REPLY,
            None,
            "TransportError",
        ),
        ("429, or 503 with `Retry-After`", Phase.REPLIED, 429, "the error of its status"),
        ("503 without `Retry-After`", Phase.REPLIED, 503, error_class(503).__name__),
        ("500, 502, 504 and other 5xx", Phase.REPLIED, 500, error_class(500).__name__),
        ("408", Phase.REPLIED, 408, error_class(408).__name__),
        ("501, 505", Phase.REPLIED, 501, error_class(501).__name__),
        ("3xx, and 2xx other than 200, 201, 202 and 204", Phase.REPLIED, 307, "the error of its status"),
        ("4xx other than 408 and 429", Phase.REPLIED, 400, "the error of its status"),
        ("2xx that cannot be read, or is too long", Phase.REPLIED, 200, "ResponseDecodeError"),
    )
    rows = [
        (
            what,
            *(_consequence(phase, repeatable, status, error, what == no_tls) for repeatable in (True, False)),
        )
        for what, phase, status, error in cases
    ]
    return table(("What came of the request", "The call only reads", "The call changes something"), rows)


def retry_figures() -> str:
    """Return the policy of retries, and what a throttled call does to the rate."""
    policy = RetryPolicy()
    return (
        f"- A call starts at most {policy.attempts} requests (`attempts`). The pause before the next is a "
        f"random time of up to {policy.base_seconds} s (`base_seconds`), then twice that, and so on up to "
        f"{policy.cap_seconds:.0f} s (`cap_seconds`).\n"
        f"- All calls of a client share a budget of {policy.budget} retries (`budget`); five successes earn "
        f"one back. A retry after a 429 or 503 takes a fifth of one, since the limiter holds it back. "
        f"When it is spent, failures are told at once.\n"
        f"- `Retry-After` is obeyed, in seconds, fractions of a second or as a date. Until then no call of "
        f"the limiter goes out. If it asks for more time than a call has left, the call ends at once; "
        f"`retry_after` has the seconds.\n"
    )


def rate_figures() -> str:
    """Return how the rate follows the share of throttled calls."""
    shortest, longest = adaptive_rate.RETURN_SECONDS
    usual, most = f"{throttled_share.PRESUMED_SHARE:.0%}", f"{throttled_share.HIGHEST_SHARE:.0%}"
    return (
        f"- Single throttled calls change nothing. At first {usual} of the calls count as usually throttled; "
        f"later, what the service throttles at a rate that it is known to bear, up to {most}.\n"
        f"- When more are throttled than chance explains, the rate goes to {adaptive_rate.CUT:.0%} of what "
        f"the service really took, measured; by no more than half in one step, and never below "
        f"{adaptive_rate.SLOWEST} calls per second. What was under way at that moment does not count again.\n"
        f"- It is back there after {shortest:.0f} to {longest:.0f} s, stays near it for a while, and then "
        f"rises faster and faster, until too many are throttled again or the ceiling is reached. "
        f"Meanwhile there are no bursts.\n"
    )


def _consequence(phase: Phase, repeatable: bool, status: int | None, error: str, lasting: bool) -> str:
    text = code(error) if error.endswith("Error") else error
    if may_repeat(phase, repeatable, status, lasting=lasting):
        return f"tried again; in the end {text}"
    if outcome_unknown(phase, repeatable, status):
        return "never tried again: `OutcomeUnknownError`"
    return f"{text}, at once"


def faults() -> str:
    """Return every fault of the sandbox."""
    docs = member_docs(Fault)
    return table(("Fault", "What happens"), [(code(fault.name), docs[fault.name]) for fault in Fault])
