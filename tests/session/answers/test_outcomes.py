"""The outcome table, over real sockets: every operation with every fault.

What a caller gets, and how many requests the server saw, follows from two small tables that are written here
by hand: what each fault is (``FAULTS``), and what such a fault comes to (``RULES``). Nothing is derived from
the code under test.
"""

import enum

import aiohttp
import pytest
from attrs import frozen

from confirma_async import Confirma
from confirma_async.contract import OPERATIONS
from confirma_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BusinessRuleError,
    CallError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Phase,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    UnprocessableError,
)
from confirma_async.schemas import Evidence
from confirma_async.session.call_options import CallOptions
from confirma_async.session.retry import RetryPolicy
from confirma_async.session.transport import Request
from tests.session import fault_server
from tests.session.fault_server import REQUEST_ID

SAFE, UNSAFE = True, False
ATTEMPTS = 3


class Kind(enum.Enum):
    """What a fault is, seen from the service."""

    UNREACHABLE = "no byte arrived"
    UNTRUSTED = "the host does not prove who it is, and no byte arrived"
    LOST = "a request arrived, its answer did not"
    LATE = "a request arrived, and its answer takes longer than the call has"
    NOT_TAKEN = "the service says that it did not take the request"
    NOT_NOW = "the service asks for more time than the call has"
    FAILED = "the service says that it failed, and not how far it came"
    PART = "the answer is no whole answer to the request"
    BARE = "the service or a gateway is not available, and does not say that it took nothing"
    ELSEWHERE = "the answer points elsewhere, and does not say whether anything was done"
    REFUSED = "the service rejected the request, for good"
    UNREADABLE = "the service took the request, and its answer cannot be read"
    EMPTY = "the service took the request, and says nothing"


@frozen
class Outcome:
    """What a call comes to. ``error`` is None where the class depends on the status."""

    error: type[Exception] | None
    phase: Phase
    attempts: int
    seen: int


RULES = {
    (SAFE, Kind.UNREACHABLE): Outcome(TransportError, Phase.NOT_SENT, ATTEMPTS, 0),
    (UNSAFE, Kind.UNREACHABLE): Outcome(TransportError, Phase.NOT_SENT, ATTEMPTS, 0),
    (SAFE, Kind.UNTRUSTED): Outcome(TransportError, Phase.NOT_SENT, 1, 0),
    (UNSAFE, Kind.UNTRUSTED): Outcome(TransportError, Phase.NOT_SENT, 1, 0),
    (SAFE, Kind.LOST): Outcome(TransportError, Phase.NO_REPLY, ATTEMPTS, ATTEMPTS),
    (UNSAFE, Kind.LOST): Outcome(OutcomeUnknownError, Phase.NO_REPLY, 1, 1),
    (SAFE, Kind.LATE): Outcome(TransportError, Phase.NO_REPLY, 1, 1),
    (UNSAFE, Kind.LATE): Outcome(OutcomeUnknownError, Phase.NO_REPLY, 1, 1),
    (SAFE, Kind.NOT_TAKEN): Outcome(None, Phase.REPLIED, ATTEMPTS, ATTEMPTS),
    (UNSAFE, Kind.NOT_TAKEN): Outcome(None, Phase.REPLIED, ATTEMPTS, ATTEMPTS),
    (SAFE, Kind.NOT_NOW): Outcome(None, Phase.REPLIED, 1, 1),
    (UNSAFE, Kind.NOT_NOW): Outcome(None, Phase.REPLIED, 1, 1),
    (SAFE, Kind.FAILED): Outcome(None, Phase.REPLIED, ATTEMPTS, ATTEMPTS),
    (UNSAFE, Kind.FAILED): Outcome(OutcomeUnknownError, Phase.REPLIED, 1, 1),
    (SAFE, Kind.PART): Outcome(None, Phase.REPLIED, 1, 1),
    (UNSAFE, Kind.PART): Outcome(OutcomeUnknownError, Phase.REPLIED, 1, 1),
    (SAFE, Kind.BARE): Outcome(None, Phase.REPLIED, ATTEMPTS, ATTEMPTS),
    (UNSAFE, Kind.BARE): Outcome(OutcomeUnknownError, Phase.REPLIED, 1, 1),
    (SAFE, Kind.ELSEWHERE): Outcome(None, Phase.REPLIED, 1, 1),
    (UNSAFE, Kind.ELSEWHERE): Outcome(OutcomeUnknownError, Phase.REPLIED, 1, 1),
    (SAFE, Kind.REFUSED): Outcome(None, Phase.REPLIED, 1, 1),
    (UNSAFE, Kind.REFUSED): Outcome(None, Phase.REPLIED, 1, 1),
    (SAFE, Kind.UNREADABLE): Outcome(ResponseDecodeError, Phase.REPLIED, 1, 1),
    (UNSAFE, Kind.UNREADABLE): Outcome(ResponseDecodeError, Phase.REPLIED, 1, 1),
}

FAULTS = {
    "name not found": (Kind.UNREACHABLE, None),
    "connection refused": (Kind.UNREACHABLE, None),
    "TLS failure": (Kind.UNREACHABLE, None),
    "certificate of another's": (Kind.UNTRUSTED, None),
    "reset before headers": (Kind.LOST, None),
    "reset on a kept connection": (Kind.LOST, None),
    "reset after headers": (Kind.LOST, None),
    "reset in the body": (Kind.LOST, None),
    "no HTTP": (Kind.LOST, None),
    "silence": (Kind.LATE, None),
    "slow drip": (Kind.LATE, None),
    "half of the body": (Kind.LATE, None),
    "HTTP 400": (Kind.REFUSED, 400),
    "HTTP 401": (Kind.REFUSED, 401),
    "HTTP 402": (Kind.REFUSED, 402),
    "HTTP 403": (Kind.REFUSED, 403),
    "HTTP 404": (Kind.REFUSED, 404),
    "HTTP 409": (Kind.REFUSED, 409),
    "HTTP 422": (Kind.REFUSED, 422),
    "redirect": (Kind.ELSEWHERE, 307),
    "redirect of a POST": (Kind.ELSEWHERE, 303),
    "HTTP 429": (Kind.NOT_TAKEN, 429),
    "HTTP 503": (Kind.BARE, 503),
    "HTTP 503 at once": (Kind.NOT_TAKEN, 503),
    "HTTP 206": (Kind.PART, 206),
    "HTTP 207": (Kind.PART, 207),
    "HTTP 503 for half a minute": (Kind.NOT_NOW, 503),
    "HTTP 408": (Kind.FAILED, 408),
    "HTTP 500": (Kind.FAILED, 500),
    "HTTP 502": (Kind.FAILED, 502),
    "HTTP 504": (Kind.FAILED, 504),
    "HTML error page": (Kind.FAILED, 502),
    "truncated JSON": (Kind.UNREADABLE, 200),
    "HTML for JSON": (Kind.UNREADABLE, 200),
    "body that says it is too long": (Kind.UNREADABLE, 200),
    "body that does not end": (Kind.UNREADABLE, 200),
    "empty 200": (Kind.EMPTY, 200),
    "empty 204": (Kind.EMPTY, 204),
}

CLASSES: dict[int | None, type[APIError]] = {
    206: APIError,
    207: APIError,
    303: APIError,
    307: APIError,
    400: BadRequestError,
    401: AuthenticationError,
    402: BusinessRuleError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: APIError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitedError,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
}

NOT_SHOWN = {operation.name for operation in OPERATIONS.values() if not operation.answer_shown}
LISTS = {operation.name for operation in OPERATIONS.values() if operation.lists}

MAY_BE_EMPTY = {
    "empty 200": NOT_SHOWN | LISTS - {"payments.settlements"},  # what was in it might count as fetched
    "empty 204": NOT_SHOWN | LISTS,
    "HTTP 404": {name for name in LISTS if OPERATIONS[name].evidence is Evidence.DOCUMENTED},
}
"""Where the vendor does not show an answer, or how it says that a list is empty (contract §1, §4, §7)."""


class Nowhere(aiohttp.abc.AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        raise OSError(-2, "Name or service not known")

    async def close(self):
        pass


@pytest.fixture
async def server():
    async with fault_server.fault_server() as serving:
        yield serving


async def result_of(operation, fault, server, unused_tcp_port):
    """What the call came to, and how many requests the server saw of it."""
    resolver = Nowhere() if fault == "name not found" else None
    connector = aiohttp.TCPConnector(resolver=resolver) if resolver else None
    async with aiohttp.ClientSession(connector=connector) as session:
        url = {
            "name not found": "https://no.such.host.invalid",
            "connection refused": f"http://127.0.0.1:{unused_tcp_port}",
            "certificate of another's": server.tls_url,
            "TLS failure": server.url.replace("http:", "https:"),
        }.get(fault, server.url)
        client = Confirma(
            "the-secret-key",
            provisioning_token="the-other-key",
            base_url=url,
            session=session,
            retry=RetryPolicy(attempts=ATTEMPTS, base_seconds=1e-6),
            answer_limit_bytes=1024 * 1024,
        )
        pipeline = client._pipeline
        body = b"{}" if operation.method == "POST" else None
        late = FAULTS[fault][0] is Kind.LATE
        kept = late or fault == "reset on a kept connection"
        if kept:
            await pipeline.transport.send(Request(operation.method, url + operation.path, {}, body, 5.0))
            server.seen.clear()
        said = "reset before headers" if fault == "reset on a kept connection" else fault
        options = CallOptions(headers={"X-Fault": said}, timeout=0.1 if late else 10.0, subject="invoice 7")
        try:
            result = await pipeline.call(operation, body, options=options)
        except Exception as error:  # noqa: BLE001 (what it is, is the question)
            result = error
        if kept:
            assert server.seen[0].connection == 0
    return result, server.seen


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))
async def test_every_fault_of_every_operation_has_the_outcome_of_its_kind(
    operation, fault, server, unused_tcp_port
):
    kind, status = FAULTS[fault]
    result, seen = await result_of(operation, fault, server, unused_tcp_port)

    if operation.name in MAY_BE_EMPTY.get(fault, ()):
        assert isinstance(result, tuple if operation.bare_array else operation.response)
        assert len(seen) == 1
        return
    if kind is Kind.EMPTY:
        kind = Kind.UNREADABLE
    expected = RULES[operation.repeatable, kind]
    assert isinstance(result, CallError)
    assert type(result) is (expected.error or CLASSES[status])
    assert result.phase is expected.phase
    assert len(result.attempts) == expected.attempts
    assert len(seen) == expected.seen
    assert {request.path for request in seen} <= {operation.path}  # never to where a redirect points
    assert result.operation == operation.name
    assert getattr(result, "status", None) == status
    assert result.request_id == (REQUEST_ID if status else None)
    assert [attempt.phase for attempt in result.attempts] == [expected.phase] * expected.attempts
    reported = f"{result}{result!r}{vars(result)}"
    assert "the-secret-key" not in reported
    assert "the-other-key" not in reported
    if isinstance(result, OutcomeUnknownError):
        assert result.subject == "invoice 7"


def test_every_fault_of_the_server_has_its_row():
    assert set(fault_server.FAULTS) - {"none"} <= set(FAULTS)


def test_both_rules_of_every_kind_are_written():
    assert set(RULES) == {
        (repeat, kind) for repeat in (SAFE, UNSAFE) for kind in Kind if kind is not Kind.EMPTY
    }
