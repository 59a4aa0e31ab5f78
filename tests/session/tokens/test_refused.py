"""What a call does whose key is refused."""

import asyncio

import pytest

from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import AuthenticationError, OutcomeUnknownError, Phase, TransportError
from tests.session.tokens.service import NEW, OLD, RENEWED, Shelf, keys, validate


def test_a_token_that_was_renewed_elsewhere_is_found_in_the_store(calls, service):
    shelf = Shelf()

    async def scenario(pipeline):
        await validate(pipeline)
        shelf.token = service.accepts = NEW  # as another process would
        return await validate(pipeline)

    assert calls(service, keys(shelf), scenario).is_valid
    assert service.seen == [("validate", OLD), ("validate", OLD), ("validate", NEW)]


def test_a_refused_token_is_not_renewed_unless_asked(calls, service):
    service.accepts = NEW

    async def scenario(pipeline):
        with pytest.raises(AuthenticationError):
            await validate(pipeline)

    calls(service, keys(Shelf()), scenario)
    assert service.seen == [("validate", OLD)]


def test_a_refused_token_is_renewed_once_when_asked(calls, service):
    service.accepts = NEW
    shelf = Shelf()
    assert calls(service, keys(shelf, renew_on_401=True), validate).is_valid
    assert service.seen == [("validate", OLD), ("renew", OLD), ("validate", NEW)]
    assert shelf.token == NEW


def test_many_refused_calls_are_one_renewal(calls, service):
    service.accepts = NEW

    async def scenario(pipeline):
        return await asyncio.gather(*(validate(pipeline) for _ in range(30)))

    assert all(answer.is_valid for answer in calls(service, keys(Shelf(), renew_on_401=True), scenario))
    assert [what for what, _ in service.seen].count("renew") == 1


def test_a_write_that_was_refused_is_sent_again_with_the_new_key(calls, service):
    service.accepts = NEW

    def create(pipeline):
        return pipeline.call(CREATE_INVOICE, b"{}")

    calls(service, keys(Shelf(), renew_on_401=True), create)
    assert service.seen == [("invoice", OLD), ("renew", OLD), ("invoice", NEW)]


def test_a_new_token_that_is_refused_too_ends_the_call(calls, service, scripted, answer):
    transport = scripted(answer(401, b"{}"), answer(body=RENEWED), answer(401, b"{}"))

    async def scenario(pipeline):
        with pytest.raises(AuthenticationError) as caught:
            await validate(pipeline)
        return caught.value

    error = calls(transport, keys(Shelf(), renew_on_401=True), scenario)
    assert len(error.attempts) == 2
    assert len(transport.requests) == 3


def test_a_renewal_that_failed_is_not_tried_again_unasked(calls, service, caplog):
    service.accepts, service.renewal = NEW, TransportError("reset", phase=Phase.NO_REPLY)

    async def scenario(pipeline):
        for _ in range(3):
            with pytest.raises(AuthenticationError) as caught:
                await validate(pipeline)
        return caught.value

    calls(service, keys(Shelf(), renew_on_401=True), scenario)
    assert [what for what, _ in service.seen].count("renew") == 1
    assert "renewal of a token failed" in caplog.text


def test_a_refused_call_says_why_the_renewal_failed(calls, service):
    service.accepts, service.renewal = NEW, TransportError("reset", phase=Phase.NO_REPLY)

    async def scenario(pipeline):
        with pytest.raises(AuthenticationError) as caught:
            await validate(pipeline)
        return caught.value

    cause = calls(service, keys(Shelf(), renew_on_401=True), scenario).__cause__
    assert isinstance(cause, OutcomeUnknownError)
    assert "ask the vendor" in str(cause)
