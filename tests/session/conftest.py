"""A loop whose time only passes when nothing else is left to do, and a transport that plays a script."""

import asyncio
import selectors
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


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the loop's clock to it."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._virtual = _NoWaiting()
        super().__init__(self._virtual)

    def time(self):
        return self._virtual.now


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
def in_virtual_time():
    """Runs a coroutine function on a loop with virtual time."""

    def run(function):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(function())

    return run


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
