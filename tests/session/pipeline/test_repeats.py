"""What is sent again, how often, and who waits meanwhile."""

import asyncio

import pytest

from confirma_async import Confirma
from confirma_async.errors import OutcomeUnknownError, Phase, RateLimitedError, TransportError
from confirma_async.schemas import InvoiceReceipt
from confirma_async.session.rate.ratelimit import LocalLimiter, RateLimit
from confirma_async.session.retry import RetryPolicy, RetryQuota
from tests.session.pipeline.calls import NO_REPLY, NOT_SENT, VALID, create, validate


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
