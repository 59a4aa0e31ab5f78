"""Which key a call carries."""

import asyncio

import pytest

from confirma_async import CallbackTokenStore
from confirma_async.contract import CREATE_CLIENT, CREATE_INVOICE, VALIDATE_TOKEN
from confirma_async.errors import ConfigurationError, CredentialsError, Phase
from confirma_async.session.tokens.credential import Credential, CredentialSet
from tests.session.tokens.service import NEW, OLD, OTHER, Shelf, keys, validate


def test_a_function_is_asked_before_every_attempt(calls, scripted, answer):
    given = iter([OLD, NEW])
    transport = scripted(answer(503, b"{}"), answer(body=b'{"isValid": true}'))
    calls(transport, keys(lambda: next(given)), validate)
    assert [request.headers["X-Api-Key"] for request in transport.requests] == [OLD, NEW]


def test_a_store_is_read_once(calls, service):
    shelf = Shelf()

    async def twice(pipeline):
        await validate(pipeline)
        await validate(pipeline)

    calls(service, keys(shelf), twice)
    assert shelf.log == ["load"]


def test_a_key_that_does_not_come_in_time_is_told_and_nothing_is_sent(calls, service):
    async def never():
        await asyncio.sleep(10**6)

    async def scenario(pipeline):
        with pytest.raises(CredentialsError, match="deadline") as caught:
            await validate(pipeline, timeout=5)
        return caught.value

    error = calls(service, keys(never), scenario)
    assert (error.phase, error.operation) == (Phase.NOT_SENT, "onboarding.validate_token")
    assert not service.seen


@pytest.mark.shows_secrets("the cause is the user's own, and so are its words")
def test_a_store_that_fails_is_told_and_nothing_is_sent(calls, service):
    def fail():
        raise LookupError("old-token-1 is gone")

    async def scenario(pipeline):
        with pytest.raises(CredentialsError) as caught:
            await validate(pipeline)
        return caught.value

    error = calls(service, keys(CallbackTokenStore(fail, print)), scenario)
    assert error.phase is Phase.NOT_SENT
    assert "old-token-1" not in str(error)
    assert not service.seen


@pytest.mark.parametrize(
    ("held", "operation", "named"),
    [
        (CredentialSet(client=Credential(OLD)), CREATE_CLIENT, "CONFIRMA_PROVISIONING_TOKEN"),
        (CredentialSet(provisioning=Credential(OLD)), VALIDATE_TOKEN, "CONFIRMA_API_KEY"),
        (CredentialSet(provisioning=Credential(OLD)), CREATE_INVOICE, "CONFIRMA_API_KEY"),
    ],
)
def test_the_wrong_kind_of_token_is_never_sent(calls, service, held, operation, named):
    async def scenario(pipeline):
        with pytest.raises(ConfigurationError, match=named):
            await pipeline.call(operation, b"{}")

    calls(service, held, scenario)
    assert not service.seen


def test_each_operation_carries_its_kind_of_token(calls, scripted, answer):
    transport = scripted(answer(body=b'{"isValid": true, "apiAccessToken": "x"}'))

    async def scenario(pipeline):
        await validate(pipeline)
        await pipeline.call(CREATE_CLIENT, b"{}")

    calls(transport, CredentialSet(client=Credential(OLD), provisioning=Credential(OTHER)), scenario)
    assert [request.headers["X-Api-Key"] for request in transport.requests] == [OLD, OTHER]


@pytest.mark.parametrize("source", [5, None, b"key", ["key"]])
def test_a_key_of_another_kind_is_refused(source):
    with pytest.raises(ConfigurationError, match=type(source).__name__):
        Credential(source)


def test_renewal_unasked_wants_a_store():
    with pytest.raises(ConfigurationError, match="TokenStore"):
        keys(OLD, renew_on_401=True)
