"""What a caller gets of an answer, and of a refusal."""

import pytest

from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    OutcomeUnknownError,
    Phase,
    ResponseDecodeError,
    ServerError,
)
from confirma_async.schemas import InvoiceReceipt
from confirma_async.session.answers.decoding import Reply
from confirma_async.session.retry import RetryPolicy
from tests.session.pipeline.calls import create, validate


def test_an_error_carries_status_detail_and_request_id(outcome, pipeline_over, scripted, answer):
    body = b'{"message": "no", "errors": [{"field": "x", "message": "bad"}, "worse", 3]}'
    transport = scripted(answer(400, body, x_request_id="r-1"))
    error, _ = outcome(lambda: create(pipeline_over(transport)))
    assert isinstance(error, BadRequestError)
    assert (error.status, error.request_id, error.phase) == (400, "r-1", Phase.REPLIED)
    assert error.detail == "no; x: bad; worse"
    assert error.operation == "invoices.create"


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b"[]", b'{"message": 5}', b"\xff\xfe"])
def test_an_error_body_of_any_shape_is_taken_as_it_is(outcome, pipeline_over, scripted, answer, body):
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(400, body)))))
    assert isinstance(error, BadRequestError)
    assert error.detail is None


def test_a_key_that_the_service_echoes_is_blotted_out(outcome, pipeline_over, scripted, answer):
    body = b'{"message": "unknown key the-secret-key"}'
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(401, body)))))
    assert isinstance(error, AuthenticationError)
    assert "the-secret-key" not in f"{error!r}{error}{error.body}{error.detail}"


def test_a_redirect_is_not_followed(outcome, pipeline_over, scripted, answer):
    transport = scripted(answer(302, Location="https://elsewhere.example"))
    error, _ = outcome(lambda: create(pipeline_over(transport)))
    assert isinstance(error, OutcomeUnknownError)
    assert error.status == 302
    assert "check the base URL" in str(error)
    assert len(transport.requests) == 1


def test_a_read_that_keeps_failing_ends_in_its_last_error(outcome, pipeline_over, scripted, answer):
    pipeline = pipeline_over(scripted(answer(500)), policy=RetryPolicy(attempts=2))
    error, _ = outcome(lambda: validate(pipeline))
    assert isinstance(error, ServerError)
    assert [attempt.status for attempt in error.attempts] == [500, 500]


def test_an_answer_that_is_not_shown_may_be_empty(outcome, pipeline_over, scripted, answer):
    receipt, _ = outcome(lambda: create(pipeline_over(scripted(answer(200, b"")))))
    assert receipt == InvoiceReceipt()


def test_an_answer_that_is_documented_may_not_be_empty(outcome, pipeline_over, scripted, answer):
    error, _ = outcome(lambda: validate(pipeline_over(scripted(answer(200, b"")))))
    assert isinstance(error, ResponseDecodeError)


CROWDS = {
    "keys": b'{"isValid": true' + b"".join(b',"%d":1' % number for number in range(500_001)) + b"}",
    "empty objects": b'{"isValid": true, "x": [' + b"{}," * 260_000 + b"{}]}",
    "brackets": b"[" * 600_000,
}


@pytest.mark.parametrize("body", CROWDS.values(), ids=CROWDS)
def test_an_answer_of_too_many_values_is_not_looked_into(
    outcome, pipeline_over, scripted, answer, body, monkeypatch
):
    pipeline = pipeline_over(scripted(answer(200, body)))
    monkeypatch.setattr(type(pipeline.converter), "loads", lambda *_: pytest.fail("it was looked into"))
    error, _ = outcome(lambda: validate(pipeline))
    assert isinstance(error, ResponseDecodeError)
    assert "more than 500000 values" in str(error)


def test_a_long_answer_of_few_values_is_read(outcome, pipeline_over, scripted, answer):
    body = b'{"isValid": true, "x": "%s"}' % (b"x" * 1_000_000)
    found, _ = outcome(lambda: validate(pipeline_over(scripted(answer(200, body)))))
    assert found.is_valid


def test_an_answer_of_the_wrong_form_is_named_by_path_without_its_value(
    outcome, pipeline_over, scripted, answer
):
    transport = scripted(answer(200, b'{"isValid": "SECRET"}'))
    error, _ = outcome(lambda: validate(pipeline_over(transport)))
    assert isinstance(error, ResponseDecodeError)
    assert (error.status, error.problems[0].path, error.operation) == (
        200,
        "$.isValid",
        "onboarding.validate_token",
    )
    assert "SECRET" not in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"title": "Bad", "detail": "number is taken"}', "Bad; number is taken"),
        (b'{"Message": "number is taken"}', "number is taken"),
        (b'{"error": "number is taken"}', "number is taken"),
        (b'{"error": {"code": "E1", "message": "number is taken"}}', "E1: number is taken"),
        (b'{"errors": {"header.number": ["number is taken", "too long"]}}', "header.number: number is taken"),
        (b'{"errors": [{"code": "E1"}]}', "E1"),
        (b'[{"field": "number", "message": "number is taken"}]', "number: number is taken"),
        (b'"number is taken"', "number is taken"),
        (b"number is taken", "number is taken"),
        (b'\xef\xbb\xbf{"message": "number is taken"}', "number is taken"),
        (b'{"message": "a\\u001b]52;c;x\\u0007b"}', r"a\x1b]52;c;x\x07b"),
        (b'{"message": "buyer 131052-308T"}', "buyer [personal number]"),
    ],
)
def test_the_reason_of_a_refusal_is_told_whatever_its_shape(
    outcome, pipeline_over, scripted, answer, body, words
):
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(400, body)))))
    assert isinstance(error, APIError)
    assert words in str(error)
    assert str(error).isprintable()


def test_a_reason_is_cut_to_a_length_that_can_be_read(outcome, pipeline_over, scripted, answer):
    error, _ = outcome(
        lambda: create(pipeline_over(scripted(answer(400, b'{"message": "%s"}' % (b"x" * 9999)))))
    )
    assert len(str(error)) < 1000


def test_a_page_is_no_reason(outcome, pipeline_over, scripted, answer):
    error, _ = outcome(lambda: create(pipeline_over(scripted(answer(400, b"<html>Hello</html>")))))
    assert isinstance(error, APIError)
    assert error.detail is None


def test_an_answer_may_be_had_as_it_came(outcome, pipeline_over, scripted, answer):
    def ask(*answers):
        return outcome(lambda: pipeline_over(scripted(*answers)).reply(CREATE_INVOICE, b"{}"))[0]

    assert ask(answer(201, b'\xef\xbb\xbf{"a": 1}')) == Reply(status=201, found={"a": 1})
    assert ask(answer(204, b"")) == Reply(status=204, found=None, empty=True)
    assert isinstance(ask(answer(200, b"<html>")), ResponseDecodeError)
