from __future__ import annotations

import copy
import importlib
import multiprocessing
import pickle
import pkgutil
import traceback
from concurrent.futures import ProcessPoolExecutor

import pytest

import confirma_async
import confirma_sync
from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.errors import (
    AmbiguousAddressError,
    APIError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    BusinessRuleError,
    CallError,
    ConfigurationError,
    ConfirmaError,
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Phase,
    Problem,
    RateLimitedError,
    RequestInvalidError,
    ResponseDecodeError,
    ServerError,
    TokenNotKeptError,
    TransportError,
    UnprocessableError,
    error_class,
)
from confirma_async.privacy import Secret
from confirma_async.session.waiting.halt import CalledOffError
from confirma_async.settings import check_base_url

PROBLEM = Problem("$.invoice.rows[3].quantity", "type", "must be a finite JSON number", "str")

ATTEMPTS = (
    Attempt(phase=Phase.NOT_SENT, reason="refused", seconds=0.1),
    Attempt(phase=Phase.REPLIED, status=503, reason="HTTP 503", request_id="r-1", waited_seconds=0.2),
)


def _subclasses(cls: type[ConfirmaError]) -> list[type[ConfirmaError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in _subclasses(child))]


for package in (confirma_async, confirma_sync):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

OURS = [cls for cls in _subclasses(ConfirmaError) if cls.__module__.startswith("confirma_")]


def make(cls: type[ConfirmaError]) -> ConfirmaError:
    if issubclass(cls, APIError):
        return cls(418, detail="no tea", body='{"message":"no tea"}', request_id="r-1")
    if issubclass(cls, CalledOffError):
        return cls()
    if issubclass(cls, TransportError):
        return cls("refused", phase=Phase.NOT_SENT)
    if issubclass(cls, OutcomeUnknownError):
        return cls("timed out", subject="invoice 1042", status=504)
    if issubclass(cls, RequestInvalidError):
        return cls("the invoice", [PROBLEM])
    if issubclass(cls, ResponseDecodeError):
        return cls("no receipt", [PROBLEM], status=200)
    if issubclass(cls, TokenNotKeptError):
        return cls("not kept", token=Secret("new-token-2"), answer=Secret('{"key": "new-token-2"}'))
    if issubclass(cls, AmbiguousAddressError):
        return cls(["EDI of operator X", "IBAN of operator Y"])
    if issubclass(cls, UnknownAccountError | UnknownKeyError):
        return cls("staging.example", ["acme", "default"])
    return cls("said")


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("through", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_every_error_survives_pickling_and_copying_whole(cls, through):
    error = make(cls)
    if isinstance(error, CallError):
        error.of("invoices.create", ATTEMPTS)
    if isinstance(error, RateLimitedError | ServerError):
        error.retry_after = 1.5
    again = through(error)
    assert type(again) is cls
    assert (again.args, vars(again), str(again)) == (error.args, vars(error), str(error))


def test_errors_come_back_from_other_processes_whole():
    sent = [make(cls).of("invoices.create", ATTEMPTS) for cls in OURS if issubclass(cls, CallError)]  # type: ignore[attr-defined]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for error, again in zip(sent, pool.map(copy.copy, sent), strict=True):
            assert (type(again), vars(again)) == (type(error), vars(error))
        with pytest.raises(ConfigurationError, match="https://"):
            pool.submit(check_base_url, "ftp://example.com").result()


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_no_error_shows_a_secret_that_it_holds(cls):
    shown = make(cls)
    assert "new-token-2" not in f"{shown}{shown!r}{vars(shown)!r}"


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_every_error_says_something(cls):
    assert str(make(cls))


def test_a_problem_says_where_what_and_which_rule():
    assert str(PROBLEM) == "$.invoice.rows[3].quantity: must be a finite JSON number (found: str) [type]"
    assert str(Problem("$", "x", "is wrong")) == "$: is wrong [x]"


@pytest.mark.parametrize("cls", [RequestInvalidError, ResponseDecodeError])
def test_every_problem_is_listed(cls):
    other = Problem("$.b", "iban", "must be an IBAN")
    error = cls("the invoice", iter([PROBLEM, other]))
    assert error.problems == (PROBLEM, other)
    assert str(PROBLEM) in str(error)
    assert str(other) in str(error)


def test_the_body_of_an_answer_is_kept_but_not_printed():
    error = APIError(400, body="SECRET")
    assert error.body == "SECRET"
    assert "SECRET" not in f"{error}{error!r}{''.join(traceback.format_exception(error))}"


def test_detail_and_request_id_are_printed():
    assert str(make(BadRequestError)).endswith("(HTTP 418): no tea (request r-1)")


@pytest.mark.parametrize(
    ("status", "cls"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, BusinessRuleError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, APIError),
        (422, UnprocessableError),
        (429, RateLimitedError),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
    ],
)
def test_each_status_has_its_error(status, cls):
    assert error_class(status) is cls


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (TransportError("refused", phase=Phase.NOT_SENT), Phase.NOT_SENT),
        (TransportError("reset", phase=Phase.NO_REPLY), Phase.NO_REPLY),
        (OutcomeUnknownError("reset"), Phase.NO_REPLY),
        (OutcomeUnknownError("HTTP 504", status=504), Phase.REPLIED),
        (APIError(400), Phase.REPLIED),
        (ResponseDecodeError("x"), Phase.REPLIED),
    ],
)
def test_every_failed_call_says_how_far_it_came(error, phase):
    assert error.phase is phase


def test_a_failed_call_names_its_operation_and_attempts():
    error = TransportError("refused", phase=Phase.NOT_SENT).of("invoices.create", ATTEMPTS)
    assert (error.operation, error.attempts) == ("invoices.create", ATTEMPTS)
    assert "invoices.create" in str(error)
    assert "refused" in str(error)
    assert "2" in str(error)


def test_an_unknown_outcome_names_the_invoice_and_what_to_do():
    said = str(OutcomeUnknownError("timed out", subject="invoice 1042"))
    assert "invoice 1042" in said
    assert "before you send it again" in said
