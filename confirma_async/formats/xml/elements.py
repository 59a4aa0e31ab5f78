"""Names and texts of elements, and the paths to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from confirma_async.formats.xml.parse import Element


def local_name(name: str) -> str:
    """Return the name of an element or attribute, without its namespace."""
    return name.rpartition("}")[2]


def own_text(element: Element) -> str:
    """Return the text of an element itself, without that of its children, stripped."""
    text = element.text
    if not len(element):
        return text.strip() if text else ""
    return "".join([text or "", *(child.tail or "" for child in element)]).strip()


def step_of(parent: Element, child: Element) -> str:
    """Return the last step of a child's path: its name, and its position among the children of that name."""
    name, alike = local_name(child.tag), parent.findall(child.tag)
    return name if len(alike) == 1 else f"{name}[{1 + alike.index(child)}]"


def steps_below(parent: Element) -> list[tuple[Element, str]]:
    """Return all children with the last steps of their paths.

    One by one, all children would be counted each time.
    """
    tags = [child.tag for child in parent]
    if len(set(tags)) == len(tags):
        return [(child, local_name(child.tag)) for child in parent]
    together = Counter(tags)
    seen: Counter[str] = Counter()
    steps: list[tuple[Element, str]] = []
    for child, tag in zip(parent, tags, strict=True):
        name = local_name(tag)
        if together[tag] > 1:
            seen[tag] += 1
            name = f"{name}[{seen[tag]}]"
        steps.append((child, name))
    return steps


def paths_below(root: Element, without: Collection[Element] = ()) -> dict[Element, str]:
    """Return each element with its path from a root, in document order: ``/Invoice/InvoiceLine[2]/ID``.

    All are found at once, since elements do not know their parents. Elements below ``without`` are left out.
    """
    paths: dict[Element, str] = {}
    pending = [(root, f"/{local_name(root.tag)}")]
    while pending:
        each, path = pending.pop()
        if each not in without:
            paths[each] = path
            pending += [(child, f"{path}/{step}") for child, step in reversed(steps_below(each))]
    return paths
