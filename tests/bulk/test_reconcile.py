"""How far a lookup is believed."""

import datetime
from typing import Any

import pytest

from confirma_async.bulk.items import InvoiceKey
from confirma_async.bulk.journal import Rivals
from confirma_async.bulk.reconcile import Finding, judge
from confirma_async.converters import Converter
from confirma_async.schemas import DistributionInformation

DAY = datetime.date(2026, 11, 1)
KEY = InvoiceKey("s", "INVOICE", 7, "", DAY.isoformat())
FILTERS = {"invoiceNumber": "7", "fromInvDate": "2026-10-31", "toInvDate": "2026-11-02"}
BY_DATE = {name: value for name, value in FILTERS.items() if name != "invoiceNumber"}
RECORD = {"invoiceNumber": "7", "invoiceDate": "2026-11-01"}


def answer(*records, total=None, filters=FILTERS, meta=True):
    found: dict[str, Any] = {"data": list(records)}
    if meta:
        found["metaData"] = {"totalCount": len(records) if total is None else total}
        if filters is not None:
            found["metaData"]["filtersApplied"] = filters
    return Converter().structure(found, DistributionInformation)


def finding(*records, key=KEY, others=False, former=False, **more):
    return judge(answer(*records, **more), key, rivals=Rivals(others=others, former=former)).finding


def test_a_record_of_the_number_is_the_invoice():
    assert finding({**RECORD, "status": "PAUSED"}) is Finding.PRESENT


def test_a_number_given_as_a_json_number_is_the_same():
    assert finding({**RECORD, "invoiceNumber": 7}) is Finding.PRESENT


def test_records_of_other_numbers_are_not_it():
    assert finding({**RECORD, "invoiceNumber": "70"}, filters=BY_DATE) is Finding.ABSENT


def test_the_first_of_several_records_that_is_no_duplicate_counts():
    records = [{**RECORD, "status": status} for status in ("DUPLICATE", "ACCEPTED")]
    record = judge(answer(*records), KEY, rivals=Rivals()).record
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
    assert finding(filters=BY_DATE) is Finding.ABSENT


def test_a_record_for_a_reminder_may_be_its_invoices():
    reminder = InvoiceKey("s", "REMINDER", 7, DAY.isoformat(), DAY.isoformat())
    assert finding(RECORD, key=reminder) is Finding.UNSURE
    assert finding(key=reminder) is Finding.ABSENT


def test_a_record_may_be_a_rivals():
    assert finding(RECORD, others=True) is Finding.UNSURE
    assert finding(others=True) is Finding.ABSENT


@pytest.mark.parametrize("date", [None, "2019-11-01", "2026-11-02"])
def test_a_record_of_another_date_may_be_another_invoice(date):
    assert finding({"invoiceNumber": "7", "invoiceDate": date}) is Finding.UNSURE


def test_records_whose_number_has_another_name_prove_nothing():
    assert finding({"number": "7"}, filters=BY_DATE) is Finding.UNSURE


def test_a_count_of_records_that_are_not_of_the_number_asked_for_proves_nothing():
    assert finding({**RECORD, "invoiceNumber": "0007"}) is Finding.UNSURE


def test_records_in_error_and_not_in_error_are_for_a_person():
    records = [{**RECORD, "status": status} for status in ("ERROR", "INVOICED")]
    assert finding(*records) is Finding.UNSURE


def test_a_record_in_error_of_an_invoice_that_was_rejected_before_may_be_the_old_one():
    error, fine = ({**RECORD, "status": status} for status in ("ERROR", "INVOICED"))
    assert finding(error, former=True) is Finding.UNSURE
    assert finding(error, fine, former=True) is Finding.PRESENT
    assert finding(former=True) is Finding.ABSENT
