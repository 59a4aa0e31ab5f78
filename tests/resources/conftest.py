"""A client over a transport that keeps what was sent and answers as told."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from confirma_async import Confirma, RetryPolicy
from confirma_async.session.transport import Request, Response


class Wire:
    """What left, and what comes back for it, answer after answer; the last one is given again and again."""

    def __init__(self):
        self.requests: list[Request] = []
        self.answers: list[Any] = [{}]

    def answer(self, *answers):
        self.answers = list(answers)

    async def send(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, int):
            return Response(answer, {}, b"")
        return Response(200, {}, json.dumps(answer).encode())

    async def close(self):
        pass

    @property
    def asked(self):
        """Method, path and query of every request."""
        parts = [(request.method, urlsplit(request.url)) for request in self.requests]
        return [(method, url.path, dict(parse_qsl(url.query))) for method, url in parts]

    @property
    def sent(self):
        """The bodies, decimals as they were written."""
        return [json.loads(request.body or b"", parse_float=Decimal) for request in self.requests]


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
async def over_wire(wire):
    async with Confirma(
        "key",
        provisioning_token="provision",
        transport=wire,
        retry=RetryPolicy(attempts=3, base_seconds=0.001),
    ) as client:
        yield client
