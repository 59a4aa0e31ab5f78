"""A call that is called off, at each place where it can be waiting; and what a halt does not touch."""

import asyncio

import pytest

from confirma_async.errors import Phase
from confirma_async.session.waiting.halt import NEVER, CalledOffError, Halt


async def waiting(halt, begun, event):
    with halt.wait():
        begun.set()
        await event.wait()


async def under_way(halt):
    """A task within a wait."""
    begun = asyncio.Event()
    task = asyncio.create_task(waiting(halt, begun, asyncio.Event()))
    await begun.wait()
    return task


async def test_a_wait_is_ended_and_none_begins_after_it():
    halt = Halt()
    task = await under_way(halt)
    halt.call()
    with pytest.raises(CalledOffError) as caught:
        await task
    assert caught.value.phase is Phase.NOT_SENT
    assert task.cancelling() == 0
    with pytest.raises(CalledOffError), halt.wait():
        pytest.fail("it began")


async def test_a_cancellation_from_elsewhere_stays_one():
    halt = Halt()
    task = await under_way(halt)
    task.cancel()
    halt.call()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_outside_of_a_wait_is_not_disturbed():
    halt, go_on = Halt(), asyncio.Event()

    async def call():
        with halt.wait():
            pass
        await go_on.wait()
        return "answer"

    task = asyncio.create_task(call())
    await asyncio.sleep(0)
    halt.call()
    go_on.set()
    assert await task == "answer"


async def test_an_error_of_the_wait_itself_is_told_and_leaves_no_cancellation_behind():
    halt = Halt()

    async def call():
        with halt.wait():
            halt._waits.copy().pop().end()
            raise TimeoutError

    task = asyncio.create_task(call())
    with pytest.raises(TimeoutError):
        await task
    assert task.cancelling() == 0


def test_the_halt_of_all_other_calls_is_never_called():
    with NEVER.wait(), NEVER.wait():
        assert not NEVER.called
