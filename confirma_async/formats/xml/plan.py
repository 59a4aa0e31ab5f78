"""What is taken of an element and those below it in one walk: paths, places, and how each value is read."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from attrs import define, field

from confirma_async.formats.xml.parse import Element


class Take(enum.Enum):
    """How a value is taken."""

    TEXT = "as it is"
    NUMBER = "as a number"
    AMOUNT = "as an amount in the document's currency"
    IMPLIED = "not at all where it is the text at its place, which another place tells"
    ASIDE = "not at all, but set aside under its place for whoever decides by it, with all others of its path"


class ElementStep(NamedTuple):
    """What is done with an element of one name: what is taken of it, and what of those below it.

    A tuple, since it is taken apart for each element.

    Attributes:
        place: Where its value goes; empty where none is taken.
        take: How it is taken.
        below: Steps of the elements below it.
        is_nested: Whether its place is in an object below.
    """

    place: str
    take: Take
    below: Mapping[str, ElementStep]
    is_nested: bool


Aside: TypeAlias = dict[str, list[Element]]
"""Elements that a plan sets aside, by their places, in the order of the document."""

Tree: TypeAlias = Mapping[str, ElementStep]
"""Steps by tag."""


@define
class Plan:
    """Paths with the places of their values; compiled once, when first used.

    Only the first of several elements counts at each step: what the others say is left over.

    Attributes:
        entries: A path, the place of its value, and how it is taken.
    """

    entries: Sequence[tuple[str, str, Take]]
    _tree: Tree = field(init=False, factory=dict[str, ElementStep])

    def tree(self, steps: Callable[[str], Sequence[str]]) -> Tree:
        """Return the steps from the top element on.

        Args:
            steps: Gives the tags of a path.
        """
        if not self._tree:
            self._tree = _compiled([(steps(path), place, take) for path, place, take in self.entries])
        return self._tree


def _compiled(entries: Sequence[tuple[Sequence[str], str, Take]]) -> Tree:
    tree: dict[str, ElementStep] = {}
    for tag in dict.fromkeys(tags[0] for tags, _, _ in entries):
        own = next(((place, take) for tags, place, take in entries if [*tags] == [tag]), ("", Take.TEXT))
        inner = [(tags[1:], place, take) for tags, place, take in entries if tags[0] == tag and len(tags) > 1]
        tree[tag] = ElementStep(own[0], own[1], _compiled(inner), "." in own[0])
    return tree


def aside(*paths: str) -> list[tuple[str, str, Take]]:
    """Return paths whose elements are set aside, each under its path."""
    return [(path, path, Take.ASIDE) for path in paths]


def texts(*pairs: tuple[str, str]) -> list[tuple[str, str, Take]]:
    """Return paths whose values go to their places as they are."""
    return [(path, place, Take.TEXT) for path, place in pairs]


def numbers(*pairs: tuple[str, str]) -> list[tuple[str, str, Take]]:
    """Return paths whose values are numbers."""
    return [(path, place, Take.NUMBER) for path, place in pairs]


def amounts(*pairs: tuple[str, str]) -> list[tuple[str, str, Take]]:
    """Return paths whose values are amounts."""
    return [(path, place, Take.AMOUNT) for path, place in pairs]
