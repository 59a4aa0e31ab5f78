"""The deadline of a call, whatever it waits for."""

import asyncio

import pytest

from confirma_async.errors import CallError, ConfigurationError, Phase, RateLimitedError, TransportError
from confirma_async.session.rate.ratelimit import RateLimit
from confirma_async.session.retry import RetryPolicy
from tests.session.pipeline.calls import NO_REPLY, NOT_SENT, VALID, create, validate


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


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_call_that_would_never_end_is_refused(outcome, pipeline_over, scripted, answer, timeout):
    transport = scripted(answer())
    error, _ = outcome(lambda: create(pipeline_over(transport), timeout=timeout))
    assert isinstance(error, ConfigurationError)
    assert not transport.requests
