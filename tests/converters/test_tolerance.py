"""Answers that are not as the contract says."""

from __future__ import annotations

import datetime

import attrs
import pytest

from confirma_async.errors import ResponseDecodeError
from confirma_async.schemas import ClientSettings, InvoiceHeader, Payment, Settlements
from tests.converters.samples import CONVERTER, TOLERANT


def test_a_date_that_is_none_does_not_cost_the_answer():
    moment = "an ISO 8601 date, or date-time with its offset"
    raw = {"clientId": "7", "services": {"accounting": {"provider": "P", "sync": {"lastSyncAt": "string"}}}}
    read = TOLERANT.structure(raw, ClientSettings)
    assert read.services
    assert read.services.accounting
    assert read.services.accounting.sync
    assert read.services.accounting.provider == "P"
    assert read.services.accounting.sync.last_sync_at is None
    assert [str(drift) for drift in read.drift] == [
        f"$.services.accounting.sync.lastSyncAt: expected {moment}, found text"
    ]
    assert read.services.accounting.sync.drift[0].path == "$.lastSyncAt"
    assert TOLERANT.unstructure(read) == raw


def test_one_odd_record_hides_no_other():
    odd = [{"settlementAmount": "12.50"}, "a text", {"settlementId": 3, "allocations": {"1": {}}}]
    raw = {"settlements": [{"settlementId": number} for number in range(5000)] + odd}
    read = TOLERANT.loads(TOLERANT.encode(raw), Settlements)
    assert [each.settlement_id for each in read.settlements[4998:]] == [4998, 4999, None, None, 3]
    assert [(drift.path, drift.found, drift.count) for drift in read.drift] == [
        ("$.settlements[].settlementId", "missing", 1),
        ("$.settlements[].settlementAmount", "text", 1),
        ("$.settlements[]", "text", 1),
        ("$.settlements[].allocations", "object", 1),
    ]
    assert TOLERANT.unstructure(read) == raw


def test_what_is_firm_is_an_error_that_has_the_other_records():
    raw = [{"caseId": 1}, {"caseId": "1"}, {"caseId": 2, "paymentDate": "soon"}]
    with pytest.raises(ResponseDecodeError) as caught:
        TOLERANT.structure(raw, tuple[Payment, ...])
    assert [problem.path for problem in caught.value.problems] == ["$[1].caseId"]
    assert isinstance(caught.value.answer, tuple)
    assert [payment.case_id for payment in caught.value.answer] == [1, 2]


def test_drift_of_many_records_is_counted_by_place():
    read = TOLERANT.structure([{"paymentDate": 5}] * 3, tuple[Payment, ...])
    assert {drift.count for payment in read for drift in payment.drift} == {1}
    with_list = TOLERANT.structure({"settlements": [{"settlementId": None}] * 3}, Settlements)
    assert [(drift.path, drift.found, drift.count) for drift in with_list.drift] == [
        ("$.settlements[].settlementId", "nothing", 3)
    ]
    assert TOLERANT.unstructure(with_list) == {"settlements": [{"settlementId": None}] * 3}


def test_what_is_sent_is_read_strictly():
    with pytest.raises(ResponseDecodeError):
        TOLERANT.structure({"number": "x"}, InvoiceHeader)


def test_an_answer_is_read_strictly_where_that_is_asked_for():
    with pytest.raises(ResponseDecodeError):
        TOLERANT.structure({"bookingDate": "x"}, Payment, strict=True)
    assert CONVERTER.structure({"bookingDate": "x"}, Payment, strict=False).booking_date is None


def test_an_attribute_that_was_set_since_wins_over_what_could_not_be_read():
    read = TOLERANT.structure({"bookingDate": "soon", "accountName": 5}, Payment)
    changed = attrs.evolve(read, booking_date=datetime.date(2026, 1, 1), account_name="A")
    assert TOLERANT.unstructure(changed) == {"bookingDate": "2026-01-01", "accountName": "A"}
