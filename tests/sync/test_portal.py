"""The traps of a loop in another thread, as far as one process can show them."""

import asyncio
import contextlib
import contextvars
import datetime
import gc
import pickle
import random
import signal
import socket
import threading
from collections import UserDict
from functools import partial
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from confirma_async.contract import VALIDATE_TOKEN
from confirma_async.errors import ConfigurationError, OutcomeUnknownError, Phase, TransportError
from confirma_async.sandbox import Fault
from confirma_async.session.transport import Response
from confirma_async.telemetry import OpenTelemetryHook
from confirma_sync import Confirma, Hook, RateLimit, Sandbox
from confirma_sync.waiting.blocking import BlockingCall
from confirma_sync.waiting.loop import new_loop

VALID = Response(200, {}, b'{"isValid": true, "message": "The token is valid."}')
DAY = datetime.date(2026, 11, 1)
HANG = 10
"""Seconds after which something that should have ended is taken to hang."""

tenant = contextvars.ContextVar("tenant", default="nobody")


class Scripted:
    """A transport that answers with what a function returns, on the loop."""

    def __init__(self, answer):
        self.answer = answer
        self.closed = 0

    async def send(self, request):
        return self.answer()

    async def close(self):
        self.closed += 1


def over(answer):
    return Confirma("key", transport=Scripted(answer))


def portal_threads():
    return [thread for thread in threading.enumerate() if thread.name == "confirma-portal"]


def ended(threads):
    for thread in threads:
        thread.join(HANG)
    return not any(thread.is_alive() for thread in threads)


def test_no_thread_is_started_before_the_first_call():
    Confirma("key").close()
    assert not portal_threads()


def test_a_client_that_nothing_refers_to_ends_its_thread():
    confirma = over(lambda: VALID)
    confirma.onboarding.validate_token()
    threads = portal_threads()
    assert len(threads) == 1
    del confirma
    gc.collect()
    assert ended(threads)


def test_a_resource_alone_keeps_its_client_going():
    onboarding = over(lambda: VALID).onboarding
    gc.collect()
    assert onboarding.validate_token().is_valid
    assert onboarding.validate_token().is_valid
    onboarding.portal.close()


def test_a_listing_half_iterated_can_be_dropped(confirma, wire_invoice):
    for number in range(1, 4):
        confirma.invoices.create(wire_invoice(number))
    records = iter(confirma.invoices.distributions(from_date=DAY, to_date=DAY))
    assert next(records).invoice_number == "1"
    del records
    gc.collect()
    assert confirma.onboarding.validate_token().is_valid


def test_closing_closes_what_was_opened_and_twice_is_fine():
    confirma = over(lambda: VALID)
    transport = confirma.portal.target._transport
    with confirma:
        confirma.onboarding.validate_token()
        threads = portal_threads()
    assert transport.closed == 1
    assert ended(threads)
    confirma.close()
    assert transport.closed == 1


def test_a_closed_client_says_so():
    confirma = over(lambda: VALID)
    confirma.close()
    with pytest.raises(ConfigurationError, match="closed"):
        confirma.onboarding.validate_token()


def test_closing_ends_the_call_of_another_thread_with_a_clear_error(sandbox, seen, wire_invoice):
    sandbox.faults.add(Fault.LATENCY, seconds=HANG)
    confirma = Confirma(sandbox.api_key, base_url=sandbox.url)
    caught = []

    def call():
        try:
            confirma.invoices.create(wire_invoice(7))
        except OutcomeUnknownError as error:
            caught.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    seen("invoices.create")
    confirma.close()
    caller.join(HANG)
    (error,) = caught
    assert "invoice 7" in str(error)


def test_in_a_running_loop_it_names_the_asynchronous_client():
    confirma = over(lambda: VALID)

    async def view():
        confirma.onboarding.validate_token()

    with pytest.raises(ConfigurationError, match="from confirma_async import Confirma"):
        asyncio.run(view())
    assert not portal_threads()


def test_from_its_own_loop_it_says_so_instead_of_hanging():
    def call_again():
        confirma.onboarding.validate_token()

    confirma = over(call_again)
    with pytest.raises(ConfigurationError, match="own event loop"):
        confirma.onboarding.validate_token()
    confirma.close()


def test_sixty_four_threads_share_a_client(sandbox, wire_invoice):
    done = []
    with Confirma(sandbox.api_key, base_url=sandbox.url, rate_limit=RateLimit(concurrency=64)) as confirma:

        def work(first):
            for number in range(first, first + 4):
                receipt = confirma.invoices.create(wire_invoice(number))
                done.append(receipt.invoice_number == number)

        threads = [threading.Thread(target=work, args=(4 * thread + 1,)) for thread in range(64)]
        for thread in threads:
            thread.start()
        assert ended(threads)
        assert len(portal_threads()) == 2  # the sandbox's, and one for all
    assert done == [True] * 256
    assert sorted(invoice.number for invoice in sandbox.invoices()) == list(range(1, 257))


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_ends_a_program_ends_the_call_and_not_the_loop(error):
    answers = [VALID, error, VALID]

    def answer():
        reported = answers.pop(0)
        if isinstance(reported, BaseException):
            raise reported
        return reported

    with over(answer) as confirma:
        confirma.onboarding.validate_token()
        threads = portal_threads()
        with pytest.raises(type(error)):
            confirma.onboarding.validate_token()
        confirma.onboarding.validate_token()
        assert portal_threads() == threads


def test_a_callback_that_would_end_the_loop_does_not(caplog):
    def leave():
        raise SystemExit(3)

    with over(lambda: VALID) as confirma:
        confirma.onboarding.validate_token()
        threads = portal_threads()
        confirma.portal.post(leave)
        assert confirma.onboarding.validate_token().is_valid
        assert portal_threads() == threads
    assert "SystemExit: 3" in caplog.text


def test_an_invoice_is_prepared_in_the_thread_that_calls(wire_invoice):
    class Watched(UserDict[str, Any]):
        def __iter__(self):
            seen.append(threading.current_thread())
            return super().__iter__()

    seen = list[threading.Thread]()
    with over(lambda: Response(200, {}, b"")) as confirma:
        confirma.invoices.create(Watched(wire_invoice(1)))
    assert set(seen) == {threading.current_thread()}


def test_the_loop_is_uvloops_where_a_child_could_make_another():
    uvloop = pytest.importorskip("uvloop")
    for forks in (True, False):
        loop = new_loop(forks=forks)
        assert isinstance(loop, uvloop.Loop) == forks
        loop.close()


def test_the_loop_looks_up_the_addresses_that_were_asked_for():
    async def addresses():
        return await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)

    with asyncio.Runner(loop_factory=partial(new_loop, forks=True)) as runner:
        assert runner.run(addresses()) == socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)


def test_context_variables_of_the_caller_are_seen():
    found = []

    def answer():
        found.append(tenant.get())
        tenant.set("changed inside")
        return VALID

    with over(answer) as confirma:
        for name in ("one", "two"):
            tenant.set(name)
            confirma.onboarding.validate_token()
    assert found == ["one", "two"]
    assert tenant.get() == "two"


def test_a_span_of_the_caller_is_the_parent_of_its_calls():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    hooks = [OpenTelemetryHook(tracer_provider=provider)]
    with Confirma("key", transport=Scripted(lambda: VALID), hooks=hooks) as confirma:
        with provider.get_tracer("view").start_as_current_span("view"):
            confirma.onboarding.validate_token()
        call, view = exporter.get_finished_spans()
    assert call.parent == view.get_span_context()


def test_a_timeout_stops_the_work_itself(sandbox, confirma):
    sandbox.faults.add(Fault.LATENCY, seconds=HANG)
    with pytest.raises(TransportError) as caught:
        confirma.onboarding.validate_token(timeout=0.2)
    assert caught.value.phase is Phase.NO_REPLY

    async def others():
        return [task for task in asyncio.all_tasks() if VALIDATE_TOKEN.name in repr(task.get_coro())]

    assert confirma.portal.run(others) == []


def test_errors_are_those_of_the_asynchronous_client(sandbox):
    from confirma_async.errors import AuthenticationError

    with (
        Confirma("somebody-elses", base_url=sandbox.url) as stranger,
        pytest.raises(AuthenticationError) as caught,
    ):
        stranger.onboarding.validate_token()
    assert caught.value.request_id


def calls():
    return sum(isinstance(thing, BlockingCall) for thing in gc.get_objects())


@pytest.mark.drops_errors("it counts what a dropped error leaves behind")
def test_an_error_that_is_dropped_leaves_nothing_to_collect():
    async def refuse():
        raise ConfigurationError("no")

    with over(lambda: VALID) as confirma:
        gc.collect()
        gc.disable()
        try:
            before = calls()
            with contextlib.suppress(ConfigurationError):
                confirma.portal.run(refuse)
            confirma.onboarding.validate_token()  # the loop has let go of the first call by now
            assert calls() == before
        finally:
            gc.enable()


def test_a_session_is_refused():
    async def main():
        import aiohttp

        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigurationError, match="loop of its own"):
                Confirma("key", session=session)

    asyncio.run(main())


def test_a_client_cannot_be_pickled():
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(Confirma("key"))


class Interruption(BaseException):
    pass


@pytest.fixture
def interrupt():
    """Has a signal handler raise in the main thread, as Ctrl-C does.

    Again where it has to: Python does not see a signal that comes just before it waits for a lock.
    """
    rang = threading.Event()

    def ring(*_):
        rang.set()
        raise Interruption

    def interrupt():
        rang.clear()
        signal.pthread_kill(main, signal.SIGUSR1)
        while not rang.wait(0.1):
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, ring)
    main = threading.get_ident()
    yield interrupt
    signal.signal(signal.SIGUSR1, before)


class Deaf(Scripted):
    """A transport that has its caller interrupted, and goes on after the cancellation."""

    def __init__(self, interrupt, times):
        super().__init__(lambda: VALID)
        self.interrupt = interrupt
        self.times = times

    async def send(self, request):
        for _ in range(self.times):
            self.interrupt()
            with contextlib.suppress(asyncio.CancelledError):
                async with asyncio.timeout(HANG):
                    await asyncio.Event().wait()
        return VALID


def test_whatever_a_signal_handler_raises_cancels_the_call(sandbox, seen, confirma, wire_invoice, interrupt):
    def once_seen():
        seen("invoices.create")
        interrupt()

    sandbox.faults.add(Fault.LATENCY, seconds=HANG)
    threading.Thread(target=once_seen).start()
    with pytest.raises(Interruption) as caught:
        confirma.invoices.create(wire_invoice(7))
    assert isinstance(caught.value.__cause__, OutcomeUnknownError)
    assert caught.value.__cause__.subject == "invoice 7"
    assert confirma.onboarding.validate_token().is_valid


def test_an_interrupted_call_that_succeeds_is_told_of(interrupt):
    confirma = Confirma("key", transport=Deaf(interrupt, times=1))
    with pytest.raises(Interruption) as caught:
        confirma.onboarding.validate_token()
    confirma.close()
    assert caught.value.__notes__ == ["The call that this interrupted had already succeeded."]


def test_a_second_interruption_does_not_wait_for_the_end_of_the_call(interrupt):
    confirma = Confirma("key", transport=Deaf(interrupt, times=2))
    with pytest.raises(Interruption) as caught:
        confirma.onboarding.validate_token()
    confirma.close()
    assert caught.value.__notes__ == ["The call was still being cancelled: what became of it is unknown."]


def test_interrupted_at_any_instant_it_goes_on(interrupt):
    instants = random.Random(1)
    rounds = 300

    def keep_interrupting():
        for _ in range(rounds):
            ready.acquire()
            for _ in range(instants.randrange(400)):
                pass
            interrupt()

    ready = threading.Semaphore(0)
    with over(lambda: VALID) as confirma:
        confirma.onboarding.validate_token()
        threading.Thread(target=keep_interrupting).start()
        for _ in range(rounds):
            with contextlib.suppress(Interruption):
                ready.release()
                while True:
                    assert confirma.onboarding.validate_token().is_valid
        assert confirma.onboarding.validate_token().is_valid
        assert not confirma.portal.running._calls


def test_another_account_is_seen_through_the_same_connections(sandbox, wire_invoice):
    other = sandbox.add_client("another")
    with Confirma(sandbox.api_key, base_url=sandbox.url) as confirma:
        confirma.invoices.create(wire_invoice(1))
        with confirma.as_client(other) as creditor:
            creditor.invoices.create(wire_invoice(2))
            listing = creditor.invoices.distributions(from_date=DAY, to_date=DAY)
            assert [record.invoice_number for record in listing] == ["2"]
            assert len(portal_threads()) == 2  # the sandbox's, and the client's
        with pytest.raises(ConfigurationError):
            creditor.invoices.create(wire_invoice(3))
        assert confirma.onboarding.validate_token().is_valid


def test_hooks_are_called_and_may_exit_without_ending_anything():
    reported = []

    class Watch(Hook):
        def before_attempt(self, outgoing):
            reported.append(outgoing.number)
            raise SystemExit(3)

    with Confirma("key", transport=Scripted(lambda: VALID), hooks=[Watch()]) as confirma:
        for _ in range(2):
            with contextlib.suppress(SystemExit):
                confirma.onboarding.validate_token()
        assert len(portal_threads()) == 1
    assert len(reported) == 2


def test_the_key_never_shows():
    client = Confirma("the-secret-key")
    assert "the-secret-key" not in repr(client) + repr(vars(client)) + repr(client.settings)


def test_the_environment_variables_make_a_client(monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", "key")
    monkeypatch.setenv("CONFIRMA_ENVIRONMENT", "production")
    monkeypatch.delenv("CONFIRMA_BASE_URL", raising=False)
    client = Confirma.from_env(timeout=5)
    assert client.settings.environment.name == "PRODUCTION"
    assert client.converter is client.portal.target.converter


def test_a_sandbox_that_cannot_start_leaves_no_thread():
    with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
        before = portal_threads()
        with pytest.raises(ConfigurationError, match="in use"), Sandbox(port=port):
            raise AssertionError("two on one port")
        assert portal_threads() == before
