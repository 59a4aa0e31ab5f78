"""What a call sends."""

import asyncio
import traceback

import pytest

from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS, Overrides
from confirma_async.errors import ConfigurationError, RequestInvalidError
from confirma_async.schemas import DistributionQuery, InvoiceRowData
from confirma_async.session.call_record import CallRecord
from confirma_async.session.in_flight import MANY
from confirma_async.session.request.headers import Headers
from confirma_async.session.transport import Request
from tests.session.pipeline.calls import BODY, NO_REPLY, VALID, create, validate


def test_a_request_carries_key_path_and_body(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())
    outcome(lambda: create(pipeline_over(transport)))
    (request,) = transport.requests
    assert (request.method, request.url) == ("POST", "https://service.example/api/v1/partner/invoice")
    assert request.headers["X-Api-Key"] == "the-secret-key"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == BODY


def test_a_query_is_encoded_into_the_url(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())
    query = DistributionQuery(invoice_number="7", fetch_type="A B&c")
    outcome(lambda: pipeline_over(transport).call(DISTRIBUTIONS, query=query))
    assert transport.requests[0].url.endswith("/invoice/distribution?invoiceNumber=7&fetchType=A+B%26c")


def test_of_many_calls_none_is_written_until_all_have_come_as_far(outcome, pipeline_over, scripted, answer):
    """They are quicker one beside the other than each by itself; the first few do not wait for that."""
    begun, written = list[CallRecord](), list[int]()

    async def noting(_request):
        written.append(len(begun))
        await asyncio.sleep(1)
        return answer()

    pipeline = pipeline_over(scripted(noting))
    begin = pipeline.open_calls.begin

    def beginning(record, loop):
        begun.append(record)
        begin(record, loop)

    pipeline.open_calls.begin = beginning
    outcome(lambda: asyncio.gather(*(create(pipeline) for _ in range(2 * MANY))))
    assert written == [*range(1, MANY), *[2 * MANY] * (MANY + 1)]


def test_an_override_changes_path_and_query_name(outcome, pipeline_over, scripted, answer):
    overrides = Overrides(
        paths={"invoices.distributions": "/new"},
        names={"DistributionQuery.invoice_number": "no"},
        forced=True,
    )
    transport = scripted(answer())
    pipeline = pipeline_over(transport, overrides=overrides)
    query = DistributionQuery(invoice_number="7")
    outcome(lambda: pipeline.call(DISTRIBUTIONS, query=query))
    assert transport.requests[0].url == "https://service.example/new?no=7"


@pytest.mark.parametrize("failure", [422, NO_REPLY, ConfigurationError("closed")], ids=str)
def test_no_variable_of_a_failed_call_holds_all_headers(outcome, pipeline_over, scripted, answer, failure):
    line = answer(failure) if isinstance(failure, int) else failure
    error, _ = outcome(lambda: create(pipeline_over(scripted(line))))
    walked = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in walked if "confirma_async" in frame.f_code.co_filename]
    assert "_called" in [frame.f_code.co_name for frame in ours]
    held = [value for frame in ours for value in frame.f_locals.values()]
    assert not [value for value in held if isinstance(value, (Headers, Request))]


def test_headers_of_the_caller_are_added(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(body=VALID))
    outcome(lambda: validate(pipeline_over(transport), headers={"X-Trace": "1"}))
    assert transport.requests[0].headers["X-Trace"] == "1"


def test_headers_of_the_caller_never_replace_the_key(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(body=VALID))
    error, _ = outcome(lambda: validate(pipeline_over(transport), headers={"x-api-KEY": "other"}))
    assert isinstance(error, ConfigurationError)
    assert not transport.requests


def test_a_payload_of_the_wrong_kind_is_refused_before_sending(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer())
    pipeline = pipeline_over(transport)
    wrong = InvoiceRowData(quantity=1.5)  # type: ignore[arg-type]  # what an untyped caller may do
    error, _ = outcome(lambda: pipeline.call(CREATE_INVOICE, wrong))
    assert isinstance(error, RequestInvalidError)
    assert error.problems[0].path == "$.quantity"
    assert not transport.requests
