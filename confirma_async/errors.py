"""The exception tree.

Every error says what happened, where, and what to do next; none carries a secret or prints a payload.
Errors of a call carry its ``phase``: whether anything left this machine, and whether the outcome is known.
All of them survive pickling.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping, Sequence
from typing import Any, Self

from attrs import frozen

from confirma_async.privacy import Secret


class Phase(enum.Enum):
    """How far a call came before it failed."""

    NOT_SENT = "not sent"
    """No byte of the request left: refused, name not found, TLS failed, or still waiting at the deadline."""
    NO_REPLY = "no reply"
    """The request left, or may have; what the service did with it is unknown."""
    REPLIED = "replied"
    """The service answered; status and body are known."""


@frozen(kw_only=True)
class Attempt:
    """One request of a call, and how it ended.

    Attributes:
        phase: How far it came.
        status: The HTTP status, where there was an answer.
        reason: Why it failed, or was tried again: ``HTTP 503``, ``no answer within 5.0 s``.
        request_id: The id that the service gave it, where it gave one.
        retry_after: Seconds after which the service accepts requests again, where it said so; else None.
        waited_seconds: Seconds that it waited for the rate limit.
        seconds: Seconds from then to its end.
    """

    phase: Phase
    status: int | None = None
    reason: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    waited_seconds: float = 0.0
    seconds: float = 0.0


@frozen
class Problem:
    """One thing wrong with a value.

    Attributes:
        path: Where, as a JSON path with wire names: ``$.invoice.rows[3].quantity``; empty for a whole file.
        rule: The id of the rule that was broken, as listed in the docs.
        message: What is wrong and what to do; never the value itself, save the amounts of a wrong sum.
        found: What kind of value was found (``text``, ``nothing``, ...), where that helps; in Python objects
            its class.
    """

    path: str
    rule: str
    message: str
    found: str | None = None

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        found = f" (found: {self.found})" if self.found else ""
        return f"{where}{self.message}{found} [{self.rule}]"


def _listing(problems: Sequence[Problem]) -> str:
    return "".join(f"\n  {problem}" for problem in problems)


class ConfirmaError(Exception):
    """The root of everything this SDK raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)


def _restore(cls: type[ConfirmaError], args: tuple[object, ...], state: dict[str, object]) -> ConfirmaError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(ConfirmaError):
    """The SDK was set up in a way that cannot work; the message says what to change."""


class RequestInvalidError(ConfirmaError):
    """A request was found invalid before anything was sent.

    Attributes:
        problems: Every problem found, each with path, rule and what to do.
    """

    problems: tuple[Problem, ...]

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{what} was not sent: {count} {noun}{_listing(self.problems)}")


class CallError(ConfirmaError):
    """A call to the service failed.

    Attributes:
        operation: The operation's name, e.g. ``invoices.create``.
        phase: How far the call came.
        attempts: The requests that were started for it, in their order; none where its turn never came.
        request_id: The id that the service gave the last of them, where it gave one.
    """

    phase: Phase = Phase.REPLIED
    operation: str | None = None
    attempts: tuple[Attempt, ...] = ()
    request_id: str | None = None

    def of(self, operation: str, attempts: Sequence[Attempt]) -> Self:
        """Say which operation failed and after which attempts; return the error itself."""
        self.operation = operation
        self.attempts = tuple(attempts)
        if self.attempts:
            self.request_id = self.attempts[-1].request_id
        return self

    def __str__(self) -> str:
        if self.operation is None:
            return super().__str__()
        attempts = f" (attempts: {len(self.attempts)})" if len(self.attempts) > 1 else ""
        return f"{self.operation}{attempts}: {super().__str__()}"


class CredentialsError(CallError):
    """There was no key to call with: it is missing where it is kept, or cannot be read. Nothing was sent."""

    phase: Phase = Phase.NOT_SENT


class TransportError(CallError):
    """No answer came back. ``phase`` says whether anything was sent; NOT_SENT is safe to repeat.

    Attributes:
        lasting: Whether the next attempt would fail in the same way, so that none is made: the certificate of
            the host is not accepted, or the URL cannot be used.
        broken: Whether the other side broke the connection, and so no longer works on the request; False
            where this side gave up, and the service may still work on it.
    """

    def __init__(self, message: str, *, phase: Phase, lasting: bool = False, broken: bool = False) -> None:
        self.phase = phase
        self.lasting = lasting
        self.broken = broken
        super().__init__(message)


@frozen
class FindOut:
    """The call that shows what became of another one.

    Attributes:
        verb: The method of a client: ``invoices.distributions``.
        arguments: What it is given, by the names of its parameters.
    """

    verb: str
    arguments: Mapping[str, int | datetime.date]

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.verb}({given})"


class OutcomeUnknownError(CallError):
    """A request that changes something was sent, and whether it took effect is not known.

    Never send it again blindly. The message names the invoice, where there is one, and how to find out.

    Attributes:
        subject: What the call was about, e.g. ``invoice 1042``; None where it has no name.
        status: The HTTP status, where the answer was one that leaves the outcome open (3xx, 408, 500, 502,
            503 without ``Retry-After``, 504).
        find_out: The call that shows what became of it, where this one knows enough to name it.
    """

    phase: Phase = Phase.NO_REPLY

    def __init__(
        self,
        reason: str,
        *,
        subject: str | None = None,
        status: int | None = None,
        remedy: str = "find out what became of it before you send it again",
        find_out: FindOut | None = None,
    ) -> None:
        self.subject = subject
        self.status = status
        self.find_out = find_out
        if status is not None:
            self.phase = Phase.REPLIED
        about = f" of {subject}" if subject else ""
        look = f"\nTo find out: {find_out}" if find_out else ""
        super().__init__(f"the outcome{about} is unknown ({reason}); {remedy}{look}")


class TokenNotKeptError(CallError):
    """A token was renewed, but the new one is in memory only. Store it: the old one may no longer be valid.

    Attributes:
        token: The new token; None where none could be found in the answer.
        answer: The whole answer, where no token could be found in it; it may hold the token.
    """

    def __init__(self, message: str, *, token: Secret | None = None, answer: Secret | None = None) -> None:
        self.token = token
        self.answer = answer
        super().__init__(message)


class ResponseDecodeError(CallError):
    """The service answered with something that the contract does not describe.

    Attributes:
        problems: Where the answer differs; paths and classes only, no values.
        answer: What of the answer could be read, without the records that have problems; None where nothing
            could.
        status: The HTTP status of the answer.
        body: The raw answer as text, at most 64 KiB of it; it may hold what is secret, so it is not printed.
    """

    problems: tuple[Problem, ...]
    body: str = ""

    def __init__(
        self,
        what: str,
        problems: Sequence[Problem] = (),
        *,
        status: int | None = None,
        answer: object = None,
    ) -> None:
        self.problems = tuple(problems)
        self.status = status
        self.answer = answer
        super().__init__(f"{what}{_listing(self.problems)}")


class APIError(CallError):
    """The service answered with an error status.

    The vendor documents no error body: ``body`` is the raw text, ``detail`` what could be read from it.

    Attributes:
        status: The HTTP status: 400 to 599.
        body: The raw body as text, at most 64 KiB of it; it may repeat what was sent, so it is not printed.
        detail: The words found in the body, whatever its shape; None where none were found.
    """

    meaning = "the service rejected the request"

    def __init__(
        self, status: int, *, detail: str | None = None, body: str = "", request_id: str | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.detail = detail
        self.request_id = request_id
        said = f": {detail}" if detail else ""
        ident = f" (request {request_id})" if request_id else ""
        super().__init__(f"{self.meaning} (HTTP {status}){said}{ident}")


class BadRequestError(APIError):
    """400: the service could not read the request, or found it invalid."""

    meaning = "the service found the request invalid"


class AuthenticationError(APIError):
    """401: the API key is missing, wrong, expired, or of another environment."""

    meaning = (
        "the service did not accept the API key; check that it belongs to this environment "
        "and has not expired"
    )


class BusinessRuleError(APIError):
    """402: the request is well formed, but a business rule forbids it."""

    meaning = "a business rule of the service forbids the request"


class PermissionDeniedError(APIError):
    """403: the API key is valid, but not for this operation."""

    meaning = "the API key may not do this; client and provisioning tokens are not interchangeable"


class NotFoundError(APIError):
    """404: there is no such thing, or no such path."""

    meaning = "the service knows no such thing"


class ConflictError(APIError):
    """409: the request contradicts what the service has already."""

    meaning = "the request contradicts what the service has already"


class UnprocessableError(APIError):
    """422: the request is well formed, but its contents cannot be processed."""

    meaning = "the service cannot process the contents of the request"


class RateLimitedError(APIError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds after which the service accepts requests again, where it said so; else None.
    """

    meaning = "the service asks to slow down"
    retry_after: float | None = None


class ServerError(APIError):
    """5xx: the service failed.

    Attributes:
        retry_after: Seconds after which the service accepts requests again, where it said so; else None.
    """

    meaning = "the service failed"
    retry_after: float | None = None


_BY_STATUS: Mapping[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: BusinessRuleError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitedError,
}


def error_class(status: int) -> type[APIError]:
    """Make the class that stands for an HTTP status."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else APIError)


class AmbiguousAddressError(ConfirmaError):
    """A company has no e-invoice address that fits, or several; none is chosen silently.

    Attributes:
        candidates: Type and operator of each address that fits.
    """

    candidates: tuple[str, ...]

    def __init__(self, candidates: Sequence[str]) -> None:
        self.candidates = tuple(candidates)
        if not self.candidates:
            message = (
                "no e-invoice address fits; ask for another type or operator, or deliver by another method"
            )
        else:
            message = (
                f"{len(self.candidates)} e-invoice addresses fit ({'; '.join(self.candidates)}); "
                "name the type, the operator, or both"
            )
        super().__init__(message)


class NotTheServiceError(ConfirmaError):
    """Something answers, and it does not look like the service."""


class DocumentError(ConfirmaError):
    """A document cannot be compared with the contract; the message says why."""


class JournalError(ConfirmaError):
    """The journal of a bulk job cannot be used as it is; the message says why and what to do.

    Attributes:
        resumable: Whether the same call goes on once the cause (such as a full disk) is removed.
    """

    resumable: bool = False


class JournalGoneError(JournalError):
    """The journal was deleted or replaced while a job ran; the job stopped before it sent anything more.

    Attributes:
        rescued: A copy of what the job still knew; None where it could not be written.
    """

    def __init__(self, message: str, *, rescued: str | None = None) -> None:
        self.rescued = rescued
        super().__init__(message)


class JournalMismatchError(JournalError):
    """The journal is intact, but not of this job, of another target, or of a newer version.

    Attributes:
        account: The account that it belongs to, where the key is of none that it knows.
    """

    account: str | None = None


class MirrorError(ConfirmaError):
    """The mirror cannot be used as it is; the message says why and what to do. Nothing was changed in it.

    Attributes:
        resumable: Whether the same call goes on once the cause (such as a full disk) is removed.
    """

    resumable: bool = False


class MirrorBusyError(MirrorError):
    """Another run is at work on the same mirror; this one ended at once."""
