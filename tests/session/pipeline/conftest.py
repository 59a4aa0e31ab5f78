"""The way of a call: what is sent, how often, and what its caller gets."""

import asyncio

import pytest


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
