"""Refuses a second element with another text than the first, where the schema allows only one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confirma_async.formats.xml.elements import local_name, own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.reading.element_reader import ElementReader

_NO_SCHEMES: Mapping[str, str] = {}


def check_once(
    reader: ElementReader,
    parent: Element,
    paths: Sequence[str],
    *,
    are_texts: bool = False,
    schemes: Mapping[str, str] = _NO_SCHEMES,
) -> None:
    """Refuse the second element at each path whose text differs from that of the first.

    Args:
        reader: The reader of the document.
        parent: The element that the paths begin below.
        paths: The paths, each after its own prefixes.
        are_texts: Whether to refuse texts with elements inside as well, which are then in pieces. Amounts and
            dates in pieces are refused when they are read.
        schemes: The attribute with the scheme of an identifier, by path; identifiers of different schemes do
            not contradict each other.
    """
    cache = reader.caches.get(parent)
    doubtful = None if cache is None else cache.doubtful.get(paths)
    if doubtful is None:
        doubtful = _doubtful(reader, parent, paths)
        if cache is not None:
            cache.doubtful[paths] = doubtful
    refused: list[str] = []
    for path, found in doubtful:
        alike = _by_scheme(found, schemes[path]) if path in schemes else [found]
        if not path.startswith((*refused,)) and any(refuse_second(reader, each) for each in alike):
            refused.append(f"{path}/")
        if are_texts and _is_mixed(found[0]):
            reader.findings.wrong(
                found[0], "xml.mixed", "has an element inside its text; write its value without one"
            )


def _doubtful(
    reader: ElementReader, parent: Element, paths: Sequence[str]
) -> Sequence[tuple[str, Sequence[Element]]]:
    """Return the elements at paths where there are several, or where one has elements inside its text."""
    at_paths = ((path, reader.every(parent, path)) for path in paths)
    return [(path, found) for path, found in at_paths if len(found) > 1 or any(map(_is_mixed, found))]


def _by_scheme(found: Sequence[Element], attribute: str) -> Sequence[Sequence[Element]]:
    schemes: dict[str | None, list[Element]] = {}
    for each in found:
        schemes.setdefault(each.get(attribute), []).append(each)
    return [*schemes.values()]


def _is_mixed(element: Element) -> bool:
    return len(element) > 0 and own_text(element) != ""


def refuse_second(reader: ElementReader, found: Sequence[Element], what: str = "") -> bool:
    """Refuse the next of some elements whose text differs from that of the first.

    Args:
        reader: The reader of the document.
        found: The elements, in document order.
        what: The word for them in the message; their name if this is empty.

    Returns:
        Whether one was refused.
    """
    for other in found[1:]:
        if _said(other) != _said(found[0]):
            name = what or local_name(other.tag)
            reader.findings.wrong(
                other,
                "xml.repeated",
                f"is a second {name}; it is open which one holds, so remove the wrong one",
            )
            return True
    return False


def _said(top: Element) -> Sequence[object]:
    """Return the texts and attributes of an element and those below it, for comparison."""
    return [(each.tag, own_text(each), sorted(each.items())) for each in top.iter()]
