from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from confirma_async.errors import ConfigurationError
from confirma_async.formats import Identity, NumberAssignments, assign
from confirma_async.formats.numbers.numbering import DISPLACED, Numbering, apply_number, resolve, whole
from confirma_async.schemas import (
    InvoiceContentData,
    InvoiceHeader,
    InvoiceReferences,
    InvoiceType,
    SalesInvoiceRequest,
)

INVOICE, CREDIT_NOTE, REMINDER = InvoiceType.INVOICE, InvoiceType.CREDIT_NOTE, InvoiceType.REMINDER


def resolved(
    identity: Identity, credited: str | None = None, book: NumberAssignments | None = None
) -> Numbering:
    return resolve(identity, credited, book, path="number", credited_path="credited")


def request(**references: Any) -> SalesInvoiceRequest:
    header = InvoiceHeader(number=1, date=date(2026, 1, 1), due_date=date(2026, 1, 2), currency_code="EUR")
    found = InvoiceReferences(**references) if references else None
    return SalesInvoiceRequest(invoice=InvoiceContentData(header=header, references=found))


@pytest.mark.parametrize(
    "number", ["08/00355", "2007-99123", "0012", "-5", "+5", "1" * 19, "", "1.0", "1e3", "٣", "5 "]
)
def test_what_is_no_canonical_whole_number_is_none(number):
    assert whole(number) is None


@pytest.mark.parametrize("number", ["0", "1", "31208027214", "9" * 18])
def test_a_canonical_whole_number_is_itself(number):
    assert whole(number) == int(number)


def test_a_number_that_is_none_is_refused_without_a_book():
    found = resolved(Identity("1", INVOICE, "08/00355"))
    assert found.number is None
    assert [problem.rule for problem in found.problems] == ["number.whole"]


def test_the_refusal_says_how_to_go_on():
    message = resolved(Identity("1", INVOICE, "08/00355")).problems[0].message
    assert "08/00355" in message
    assert "(numbers=)" in message


def test_a_number_that_the_book_holds_is_used_with_a_remark():
    identity = Identity("1", INVOICE, "08/00355")
    found = resolved(identity, book=assign([identity], 500))
    assert (found.number, found.original, found.problems) == (500, "08/00355", ())
    assert "500" in found.remarks[0]


def test_a_book_that_lacks_the_document_leaves_it_refused():
    found = resolved(Identity("1", INVOICE, "A"), book=assign([], 1))
    assert [problem.rule for problem in found.problems] == ["number.whole"]


def test_a_whole_number_needs_no_book():
    assert resolved(Identity("1", INVOICE, "77")).number == 77


def test_a_whole_reference_to_the_original_is_taken_as_it_is():
    assert resolved(Identity("1", CREDIT_NOTE, "78"), "77").credited == 77


def test_a_reference_that_is_no_whole_number_is_found_in_the_job():
    original = Identity("1", INVOICE, "A-1")
    assert resolved(Identity("1", CREDIT_NOTE, "78"), "A-1", assign([original], 500)).credited == 500


def test_a_reference_to_another_sellers_invoice_is_not_found():
    found = resolved(Identity("1", CREDIT_NOTE, "78"), "A-1", assign([Identity("2", INVOICE, "A-1")], 500))
    assert [problem.rule for problem in found.problems] == ["credit-note.original"]


def test_a_credit_note_without_reference_takes_the_invoice_of_the_same_number_and_says_so():
    note = Identity("1", CREDIT_NOTE, "2018-112")
    book = assign([note, Identity("1", INVOICE, "2018-112")], 500)
    found = resolved(note, None, book)
    assert (found.number, found.credited) == (500, 501)
    assert any("names no original" in remark for remark in found.remarks)


def test_a_credit_note_without_reference_or_namesake_stays_without():
    note = Identity("1", CREDIT_NOTE, "5")
    found = resolved(note, None, assign([note], 500))
    assert (found.credited, found.problems) == (None, ())


def test_the_original_number_is_kept_as_sales_reference():
    identity = Identity("", INVOICE, "A")
    sent = apply_number(request(), resolved(identity, book=assign([identity], 9)))
    assert sent.invoice.references is not None
    assert sent.invoice.references.sales == "A"


def test_a_sales_reference_that_was_there_moves_to_the_details():
    identity = Identity("", INVOICE, "A")
    sent = apply_number(request(sales="S-1", buyer="B"), resolved(identity, book=assign([identity], 9)))
    assert sent.invoice.references is not None
    assert (sent.invoice.references.sales, sent.invoice.references.buyer) == ("A", "B")
    assert sent.invoice.extensions is not None
    assert [(d.code, d.value) for d in sent.invoice.extensions.definition_details] == [(DISPLACED, "S-1")]


def test_numbers_go_up_in_order_of_appearance_and_skip_those_in_use():
    book = assign(
        [Identity("1", INVOICE, text) for text in ("A", "11", "B", "A", "C")] + [Identity("2", INVOICE, "A")],
        10,
    )
    assert [book.find(Identity("1", INVOICE, text)) for text in ("A", "11", "B", "C")] == [10, 11, 12, 13]
    assert book.find(Identity("2", INVOICE, "A")) == 14


def test_known_numbers_stay_and_are_not_given_again():
    known = {Identity("1", INVOICE, "A"): 11}
    book = assign(
        [Identity("1", INVOICE, "B"), Identity("1", INVOICE, "A"), Identity("1", INVOICE, "C")], 10, known
    )
    assert [book.find(Identity("1", INVOICE, text)) for text in "ABC"] == [11, 10, 12]


def test_a_reminder_takes_the_number_of_its_original():
    book = assign(
        [Identity("1", REMINDER, "A"), Identity("1", INVOICE, "B"), Identity("1", INVOICE, "A")], 10
    )
    assert book.find(Identity("1", REMINDER, "A")) == book.find(Identity("1", INVOICE, "A")) == 10


def test_a_negative_start_is_refused():
    with pytest.raises(ConfigurationError, match="start must be"):
        assign([], -1)


@given(
    st.lists(
        st.builds(
            Identity,
            st.sampled_from(["", "1", "2"]),
            st.sampled_from([INVOICE, CREDIT_NOTE]),
            st.sampled_from(["1", "2", "3", "5", "A", "B", "01", "C/1"]),
        )
    ),
    st.integers(0, 6),
)
def test_given_numbers_are_unique_and_never_those_of_others(identities, start):
    book = assign(identities, start)
    own = {int(each.original) for each in identities if whole(each.original) is not None}
    given_ones = [book.find(each) for each in set(identities) if whole(each.original) is None]
    assert len(set(given_ones)) == len(given_ones)
    assert not own.intersection(given_ones)
    assert all(
        book.find(each) == int(each.original) for each in identities if whole(each.original) is not None
    )
