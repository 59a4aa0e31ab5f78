"""The line of a call in the log."""

import logging

import pytest

from tests.session.pipeline.calls import NOT_SENT, create


def test_each_call_is_one_line_in_the_log_without_key_or_body(
    outcome, pipeline_over, scripted, answer, caplog
):
    caplog.set_level(logging.DEBUG, logger="confirma_async")
    outcome(lambda: create(pipeline_over(scripted(answer(200, b'{"message": "hello"}')))))
    (record,) = caplog.records
    text = record.getMessage()
    assert "invoices.create POST /api/v1/partner/invoice: 200" in text
    assert "the-secret-key" not in text
    assert "hello" not in text


def test_the_line_has_its_facts_as_fields_too(outcome, pipeline_over, scripted, answer, caplog):
    caplog.set_level(logging.INFO, logger="confirma_async")
    transport = scripted(answer(503, b"{}", Retry_After="2"), answer(400, b"{}", x_request_id="r-2"))
    outcome(lambda: create(pipeline_over(transport), subject="invoice 7"))
    fields = vars(caplog.records[-1])
    assert fields["milliseconds"] == pytest.approx(2000, abs=300)
    assert {name: fields[name] for name in ("operation", "method", "path", "subject", "request_id")} == {
        "operation": "invoices.create",
        "method": "POST",
        "path": "/api/v1/partner/invoice",
        "subject": "invoice 7",
        "request_id": "r-2",
    }
    assert (fields["status"], fields["phase"], fields["error"], fields["attempts"]) == (
        400,
        "replied",
        "BadRequestError",
        2,
    )


def test_the_log_tells_why_a_call_was_tried_again(outcome, pipeline_over, scripted, answer, caplog):
    caplog.set_level(logging.INFO, logger="confirma_async")
    outcome(lambda: create(pipeline_over(scripted(NOT_SENT, answer(503, Retry_After="0"), answer()))))
    assert "attempts: 3 (refused; HTTP 503; answered)" in caplog.text


def test_a_failed_call_is_a_warning(outcome, pipeline_over, scripted, answer, caplog):
    outcome(lambda: create(pipeline_over(scripted(answer(400, b"{}")))))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_no_repr_of_the_way_shows_the_key(pipeline_over, scripted, answer):
    pipeline = pipeline_over(scripted(answer()))
    assert "the-secret-key" not in repr(pipeline)
