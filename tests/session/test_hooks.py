"""Hooks: what they are told, what they may add, and that they can break nothing."""

import asyncio

import pytest
from attrs import evolve

from confirma_async import Hook
from confirma_async.contract import CREATE_INVOICE, VALIDATE_TOKEN
from confirma_async.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    Phase,
    RateLimitedError,
    TransportError,
)
from confirma_async.session.call_options import CallOptions
from confirma_async.session.hooks import GRACE, Hooks
from confirma_async.session.rate.ratelimit import RateLimit

VALID = b'{"isValid": true}'
NOT_SENT = TransportError("refused", phase=Phase.NOT_SENT)


class Diary(Hook):
    """Writes down what it is told."""

    def __init__(self, pages, name="diary"):
        self.pages = pages
        self.name = name

    def before_attempt(self, outgoing):
        self.pages.append((self.name, "before", outgoing.number))

    def after_attempt(self, record):
        self.pages.append((self.name, "after", record.attempts[-1].reason))

    def after_call(self, record):
        self.pages.append((self.name, "call", record.failure and record.failure.type.__name__))


class AsyncDiary(Diary):
    async def before_attempt(self, outgoing):
        await asyncio.sleep(0)
        super().before_attempt(outgoing)

    async def after_attempt(self, record):
        await asyncio.sleep(0)
        super().after_attempt(record)

    async def after_call(self, record):
        await asyncio.sleep(0)
        super().after_call(record)


class Adds(Hook):
    def __init__(self, **headers):
        self.headers = headers
        self.saw = []

    def before_attempt(self, outgoing):
        self.saw.append(dict(outgoing.headers))
        return outgoing.with_headers({name.replace("_", "-"): value for name, value in self.headers.items()})


def validate(pipeline, **options):
    return pipeline.call(VALIDATE_TOKEN, options=CallOptions(**options))


def create(pipeline, **options):
    return pipeline.call(CREATE_INVOICE, b"{}", options=CallOptions(**options))


@pytest.fixture
def run(in_virtual_time, pipeline_over):
    """Runs a call with hooks over a transport: its answer or its error, and the virtual time it took."""

    def go(transport, hooks, call=validate, **pipeline):
        async def scenario():
            loop = asyncio.get_running_loop()
            started = loop.time()
            try:
                result = await call(pipeline_over(transport, hooks=hooks, **pipeline))
            except Exception as error:  # noqa: BLE001 (what it is, is the question)
                result = error
            return result, loop.time() - started

        return in_virtual_time(scenario)

    return go


# --- what they are told -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Diary, AsyncDiary])
def test_they_are_told_of_every_attempt_and_of_the_call(run, scripted, answer, kind):
    pages: list[tuple[object, ...]] = []
    run(scripted(NOT_SENT, answer(body=VALID)), [kind(pages)])
    assert pages == [
        ("diary", "before", 1),
        ("diary", "after", "refused"),
        ("diary", "before", 2),
        ("diary", "after", None),
        ("diary", "call", None),
    ]


def test_they_are_told_in_their_order(run, scripted, answer):
    pages: list[tuple[object, ...]] = []
    run(scripted(answer(body=VALID)), [AsyncDiary(pages, "a"), Diary(pages, "b")])
    assert [(name, what) for name, what, _ in pages] == [
        ("a", "before"),
        ("b", "before"),
        ("a", "after"),
        ("b", "after"),
        ("a", "call"),
        ("b", "call"),
    ]


def test_they_are_told_of_a_failure(run, scripted, answer):
    pages: list[tuple[object, ...]] = []
    run(scripted(TransportError("reset", phase=Phase.NO_REPLY)), [Diary(pages)], create)
    assert pages[-1] == ("diary", "call", OutcomeUnknownError.__name__)


def test_they_are_told_of_a_call_whose_turn_never_came(in_virtual_time, pipeline_over, scripted, answer):
    pages: list[tuple[object, ...]] = []

    async def scenario():
        limit = RateLimit(per_second=0.01)
        pipeline = pipeline_over(scripted(answer(body=VALID)), hooks=[Diary(pages)], limit=limit)
        await validate(pipeline)
        pages.clear()
        with pytest.raises(TransportError):
            await validate(pipeline, timeout=1)

    in_virtual_time(scenario)
    assert pages == [("diary", "call", "TransportError")]


def test_they_are_told_of_a_cancellation_which_stays_one(in_virtual_time, pipeline_over, scripted):
    pages: list[tuple[object, ...]] = []

    async def forever(request):
        await asyncio.sleep(10**6)

    async def scenario():
        task = asyncio.create_task(create(pipeline_over(scripted(forever), hooks=[AsyncDiary(pages)])))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_virtual_time(scenario)
    assert [page[1:] for page in pages] == [("before", 1), ("after", "cancelled"), ("call", "CancelledError")]


def test_the_history_tells_what_was_called_and_how_each_request_went(run, scripted, answer):
    reported = []

    class Keep(Hook):
        def after_call(self, record):
            reported.append(record)

    run(
        scripted(answer(503, b"{}", Retry_After="2"), answer(body=b"{}", x_request_id="r-2")),
        [Keep()],
        lambda pipeline: create(pipeline, subject="invoice 7"),
    )
    (record,) = reported
    assert record.operation is CREATE_INVOICE
    assert record.url == "https://service.example/api/v1/partner/invoice"
    assert record.subject == "invoice 7"
    assert [attempt.status for attempt in record.attempts] == [503, 200]
    assert record.request_id == "r-2"
    assert record.seconds == pytest.approx(2, abs=0.3)


def test_a_hook_runs_in_the_task_of_the_call(run, scripted, answer):
    tasks = set()

    class Where(Hook):
        def before_attempt(self, outgoing):
            tasks.add(asyncio.current_task())

        async def after_call(self, record):
            tasks.add(asyncio.current_task())

    run(scripted(answer(body=VALID)), [Where()])
    assert len(tasks) == 1


def test_hooks_are_told_before_the_journal_and_the_first_byte(run, scripted, answer):
    pages: list[tuple[object, ...]] = []

    async def announce():
        pages.append(("journal",))

    def call(pipeline):
        return create(pipeline, before_send=announce)

    run(scripted(answer()), [Diary(pages)], call)
    assert [page[:2] for page in pages][:2] == [("diary", "before"), ("journal",)]


# --- what they may add ------------------------------------------------------------------------------


def test_each_sees_what_the_one_before_left(run, scripted, answer):
    first, second = Adds(X_Correlation_Id="c-1"), Adds(X_Trace="t-1")
    transport = scripted(answer(body=VALID))
    run(transport, [first, second], lambda pipeline: validate(pipeline, headers={"X-Caller": "me"}))
    assert first.saw == [{"X-Caller": "me"}]
    assert second.saw == [{"X-Caller": "me", "X-Correlation-Id": "c-1"}]
    sent = transport.requests[0].headers
    assert (sent["X-Caller"], sent["X-Correlation-Id"], sent["X-Trace"]) == ("me", "c-1", "t-1")


def test_a_later_one_can_change_what_an_earlier_one_added(run, scripted, answer):
    transport = scripted(answer(body=VALID))
    run(transport, [Adds(X_Trace="a"), Adds(X_Trace="b")])
    assert transport.requests[0].headers["X-Trace"] == "b"


def test_what_is_added_to_one_attempt_is_gone_at_the_next(run, scripted, answer):
    class Once(Hook):
        def before_attempt(self, outgoing):
            return outgoing.with_headers({"X-Once": "1"}) if outgoing.number == 1 else None

    transport = scripted(NOT_SENT, answer(body=VALID))
    run(transport, [Once()])
    assert ["X-Once" in request.headers for request in transport.requests] == [True, False]


def test_they_see_no_key_and_no_body(run, scripted, answer):
    seen = []

    class Looks(Hook):
        def before_attempt(self, outgoing):
            seen.append(f"{outgoing!r}{dict(outgoing.headers)!r}")

        def after_call(self, record):
            seen.append(repr(record))

    def call(pipeline):
        return pipeline.call(CREATE_INVOICE, b'{"secret": "body"}')

    run(scripted(answer()), [Looks()], call)
    assert len(seen) == 2
    assert not any("the-secret-key" in text or "body" in text for text in seen)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-KEY": "other"},
        {"Host": "elsewhere"},
        {"Expect": "100-continue"},
        {"X": "a\r\nX-Api-Key: other"},
        {"a b": "c"},
        {"": ""},
    ],
)
@pytest.mark.parametrize("sly", [False, True])
def test_a_header_that_is_not_theirs_to_set_is_left_out_and_logged(
    run, scripted, answer, caplog, headers, sly
):
    class Bad(Hook):
        def before_attempt(self, outgoing):
            return evolve(outgoing, headers=headers) if sly else outgoing.with_headers(headers)

    transport = scripted(answer(body=VALID))
    result, _ = run(transport, [Bad(), Adds(X_Good="1")])
    assert result.is_valid
    sent = transport.requests[0].headers
    assert (sent["X-Api-Key"], sent["X-Good"]) == ("the-secret-key", "1")
    assert not set(headers) & set(sent)
    assert "the hook Bad failed" in caplog.text


def test_the_caller_cannot_add_such_headers_either(run, scripted, answer):
    transport = scripted(answer(body=VALID))
    error, _ = run(transport, (), lambda pipeline: validate(pipeline, headers={"X": "a\nb: c"}))
    assert isinstance(error, ConfigurationError)
    assert not transport.requests


# --- that they break nothing ------------------------------------------------------------------------


class Fails(Hook):
    def __init__(self, error):
        self.error = error

    def before_attempt(self, outgoing):
        raise self.error

    async def after_attempt(self, record):
        await asyncio.sleep(0)
        raise self.error

    def after_call(self, record):
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(1), asyncio.CancelledError()])
def test_what_they_raise_is_logged_and_the_call_goes_on(run, scripted, answer, caplog, error):
    pages: list[tuple[object, ...]] = []
    result, _ = run(scripted(answer(body=VALID)), [Fails(error), Diary(pages)])
    assert result.is_valid
    assert [what for _, what, _ in pages] == ["before", "after", "call"]
    assert caplog.text.count("the hook Fails") == 3


def test_the_error_of_the_call_is_what_its_caller_gets(run, scripted, answer, caplog):
    error, _ = run(scripted(answer(429, b"{}", Retry_After="99")), [Fails(RuntimeError("a bug"))])
    assert isinstance(error, RateLimitedError)
    assert error.__context__ is None


def test_one_that_hangs_gets_no_more_than_the_time_of_the_call(run, scripted, answer, caplog):
    class Hangs(Hook):
        async def before_attempt(self, outgoing):
            await asyncio.sleep(10**6)

    transport = scripted(answer(body=VALID))
    error, seconds = run(transport, [Hangs()], lambda pipeline: validate(pipeline, timeout=5))
    assert isinstance(error, TransportError)
    assert error.phase is Phase.NOT_SENT
    assert not transport.requests
    assert seconds == pytest.approx(5)


def test_one_that_hears_of_a_call_whose_time_is_up_gets_a_little_of_its_own(run, scripted, caplog):
    heard = []

    class Slow(Hook):
        async def after_call(self, record):
            await asyncio.sleep(GRACE / 2)
            heard.append(record)
            await asyncio.sleep(10**6)

    async def never(request):
        await asyncio.sleep(request.timeout)
        raise TransportError("no answer", phase=Phase.NO_REPLY)

    _, seconds = run(scripted(never), [Slow()], lambda pipeline: create(pipeline, timeout=5))
    assert heard
    assert seconds == pytest.approx(5 + GRACE)


def test_a_cancellation_that_comes_while_a_hook_runs_is_not_swallowed(
    in_virtual_time, pipeline_over, scripted, answer
):
    class Hangs(Hook):
        async def before_attempt(self, outgoing):
            await asyncio.sleep(10**6)

    async def scenario():
        transport = scripted(answer(body=VALID))
        task = asyncio.create_task(validate(pipeline_over(transport, hooks=[Hangs()])))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return transport.requests

    assert not in_virtual_time(scenario)


def test_an_answer_that_a_cancellation_keeps_from_the_caller_is_told_as_unknown(
    in_virtual_time, pipeline_over, scripted, answer
):
    reported = []

    class Slow(Hook):
        async def after_call(self, record):
            reported.append(record)
            await asyncio.sleep(10**6)

    async def scenario():
        task = asyncio.create_task(create(pipeline_over(scripted(answer()), hooks=[Slow()])))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    error = in_virtual_time(scenario)
    assert isinstance(error.__cause__, OutcomeUnknownError)
    assert [(one.failure.type, one.failure.is_unknown) for one in reported] == [
        (asyncio.CancelledError, True)
    ]


@pytest.mark.parametrize("wrong", [object(), Hook, print])
def test_what_is_no_hook_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="Hook"):
        Hooks([wrong])
