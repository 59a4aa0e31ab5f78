"""What is announced of a call, what it gives back, and how it is cancelled."""

import asyncio

import pytest

from confirma_async.errors import OutcomeUnknownError
from confirma_async.schemas import InvoiceReceipt
from confirma_async.session.rate.ratelimit import RateLimit
from tests.session.pipeline.calls import NO_REPLY, NOT_SENT, create


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
