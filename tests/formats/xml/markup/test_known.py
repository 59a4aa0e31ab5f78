"""Documents of known markup are read as the parser would have them, each with its own texts."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import Entry
from confirma_async.converters import Converter
from confirma_async.formats import BadRecord, InputError, ReadInvoice, read
from confirma_async.formats.xml import documents
from confirma_async.formats.xml.markup.known import KnownMarkup
from confirma_async.validation import Checks

EXAMPLES = Path(__file__).parents[4] / "examples"
HERE = Path(__file__).parents[1] / "documents"
UBL = (EXAMPLES / "ubl" / "invoice.xml").read_text(encoding="utf-8")
FINVOICE = (HERE / "finvoice-full.xml").read_text(encoding="utf-8")
PATHS = [EXAMPLES / "ubl" / "invoice.xml", *sorted(HERE.glob("*.xml"))]
PIECES = [
    *(
        b"<",
        b">",
        b"&",
        b"&amp;",
        b"/",
        b'"',
        b" ",
        b"",
        b"7",
        b"x",
        b"]]>",
        b"&lt;x",
        b"&#38;",
        b"&x;",
        b"<!--x-->",
        b"<?x?>",
    ),
    *(b"<![CDATA[", b"\0", b"\x0b", b"\x7f", b"\r", b"\r\n", b"\xef\xbf\xbe", b"\xef\xbf\xbd", b"\xff"),
]
"""What is put into a document, or in the place of one of its bytes."""
LEARNT = 4
"""How often a document is read until its markup is known, and has patterns where it may."""


@pytest.fixture(autouse=True, params=[1, 1_000], ids=["by patterns", "in pieces"])
def known(request, monkeypatch):
    """A memory that knows nothing yet, and makes patterns of what comes so often."""
    known = KnownMarkup()
    monkeypatch.setattr("confirma_async.formats.xml.markup.layouts._OFTEN", request.param)
    monkeypatch.setattr(documents, "_KNOWN", known)
    monkeypatch.setattr("confirma_async.formats.xml.markup.known._MISSES_BEFORE_SAMPLING", 1_000)
    return known


def reported(path):
    """All that reading a file tells, places included."""
    try:
        return [in_words(record) for record in read(path)]
    except InputError as error:
        return str(error)


def in_words(record):
    if isinstance(record, BadRecord):
        return [str(record.place), *map(str, record.problems)]
    assert isinstance(record, ReadInvoice)
    prepared = prepare(record, 1, Converter(), Checks())
    said = [prepared.body.decode()] if isinstance(prepared, Entry) else [*map(str, prepared.problems)]
    rows = range(len(record.request.invoice.rows))
    assert record.origins is not None
    places = [record.origins.find(f"$.invoice.rows[{row}].netAmount") for row in rows]
    return [str(record.place), *said, *record.remarks, *map(str, places)]


def parsed(path, monkeypatch):
    """The same where each document goes to the parser."""
    with monkeypatch.context() as context:
        context.setattr(KnownMarkup, "cut", lambda _self, _text: None)
        return reported(path)


def taught(known, document, path):
    """Read a document until its markup is known."""
    path.write_text(document, encoding="utf-8")
    for _ in range(LEARNT):
        reported(path)
    assert is_known(known, document)


def is_known(known, document):
    cut = known.cut(document.encode())
    reusable = None if cut is None else known.reuse(cut)
    if reusable is not None:
        reusable.release()
    return reusable is not None


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_document_of_known_markup_is_read_as_before(path, known, monkeypatch):
    expected = parsed(path, monkeypatch)
    assert [reported(path) for _ in range(5)] == [expected] * 5
    assert is_known(known, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", [UBL, FINVOICE], ids=["ubl", "finvoice"])
def test_whatever_changes_in_a_known_document_is_read_as_the_parser_has_it(
    document, known, tmp_path, monkeypatch
):
    taught(known, document, tmp_path / "known.xml")
    data, chance = document.encode(), random.Random(1)
    for _ in range(200):
        at = chance.randrange(60, len(data) - 1)
        piece = chance.choice(PIECES)
        path = tmp_path / "changed.xml"
        path.write_bytes(data[:at] + piece + data[at + chance.choice([0, 1]) :])
        assert reported(path) == parsed(path, monkeypatch), (at, piece)


def test_each_document_has_its_own_texts_and_places(tmp_path, monkeypatch):
    path = tmp_path / "in.xml"
    texts = [
        UBL.replace(">12001<", f">{number}<").replace("Konsultointi", f"Work {number}")
        for number in range(1, 10)
    ]
    texts[7] = texts[7].replace(">12<", ">x<")
    path.write_text("\n".join(texts), encoding="utf-8")
    expected = parsed(path, monkeypatch)
    assert len({str(each) for each in expected}) == len(expected) == 9
    assert "line " in str(expected[7])
    assert reported(path) == expected
    records = [*read(path)]
    assert [in_words(record) for record in records] == expected  # once all of them are read


def test_files_that_are_read_by_turns_do_not_mix(known, tmp_path, monkeypatch):
    paths = [tmp_path / "a.xml", tmp_path / "b.xml"]
    for path in paths:
        texts = [UBL.replace("Konsultointi", f"{path.stem}{number}") for number in range(6)]
        path.write_text("\n".join(texts), encoding="utf-8")
    expected = [parsed(path, monkeypatch) for path in paths]
    for path in paths:
        reported(path)
    assert is_known(known, UBL)
    found = [[in_words(each) for each in pair] for pair in zip(*map(read, paths), strict=True)]
    assert found == [[*pair] for pair in zip(*expected, strict=True)]


def test_rows_are_known_in_any_number(known, tmp_path):
    row = UBL[UBL.index("  <cac:InvoiceLine>") : UBL.index("</cac:InvoiceLine>") + 18]
    taught(known, UBL.replace(row, 2 * row), tmp_path / "in.xml")
    assert is_known(known, UBL)
    assert is_known(known, UBL.replace(row, ""))
    assert not is_known(known, UBL.replace("MON", "C62"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("Kiitos tilauksesta.", " ", id="a text that is empty"),
        pytest.param("CommonBasicComponents-2", "Other", id="prefixes that mean something else"),
    ],
)
def test_what_makes_another_document_is_read_as_another(known, tmp_path, monkeypatch, old, new):
    taught(known, UBL, tmp_path / "in.xml")
    path = tmp_path / "other.xml"
    path.write_text(UBL.replace(old, new), encoding="utf-8")
    expected = parsed(path, monkeypatch)
    assert [reported(path) for _ in range(5)] == [expected] * 5


def test_text_between_elements_is_never_passed_over(known, tmp_path, monkeypatch):
    taught(known, UBL, tmp_path / "in.xml")
    path = tmp_path / "mixed.xml"
    path.write_text(UBL.replace("<cac:Item>", "<cac:Item>lost", 1), encoding="utf-8")
    expected = parsed(path, monkeypatch)
    assert "lost" in str(expected)
    assert reported(path) == expected


def test_what_is_kept_has_a_bound(known, tmp_path, monkeypatch):
    monkeypatch.setattr("confirma_async.formats.xml.markup.known._MOST_KEPT", 3 * len(UBL))
    path = tmp_path / "in.xml"
    for number in range(12):
        path.write_text(UBL.replace("MON", f"M{number // 3}"), encoding="utf-8")
        reported(path)
    assert known._kept <= 3 * len(UBL)


def test_known_markup_is_found_again_after_many_documents_of_new_markup(known, tmp_path, monkeypatch):
    monkeypatch.setattr("confirma_async.formats.xml.markup.known._MISSES_BEFORE_SAMPLING", 4)
    taught(known, UBL, tmp_path / "known.xml")
    path = tmp_path / "new.xml"
    for number in range(10):
        path.write_text(UBL.replace("MON", f"M{number}"), encoding="utf-8")
        reported(path)
    assert any(is_known(known, UBL) for _ in range(4))
    assert is_known(known, UBL)


@pytest.mark.parametrize(
    ("document", "row"),
    [
        (UBL, "<cac:InvoiceLine>{}</cac:InvoiceLine>"),
        (UBL, '<cac:InvoiceLine x="{}"/>'),
        (UBL, "<InvoiceRow><cbc:ID>{}</cbc:ID></InvoiceRow>"),
        (FINVOICE, "<CreditNoteLine><ID>{}</ID></CreditNoteLine>"),
        (FINVOICE, "<InvoiceRow>{}</InvoiceRow>"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "last"])
def test_what_is_left_of_rows_is_that_of_their_own_document(document, row, is_first, tmp_path, monkeypatch):
    path = tmp_path / "in.xml"
    name = "<cac:InvoiceLine>" if document is UBL else "<InvoiceRow>"
    at = document.index(name) if is_first else document.rindex("</")
    for number in range(12):
        rows = "".join(row.format(f"{number}-{each}") for each in range(1 + number % 3))
        path.write_text(document[:at] + rows + document[at:], encoding="utf-8")
        assert reported(path) == parsed(path, monkeypatch), number


def test_rows_with_attributes_are_counted_with_the_rows_before_them(tmp_path, monkeypatch):
    path = tmp_path / "in.xml"
    row = UBL[UBL.index("<cac:InvoiceLine>") : UBL.index("</cac:InvoiceLine>") + 18]
    at = UBL.rindex("</")
    for number in range(12):
        rows = row * (number % 4)
        path.write_text(f'{UBL[:at]}{rows}<cac:InvoiceLine x="1"/>{UBL[at:]}', encoding="utf-8")
        assert reported(path) == parsed(path, monkeypatch), number


@pytest.mark.parametrize("document", [UBL, FINVOICE], ids=["ubl", "finvoice"])
def test_what_is_not_well_formed_is_refused_whatever_is_known(document, known, tmp_path, monkeypatch):
    taught(known, document, tmp_path / "known.xml")
    row = "cac:InvoiceLine" if document is UBL else "InvoiceRow"
    begin, end = document.index(f"<{row}>"), document.rindex(f"</{row}>") + len(row) + 3
    path = tmp_path / "damaged.xml"
    for damaged in (
        f"{document[:begin]}<>{document[end:]}",
        document.replace("?>", "?>\u2003", 1),
        f"{document.rstrip()}\u00a0",
    ):
        path.write_text(damaged, encoding="utf-8")
        assert reported(path) == parsed(path, monkeypatch), damaged


@pytest.mark.parametrize("document", [UBL, FINVOICE], ids=["ubl", "finvoice"])
def test_rows_that_end_in_an_unusual_way_teach_nothing_wrong(document, known, tmp_path, monkeypatch):
    row = "cac:InvoiceLine" if document is UBL else "InvoiceRow"
    begin = document.index(f"<{row}>")
    path = tmp_path / "in.xml"
    for odd in (
        f"<{row}></{row} >",
        f'<{row}><{row} x="1"></{row}></{row}>',
        f"<{row}><!-- ></{row} --></{row}>",
        f"<{row}><?x ></{row} ?></{row}>",
        f"<{row}><!--></{row} --></{row}>",
    ):
        for rows in (odd, f"<{row}></{row}>{odd}", f"<{row}></{row}></{row}>", f"<{row}>"):
            path.write_text(document[:begin] + rows + document[begin:], encoding="utf-8")
            for _ in range(4):
                assert reported(path) == parsed(path, monkeypatch), rows
            end = document.rindex(f"</{row}>") + len(row) + 3
            path.write_text(document[:begin] + rows + document[end:], encoding="utf-8")
            for _ in range(4):
                assert reported(path) == parsed(path, monkeypatch), rows


def test_texts_that_look_like_many_namespaces_are_read_as_before(known, tmp_path, monkeypatch):
    taught(known, UBL, tmp_path / "in.xml")
    path = tmp_path / "crowd.xml"
    path.write_text(UBL.replace("Kiitos tilauksesta.", 'xmlns="x" ' * 300), encoding="utf-8")
    assert reported(path) == parsed(path, monkeypatch)


def test_a_long_root_is_held_once_for_all_rows(known, tmp_path):
    document = FINVOICE.replace("<Finvoice ", f'<Finvoice x="{"x" * 50_000}" ', 1)
    at = document.index("<InvoiceRow>")
    rows = "".join(f"<InvoiceRow><R{each}/></InvoiceRow>" for each in range(200))
    path = tmp_path / "in.xml"
    path.write_text(document[:at] + rows + document[at:], encoding="utf-8")
    tracemalloc.start()
    try:
        for _ in range(LEARNT):
            reported(path)
        assert is_known(known, path.read_text(encoding="utf-8"))
        assert tracemalloc.get_traced_memory()[1] < 50 * len(rows) + 20 * len(document) + 5_000_000
    finally:
        tracemalloc.stop()


def test_currencies_that_come_once_are_not_kept(known, tmp_path):
    path = tmp_path / "in.xml"
    for number in range(60):
        path.write_text(UBL.replace(">EUR<", f">{number}<", 1), encoding="utf-8")
        reported(path)
    reusable = known.reuse(known.cut(UBL.encode()))
    assert reusable is not None
    assert max(len(each.leftovers) + len(each.laid_out) for each in reusable.caches.values()) < 60


def test_the_rows_of_a_frame_are_of_one_kind(known, tmp_path, monkeypatch):
    row = UBL[UBL.index("<cac:InvoiceLine>") : UBL.index("</cac:InvoiceLine>") + 18]
    documents = [UBL, UBL.replace("cac:InvoiceLine>", "cac:CreditNoteLine>"), UBL.replace(row, "", 1)]
    documents += [UBL.replace(row, row + row.replace("cac:InvoiceLine>", "cac:CreditNoteLine>"), 1)]
    documents += [UBL.replace("<cac:InvoiceLine>", "<cac:InvoiceLine><!-- x -->")]
    end = UBL.rindex("</cac:InvoiceLine>") + 18
    documents += [UBL[: UBL.index("<cac:InvoiceLine>")] + UBL[end:], UBL[:end] + row + UBL[end:]]
    path = tmp_path / "in.xml"
    for number in range(80):
        path.write_text(documents[random.Random(number).randrange(len(documents))], encoding="utf-8")
        assert reported(path) == parsed(path, monkeypatch), number


def test_usual_markup_is_known_by_its_patterns(known, request, tmp_path):
    taught(known, UBL, tmp_path / "in.xml")
    cut = known.cut(UBL.replace("Kiitos tilauksesta.", "a &lt; b").encode())
    assert cut is not None
    assert (cut.known is None) == ("in pieces" in request.node.name)
    reusable = known.reuse(cut)
    assert reusable is not None
    assert "a < b" in {each.text for each in reusable.root.iter()}
