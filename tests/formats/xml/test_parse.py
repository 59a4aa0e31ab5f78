"""Documents in a row, whatever ends their lines."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from confirma_async.formats.xml.parse import UnreadableXml, parse_each


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n\n"], ids=repr)
def test_documents_in_a_row_are_told_apart_whatever_ends_their_lines(end):
    document = f"<a>{end}<b>1</b>{end}</a>{end}"
    text = (3 * document).encode()
    roots = [each.root for each in parse_each(text, 1)]
    assert [ET.tostring(root) for root in roots if isinstance(root, ET.Element)] == 3 * [
        ET.tostring(ET.fromstring(document))
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_each_document_is_told_the_line_that_it_begins_on_whatever_ends_the_lines(end):
    document = f"<a>{end}<b>1</b>{end}</a>{end}"
    assert [each.line for each in parse_each((3 * document).encode(), 7)] == [7, 10, 13]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_what_is_wrong_is_told_whatever_ends_the_lines(end):
    (found,) = parse_each(f"<a>{end}<b>a & b</b>{end}</a>".encode(), 1)
    assert isinstance(found.root, UnreadableXml)
    assert "&amp;" in found.root.problem.message
