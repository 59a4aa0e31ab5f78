"""Parses XML safely: no external file is read, and no entity is expanded."""

from __future__ import annotations

import codecs
import contextlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias
from xml.parsers import expat

from attrs import frozen

from confirma_async.errors import Problem
from confirma_async.formats.values.encodings import WIDE_MARKS, WINDOWS, has_windows_letters, is_all_utf8
from confirma_async.privacy import printable

Element: TypeAlias = ET.Element

MOST_DEPTH = 200
"""Levels of elements that a document may have."""
MOST_ATTRIBUTES = 1000
"""Attributes that an element may have: the time to read and to find them grows with their number."""
MOST_NAMESPACES = 200
"""Namespaces that an element may declare."""

_XINCLUDE = "{http://www.w3.org/2001/XInclude}"
_ENCODING = re.compile(rb"""<\?xml[^>]*?\bencoding\s*=\s*["']([^"']*)["']""")
_LIKE_ASCII = re.compile(
    r"(us-)?ascii|iso-?8859-\d{1,2}|latin-?\d{1,2}|(windows-|cp-?)\d{3,4}", re.IGNORECASE
)
_ISO = re.compile(r"(us-)?ascii|iso-?8859-(1|15)|latin-?[19]", re.IGNORECASE)
_WIDE = re.compile(r"utf-?(16|32)(-?[lb]e)?|ucs-?[24]", re.IGNORECASE)
_UTF8 = re.compile(r"utf-?8", re.IGNORECASE)
_LONGEST_NAME = 40
_BYTES = bytes(range(0x100))
_LATIN_9 = codecs.lookup("iso-8859-15").name
_OF_LATIN_9 = [
    (letter, other)
    for letter, other in zip(_BYTES.decode("iso-8859-1"), _BYTES.decode(_LATIN_9), strict=True)
    if letter != other
]
"""The eight bytes that are other characters in ISO-8859-15 than in ISO-8859-1, with these characters."""

_PLAIN_DOCTYPE = re.compile(rb"""<!DOCTYPE\s+Finvoice\s+SYSTEM\s+("[^"\[\]<>]*"|'[^'\[\]<>]*')\s*>""")
"""The DOCTYPE of Finvoice 1.2: the name of a DTD, which is never fetched, without declarations."""
_DOCTYPE = "declares a DOCTYPE, which no invoice needs and which can hide or multiply contents; remove it"
_LINE_END = re.compile(rb"\r\n?|\n")
"""The ends of lines that the parser counts."""
_NEAR = 40
_PIECE = 32 * 1024


class UnreadableXml(Exception):  # noqa: N818 (never leaves the readers of XML)
    """A document cannot be parsed; the text says why."""

    def __init__(self, rule: str, message: str) -> None:
        self.problem: Problem = Problem("/", rule, message)
        super().__init__(message)


@frozen
class Parsed:
    """A document that was parsed, or why it cannot be.

    Attributes:
        root: Its root element, or the error.
        start: The index of its first byte, in UTF-8.
        line: The line of its file on which it begins.
        end: The index of the byte behind it.
    """

    root: Element | UnreadableXml
    start: int
    line: int
    end: int


class _Stop(Exception):  # noqa: N818 (a signal through the parser, caught below)
    """Stops the parser: nothing after this point is needed."""


def parse(data: bytes) -> Element:
    """Parse data that holds one document and nothing else, in the encoding that it names.

    Raises:
        UnreadableXml: it has declarations in a DOCTYPE, includes other files, is not well-formed, or
            something follows it.
    """
    text, _ = as_utf8(data)
    (first, *others) = parse_each(text, 1)
    if isinstance(first.root, UnreadableXml):
        raise first.root
    if others:
        raise UnreadableXml("xml.syntax", "has something behind the end of its document; remove it")
    return first.root


def parse_each(text: bytes, line: int) -> Iterator[Parsed]:
    """Parse documents that follow each other without anything in between.

    Args:
        text: The documents, in UTF-8.
        line: The line of their file on which the first begins.
    """
    start, doctype = 0, text.find(b"<!DOCTYPE")
    while start < len(text):
        if 0 <= doctype < start:
            doctype = text.find(b"<!DOCTYPE", start)
        builder = ET.TreeBuilder()
        parser = ET.XMLParser(target=builder, encoding="utf-8")  # noqa: S314 (on guard: see above)
        end = len(text)
        try:
            if doctype >= 0:
                _look_at_prolog(text, start)
            for piece in _pieces(text, start):
                parser.feed(piece)
            root = parser.close()
        except UnreadableXml as error:
            yield Parsed(error, start, line, end)
            return
        except ET.ParseError as error:
            if error.code != _BEHIND_ROOT:
                yield Parsed(_not_well_formed(error, text, start, line), start, line, end)
                return
            end = _offset(text, start, error)
            root = builder.close()
        try:
            _look_for_crowds(text, start, end, root)
            yield Parsed(root, start, line, end)
        except UnreadableXml as error:
            yield Parsed(error, start, line, end)
        line += line_ends(text, start, end)
        start = end


def line_ends(text: bytes | bytearray, start: int, end: int) -> int:
    """Return how many lines end between two indices, by CR, LF or both, as in XML 1.0 (2.11)."""
    fed = text.count(b"\n", start, end)
    if text.find(b"\r", start, end) < 0:  # which is found out much sooner than to count them
        return fed
    return fed + text.count(b"\r", start, end) - text.count(b"\r\n", start, end)


def as_utf8(data: bytes) -> tuple[bytes, str | None]:
    """Return a document in UTF-8, with a remark if its bytes contradict the encoding that it names.

    Raises:
        UnreadableXml: its encoding is not known, or is not the one that it names.
    """
    if data.startswith(WIDE_MARKS):
        return _decoded(data, "utf-16"), None
    if b"\0" in data[:4]:
        return _decoded(data, "utf-16-be" if data[:1] == b"\0" else "utf-16-le"), None
    data = data.removeprefix(codecs.BOM_UTF8)
    declared = _ENCODING.match(data)
    name = declared[1].decode("ascii", "replace") if declared else ""
    if not name or _UTF8.fullmatch(name):
        return data, None
    shown = printable(name[:_LONGEST_NAME])
    if _WIDE.fullmatch(name):
        return data, f"the document says that it is {shown}, but is not; it was read as UTF-8"
    if not _LIKE_ASCII.fullmatch(name):
        message = f"says that it is encoded as {shown}, which is not read; save it as UTF-8"
        raise UnreadableXml("xml.syntax", message)
    if data.isascii():
        return data, None
    if is_all_utf8(data):
        return data, f"the document says that it is {shown}, but its bytes are UTF-8; it was read as UTF-8"
    if _ISO.fullmatch(name) and has_windows_letters(data):
        return _decoded(data, WINDOWS), (
            f"the document says that it is {shown}, but holds letters of Windows-1252; it was read as that, "
            "so look at its letters"
        )
    return _decoded(data, name), None


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding.startswith("utf-16") and len(data) % 2:
        data = data[:-1]  # half of a line break at the end, whose other half was taken for space
    try:
        if codecs.lookup(encoding).name == _LATIN_9:
            return _from_latin_9(data).encode()
        return data.decode(encoding).encode()
    except (LookupError, UnicodeError):
        message = f"is not encoded as it says ({encoding}); save it as UTF-8"
        raise UnreadableXml("xml.syntax", message) from None


def _from_latin_9(data: bytes) -> str:
    """Decode ISO-8859-15, the encoding of most Finvoice, by way of ISO-8859-1, which is much faster."""
    text = data.decode("latin-1")
    for other, letter in _OF_LATIN_9:
        text = text.replace(other, letter)
    return text


def lines_of_elements(text: bytes, start: int) -> Iterator[int]:
    """Return the lines on which the elements of a document begin, counted from 0 at its beginning."""
    found: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def begin(_name: str, _attributes: object) -> None:
        found.append(parser.CurrentLineNumber - 1)

    parser.StartElementHandler = begin
    with contextlib.suppress(expat.ExpatError):  # something follows the document
        for piece in _pieces(text, start):
            parser.Parse(piece, False)
    return iter(found)


def _pieces(text: bytes, start: int) -> Iterator[memoryview]:
    """Yield the text from an index on, in growing pieces.

    The parser copies each piece, and begins long tokens again in the next.
    """
    view, size = memoryview(text), _PIECE
    while start < len(text):
        yield view[start : start + size]
        start, size = start + size, 2 * size


def _look_at_prolog(text: bytes, start: int) -> None:
    """Read up to the root element; stop at a DOCTYPE before anything is declared in it.

    Raises:
        UnreadableXml: there is a DOCTYPE other than the plain one.
    """
    if text.find(b"<!DOCTYPE", start) < 0:
        return
    is_plain = _PLAIN_DOCTYPE.search(text, start) is not None

    def doctype(name: str, _system: str | None, _public: str | None, has_internal_subset: int) -> None:
        if not is_plain or name != "Finvoice" or has_internal_subset:
            raise UnreadableXml("xml.doctype", _DOCTYPE)

    def begin(_name: str, _attributes: object) -> None:
        raise _Stop

    parser = expat.ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = begin
    with contextlib.suppress(_Stop, expat.ExpatError):  # the parser of the whole reports what is wrong
        for piece in _pieces(text, start):
            parser.Parse(piece, False)


def _look_for_crowds(text: bytes, start: int, end: int, root: Element) -> None:
    """Refuse more levels, attributes or namespaces than a document needs: they only cost time or memory.

    Raises:
        UnreadableXml: a limit is exceeded; the text says which.
    """
    if any(len([*each.iter()]) >= MOST_DEPTH for each in root) and _depth(root) > MOST_DEPTH:
        raise UnreadableXml("xml.size", f"has more than {MOST_DEPTH} elements in one another; remove them")
    may_include = text.find(b"XInclude", start, end) >= 0 or text.find(b"&", start, end) >= 0
    if may_include and any(each.tag.startswith(_XINCLUDE) for each in root.iter()):
        raise UnreadableXml(
            "xml.xinclude", "includes other files (XInclude), which are not read; put them in"
        )
    may_have = text.count(b"=", start, end)
    if may_have <= MOST_NAMESPACES:  # neither attributes nor namespaces are too many
        return
    if may_have > MOST_ATTRIBUTES and any(len(each.keys()) > MOST_ATTRIBUTES for each in root.iter()):
        message = f"has more than {MOST_ATTRIBUTES} attributes on one element"
    elif _most_namespaces(text[start:end]) > MOST_NAMESPACES:
        message = f"declares more than {MOST_NAMESPACES} namespaces for one element"
    else:
        return
    raise UnreadableXml("xml.size", f"{message}, which no invoice needs; export it again")


def _depth(root: Element) -> int:
    """Return the number of levels of elements, up to ``MOST_DEPTH`` and one more."""
    level, depth = [root], 0
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = [child for each in level for child in each]
    return depth


def _most_namespaces(text: bytes) -> int:
    if text.count(b"xmlns") <= MOST_NAMESPACES:
        return 0
    return max(piece.count(b"xmlns") for piece in text.split(b"<"))


_BEHIND_ROOT = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_INVALID = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
_ENTITY = expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
_UNCLOSED_CDATA = expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION]
_CDATA = b"<![CDATA["
_COMMENT = b"<!--"
_UNCLOSED = (
    (_COMMENT, "a comment", "-->"),
    (b"<?", "an instruction", "?>"),
    (_CDATA, "a CDATA section", "]]>"),
)
"""The beginnings of parts that swallow the rest of the text if they do not end, and their ends."""
_CUT_OFF = frozenset(
    expat.errors.codes[error]
    for error in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
)


def _offset(text: bytes, start: int, error: ET.ParseError) -> int:
    """Return the index of the byte of an error; the parser counts lines and characters."""
    line, column = error.position
    begin = start
    for each in islice(_LINE_END.finditer(text, start), line - 1):
        begin = each.end()
    before = text[begin : begin + 4 * column].decode("utf-8", "ignore")[:column]
    return begin + len(before.encode())


def _not_well_formed(error: ET.ParseError, text: bytes, start: int, line: int) -> UnreadableXml:
    place = f"at line {line + error.position[0] - 1}, column {error.position[1] + 1}"
    if error.code == _ENTITY:
        what = (
            f"uses an entity (&name;) that XML does not define {place}; write the character itself, or & as "
            "&amp;"
        )
    elif error.code == _INVALID:
        at = _offset(text, start, error)
        what = _dashes_in_comment(text, start, at, line) or _invalid(text, at, place)
    elif (unclosed := _unclosed(error, text, start, line)) is not None:
        what = unclosed
    elif error.code in _CUT_OFF:
        what = f"is cut off: it ends {place} before its root element does; write it again"
    else:
        what = f"is not well-formed XML {place} ({expat.ErrorString(error.code)}); write it again"
    return UnreadableXml("xml.syntax", what)


def _unclosed(error: ET.ParseError, text: bytes, start: int, line: int) -> str | None:
    """Return the error of a part that does not end and hides the rest of the text; None if there is none."""
    if error.code == _UNCLOSED_CDATA:  # which is told at its end
        at = text.rfind(_CDATA, start)
    elif error.code in _CUT_OFF:
        at = _offset(text, start, error)
    else:
        return None
    for opening, what, end in _UNCLOSED:
        if text.startswith(opening, at):
            place = f"on line {line + line_ends(text, start, at)}"
            return f"begins {what} {place} that does not end, and hides all behind it; end it with {end}"
    return None


def _dashes_in_comment(text: bytes, start: int, at: int, line: int) -> str | None:
    """Return the error of two dashes in a comment, before an index; None if there are none."""
    dashes = at - 2
    if not text.startswith(b"--", dashes):
        return None
    begin = text.rfind(_COMMENT, start, dashes)
    if begin < 0 or text.find(b"--", begin + len(_COMMENT), at) != dashes:
        return None
    first = line + line_ends(text, start, begin)
    return (
        f"begins a comment on line {first} that is not ended before the -- on line "
        f"{first + line_ends(text, begin, dashes)}; end it with -->, and write no -- in it"
    )


def _invalid(text: bytes, at: int, place: str) -> str:
    """Return the error of a character that is not allowed at its place."""
    before = text[max(0, at - _NEAR) : at + 1]
    if re.search(rb"&[^<>&\s;]*.?\Z", before, re.DOTALL):
        return f"has an & that stands for itself {place}, which must be written &amp;"
    if re.search(rb"<[^\w/!?].?\Z", before, re.DOTALL):
        return f"has a < that stands for itself {place}, which must be written &lt;"
    if text[at : at + 1] >= b"\x80":
        return (
            f"holds bytes {place} that are no UTF-8, which is what it says or leaves unsaid; save it as "
            'UTF-8, or let it say what it is, such as encoding="windows-1252"'
        )
    if text[at : at + 1] < b" ":
        return f"holds a control character {place}, which XML does not allow; remove it"
    return f"is not well-formed XML {place}: it is damaged; write it again"
