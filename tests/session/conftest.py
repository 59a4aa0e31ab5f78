"""A transport that plays a script, and a pipeline over it."""

from collections import deque

import pytest

from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.session.hooks import Hooks
from confirma_async.session.pipeline import Pipeline
from confirma_async.session.rate.ratelimit import LocalLimiter, RateLimit
from confirma_async.session.retry import RetryPolicy, RetryQuota
from confirma_async.session.tokens.credential import Credential, CredentialSet
from confirma_async.session.transport import Response


class ScriptedTransport:
    """Answers each request with the next line: a Response, an exception, or a coroutine function."""

    def __init__(self, *script):
        self.script = deque(script)
        self.requests = []
        self.closed = 0

    async def send(self, request):
        self.requests.append(request)
        line = self.script.popleft() if len(self.script) > 1 else self.script[0]
        if callable(line):
            return await line(request)
        if isinstance(line, BaseException):
            raise line
        return line

    async def close(self):
        self.closed += 1


@pytest.fixture
def scripted():
    return ScriptedTransport


@pytest.fixture
def pipeline_over():
    """Makes a pipeline over a transport."""

    def make(
        transport,
        *,
        keys=None,
        hooks=(),
        policy=RetryPolicy(),
        limit=RateLimit(),
        quota=None,
        timeout=30.0,
        overrides=None,
    ):
        overrides = overrides or Overrides()
        return Pipeline(
            base_url="https://service.example",
            keys=keys or CredentialSet(client=Credential("the-secret-key")),
            hooks=Hooks(hooks),
            transport=transport,
            converter=Converter(overrides.names),
            overrides=overrides,
            limiter=LocalLimiter(limit),
            policy=policy,
            quota=quota or RetryQuota(),
            timeout=timeout,
        )

    return make


@pytest.fixture
def answer():
    """Makes an answer of the service."""

    def make(status=200, body=b"{}", **headers):
        return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)

    return make
