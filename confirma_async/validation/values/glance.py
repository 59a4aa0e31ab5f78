"""The quick look at an object: nearly every one is clean, and then nothing more need be known of it.

Only where it is not, or where that is in doubt, ``values`` looks carefully, and says what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from attrs import frozen

Glance = Callable[[Any], bool]
"""Says whether an object and all below it is surely clean. A value of a wrong type may raise."""


@frozen
class Below:
    """An attribute that holds other objects.

    Attributes:
        attribute: Its name.
        cls: Their class.
        many: Whether it holds a sequence of them.
        glance: The quick look at one of them.
    """

    attribute: str
    cls: type
    many: bool
    glance: Glance


def glance_of(
    cls: type,
    values: Sequence[tuple[str, Callable[[str], str | None]]],
    wholes: Sequence[Callable[[Any], str | None]],
    below: Sequence[Below],
) -> Glance:
    """Make the quick look at objects of a class: a function without loops or look-ups by name.

    Args:
        cls: The class.
        values: The text values with a rule: the attribute, and what says what is wrong with its value.
        wholes: What says what is wrong with an object as a whole.
        below: The attributes that hold other objects.
    """
    names: dict[str, Any] = {"type": type, "str": str}
    lines = ["def glance(x):"]
    for index, (attribute, fault_of) in enumerate(values):
        names[f"f{index}"] = fault_of
        lines += [f" v = x.{attribute}", f" if type(v) is str and f{index}(v): return False"]
    for index, fault_of in enumerate(wholes):
        names[f"w{index}"] = fault_of
        lines.append(f" if w{index}(x): return False")
    for index, place in enumerate(below):
        names |= {f"k{index}": place.cls, f"g{index}": place.glance}
        lines.append(f" v = x.{place.attribute}")
        if place.many:
            lines.append(" if v:")
            lines.append("  if type(v) is not tuple and type(v) is not list: return False")
            lines.append("  for v in v:")
            lines.append(f"   if type(v) is not k{index} or not g{index}(v): return False")
        else:
            lines.append(f" if v is not None and (type(v) is not k{index} or not g{index}(v)): return False")
    lines.append(" return True")
    source = "\n".join(lines)
    exec(compile(source, f"<glance at {cls.__name__}>", "exec"), names)  # noqa: S102 (our own, as attrs does)
    return cast("Glance", names["glance"])
