"""Files of several documents: what a parser of XML does not see as a document begins none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from lxml import etree

from confirma_async.errors import Problem
from confirma_async.formats import BadRecord, ReadInvoice, read
from confirma_async.formats.xml import documents
from tests.formats.xml.changes import problems

EXAMPLES = Path(__file__).parents[3] / "examples"
INVOICE = (EXAMPLES / "ubl" / "invoice.xml").read_text(encoding="utf-8").strip()
FINVOICE = (Path(__file__).parent / "documents" / "finvoice-full.xml").read_text(encoding="utf-8").strip()
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
BEGINS = "<cbc:CustomizationID>"


def numbered(number: int) -> str:
    return INVOICE.replace("<cbc:ID>12001</cbc:ID>", f"<cbc:ID>{number}</cbc:ID>", 1)


def undeclared(document: str) -> str:
    return document.split("?>", 1)[1]


def sent(path: Path) -> list[int | str]:
    """The numbers of the invoices that are read, and what is wrong with the others."""
    return [
        each.request.invoice.header.number if isinstance(each, ReadInvoice) else each.problems[0].message
        for each in read(path)
    ]


HIDDEN = [
    f"<!-- not yet: {numbered(2)} -->",
    f"<!--{numbered(2)}--><!-- {numbered(3)} -->",
    f"<!-- <Envelope></Envelope> {undeclared(FINVOICE)} -->",
    f"<!-- {FINVOICE}<x:Envelope></x:Envelope> -->",
    f"<?old {undeclared(numbered(2))} ?>",
    f"<?old {DECLARATION}",
    "<?old <!-- ?>",
    "<!-- <?old -->",
    "<!-- <![CDATA[ -->",
]


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("block", [1, 7, 1000, 1024 * 1024])
def test_what_a_comment_or_an_instruction_holds_is_no_document(write, monkeypatch, hidden, block):
    monkeypatch.setattr(documents, "_BLOCK", block if block > 1 or len(hidden) < 100 else 3)
    before = INVOICE.replace("?>", f"?>\n{hidden}\n", 1)
    inside = numbered(4).replace(BEGINS, f"{hidden}{BEGINS}", 1)
    after = f"{numbered(5)}\n{hidden}"
    path = write("in.xml", "\n".join([before, inside, after, numbered(6)]))
    assert sent(path) == [12001, 4, 5, 6]


@pytest.mark.parametrize("space", ["", " ", "\n\n", "was: "], ids=repr)
def test_what_a_cdata_section_holds_is_no_document(write, space):
    note = f"<cbc:BuyerReference><![CDATA[{space}{numbered(2)}]]>"
    path = write("in.xml", INVOICE.replace("<cbc:BuyerReference>", note, 1) + "\n" + numbered(3))
    assert sent(path) == [12001, 3]


@pytest.mark.parametrize(
    ("opening", "end"),
    [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?old", "?>")],
    ids=["comment", "cdata", "pi"],
)
def test_what_does_not_end_is_refused_with_its_line_and_hides_all_behind_it(write, opening, end):
    cut = INVOICE.index(BEGINS)
    behind = undeclared(numbered(3))
    path = write("in.xml", f"{numbered(2)}\n{INVOICE[:cut]}{opening} {INVOICE[cut:]}\n{behind}")
    line = 1 + numbered(2).count("\n") + 1 + INVOICE[:cut].count("\n")
    good, bad = read(path)
    assert isinstance(good, ReadInvoice)
    assert isinstance(bad, BadRecord)
    assert bad.place.line == 2 + numbered(2).count("\n")
    assert f"on line {line} that does not end" in bad.problems[0].message
    assert bad.problems[0].message.endswith(f"end it with {end}")


def opened(document: str, what: str) -> str:
    return document.replace(BEGINS, what + BEGINS, 1)


@pytest.mark.parametrize(
    "broken",
    [
        opened(INVOICE, "<!-- oops "),
        opened(INVOICE, "<x><![CDATA[ oops</x>"),
        opened(INVOICE, '<a b="<!--"/>'),
        opened(INVOICE, "<x>a & b</x><!-- oops"),
        opened(INVOICE, "<!-- oops ").replace("UTF-8", "EBCDIC", 1),
        INVOICE.replace("?>", "?><!DOCTYPE Invoice [<!ENTITY a 'b\">", 1),
        INVOICE[: INVOICE.index(BEGINS)] + "<!-- cut of",
        f"{INVOICE}<!-- oops",
    ],
    ids=["comment", "cdata", "attribute", "ampersand", "encoding", "doctype", "cut off", "behind"],
)
def test_each_document_that_a_broken_one_hides_is_refused_with_its_line(write, broken):
    texts = [numbered(2), broken, numbered(3), "\n" + numbered(4)]
    good, *others = read(write("in.xml", "\n".join(texts)))
    bad = [each for each in others if isinstance(each, BadRecord)]
    begins = [1 + "\n".join(texts[:each]).count("\n") + 1 for each in range(1, 4)]
    begins[-1] += 1
    assert isinstance(good, ReadInvoice)
    assert [each.place.line for each in others] == [each.place.line for each in bad] == begins
    told, *hidden = (each.problems[0].message for each in bad)
    assert "seems to begin" not in told
    for message in hidden:
        assert message.startswith("seems to begin a document, which is not read")
        assert f"the one that begins on line {begins[0]} " in message


@pytest.mark.parametrize("opening", ["<!-- oops ", "<![CDATA[", "<? oops"])
def test_what_only_ends_in_a_later_document_hides_those_before_it(write, opening):
    has_own = {"<!-- oops ": "<!-- fine -->", "<![CDATA[": "<x><![CDATA[fine]]></x>"}.get(
        opening, "<?fine ?>"
    )
    texts = [opened(numbered(2), opening), numbered(3), opened(numbered(4), has_own), numbered(5)]
    found = sent(write("in.xml", "\n".join(texts)))
    assert "seems to begin" in str(found[1])
    if opening.startswith("<?"):  # which the next declaration ends
        assert found[2:] == [4, 5]
    else:
        assert "seems to begin" in str(found[2])
        assert found[3:] == [5]


@pytest.mark.parametrize("hidden", [*HIDDEN[:4], f"<x><![CDATA[{numbered(9)}]]></x>"])
def test_what_a_refused_document_rightly_hides_is_not_told(write, hidden):
    path = write("in.xml", "\n".join([numbered(2), opened(INVOICE, f"<x>&</x>{hidden}"), numbered(3)]))
    two, bad, three = sent(path)
    assert [two, three] == [2, 3]
    assert "an & that stands for itself" in str(bad)


def test_a_comment_with_dashes_is_told_with_both_lines(write):
    cut = INVOICE.index(BEGINS)
    (bad,) = sent(write("in.xml", f"{INVOICE[:cut]}<!-- oops\n\n -- \n-->{INVOICE[cut:]}"))
    line = 1 + INVOICE[:cut].count("\n")
    assert f"begins a comment on line {line} that is not ended before the -- on line {line + 2};" in str(bad)


def test_a_comment_without_end_behind_an_invoice_refuses_the_invoice(write):
    (bad,) = read(write("in.xml", f"{INVOICE}\n<!-- {undeclared(numbered(2))}"))
    assert problems(bad) == [("/", "xml.syntax")]


DOCTYPES = [
    "<!DOCTYPE Invoice [<!ELEMENT Invoice ANY>]>",
    "<!DOCTYPE Invoice [<!ENTITY a ']>'> <!-- ' ]> --> <?p \" ]> ?> %b;\n] \n>",
    "<!DOCTYPE Invoice PUBLIC '[' \">\" []>",
    "<!DOCTYPE Invoice [] x>",
    "<!DOCTYPE Invoice ",
    f"<!DOCTYPE Invoice [<!ENTITY a '{numbered(9)}'><!-- {numbered(8)} -->]>".replace("'", "\x00")
    .replace('"', "'")
    .replace("\x00", '"'),
]


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize("block", [7, 1000, 1024 * 1024])
def test_a_doctype_that_declares_something_costs_its_document_alone(write, monkeypatch, doctype, block):
    monkeypatch.setattr(documents, "_BLOCK", block)
    texts = [numbered(2), INVOICE.replace("?>", f"?>{doctype}", 1), numbered(3), numbered(4)]
    found = sent(write("in.xml", "\n".join(texts)))
    assert [found[0], *found[2:]] == [2, 3, 4]


def test_what_a_doctype_quotes_is_no_document(write):
    quoted = f"<!DOCTYPE Invoice [<!ENTITY a '?> <?'>\n<!-- ?>{numbered(2)} -->]>"
    (bad,) = read(write("in.xml", INVOICE.replace("?>", f"?>{quoted}", 1)))
    assert problems(bad) == [("/", "xml.doctype")]
    literal = f"<!DOCTYPE Invoice SYSTEM '>{numbered(2)}'><Invoice/>"
    (bad,) = read(write("in.xml", DECLARATION + literal))
    assert problems(bad) == [("/", "xml.doctype")]


def test_a_comment_longer_than_any_document_costs_its_document_alone(write, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 20_000)
    monkeypatch.setattr(documents, "_BLOCK", 1000)
    hidden = "<!--" + "".join(numbered(each) for each in range(20, 30)) + "-->"
    found = sent(write("in.xml", f"{numbered(2)}\n{INVOICE.replace(BEGINS, hidden + BEGINS)}{numbered(3)}"))
    assert [found[0], *found[2:]] == [2, 3]
    assert "is larger than" in str(found[1])


@pytest.mark.parametrize("block", [1000, 1013])
def test_documents_that_one_beyond_the_limit_hides_are_told(write, monkeypatch, block):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 20_000)
    monkeypatch.setattr(documents, "_BLOCK", block)
    texts = [numbered(2), opened(INVOICE, "<!--"), *(numbered(each) for each in range(20, 30))]
    two, bad = sent(write("in.xml", "\n".join(texts)))
    first = 1 + "\n".join(texts[:2]).count("\n") + 1
    assert two == 2
    assert f"Documents seem to begin in it and are not read: 10, the first on line {first};" in str(bad)


MARKS = ["<!--", "-->", "<![CDATA[", "]]>", "<?a", "?>", "]", "-", "<", ">", "<!", "!", "?", "--", "\n", "x"]
TAGS = [DECLARATION, "<?xml ", "<Finvoice>", "</Finvoice>", "<Envelope>", "</Envelope>", "<!DOCTYPE a>"]
TEXTS = st.lists(st.sampled_from([*MARKS, *TAGS]), max_size=8).map("".join)
PIECES = st.one_of(
    TEXTS.filter(lambda text: "--" not in text and not text.endswith("-")).map("<!--{}-->".format),
    TEXTS.filter(lambda text: "?>" not in text).map("<?p {}?>".format),
    st.sampled_from(["", " ", "\n", "\r\n", f"<!--{'x' * 1100}-->"]),
)
INNER = st.one_of(
    PIECES,
    TEXTS.filter(lambda text: "]]>" not in text).map("<![CDATA[{}]]>".format),
    st.sampled_from(["<b/>", "<b>text</b>", "Thank you! More?"]),
)


@st.composite
def declared(draw: st.DrawFn) -> str:
    root = draw(st.sampled_from(["Invoice", "Finvoice", "Envelope"]))
    before, inner, after = (draw(st.lists(each, max_size=4).map("".join)) for each in (PIECES, INNER, PIECES))
    return f"{DECLARATION}{before}<{root}>{inner}</{root}>{after}"


@given(st.lists(declared(), min_size=1, max_size=4), st.integers(1, 2000))
def test_documents_are_those_that_a_parser_sees(tmp_path_factory, made, block):
    path = tmp_path_factory.mktemp("cuts") / "in.xml"
    path.write_text("\n".join(made), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_BLOCK", block)
        found = [each.root for each in documents.documents(path)]
    expected = [etree.fromstring(each.encode()) for each in made]
    assert [content(each) for each in found] == [content(each) for each in expected]


def content(root: Any) -> object:
    """The elements of a document with their texts, as both parsers have them."""
    if isinstance(root, Problem):
        return root
    return [(each.tag, "".join(each.itertext())) for each in root.iter() if isinstance(each.tag, str)]
