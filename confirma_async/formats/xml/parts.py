"""Parts that every kind of document has: numbers, due date, unit prices, businesses and persons."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve, frozen

from confirma_async.errors import Problem
from confirma_async.formats.facts import facts_in
from confirma_async.formats.further_problems import further_problems
from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.normalise import normalised
from confirma_async.formats.numbers.numbering import Numbering, apply_number, resolve
from confirma_async.formats.payload import Draft, request_from
from confirma_async.formats.values.decimals import quotient
from confirma_async.formats.values.identifiers import is_person
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.element_values import day_of, number_of
from confirma_async.privacy import may_be_personal_number
from confirma_async.schemas import EntityType, InvoiceType

NUMBER = "invoice.header.number"
CREDITED = "invoice.references.creditedInvoiceNumber"
DUE_DATE = "invoice.header.dueDate"


def numbers(
    reader: ElementReader,
    draft: Draft,
    identity: Identity,
    options: ReadOptions,
    *,
    number: str,
    credited: Sequence[Element],
) -> Numbering:
    """Find the whole numbers of a document and of the invoice that it credits, and put them in.

    Args:
        reader: The document.
        draft: The request.
        identity: Who says which number.
        options: How it is read.
        number: The path of its number.
        credited: What names credited invoices; only a credit note credits any, and only one.
    """
    placing.text(reader, draft, NUMBER, reader.root, number)
    original: str | None = None
    if identity.type == InvoiceType.CREDIT_NOTE and credited:
        original = reader.take(draft, CREDITED, credited[0])
        if len(credited) > 1:
            reader.findings.remarks.append(
                f"the credit note refers to {len(credited)} invoices; the first is sent as the credited one, "
                "the others are kept in the definition details"
            )
    found = resolve(identity, original, options.numbers, path=f"$.{NUMBER}", credited_path=f"$.{CREDITED}")
    draft.put(NUMBER, found.number)
    if original is not None:
        draft.values["invoice"]["references"]["creditedInvoiceNumber"] = found.credited
    return found


def finish(
    reader: ElementReader, draft: Draft, numbering: Numbering, place: Place, identity: Identity
) -> ReadInvoice | BadRecord:
    """Return what a document has come to once all of it is read: an invoice, or what is wrong with it.

    Args:
        reader: The document.
        draft: The request, filled place by place.
        numbering: The numbers it goes out under.
        place: Where the document stands.
        identity: Seller, type and number of the document; a missing number was reported already.
    """
    origins = _Origins(reader, draft)
    number = identity.original or None
    unnumbered = [_placed(problem, origins) for problem in numbering.problems] if number else []
    problems = [*unnumbered, *reader.findings.problems]
    if problems:
        problems += further_problems(draft.values, problems, origins)
        return BadRecord(
            place=place,
            problems=problems,
            number=number,
            identity=identity if number else None,
            facts=facts_in(draft.values),
        )
    request, decided = normalised(apply_number(request_from(draft.values), numbering))
    return ReadInvoice(
        place=place,
        request=request,
        remarks=(*numbering.remarks, *reader.findings.remarks, *decided),
        original_number=numbering.original,
        origins=origins,
    )


@frozen
class _Origins:
    """Where the values of a request stand in its document."""

    reader: ElementReader
    draft: Draft

    def find(self, path: str, /) -> str | None:
        """Return where the value of a JSON path stands, or would stand."""
        return self.reader.findings.find(path, self.draft)

    def name(self, path: str, /) -> str | None:
        """Return the element that a document has the value of a JSON path in, without its line."""
        return self.reader.findings.named(path)


def _placed(problem: Problem, origins: _Origins) -> Problem:
    return evolve(problem, path=origins.find(problem.path) or problem.path)


def due_date(
    reader: ElementReader,
    draft: Draft,
    issued: str | None,
    kind: InvoiceType,
    stated: Sequence[Element],
    days: int,
) -> str | None:
    """Put in the due date: the first that the document states, else one that is assumed, and say so.

    Args:
        reader: The document.
        draft: The request.
        issued: The document's own date.
        kind: What it is sent as.
        stated: What states a due date, the surest first.
        days: From its date to the due date, where it states none.
    """
    if stated:
        due = day_of(reader, stated[0])
        if due is None:
            reader.findings.no_date(stated[0])
            return None
        draft.put(DUE_DATE, due, stated[0])
        others = {own_text(each) for each in stated[1:] if reader.dialect.date(own_text(each)) != due}
        if others:
            reader.findings.remarks.append(
                f"the document states {len(others) + 1} due dates; the first is sent, the others are kept in "
                "the definition details"
            )
        for each in stated[1:]:
            if reader.dialect.date(own_text(each)) == due:
                reader.imply(each)
        return due
    assumed = None if issued is None else _assumed(reader, issued, kind, days)
    draft.put(DUE_DATE, assumed)
    return assumed


def _assumed(reader: ElementReader, issued: str, kind: InvoiceType, days: int) -> str | None:
    if kind == InvoiceType.CREDIT_NOTE:
        reader.findings.remarks.append("the credit note states no due date; its issue date is taken")
        return issued
    try:
        due = (datetime.date.fromisoformat(issued) + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        reader.findings.wrong(
            reader.root, "xml.date", "has no due date that the calendar could hold; state one"
        )
        return None
    reader.findings.remarks.append(
        f"the invoice states no due date; {days} days after its issue date are taken "
        "(30 days are the rule of directive 2011/7/EU, article 3, where nothing is agreed; "
        "change them with due_days=)"
    )
    return due


def price_of_several(reader: ElementReader, row: Draft, base: Element, unit: str) -> None:
    """Make the price of one unit of a price for several: their exact part; keep both as details.

    Args:
        reader: The document.
        row: The row, with the price as it is written.
        base: What says how many units it is for.
        unit: The attribute of the base that names its unit; taken already where it is the row's own.
    """
    price: Decimal | None = row.values.get("unitPrice")
    if price is None:
        return
    is_same_unit = unit != "" and base.get(unit) == row.values.get("unit")
    count = number_of(reader, base)
    if count is None:
        return
    if is_same_unit:
        reader.imply_attributes(base, unit)
    if count == 1:
        reader.imply(base)
        return
    reader.taken.texts.discard(row.origins["unitPrice"])
    row.values["unitPrice"] = quotient(price, count)


def classify(reader: ElementReader, party: Draft, *, is_business: bool) -> None:
    """Mark a party as a business or a person, where the document leaves no doubt about it.

    Args:
        reader: The document.
        party: The party; an identifier that is a person's goes to the place for it.
        is_business: Whether something beside its identifiers makes it a business.
    """
    identifier: str = party.get("businessId") or ""
    vat: str | None = party.get("vatCode")
    if is_person(identifier, country=party.get("address.countryCode"), vat=vat):
        party.move("businessId", "personalIdentityNumber")
        party.put("entityType", EntityType.PERSON.value)
    elif may_be_personal_number(identifier) and not vat and not is_business:
        reader.findings.remarks.append(
            "the buyer's identifier has the form of a personal identity number, but is none, by its check "
            "digit or the buyer's country; it is sent as a business id"
        )
    elif identifier or vat or is_business:
        party.put("entityType", EntityType.BUSINESS.value)
