"""How far a lookup is believed."""

import datetime
from typing import Any

import pytest

from confirma_async.bulk.items import InvoiceKey
from confirma_async.bulk.reconcile import Finding, judge
from confirma_async.converters import Converter
from confirma_async.schemas import DistributionInformation

DAY = datetime.date(2026, 11, 1)
KEY = InvoiceKey("s", "INVOICE", 7, "", DAY.isoformat())
FILTERS = {"invoiceNumber": "7", "fromInvDate": "2026-10-31", "toInvDate": "2026-11-02"}


def answer(*records, total=None, filters=FILTERS, meta=True):
    found: dict[str, Any] = {"data": list(records)}
    if meta:
        found["metaData"] = {"totalCount": len(records) if total is None else total}
        if filters is not None:
            found["metaData"]["filtersApplied"] = filters
    return Converter().structure(found, DistributionInformation)


def finding(*records, key=KEY, rivals=False, **more):
    return judge(answer(*records, **more), key, rivals=rivals).finding


def test_a_record_of_the_number_is_the_invoice():
    assert finding({"invoiceNumber": "7", "status": "PAUSED"}) is Finding.PRESENT


def test_a_number_given_as_a_json_number_is_the_same():
    assert finding({"invoiceNumber": 7}) is Finding.PRESENT


def test_records_of_other_numbers_are_not_it():
    assert finding({"invoiceNumber": "70"}) is Finding.ABSENT


def test_the_first_of_several_records_that_is_no_duplicate_counts():
    records = [{"invoiceNumber": "7", "status": status} for status in ("DUPLICATE", "ACCEPTED")]
    record = judge(answer(*records), KEY, rivals=False).record
    assert record is not None
    assert record.status == "ACCEPTED"


def test_absence_is_believed_when_the_answer_confirms_what_was_asked():
    assert finding() is Finding.ABSENT


@pytest.mark.parametrize(
    "doubtful",
    [
        {"meta": False},
        {"filters": None},
        {"filters": {**FILTERS, "invoiceNumber": "8"}},
        {"filters": {"invoiceNumber": "7"}},
        {"filters": {**FILTERS, "fromInvDate": "2026-11-02"}},
        {"filters": {"invoiceNumber": "7", "defaultLast30Days": True}},
        {"total": 1},
    ],
)
def test_absence_is_not_believed_when_the_answer_does_not_confirm_it(doubtful):
    assert finding(**doubtful) is Finding.UNSURE


def test_a_service_that_filters_by_date_only_is_believed():
    filters = {name: value for name, value in FILTERS.items() if name != "invoiceNumber"}
    assert finding(filters=filters) is Finding.ABSENT


def test_a_record_for_a_reminder_may_be_its_invoices():
    reminder = InvoiceKey("s", "REMINDER", 7, DAY.isoformat(), DAY.isoformat())
    assert finding({"invoiceNumber": "7"}, key=reminder) is Finding.UNSURE
    assert finding(key=reminder) is Finding.ABSENT


def test_a_record_may_be_a_rivals():
    assert finding({"invoiceNumber": "7"}, rivals=True) is Finding.UNSURE
    assert finding(rivals=True) is Finding.ABSENT
