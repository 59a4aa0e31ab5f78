"""An OpenAPI document: read, and asked what it says. References within it are followed, others never."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from attrs import frozen

from confirma_async.comparison.json_values import as_array, as_object
from confirma_async.contract.operations import METHODS
from confirma_async.errors import DocumentError

LARGEST = 32 * 1024 * 1024
"""Bytes of a document at most."""
_DEEPEST = 60
_BLOCK = re.compile(r"^```(?:json|ya?ml)?[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BEGINS = re.compile(r'^[\s{]*"?openapi"?\s*:', re.MULTILINE)

Json = Mapping[str, Any]
_NOTHING: Json = {}


def read_document(source: Path) -> ContractDocument:
    """Read a document.

    Args:
        source: The file; or a folder of Markdown pages, each of which holds the document of its operation in
            a fenced block, as the portal gives them.

    Raises:
        DocumentError: it cannot be read, is too large, or is no OpenAPI 3.0 or 3.1.
    """
    return ContractDocument(_read_pages(source) if source.is_dir() else _read(source, _text_of(source)))


def _read_pages(folder: Path) -> Json:
    """Return one document of all that the pages of a folder hold."""
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, dict[str, Any]] = {}
    root: Json = {}
    left = LARGEST
    for page in sorted(folder.rglob("*.md")):
        text = _text_of(page, left)
        left -= len(text)
        for block in filter(_BEGINS.search, _BLOCK.findall(text)):
            root = _read(page, block)
            for path, item in _mapping(root["paths"]).items():
                _put_together(paths.setdefault(path, {}), item, f"{page}: the path {path}")
            for kind, named in _mapping(root.get("components")).items():
                _put_together(components.setdefault(kind, {}), named, f"{page}: the {kind}")
    if not paths:
        raise DocumentError(
            f"no page in {folder} holds a document: a page ends in .md, and has a block with openapi: 3.x"
        )
    return {**root, "paths": paths, "components": components}


def _put_together(known: dict[str, Any], more: Any, what: str) -> None:
    """Add what one page says of something to what others say.

    Raises:
        DocumentError: they contradict each other.
    """
    for name, each in _mapping(more).items():
        if known.setdefault(name, each) != each:
            raise DocumentError(f"{what} and {name} are told otherwise by another page; export anew")


def _text_of(file: Path, most: int = LARGEST) -> str:
    try:
        if file.stat().st_size > most:
            raise DocumentError(
                f"{file} is larger than {LARGEST // 1024**2} MiB; export the API's document alone"
            )
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentError(f"{file} is no text in UTF-8; export it as JSON or YAML") from None
    except OSError as error:
        raise DocumentError(f"{file} cannot be read: {error.strerror}") from None


def _read(file: Path, text: str) -> Json:
    root = as_object(_parsed(file, text))
    if root is None or not str(root.get("openapi", "")).startswith("3."):
        raise DocumentError(f"{file} is no OpenAPI 3.0 or 3.1: it does not begin with openapi: 3.x")
    if not as_object(root.get("paths")):
        raise DocumentError(f"{file} has no paths: it is half of a document; export it again")
    return root


def _parsed(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise DocumentError(f"{file} is nested too deeply") from None
    except ValueError:
        pass
    try:
        import yaml
    except ImportError:
        raise DocumentError(
            f"{file} is no JSON; to read YAML: pip install 'confirma-sdk[contract]', or export it as JSON"
        ) from None
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe one)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise DocumentError(f"{file} is neither JSON nor YAML that can be read; export it again") from None


@frozen
class DocumentedOperation:
    """An operation of a document.

    Attributes:
        method: In upper case.
        path: From the host on.
        content: What the document says of it.
    """

    method: str
    path: str
    content: Json

    @property
    def title(self) -> str:
        """Its summary, which is the title of its page."""
        return str(self.content.get("summary", "")).strip()


@frozen
class ContractDocument:
    """What a document says.

    Attributes:
        root: The document.
    """

    root: Json

    def operations(self) -> Iterator[DocumentedOperation]:
        """Yield each operation."""
        base = self._base()
        for path, item in _mapping(self.root["paths"]).items():
            for method, each in self.resolved(item).items():
                content = as_object(each)
                if method.upper() in METHODS and content is not None:
                    whole = path if base and path.startswith(base) else f"{base}{path}"
                    yield DocumentedOperation(method.upper(), whole.rstrip("/"), content)

    def _base(self) -> str:
        servers = as_array(self.root.get("servers")) or [{}]
        return urlsplit(str(_mapping(servers[0]).get("url", ""))).path.rstrip("/")

    def resolved(self, schema: Any) -> Json:
        """Return a schema with its reference followed, and the parts of ``allOf`` put together."""
        return self._resolved(schema, _DEEPEST, frozenset())

    def _resolved(self, schema: Any, left: int, before: frozenset[str]) -> Json:
        found = as_object(schema)
        if found is None or left == 0:
            return _NOTHING
        reference = found.get("$ref")
        if isinstance(reference, str):
            if reference in before or not reference.startswith("#/"):
                return _NOTHING
            return self._resolved(self._pointed(reference), left - 1, before | {reference})
        if (parts := as_array(found.get("allOf"))) is not None:
            resolved = [self._resolved(each, left - 1, before) for each in parts]
            properties = {k: v for part in resolved for k, v in _mapping(part.get("properties")).items()}
            properties |= _mapping(found.get("properties"))
            merged = {k: v for part in [*resolved, found] for k, v in part.items() if k != "allOf"}
            return {**merged, "properties": properties}
        return found

    def _pointed(self, reference: str) -> Any:
        found: Any = self.root
        for step in reference[2:].split("/"):
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            found = _mapping(found).get(name)
        return found

    def alternatives(self, schema: Any) -> list[Json]:
        """Return what a schema may be: the parts of ``anyOf`` and ``oneOf``, or it alone."""
        found = self.resolved(schema)
        for key in ("anyOf", "oneOf"):
            if (parts := as_array(found.get(key))) is not None:
                return [each for each in map(self.resolved, parts[:20]) if each]
        return [found] if found else []

    def properties(self, schema: Any) -> dict[str, Json]:
        """Return the properties of an object."""
        return {
            str(name): known
            for part in self.alternatives(schema)
            for name, each in _mapping(part.get("properties")).items()
            if (known := as_object(each)) is not None
        }

    def required(self, schema: Any) -> frozenset[str]:
        """Return the properties that must be there."""
        found = [as_array(part.get("required")) or () for part in self.alternatives(schema)]
        return frozenset(str(name) for each in found for name in each)

    def items_of(self, schema: Any) -> Json | None:
        """Return the schema of the items of an array; None for anything else."""
        for part in self.alternatives(schema):
            if part.get("type") == "array" or "items" in part:
                return _mapping(part.get("items")) or _NOTHING
        return None

    def types(self, schema: Any) -> frozenset[str]:
        """Return the types that a schema names, but for null."""
        found: set[str] = set()
        for part in self.alternatives(schema):
            kind: Any = part.get("type") or ("object" if "properties" in part else None)
            found |= {str(each) for each in as_array(kind) or [kind] if each}
        return frozenset(found - {"null"})

    def formats(self, schema: Any) -> frozenset[str]:
        """Return the formats that a schema names."""
        return frozenset(str(part["format"]) for part in self.alternatives(schema) if part.get("format"))

    def words(self, schema: Any) -> frozenset[str]:
        """Return the words that a schema lists."""
        found = [as_array(part.get("enum")) or () for part in self.alternatives(schema)]
        return frozenset(word for each in found for word in each if isinstance(word, str))

    def at(self, schema: Any, place: str) -> Json:
        """Return the schema at a place below another: names with dots between."""
        found = self.resolved(schema)
        for name in [] if place == "$" else place.split("."):
            found = self.resolved(self.properties(found).get(name))
        return found

    def request_of(self, operation: Json) -> Json:
        """Return the schema of the body of a request."""
        return self._content(self.resolved(operation.get("requestBody")))

    def answer_of(self, operation: Json) -> Json:
        """Return the schema of the answer 200, or of another that says that it is done."""
        responses = _mapping(operation.get("responses"))
        for status in ("200", 200, "201", "202", "2XX", "default"):
            if content := self._content(self.resolved(responses.get(cast("str", status)))):
                return content
        return _NOTHING

    def query_of(self, operation: Json) -> Json:
        """Return the parameters of the query, as an object."""
        listed = [self.resolved(each) for each in as_array(operation.get("parameters")) or ()]
        own = [each for each in listed if each.get("in") == "query"]
        return {
            "type": "object",
            "properties": {str(each.get("name")): _mapping(each.get("schema")) for each in own},
            "required": [str(each.get("name")) for each in own if each.get("required") is True],
        }

    def _content(self, holder: Json) -> Json:
        for kind, each in _mapping(holder.get("content")).items():
            if "json" in str(kind):
                return _mapping(_mapping(each).get("schema"))
        return _NOTHING


def _mapping(value: object) -> Json:
    return as_object(value) or _NOTHING
