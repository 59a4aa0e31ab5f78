"""Reads the parts that every kind of document has: numbers, due date, unit prices, kinds of parties."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from attrs import evolve

from confirma_async.formats.facts import facts_in
from confirma_async.formats.further_problems import further_problems
from confirma_async.formats.models import BadRecord, Identity, Place, ReadInvoice, ReadOptions
from confirma_async.formats.normalise import normalised
from confirma_async.formats.numbers.numbering import Numbering, apply_number, resolve
from confirma_async.formats.payload import Draft, request_from
from confirma_async.formats.values.decimals import cents, quotient, total
from confirma_async.formats.values.identifiers import is_person
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.placing import day_of, number_of, refuse_foreign
from confirma_async.privacy import may_be_personal_number
from confirma_async.schemas import EntityType, InvoiceType
from confirma_async.validation.values.internet import url_fault

NUMBER = "invoice.header.number"
CREDITED = "invoice.references.creditedInvoiceNumber"
DUE_DATE = "invoice.header.dueDate"


def check_type(
    reader: ElementReader,
    element: Element | None,
    code: str,
    kind: InvoiceType | None,
    plain: Collection[str],
    *attributes: str,
) -> None:
    """Refuse a document of a type that cannot be sent; remark on one whose code says more than its type.

    Args:
        reader: The reader of the document.
        element: The element that names its type; None if there is none.
        code: The code of its type.
        kind: The type that it is sent as; None if it cannot be sent.
        plain: Codes that add nothing to the type that they are sent as.
        attributes: Attributes of the element that add nothing either.
    """
    if kind is None:
        message = (
            f"document type {code} is none that can be sent as an invoice or credit note from this document; "
            "see the list of codes in the docs"
        )
        reader.findings.wrong(reader.root if element is None else element, "xml.type", message)
    elif code not in plain:
        reader.findings.remarks.append(
            f"document type {code} is sent as {kind}; the code is kept in the definition details"
        )
    elif element is not None:
        reader.imply(element, *attributes)


def numbers(reader: ElementReader, identity: Identity, options: ReadOptions) -> Numbering:
    """Find the whole numbers of a document and of the invoice that it credits, and put them in.

    Only a credit note credits an invoice, and only a single one.
    """
    draft, sources = reader.draft, reader.dialect.sources
    placing.text(reader, draft, NUMBER, reader.root, sources[f"$.{NUMBER}"])
    credited = reader.every(reader.root, sources[f"$.{CREDITED}"])
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
    reader: ElementReader, numbering: Numbering, place: Place, identity: Identity
) -> ReadInvoice | BadRecord:
    """Return the invoice of a document once all of it is read, or a bad record with its problems.

    Args:
        reader: The reader of the document.
        numbering: The numbers that it is sent under.
        place: The place of the document.
        identity: Seller, type and number of the document; a missing number was reported already.
    """
    origins, values = reader.findings, reader.draft.values
    number = identity.original or None
    unnumbered = numbering.problems if number else ()
    problems = [evolve(each, path=origins.find(each.path) or each.path) for each in unnumbered]
    problems += origins.problems
    if problems:
        problems += further_problems(values, problems, origins)
        return BadRecord(
            place=place,
            problems=problems,
            number=number,
            identity=identity if number else None,
            facts=facts_in(values),
        )
    request, decided = normalised(apply_number(request_from(values), numbering))
    return ReadInvoice(
        place=place,
        request=request,
        remarks=(*numbering.remarks, *origins.remarks, *decided),
        original_number=numbering.original,
        origins=origins,
    )


def due_date(
    reader: ElementReader, issued: str | None, kind: InvoiceType, stated: Sequence[Element], days: int
) -> None:
    """Put in the due date: the first that the document states, else an assumed one, with a remark.

    Args:
        reader: The reader of the document.
        issued: The document's own date.
        kind: The type that it is sent as.
        stated: The elements that state a due date, the most reliable first.
        days: The days from its date to an assumed due date.
    """
    if not stated:
        reader.draft.put(DUE_DATE, None if issued is None else _assumed(reader, issued, kind, days))
        return
    due = day_of(reader, stated[0])
    if due is None:
        reader.findings.no_date(stated[0])
        return
    reader.draft.put(DUE_DATE, due, stated[0])
    others: set[str] = set()
    for each in stated[1:]:
        if reader.dialect.date(own_text(each)) == due:
            reader.imply(each)
        else:
            others.add(own_text(each))
    if others:
        reader.findings.remarks.append(
            f"the document states {len(others) + 1} due dates; the first is sent, the others are kept in "
            "the definition details"
        )


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
    """Divide the price for several units into an exact unit price; keep both values as details.

    Args:
        reader: The reader of the document.
        row: The row, with the price as it is written.
        base: The element with the number of units that the price is for.
        unit: The attribute of ``base`` that names its unit; taken already if it is that of the row.
    """
    price: Decimal | None = row.values.get("unitPrice")
    if price is None:
        return
    count = number_of(reader, base)
    if count is None:
        return
    if unit and base.get(unit) == row.values.get("unit"):
        reader.taken.attributes.add((base, unit))
    if count == 1:
        reader.imply(base)
        return
    reader.taken.texts.discard(row.origins["unitPrice"])
    row.values["unitPrice"] = quotient(price, count)


def is_pdf(reader: ElementReader, link: Element) -> bool:
    """Say whether a link can be sent and its path ends in .pdf; remark on any other."""
    url = own_text(link)
    found = url_fault(url) is None and urlsplit(url).path.lower().endswith(".pdf")
    if not found:
        reader.findings.remark(
            link, "is no link to a PDF (http or https), and is kept in the definition details"
        )
    return found


def imply_sums(reader: ElementReader, parent: Element, sums: Mapping[str, Sequence[Decimal | None]]) -> None:
    """Take those totals that only repeat the sums of the rows; other totals become details.

    Args:
        reader: The reader of the document.
        parent: The element that has the totals below it.
        sums: The amounts that a total is the sum of, by its path; None in place of one that is no amount.
    """
    for path, values in sums.items():
        element = reader.first(parent, path)
        if element is None or refuse_foreign(reader, element):
            continue
        made = sum_of(values)
        if made is not None and reader.dialect.decimal(own_text(element)) == made:
            reader.imply(element, reader.dialect.currency_attribute)


def sum_of(values: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts; None if one of them is None."""
    known = [value for value in values if value is not None]
    return total(known) if len(known) == len(values) else None


def amounts_of(
    reader: ElementReader, parents: Sequence[Element], path: str, missing: str = ""
) -> Sequence[Decimal | None]:
    """Return the amounts at a path below some elements, without taking them; None for unreadable ones.

    Args:
        reader: The reader of the document.
        parents: The elements that the path begins below.
        path: The path of the amounts.
        missing: The value for an amount without text.
    """
    values = [reader.dialect.decimal(reader.peek(each, path) or missing) for each in parents]
    return [None if value is None else cents(value) for value in values]


def classify(reader: ElementReader, party: Draft, *, is_business: bool) -> None:
    """Mark a party as a business or a person, if the document leaves no doubt.

    Args:
        reader: The reader of the document.
        party: The draft of the party. An identifier that is a person's moves to its own place.
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
