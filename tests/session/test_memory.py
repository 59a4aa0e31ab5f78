"""A call that failed is freed with the error that it raised, without the garbage collector."""

import asyncio
import contextlib
import gc
import weakref

import pytest
from attrs import frozen

from confirma_async import Secret
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import JournalError, Phase, ResponseDecodeError, TransportError
from confirma_async.session.answers.raw import as_it_came
from confirma_async.session.call_options import CallOptions
from confirma_async.session.hooks import Hook
from confirma_async.session.rate.ratelimit import RateLimit
from confirma_async.session.tokens.credential import Credential, CredentialSet

from .conftest import ScriptedTransport

pytestmark = pytest.mark.drops_errors("it counts what a dropped error leaves behind")


class Watching(Hook):
    """Knows, weakly, of every call and every error."""

    def __init__(self):
        self.known = []
        self.reported = []

    def after_call(self, record):
        self.known.append(weakref.ref(record))
        if record.failure is not None:
            self.reported.append(record.failure.type.__name__)


class Shelf:
    """A store that can be read once."""

    def __init__(self):
        self.tokens = [Secret("the-only-key-1")]

    async def load(self):
        return self.tokens.pop()

    async def save(self, token):
        raise NotImplementedError


class UnexpectedError(Exception):
    pass


class Failing:
    """Fails afresh each time: an error that is kept to be raised again has a reason to live."""

    def __init__(self, failure):
        self.failure = failure

    async def __call__(self, request):
        try:
            raise ConnectionError
        except ConnectionError as cause:
            raise self.failure() from cause


def no_reply():
    return TransportError("reset", phase=Phase.NO_REPLY)


def not_sent():
    return TransportError("refused", phase=Phase.NOT_SENT)


async def silence(request):
    await asyncio.sleep(10**6)


async def refuse_to_write():
    raise JournalError("no space left")


@frozen
class Case:
    """A call that fails.

    Attributes:
        script: What the transport does; a number is a status.
        error: What the hooks are told.
        options: What the call does differently.
        limit: What its turn depends on.
        cancelled: Whether it is cancelled after a second.
    """

    script: tuple[object, ...]
    error: str | None
    options: CallOptions = CallOptions()
    limit: RateLimit = RateLimit()
    cancelled: bool = False


CASES = {
    "refused": Case((422,), "UnprocessableError"),
    "key refused": Case((401,), "AuthenticationError"),
    "never sent": Case((Failing(not_sent),), "TransportError"),
    "unknown": Case((Failing(no_reply),), "OutcomeUnknownError"),
    "failed at last": Case((Failing(not_sent), 503, 500), "OutcomeUnknownError"),
    "well at last": Case((Failing(not_sent), 503, 200), None),
    "unreadable": Case((b"no JSON",), "ResponseDecodeError"),
    "a bug": Case((Failing(UnexpectedError),), "UnexpectedError"),
    "not written down": Case((200,), "JournalError", options=CallOptions(before_send=refuse_to_write)),
    "no turn": Case(
        (200,), "TransportError", options=CallOptions(timeout=5), limit=RateLimit(per_second=0.01)
    ),
    "cancelled while sending": Case((silence,), "CancelledError", cancelled=True),
    "cancelled in a pause": Case((503,), "CancelledError", cancelled=True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_call_that_failed_is_freed_at_once(in_virtual_time, pipeline_over, answer, case):
    def line(said):
        match said:
            case int():
                return answer(said, Retry_After="2")
            case bytes():
                return answer(body=said)
            case _:
                return said

    hook = Watching()
    pipeline = pipeline_over(
        ScriptedTransport(*map(line, case.script)),
        keys=CredentialSet(client=Credential(Shelf())),
        hooks=[hook],
        limit=case.limit,
    )

    async def failing():
        call = pipeline.call(CREATE_INVOICE, b"{}", options=case.options)
        await pipeline.limiter.acquire(asyncio.get_running_loop().time() + 1)
        pipeline.limiter.release()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1 if case.cancelled else None):
                try:
                    await call
                except BaseException as error:
                    hook.known.append(weakref.ref(error))
                    raise

    async def scenario():
        await failing()
        await asyncio.sleep(0)
        return [known() for known in hook.known if known() is not None]

    gc.collect()
    gc.disable()
    try:
        left = in_virtual_time(scenario)
    finally:
        gc.enable()
    assert left == []
    assert hook.reported == ([] if case.error is None else [case.error])


def test_an_answer_that_cannot_be_read_is_freed_with_its_error(in_virtual_time, pipeline_over, answer):
    pipeline = pipeline_over(ScriptedTransport(answer(body=b"no JSON")))

    async def kept():
        raw = await as_it_came(pipeline, lambda asked: asked.call(CREATE_INVOICE, b"{}"))
        known = [weakref.ref(raw._made)]
        for _ in range(2):
            try:
                raw.parse()
            except ResponseDecodeError as error:
                known.append(weakref.ref(error))
        return known

    async def scenario():
        known = await kept()
        return [one() for one in known if one() is not None]

    gc.collect()
    gc.disable()
    try:
        assert in_virtual_time(scenario) == []
    finally:
        gc.enable()
