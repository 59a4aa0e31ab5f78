"""The way of a call: what is sent, how often, and what its caller gets."""

import asyncio
import logging
import traceback

import pytest

from confirma_async import Confirma
from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS, VALIDATE_TOKEN, Overrides
from confirma_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    CallError,
    ConfigurationError,
    OutcomeUnknownError,
    Phase,
    RateLimitedError,
    RequestInvalidError,
    ResponseDecodeError,
    ServerError,
    TransportError,
)
from confirma_async.schemas import (
    DistributionQuery,
    InvoiceReceipt,
    InvoiceRowData,
)
from confirma_async.session.answers.decoding import Reply
from confirma_async.session.call_options import CallOptions
from confirma_async.session.call_record import CallRecord
from confirma_async.session.in_flight import MANY
from confirma_async.session.rate.ratelimit import LocalLimiter, RateLimit
from confirma_async.session.request.headers import Headers
from confirma_async.session.retry import RetryPolicy, RetryQuota
from confirma_async.session.transport import Request

BODY = b'{"invoice": {}}'
NOT_SENT = TransportError("refused", phase=Phase.NOT_SENT)
NO_REPLY = TransportError("reset", phase=Phase.NO_REPLY)
VALID = b'{"isValid": true}'


def create(pipeline, **options):
    return pipeline.call(CREATE_INVOICE, BODY, options=CallOptions(**options))


def validate(pipeline, **options):
    return pipeline.call(VALIDATE_TOKEN, options=CallOptions(**options))


@pytest.fixture
def outcome(in_virtual_time):
    """What a call comes to: its answer or its error, and how much virtual time it took."""

    def run(call):
        async def scenario():
            loop = asyncio.get_running_loop()
            started = loop.time()
            try:
                result = await call()
            except Exception as error:  # noqa: BLE001 (what it is, is the question)
                result = error
            return result, loop.time() - started

        return in_virtual_time(scenario)

    return run


# --- what is sent ---------------------------------------------------------------------------------


def test_a_request_carries_key_path_and_body(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())
    outcome(lambda: create(pipeline_over(transport)))
    (request,) = transport.requests
    assert (request.method, request.url) == ("POST", "https://service.example/api/v1/partner/invoice")
    assert request.headers["X-Api-Key"] == "the-secret-key"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == BODY


def test_a_query_is_encoded_into_the_url(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())
    query = DistributionQuery(invoice_number="7", fetch_type="A B&c")
    outcome(lambda: pipeline_over(transport).call(DISTRIBUTIONS, query=query))
    assert transport.requests[0].url.endswith("/invoice/distribution?invoiceNumber=7&fetchType=A+B%26c")


def test_of_many_calls_none_is_written_until_all_have_come_as_far(outcome, pipeline_over, scripted, answer):
    """They are quicker one beside the other than each by itself; the first few do not wait for that."""
    begun, written = list[CallRecord](), list[int]()

    async def noting(_request):
        written.append(len(begun))
        await asyncio.sleep(1)
        return answer()

    pipeline = pipeline_over(scripted(noting))
    begin = pipeline.open_calls.begin

    def beginning(record, loop):
        begun.append(record)
        begin(record, loop)

    pipeline.open_calls.begin = beginning
    outcome(lambda: asyncio.gather(*(create(pipeline) for _ in range(2 * MANY))))
    assert written == [*range(1, MANY), *[2 * MANY] * (MANY + 1)]


def test_an_override_changes_path_and_query_name(outcome, pipeline_over, scripted, answer):
    overrides = Overrides(
        paths={"invoices.distributions": "/new"},
        names={"DistributionQuery.invoice_number": "no"},
        forced=True,
    )
    transport = scripted(answer())
    pipeline = pipeline_over(transport, overrides=overrides)
    query = DistributionQuery(invoice_number="7")
    outcome(lambda: pipeline.call(DISTRIBUTIONS, query=query))
    assert transport.requests[0].url == "https://service.example/new?no=7"


@pytest.mark.parametrize("failure", [422, NO_REPLY, ConfigurationError("closed")], ids=str)
def test_no_variable_of_a_failed_call_holds_all_headers(outcome, pipeline_over, scripted, answer, failure):
    line = answer(failure) if isinstance(failure, int) else failure
    error, _ = outcome(lambda: create(pipeline_over(scripted(line))))
    walked = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in walked if "confirma_async" in frame.f_code.co_filename]
    assert "_called" in [frame.f_code.co_name for frame in ours]
    held = [value for frame in ours for value in frame.f_locals.values()]
    assert not [value for value in held if isinstance(value, (Headers, Request))]


def test_headers_of_the_caller_are_added(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(body=VALID))
    outcome(lambda: validate(pipeline_over(transport), headers={"X-Trace": "1"}))
    assert transport.requests[0].headers["X-Trace"] == "1"


def test_headers_of_the_caller_never_replace_the_key(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(body=VALID))
    error, _ = outcome(lambda: validate(pipeline_over(transport), headers={"x-api-KEY": "other"}))
    assert isinstance(error, ConfigurationError)
    assert not transport.requests


def test_a_payload_of_the_wrong_kind_is_refused_before_sending(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())
    pipeline = pipeline_over(transport)
    wrong = InvoiceRowData(quantity=1.5)  # type: ignore[arg-type]  # what an untyped caller may do
    error, _ = outcome(lambda: pipeline.call(CREATE_INVOICE, wrong))
    assert isinstance(error, RequestInvalidError)
    assert error.problems[0].path == "$.quantity"
    assert not transport.requests


# --- how often ------------------------------------------------------------------------------------


def test_what_was_not_sent_is_sent_again(outcome, pipeline_over, scripted, answer):
    transport = scripted(NOT_SENT, NOT_SENT, answer(body=b'{"status": "PAUSED"}'))
    receipt, _ = outcome(lambda: create(pipeline_over(transport)))
    assert receipt.status == "PAUSED"
    assert len(transport.requests) == 3


def test_what_may_have_arrived_is_never_sent_again(outcome, pipeline_over, scripted, answer):
    transport = scripted(NO_REPLY, answer())
    error, _ = outcome(lambda: create(pipeline_over(transport), subject="invoice 7"))
    assert isinstance(error, OutcomeUnknownError)
    assert (error.phase, error.subject, len(error.attempts)) == (Phase.NO_REPLY, "invoice 7", 1)
    assert "invoice 7" in str(error)
    assert len(transport.requests) == 1


def test_a_read_that_got_no_reply_is_sent_again(outcome, pipeline_over, scripted, answer):
    transport = scripted(NO_REPLY, answer(body=VALID))
    validity, _ = outcome(lambda: validate(pipeline_over(transport)))
    assert validity.is_valid
    assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [500, 502, 504, 599])
def test_a_server_error_on_a_write_leaves_the_outcome_open(outcome, pipeline_over, scripted, answer, status):
    transport = scripted(answer(status))
    error, _ = outcome(lambda: create(pipeline_over(transport)))
    assert isinstance(error, OutcomeUnknownError)
    assert (error.phase, error.status) == (Phase.REPLIED, status)
    assert len(transport.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_not_taken_is_sent_again_after_the_time_asked_for(
    outcome, pipeline_over, scripted, answer, status
):
    transport = scripted(answer(status, Retry_After="5"), answer())
    receipt, seconds = outcome(lambda: create(pipeline_over(transport)))
    assert isinstance(receipt, InvoiceReceipt)
    assert seconds == pytest.approx(5, abs=0.3)


def test_retries_are_bounded(outcome, pipeline_over, scripted):
    transport = scripted(NOT_SENT)
    error, _ = outcome(lambda: create(pipeline_over(transport, policy=RetryPolicy(attempts=3))))
    assert isinstance(error, TransportError)
    assert (error.phase, len(error.attempts), len(transport.requests)) == (Phase.NOT_SENT, 3, 3)


def test_a_spent_quota_ends_retries_for_the_whole_client(outcome, pipeline_over, scripted):
    transport = scripted(NOT_SENT)
    pipeline = pipeline_over(transport, quota=RetryQuota(budget=1))
    outcome(lambda: create(pipeline))
    assert len(transport.requests) == 2


def test_the_answer_to_one_call_holds_back_the_others(in_virtual_time, pipeline_over, scripted, answer):
    async def scenario():
        loop = asyncio.get_running_loop()
        transport = scripted(answer(429, Retry_After="9"), answer(body=VALID))
        pipeline = pipeline_over(transport, policy=RetryPolicy(attempts=1))
        with pytest.raises(RateLimitedError):
            await validate(pipeline)
        await validate(pipeline)
        return loop.time() - 1000

    assert in_virtual_time(scenario) == pytest.approx(9)


def test_who_waits_is_held_back_before_the_place_is_given_on(
    in_virtual_time, pipeline_over, scripted, answer
):
    async def scenario():
        transport = scripted(answer(429, Retry_After="9"), answer(body=VALID))
        pipeline = pipeline_over(transport, policy=RetryPolicy(attempts=1), limit=RateLimit(concurrency=1))
        first = asyncio.create_task(validate(pipeline))
        await validate_after(first, pipeline)
        return asyncio.get_running_loop().time() - 1000

    async def validate_after(first, pipeline):
        await asyncio.sleep(0)
        await validate(pipeline)
        with pytest.raises(RateLimitedError):
            await first

    assert in_virtual_time(scenario) == pytest.approx(9)


def test_clients_that_share_a_limiter_share_its_rate(in_virtual_time, scripted, answer):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=1))
        clients = [
            Confirma(key, transport=scripted(answer(body=VALID)), rate_limit=limiter) for key in ("a", "b")
        ]
        for _ in range(2):
            await asyncio.gather(*(client.onboarding.validate_token() for client in clients))
        return asyncio.get_running_loop().time() - 1000

    assert in_virtual_time(scenario) == pytest.approx(3)


def test_a_limiter_of_ones_own_is_told_of_a_refusal_before_the_call_ends(outcome, scripted, answer):
    class Telling:
        concurrency = 3

        def __init__(self):
            self.reported = []

        async def acquire(self, deadline):
            self.reported.append(("acquire", deadline))

        def release(self):
            self.reported.append(("release",))

        def answered(self, started, *, throttled=False, quiet_seconds=None):
            self.reported.append(("answered", started, throttled, quiet_seconds))

    limiter = Telling()
    transport = scripted(answer(429, Retry_After="7"))
    client = Confirma("k", transport=transport, rate_limit=limiter, timeout=5, retry=RetryPolicy(attempts=1))
    outcome(client.onboarding.validate_token)
    assert limiter.reported == [("acquire", 1005), ("answered", 1000, True, 7), ("release",)]


# --- the deadline ---------------------------------------------------------------------------------


def test_a_wait_longer_than_the_deadline_is_not_begun(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(429, Retry_After="3600"))
    error, seconds = outcome(lambda: create(pipeline_over(transport), timeout=10))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 3600
    assert seconds == 0


def test_the_deadline_covers_the_wait_for_the_limiter(in_virtual_time, pipeline_over, scripted, answer):
    async def scenario():
        pipeline = pipeline_over(scripted(answer(body=VALID)), limit=RateLimit(per_second=0.1))
        await validate(pipeline)
        with pytest.raises(TransportError) as caught:
            await validate(pipeline, timeout=2)
        return caught.value

    error = in_virtual_time(scenario)
    assert error.phase is Phase.NOT_SENT
    assert error.attempts == ()
    assert "waiting for its turn" in str(error)


def test_a_second_turn_that_does_not_come_is_told_with_what_came_of_the_first(
    outcome, pipeline_over, scripted, answer
):
    transport = scripted(answer(503, Retry_After="0"))
    error, _ = outcome(lambda: create(pipeline_over(transport, limit=RateLimit(per_second=0.1)), timeout=5))
    assert error.phase is Phase.NOT_SENT
    assert "the last request: HTTP 503" in str(error)
    assert len(transport.requests) == 1


def test_while_the_service_wants_quiet_a_call_that_cannot_wait_so_long_is_told_at_once(
    in_virtual_time, pipeline_over, scripted, answer
):
    async def scenario():
        pipeline = pipeline_over(scripted(answer(429, Retry_After="600")))
        with pytest.raises(RateLimitedError):
            await create(pipeline)
        with pytest.raises(TransportError, match="quiet for another 600 s") as caught:
            await create(pipeline)
        return caught.value, asyncio.get_running_loop().time() - 1000

    error, seconds = in_virtual_time(scenario)
    assert (error.phase, error.attempts, seconds) == (Phase.NOT_SENT, (), 0)


def test_each_attempt_gets_what_is_left_of_the_deadline(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(503, Retry_After="4"), answer())
    outcome(lambda: create(pipeline_over(transport), timeout=10))
    first, second = (request.timeout for request in transport.requests)
    assert first == pytest.approx(10)
    assert second == pytest.approx(6, abs=0.3)


def test_all_attempts_together_keep_the_deadline(outcome, pipeline_over, scripted):
    pipeline = pipeline_over(scripted(NOT_SENT), policy=RetryPolicy(attempts=100, base_seconds=1), timeout=20)
    _, seconds = outcome(lambda: create(pipeline))
    assert seconds <= 20


def test_of_many_calls_that_wait_each_ends_at_its_deadline(in_virtual_time, pipeline_over, scripted):
    async def silent(request):
        await asyncio.sleep(request.timeout)
        raise NO_REPLY

    async def scenario():
        loop = asyncio.get_running_loop()
        pipeline = pipeline_over(scripted(silent), limit=RateLimit(per_second=50, concurrency=16))

        async def call(index):
            await asyncio.sleep(index * 0.001)
            began = loop.time()
            with pytest.raises(CallError):
                await validate(pipeline, timeout=2)
            return loop.time() - began

        return await asyncio.gather(*(call(index) for index in range(200)))

    assert in_virtual_time(scenario) == pytest.approx([2] * 200)


# --- before an attempt ----------------------------------------------------------------------------


def test_every_attempt_is_announced_before_it_is_sent(outcome, pipeline_over, scripted, answer):
    transport = scripted(NOT_SENT, answer())
    announced = []

    async def announce():
        announced.append(len(transport.requests))

    outcome(lambda: create(pipeline_over(transport), before_send=announce))
    assert announced == [0, 1]


def test_an_announcement_that_fails_sends_nothing(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())

    async def fail():
        raise OSError("the disk is full")

    error, _ = outcome(lambda: create(pipeline_over(transport), before_send=fail))
    assert isinstance(error, OSError)
    assert not transport.requests


def test_the_place_at_the_limiter_is_given_back_whatever_happens(
    in_virtual_time, pipeline_over, scripted, answer
):
    async def scenario():
        pipeline = pipeline_over(
            scripted(NO_REPLY, RuntimeError("a bug"), answer()), limit=RateLimit(concurrency=1)
        )
        for wrong in (OutcomeUnknownError, RuntimeError):
            with pytest.raises(wrong):
                await create(pipeline)
        return await create(pipeline)

    assert isinstance(in_virtual_time(scenario), InvoiceReceipt)


def test_cancelling_a_write_is_never_swallowed_and_says_that_the_outcome_is_unknown(
    in_virtual_time, pipeline_over, scripted, caplog
):
    async def forever(request):
        await asyncio.sleep(10**6)

    async def scenario():
        pipeline = pipeline_over(scripted(forever))
        task = asyncio.create_task(create(pipeline))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value.__cause__

    cause = in_virtual_time(scenario)
    assert isinstance(cause, OutcomeUnknownError)
    assert "the call was cancelled" in str(cause)
    assert "outcome is unknown" in caplog.text


def test_cancelling_a_write_that_waits_for_its_turn_leaves_nothing_unknown(
    in_virtual_time, pipeline_over, scripted
):
    async def forever(request):
        await asyncio.sleep(10**6)

    async def scenario():
        pipeline = pipeline_over(scripted(forever), limit=RateLimit(concurrency=1))
        sent, waiting = [asyncio.create_task(create(pipeline)) for _ in range(2)]
        await asyncio.sleep(1)
        waiting.cancel()
        sent.cancel()
        causes = []
        for task in (sent, waiting):
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            causes.append(type(caught.value.__cause__))
        return causes

    assert in_virtual_time(scenario) == [OutcomeUnknownError, type(None)]


# --- what comes back ------------------------------------------------------------------------------


def test_an_error_carries_status_detail_and_request_id(outcome, pipeline_over, scripted, answer):
    body = b'{"message": "no", "errors": [{"field": "x", "message": "bad"}, "worse", 3]}'
    transport = scripted(answer(400, body, x_request_id="r-1"))
    error, _ = outcome(lambda: create(pipeline_over(transport)))
    assert isinstance(error, BadRequestError)
    assert (error.status, error.request_id, error.phase) == (400, "r-1", Phase.REPLIED)
    assert error.detail == "no; x: bad; worse"
    assert error.operation == "invoices.create"


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b"[]", b'{"message": 5}', b"\xff\xfe"])
def test_an_error_body_of_any_shape_is_taken_as_it_is(outcome, pipeline_over, scripted, answer, body):
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(400, body)))))
    assert isinstance(error, BadRequestError)
    assert error.detail is None


def test_a_key_that_the_service_echoes_is_blotted_out(outcome, pipeline_over, scripted, answer):
    body = b'{"message": "unknown key the-secret-key"}'
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(401, body)))))
    assert isinstance(error, AuthenticationError)
    assert "the-secret-key" not in f"{error!r}{error}{error.body}{error.detail}"


def test_a_redirect_is_not_followed(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(302, Location="https://elsewhere.example"))
    error, _ = outcome(lambda: create(pipeline_over(transport)))
    assert isinstance(error, OutcomeUnknownError)
    assert error.status == 302
    assert "check the base URL" in str(error)
    assert len(transport.requests) == 1


def test_a_read_that_keeps_failing_ends_in_its_last_error(outcome, pipeline_over, scripted, answer):
    pipeline = pipeline_over(scripted(answer(500)), policy=RetryPolicy(attempts=2))
    error, _ = outcome(lambda: validate(pipeline))
    assert isinstance(error, ServerError)
    assert [attempt.status for attempt in error.attempts] == [500, 500]


def test_an_answer_that_is_not_shown_may_be_empty(outcome, pipeline_over, scripted, answer):
    receipt, _ = outcome(lambda: create(pipeline_over(scripted(answer(200, b"")))))
    assert receipt == InvoiceReceipt()


def test_an_answer_that_is_documented_may_not_be_empty(outcome, pipeline_over, scripted, answer):
    error, _ = outcome(lambda: validate(pipeline_over(scripted(answer(200, b"")))))
    assert isinstance(error, ResponseDecodeError)


CROWDS = {
    "keys": b'{"isValid": true' + b"".join(b',"%d":1' % number for number in range(500_001)) + b"}",
    "empty objects": b'{"isValid": true, "x": [' + b"{}," * 260_000 + b"{}]}",
    "brackets": b"[" * 600_000,
}


@pytest.mark.parametrize("body", CROWDS.values(), ids=CROWDS)
def test_an_answer_of_too_many_values_is_not_looked_into(
    outcome, pipeline_over, scripted, answer, body, monkeypatch
):
    pipeline = pipeline_over(scripted(answer(200, body)))
    monkeypatch.setattr(type(pipeline.converter), "loads", lambda *_: pytest.fail("it was looked into"))
    error, _ = outcome(lambda: validate(pipeline))
    assert isinstance(error, ResponseDecodeError)
    assert "more than 500000 values" in str(error)


def test_a_long_answer_of_few_values_is_read(outcome, pipeline_over, scripted, answer):
    body = b'{"isValid": true, "x": "%s"}' % (b"x" * 1_000_000)
    found, _ = outcome(lambda: validate(pipeline_over(scripted(answer(200, body)))))
    assert found.is_valid


def test_an_answer_of_the_wrong_form_is_named_by_path_without_its_value(
    outcome, pipeline_over, scripted, answer
):
    transport = scripted(answer(200, b'{"isValid": "SECRET"}'))
    error, _ = outcome(lambda: validate(pipeline_over(transport)))
    assert isinstance(error, ResponseDecodeError)
    assert (error.status, error.problems[0].path, error.operation) == (
        200,
        "$.isValid",
        "onboarding.validate_token",
    )
    assert "SECRET" not in str(error)


# --- the log --------------------------------------------------------------------------------------


def test_each_call_is_one_line_in_the_log_without_key_or_body(
    outcome, pipeline_over, scripted, answer, caplog
):
    caplog.set_level(logging.DEBUG, logger="confirma_async")
    outcome(lambda: create(pipeline_over(scripted(answer(200, b'{"message": "hello"}')))))
    (record,) = caplog.records
    text = record.getMessage()
    assert "invoices.create POST /api/v1/partner/invoice: 200" in text
    assert "the-secret-key" not in text
    assert "hello" not in text


def test_the_line_has_its_facts_as_fields_too(outcome, pipeline_over, scripted, answer, caplog):
    caplog.set_level(logging.INFO, logger="confirma_async")
    transport = scripted(answer(503, b"{}", Retry_After="2"), answer(400, b"{}", x_request_id="r-2"))
    outcome(lambda: create(pipeline_over(transport), subject="invoice 7"))
    fields = vars(caplog.records[-1])
    assert fields["milliseconds"] == pytest.approx(2000, abs=300)
    assert {name: fields[name] for name in ("operation", "method", "path", "subject", "request_id")} == {
        "operation": "invoices.create",
        "method": "POST",
        "path": "/api/v1/partner/invoice",
        "subject": "invoice 7",
        "request_id": "r-2",
    }
    assert (fields["status"], fields["phase"], fields["error"], fields["attempts"]) == (
        400,
        "replied",
        "BadRequestError",
        2,
    )


def test_the_log_tells_why_a_call_was_tried_again(outcome, pipeline_over, scripted, answer, caplog):
    caplog.set_level(logging.INFO, logger="confirma_async")
    outcome(lambda: create(pipeline_over(scripted(NOT_SENT, answer(503, Retry_After="0"), answer()))))
    assert "attempts: 3 (refused; HTTP 503; answered)" in caplog.text


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_call_that_would_never_end_is_refused(outcome, pipeline_over, scripted, answer, timeout):
    transport = scripted(answer())
    error, _ = outcome(lambda: create(pipeline_over(transport), timeout=timeout))
    assert isinstance(error, ConfigurationError)
    assert not transport.requests


def test_a_failed_call_is_a_warning(outcome, pipeline_over, scripted, answer, caplog):
    outcome(lambda: create(pipeline_over(scripted(answer(400, b"{}")))))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_no_repr_of_the_way_shows_the_key(pipeline_over, scripted, answer):
    pipeline = pipeline_over(scripted(answer()))
    assert "the-secret-key" not in repr(pipeline)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"title": "Bad", "detail": "number is taken"}', "Bad; number is taken"),
        (b'{"Message": "number is taken"}', "number is taken"),
        (b'{"error": "number is taken"}', "number is taken"),
        (b'{"error": {"code": "E1", "message": "number is taken"}}', "E1: number is taken"),
        (b'{"errors": {"header.number": ["number is taken", "too long"]}}', "header.number: number is taken"),
        (b'{"errors": [{"code": "E1"}]}', "E1"),
        (b'[{"field": "number", "message": "number is taken"}]', "number: number is taken"),
        (b'"number is taken"', "number is taken"),
        (b"number is taken", "number is taken"),
        (b'\xef\xbb\xbf{"message": "number is taken"}', "number is taken"),
        (b'{"message": "a\\u001b]52;c;x\\u0007b"}', r"a\x1b]52;c;x\x07b"),
        (b'{"message": "buyer 131052-308T"}', "buyer [personal number]"),
    ],
)
def test_the_reason_of_a_refusal_is_told_whatever_its_shape(
    outcome, pipeline_over, scripted, answer, body, words
):
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(400, body)))))
    assert isinstance(error, APIError)
    assert words in str(error)
    assert str(error).isprintable()


def test_a_reason_is_cut_to_a_length_that_can_be_read(outcome, pipeline_over, scripted, answer):
    error, _ = outcome(
        lambda: create(pipeline_over(scripted(answer(400, b'{"message": "%s"}' % (b"x" * 9999)))))
    )
    assert len(str(error)) < 1000


def test_a_page_is_no_reason(outcome, pipeline_over, scripted, answer):
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(400, b"<html>Hello</html>")))))
    assert isinstance(error, APIError)
    assert error.detail is None


def test_an_answer_may_be_had_as_it_came(outcome, pipeline_over, scripted, answer):
    def ask(*answers):
        return outcome(lambda: pipeline_over(scripted(*answers)).reply(CREATE_INVOICE, b"{}"))[0]

    assert ask(answer(201, b'\xef\xbb\xbf{"a": 1}')) == Reply(status=201, found={"a": 1})
    assert ask(answer(204, b"")) == Reply(status=204, found=None, empty=True)
    assert isinstance(ask(answer(200, b"<html>")), ResponseDecodeError)
