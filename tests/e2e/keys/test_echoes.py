"""A service that echoes the key, in every way, over every way out: none lets it out.

The plugin ``tests.plugins.leaks`` looks at logs, errors with all that hangs on them, pickles and outputs by
itself; what else is written is given to it here.
"""

import asyncio
import gc
import json
import logging
import traceback
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from confirma_async import Confirma, RetryPolicy
from confirma_async.contract import Overrides
from confirma_async.credentials import CallbackTokenStore
from confirma_async.errors import ConfirmaError, OutcomeUnknownError, UnprocessableError
from confirma_async.privacy import Secret, visible
from confirma_async.session.hooks import Hook
from tests.plugins.leaks import look
from tests.services.echoes import DRIVING, FORMS, KEY, echoing
from tests.session.fault_server import fault_server

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

AIOHTTP = str(Path(aiohttp.__file__).parent)


@pytest.fixture
def overrides():
    """No corrected names: this service answers alike whatever it is asked."""
    return Overrides()


@pytest.fixture(params=FORMS, scope="module")
def service(request):
    with echoing(FORMS[request.param]) as url:
        yield url


@pytest.fixture
def client(service):
    return Confirma(KEY, base_url=service, retry=RetryPolicy(attempts=2, base_seconds=0.001), timeout=5)


class Listener(Hook):
    """Says all that a hook is told."""

    def after_call(self, history):
        for attempt in history.attempts:
            look(repr(attempt), "a hook")
        look(f"{history.error!r} {history.error} {history.request_id}", "a hook")


VERBS = {
    "validate_token": lambda confirma, _: confirma.onboarding.validate_token(),
    "create": lambda confirma, invoice: confirma.invoices.create(invoice),
    "distributions": lambda confirma, _: confirma.invoices.distributions(invoice_number=1),
    "payments": lambda confirma, _: confirma.payments.list(),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_no_answer_error_or_log_has_the_key(service, verb, wire_invoice, caplog):
    caplog.set_level(logging.INFO, "confirma_async")
    policy = RetryPolicy(attempts=2, base_seconds=0.001)
    async with Confirma(KEY, base_url=service, retry=policy, timeout=5, hooks=[Listener()]) as confirma:
        answer: Any = []
        failure: ConfirmaError | None = None
        try:
            answer = await VERBS[verb](confirma, wire_invoice())
        except ConfirmaError as error:
            failure = error
        look("".join(traceback.format_exception(failure)), "a traceback")
        assert not reached_from(failure)
        look(repr(answer), "an answer")
        for each in answer if isinstance(answer, (list, tuple)) else [answer]:
            look(confirma.converter.dumps(each).decode(), "an answer written again")


def reached_from(error):
    """What of aiohttp's an error leads to: by its chain, its attributes, and the frames of its tracebacks."""
    left: list[object] = [error]
    seen: set[int] = set()
    found: list[object] = []
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, BaseException):
            left += [each.__cause__, each.__context__, *vars(each).values(), *each.args]
            found += [type(each)] if type(each).__module__.startswith("aiohttp") else []
            for frame, _ in traceback.walk_tb(each.__traceback__):
                found += [frame.f_code] if frame.f_code.co_filename.startswith(AIOHTTP) else []
                left += list(frame.f_locals.values())
        elif isinstance(each, (aiohttp.ClientRequest, aiohttp.RequestInfo, aiohttp.ClientResponse)):
            found.append(type(each))
        elif isinstance(each, (tuple, list, dict)):
            left += gc.get_referents(each)
    return found


async def test_a_job_writes_the_key_nowhere(service, client, wire_invoice, tmp_path):
    journal = tmp_path / "a.journal"
    async with client:
        report = await client.bulk.submit(
            [wire_invoice(number) for number in (1, 2, 3)], journal=journal, settle_seconds=0.01
        )
    look(repr(report), "the report")
    look(repr([vars_of(issue) for issue in report.issues]), "the issues")
    for file in tmp_path.iterdir():
        look(file.read_bytes().decode("latin-1"), f"the file {file.name}")


def vars_of(issue):
    return issue.detail, issue.status, issue.problems


async def test_neither_the_old_token_nor_the_new_one_is_let_out_by_a_later_answer():
    new, kept = "11111111-2222+3333/4444-555555555555", [KEY]

    def form(key):
        if key == KEY:
            return 200, {}, f'{{"apiAccessToken": "{new}", "message": "{key}"}}'.encode()
        return 400, {"X-Request-Id": KEY}, f'{{"message": "was {KEY}, is {new}"}}'.encode()

    store = CallbackTokenStore(lambda: kept[0], lambda token: kept.__setitem__(0, token.reveal()))
    with echoing(form) as url:
        async with Confirma(store, base_url=url) as confirma:
            assert await confirma.onboarding.renew_token() == Secret(new)
            with pytest.raises(ConfirmaError) as caught:
                await confirma.onboarding.validate_token()
    assert "was [secret], is [secret]" in str(caught.value)


async def test_a_token_that_is_renewed_into_itself_is_kept():
    kept = []
    store = CallbackTokenStore(lambda: KEY, lambda token: kept.append(token.reveal()))
    with echoing(lambda key: (200, {}, json.dumps({"apiAccessToken": key}).encode())) as url:
        async with Confirma(store, base_url=url) as confirma:
            await confirma.onboarding.renew_token()
    assert kept == [KEY]


async def test_a_cancelled_call_leads_to_nothing_of_the_request(wire_invoice):
    async with fault_server() as server, Confirma(KEY, base_url=server.url) as confirma:
        sending = confirma.invoices.create(wire_invoice(), headers={"X-Fault": "silence"})
        call = asyncio.create_task(sending)
        await server.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
    assert isinstance(caught.value.__cause__, OutcomeUnknownError)
    assert not reached_from(caught.value)


def says(text):
    """Says something in an answer, and in the id of the request, as far as HTTP can carry it."""
    body = json.dumps({"message": text, "errors": [text, {"field": text, "message": text}], text: text})
    header = "".join(char for char in text if char >= " ").encode().decode("latin-1")
    return lambda _: (422, {"X-Request-Id": header}, body.encode())


async def test_neither_log_nor_error_has_a_line_or_a_control_character_of_the_services(caplog):
    caplog.set_level(logging.INFO, "confirma_async")
    with echoing(says(DRIVING)) as url:
        async with Confirma(KEY, base_url=url) as confirma:
            with pytest.raises(UnprocessableError) as caught:
                await confirma.onboarding.validate_token()
    (record,) = caplog.records
    for text in (record.getMessage(), str(caught.value), *map(str, caught.value.args)):
        assert visible(text) == text
    assert all(visible(text) == text for text in vars(record).values() if isinstance(text, str))
    assert "forged" in str(caught.value)
    assert caught.value.request_id is not None
    assert caught.value.request_id == visible(caught.value.request_id)
