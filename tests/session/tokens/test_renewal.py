"""How a key is exchanged for a new one, and kept."""

import asyncio

import pytest

from confirma_async import Secret
from confirma_async.errors import OutcomeUnknownError, Phase, TokenNotKeptError, TransportError
from confirma_async.session.call_options import CallOptions
from tests.session.tokens.service import NEW, OLD, Shelf, keys, validate


def renewing(pipeline, store=None):
    key = pipeline.keys.client
    return pipeline.renew(key, store or key.store, CallOptions())


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"Message": "done", "apiAccessToken": "a", "token": "b"}', "a"),
        (b'{"Message": "5f0c2b1e-0000-4000-8000-00000000abcd", "token": "b"}', "b"),
        (b'{"Message": " 5f0c2b1e-0000-4000-8000-00000000abcd\\n"}', "5f0c2b1e-0000-4000-8000-00000000abcd"),
    ],
)
def test_the_new_token_is_looked_for_in_this_order(calls, service, body, token):
    service.renewal = body
    assert calls(service, keys(Shelf()), renewing) == Secret(token)


def test_the_new_token_is_kept_before_it_is_used(calls, service):
    shelf = Shelf()
    service.accepts = OLD

    async def scenario(pipeline):
        renewal = asyncio.create_task(renewing(pipeline))
        await asyncio.sleep(0.5)  # it is under way
        shelf.log.append("call")
        await validate(pipeline)
        shelf.log.append("called")
        await renewal

    calls(service, keys(shelf), scenario)
    assert shelf.log == ["load", "call", "save", "called"]
    assert service.seen == [("renew", OLD), ("validate", NEW)]


def test_renewals_at_once_are_one(calls, service):
    shelf = Shelf()

    async def scenario(pipeline):
        return await asyncio.gather(*(renewing(pipeline) for _ in range(5)))

    assert set(calls(service, keys(shelf), scenario)) == {Secret(NEW)}
    assert service.seen == [("renew", OLD)]
    assert shelf.log == ["load", "save"]


def test_a_renewal_goes_on_though_who_asked_for_it_is_cancelled(calls, service):
    shelf = Shelf()

    async def scenario(pipeline):
        asked = asyncio.create_task(renewing(pipeline))
        await asyncio.sleep(0.5)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await pipeline.keys.client.wait_for_renewal()

    calls(service, keys(shelf), scenario)
    assert shelf.token == NEW


def test_a_renewal_that_another_process_was_quicker_with_finds_its_token(calls, scripted, answer):
    shelf = Shelf()

    async def refuse(request):
        shelf.token = NEW  # the other process has kept it by now
        return answer(401, b"{}")

    transport = scripted(answer(401, b"{}"), refuse, answer(body=b'{"isValid": true}'))
    assert calls(transport, keys(shelf, renew_on_401=True), validate).is_valid
    assert [request.headers["X-Api-Key"] for request in transport.requests] == [OLD, OLD, NEW]
    assert "save" not in shelf.log


def test_a_key_that_was_given_can_be_renewed_into_a_store(calls, service):
    shelf = Shelf("nothing-yet")

    async def scenario(pipeline):
        await renewing(pipeline, shelf)
        await validate(pipeline)

    calls(service, keys(OLD), scenario)
    assert shelf.token == NEW
    assert service.seen == [("renew", OLD), ("validate", NEW)]


def test_a_lost_answer_says_what_to_do(calls, service):
    service.renewal = TransportError("reset", phase=Phase.NO_REPLY)

    async def scenario(pipeline):
        with pytest.raises(OutcomeUnknownError) as caught:
            await renewing(pipeline)
        return str(caught.value)

    said = calls(service, keys(Shelf()), scenario)
    assert "treat the old token as dead" in said
    assert "renew_token() once more" in said
    assert "ask the vendor" in said


def test_a_renewal_that_did_not_happen_leaves_the_old_token_in_use(calls, service):
    service.renewal = TransportError("refused", phase=Phase.NOT_SENT)

    async def scenario(pipeline):
        with pytest.raises(TransportError):
            await renewing(pipeline)
        return await validate(pipeline)

    assert calls(service, keys(Shelf()), scenario).is_valid


@pytest.mark.parametrize(
    "body", [b'{"Message": "done", "newKey": "new-token-2"}', b'"new-token-2"', b"new-token-2"]
)
def test_an_answer_without_a_token_is_kept_in_memory_and_never_printed(calls, service, body):
    service.renewal = body

    async def scenario(pipeline):
        with pytest.raises(TokenNotKeptError) as caught:
            await renewing(pipeline)
        return caught.value

    error = calls(service, keys(Shelf()), scenario)
    assert error.token is None
    assert NEW in error.answer.reveal()
    assert NEW not in f"{error}{error!r}{vars(error)}"
    assert "error.answer.reveal()" in str(error)


def test_a_token_that_cannot_be_kept_is_in_the_error_and_used_by_nobody(calls, service):
    shelf = Shelf()
    shelf.full = True

    async def scenario(pipeline):
        with pytest.raises(TokenNotKeptError) as caught:
            await renewing(pipeline)
        with pytest.raises(TokenNotKeptError) as later:
            await validate(pipeline)
        return caught.value, later.value

    error, later = calls(service, keys(shelf), scenario)
    assert error.token == Secret(NEW)
    assert NEW not in f"{error}{error!r}{vars(error)}"
    assert later.phase is Phase.NOT_SENT
    assert service.seen == [("renew", OLD)]


def test_the_next_renewal_keeps_what_could_not_be_kept_and_asks_for_no_other(calls, service):
    shelf = Shelf()
    shelf.full = True

    async def scenario(pipeline):
        with pytest.raises(TokenNotKeptError):
            await renewing(pipeline)
        shelf.full = False
        assert await renewing(pipeline) == Secret(NEW)
        return await validate(pipeline)

    assert calls(service, keys(shelf), scenario).is_valid
    assert shelf.token == NEW
    assert service.seen == [("renew", OLD), ("validate", NEW)]


def test_calls_go_on_once_the_store_is_mended(calls, service):
    shelf = Shelf()
    shelf.full = True

    async def scenario(pipeline):
        with pytest.raises(TokenNotKeptError):
            await renewing(pipeline)
        shelf.full = False
        return await validate(pipeline)

    assert calls(service, keys(shelf), scenario).is_valid
    assert shelf.token == NEW
