"""Which key a call carries, and how one is exchanged for another, over a transport that plays a script."""

import asyncio

import pytest

from confirma_async import CallbackTokenStore, Secret
from confirma_async.contract import CREATE_CLIENT, CREATE_INVOICE, VALIDATE_TOKEN
from confirma_async.errors import (
    AuthenticationError,
    ConfigurationError,
    CredentialsError,
    OutcomeUnknownError,
    Phase,
    TokenNotKeptError,
    TransportError,
)
from confirma_async.session.call_options import CallOptions
from confirma_async.session.tokens.credential import Credential, CredentialSet

OLD, NEW, OTHER = "old-token-1", "new-token-2", "other-token-3"
RENEWED = b'{"Message": "done", "apiAccessToken": "new-token-2"}'


class Shelf:
    """A store that remembers in which order it was asked, and fails when told to."""

    def __init__(self, token=OLD):
        self.token = token
        self.log = []
        self.full = False

    async def load(self):
        self.log.append("load")
        return Secret(self.token)

    async def save(self, token):
        self.log.append("save")
        await asyncio.sleep(0)
        if self.full:
            raise OSError(28, "No space left on device")
        self.token = token.reveal()


class Service:
    """Accepts one token, and renews it when asked."""

    def __init__(self, answer, *, accepts=OLD, renewal=RENEWED):
        self.answer = answer
        self.accepts = accepts
        self.renewal = renewal
        self.seen = []

    async def send(self, request):
        token = request.headers["X-Api-Key"]
        self.seen.append((request.url.rpartition("/")[2], token))
        if request.url.endswith("/renew"):
            await asyncio.sleep(1)
            if isinstance(self.renewal, Exception):
                raise self.renewal
            self.accepts = NEW
            return self.answer(body=self.renewal)
        if token != self.accepts:
            return self.answer(401, b"{}")
        return self.answer(body=b'{"isValid": true}')

    async def close(self):
        pass


@pytest.fixture
def service(answer):
    return Service(answer)


@pytest.fixture
def calls(pipeline_over, in_virtual_time):
    """Runs a scenario with a pipeline over the service."""

    def run(service, keys, scenario):
        async def within():
            return await scenario(pipeline_over(service, keys=keys))

        return in_virtual_time(within)

    return run


def validate(pipeline, **options):
    return pipeline.call(VALIDATE_TOKEN, options=CallOptions(**options))


def keys(source, **more):
    return CredentialSet(client=Credential(source), **more)


def renewing(pipeline, store=None):
    key = pipeline.keys.client
    return pipeline.renew(key, store or key.store, CallOptions())


# --- which key --------------------------------------------------------------------------------------


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


# --- a key that is refused --------------------------------------------------------------------------


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


# --- renewal ----------------------------------------------------------------------------------------


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
