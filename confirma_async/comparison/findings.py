"""What a comparison came to, and the overrides that follow from it."""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from attrs import field, frozen

from confirma_async.contract import OPERATIONS, Overrides, schema_classes
from confirma_async.privacy import visible
from confirma_async.schemas.wire import EVIDENCE, Evidence


class FindingKind(enum.Enum):
    """What a finding says."""

    CONFIRMED = "confirmed"
    """The name, path or filter is as the contract says."""
    DIFFERS = "differs"
    """Something else stands there; ``correction`` says what, where overrides can."""
    UNKNOWN = "unknown"
    """The contract does not know it."""
    NEVER_SEEN = "never seen"
    """The contract has it, and nothing showed it."""


@frozen
class ContractFinding:
    """One thing that was compared.

    Attributes:
        standing: What it came to.
        what: ``path``, ``method``, ``name``, ``kind``, ``list``, ``filter``, ``required`` or ``words``.
        about: The operation, or ``Class.attribute``, or the place of a name that is not known.
        message: In words; names and kinds, never a value.
        count: How often it was seen.
        sure: Whether the correction is taken; False where it is a guess.
        correction: The table of the overrides, the key and the value that correct it; None where none can.
    """

    standing: FindingKind
    what: str
    about: str
    message: str
    count: int = field(default=1, kw_only=True)
    sure: bool = field(default=True, kw_only=True)
    correction: tuple[str, str, str] | None = field(default=None, kw_only=True)


def _in_order(found: Iterable[ContractFinding]) -> tuple[ContractFinding, ...]:
    order = [FindingKind.DIFFERS, FindingKind.UNKNOWN, FindingKind.NEVER_SEEN, FindingKind.CONFIRMED]
    return tuple(sorted(found, key=lambda each: (order.index(each.standing), each.what, each.about)))


@frozen(kw_only=True)
class ContractComparison:
    """All findings.

    Attributes:
        source: What the contract was compared with.
        findings: What was found, differences first.
    """

    source: str
    findings: Sequence[ContractFinding] = field(converter=_in_order)

    @property
    def differences(self) -> Sequence[ContractFinding]:
        """What is not as the contract says."""
        return [each for each in self.findings if each.standing in {FindingKind.DIFFERS, FindingKind.UNKNOWN}]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings there are of each standing."""
        return Counter(each.standing.value for each in self.findings)

    def overrides(self) -> Overrides:
        """Return the corrections that are sure.

        Raises:
            ConfigurationError: they contradict each other.
        """
        tables: dict[str, dict[str, str]] = {}
        for table, key, value in self._corrections:
            tables.setdefault(table, {})[key] = value
        return Overrides(**tables, forced=True, confirmed=frozenset(self._confirmed))  # type: ignore[arg-type]  # tables of texts

    def to_toml(self) -> str:
        """Return the same as a file of overrides: each line with its reason, doubtful ones commented out."""
        lines = [f"# Proposed by a comparison with {visible(self.source)}. Look over each line."]
        if any(_is_firm(table, key) for table, key, _ in self._corrections):
            lines.append(
                "forced = true  # a line below corrects what is documented, or was seen in an example"
            )
        lines.append(f"confirmed = [{', '.join(map(json.dumps, sorted(self._confirmed)))}]")
        for table in ("paths", "methods", "names", "lists"):
            found = [
                each for each in self.findings if each.correction is not None and each.correction[0] == table
            ]
            if found:
                lines += ["", f"[{table}]"]
            for each in found:
                _, key, value = each.correction or ("", "", "")
                lines.append(f"# {visible(each.message)}")
                mark = "" if each.sure else "# doubtful: "
                lines.append(f"{mark}{json.dumps(key)} = {json.dumps(value)}")
        left = [each for each in self.differences if each.correction is None]
        if left:
            lines += ["", "# What overrides cannot say:"]
            lines += [f"# - {each.what} of {visible(each.about)}: {visible(each.message)}" for each in left]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON objects, lists and texts."""
        return {
            "source": self.source,
            "counts": dict(self.counts),
            "findings": [{**attrs.asdict(each), "standing": each.standing.value} for each in self.findings],
        }

    @property
    def _corrections(self) -> list[tuple[str, str, str]]:
        """The corrections that are sure."""
        return [each.correction for each in self.findings if each.correction is not None and each.sure]

    @property
    def _confirmed(self) -> set[str]:
        """The operations, and the attributes of the contract, that are as it says."""
        return {
            each.about
            for each in self.findings
            if each.standing is FindingKind.CONFIRMED
            and each.what in {"name", "path"}
            and (each.about in OPERATIONS or evidence_of(each.about) is not None)
        }


def _is_firm(table: str, key: str) -> bool:
    if table in {"paths", "methods"}:
        return OPERATIONS[key].evidence is not Evidence.PROVISIONAL
    return table == "names" and evidence_of(key) is not Evidence.PROVISIONAL


def evidence_of(name: str) -> Evidence | None:
    """Return the mark of ``Class.attribute``; None where there is no such thing."""
    class_name, _, attribute = name.partition(".")
    cls = schema_classes().get(class_name)
    item = attrs.fields_dict(cls).get(attribute) if cls else None
    return item.metadata.get(EVIDENCE) if item else None
