"""Which key a call carries, and how one is exchanged for another."""

import asyncio

import pytest

from tests.session.tokens.service import NEW, OLD, RENEWED


class Service:
    """Accepts one token, and renews it when asked."""

    def __init__(self, answer, *, accepts=OLD, renewal=RENEWED):
        self.answer = answer
        self.accepts = accepts
        self.renewal = renewal
        self.seen = []

    async def send(self, request):
        token = request.headers["X-Api-Key"]
        self.seen.append((request.url.rpartition("/")[2], token))
        if request.url.endswith("/renew"):
            await asyncio.sleep(1)
            if isinstance(self.renewal, Exception):
                raise self.renewal
            self.accepts = NEW
            return self.answer(body=self.renewal)
        if token != self.accepts:
            return self.answer(401, b"{}")
        return self.answer(body=b'{"isValid": true}')

    async def close(self):
        pass


@pytest.fixture
def service(answer):
    return Service(answer)


@pytest.fixture
def calls(pipeline_over, in_virtual_time):
    """Runs a scenario with a pipeline over the service."""

    def run(service, keys, scenario):
        async def within():
            return await scenario(pipeline_over(service, keys=keys))

        return in_virtual_time(within)

    return run
