"""What is no document of this API is told in a sentence; references are followed within it alone."""

from __future__ import annotations

import json

import pytest
import yaml

from confirma_async import Confirma, Overrides
from confirma_async.cli.app import run
from confirma_async.comparison import FindingKind, compare
from confirma_async.errors import DocumentError
from confirma_async.sandbox.openapi import document


def minimal(**more):
    return {"openapi": "3.0.3", "paths": {"/api/v1/partner/validate": {"get": {}}}, **more}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no OpenAPI"),
        ("<html>", "no OpenAPI"),
        ('{"swagger": "2.0"}', "no OpenAPI"),
        ('{"openapi": "3.1.0"}', "half of a document"),
        ('{"openapi": "3.1.0", "paths": {"/pets": {"get": {}}}}', "another API"),
        (": : :\n\t", "neither JSON nor YAML"),
        ("[" * 200_000, "nested too deeply"),
        ("{{" * 10, "neither JSON nor YAML|no OpenAPI"),
    ],
)
def test_what_is_no_document_of_this_api_is_told(content, said, tmp_path, capsys, quiet_logger):
    file = tmp_path / "vendor.json"
    file.write_text(content)
    with pytest.raises(DocumentError, match=said):
        compare(file)
    assert run(["contract", "import", str(file)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_what_cannot_be_read_is_told(tmp_path, monkeypatch):
    with pytest.raises(DocumentError, match="cannot be read"):
        compare(tmp_path / "none.json")
    file = tmp_path / "latin.json"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(DocumentError, match="UTF-8"):
        compare(file)
    large = tmp_path / "large.json"
    with large.open("wb") as made:
        made.truncate(50 * 1024 * 1024)
    with pytest.raises(DocumentError, match="larger than 32 MiB"):
        compare(large)


def write_pages(folder, whole, **changed):
    """Write each path on a page of its own, as the portal does, with all schemas beside it."""
    for number, (path, item) in enumerate(whole["paths"].items()):
        one = {**whole, "paths": {path: item}, **(changed if number == 1 else {})}
        page = folder / f"group {number % 2}" / f"{number}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"# Page {number}\n\n## OpenAPI\n\n```yaml\n{yaml.safe_dump(one)}```\n\nMore.\n")
    (folder / "read me.md").write_text("# Errors\n\n```json\n{}\n```\n")


def test_a_folder_of_pages_says_the_same_as_the_document(tmp_path):
    whole = json.loads(json.dumps(document()))
    file, folder = tmp_path / "a.json", tmp_path / "pages"
    file.write_text(json.dumps(whole))
    folder.mkdir()
    write_pages(folder, whole)
    assert compare(folder).findings == compare(file).findings


def test_pages_that_contradict_each_other_are_told(tmp_path):
    whole = json.loads(json.dumps(document()))
    name = next(iter(whole["components"]["schemas"]))
    write_pages(tmp_path, whole, components={"schemas": {name: {"type": "integer"}}})
    with pytest.raises(DocumentError, match=f"{name} are told otherwise by another page"):
        compare(tmp_path)


def test_a_folder_without_a_document_is_told(tmp_path):
    (tmp_path / "page.md").write_text("# Nothing\n")
    with pytest.raises(DocumentError, match=r"no page in .* holds a document"):
        compare(tmp_path)


def test_a_document_in_yaml_says_the_same(tmp_path):
    plain = json.loads(json.dumps(document()))
    as_json, as_yaml = tmp_path / "a.json", tmp_path / "a.yaml"
    as_json.write_text(json.dumps(plain))
    as_yaml.write_text(yaml.safe_dump(plain))
    assert compare(as_json).findings == compare(as_yaml).findings
    assert not compare(as_json).differences


def test_references_in_circles_and_to_elsewhere_end(tmp_path):
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    answer = {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"$ref": "https://elsewhere.example/x.json"}]}
    found = minimal(components={"schemas": {"Node": node, "Loop": {"$ref": "#/components/schemas/Loop"}}})
    content = {"application/json": {"schema": answer}}
    found["paths"]["/api/v1/partner/validate"]["get"] = {"responses": {"200": {"content": content}}}
    file = tmp_path / "vendor.json"
    file.write_text(json.dumps(found))
    assert compare(file).findings


def test_servers_and_prefixes_are_put_together(tmp_path):
    found = minimal(servers=[{"url": "https://service.example/api/v1/partner"}])
    found["paths"] = {"/validate": {"get": {}}}
    file = tmp_path / "vendor.json"
    file.write_text(json.dumps(found))
    about = {each.about for each in compare(file).findings if each.standing is FindingKind.CONFIRMED}
    assert about == {"onboarding.validate_token"}


def test_required_fields_kinds_and_words_are_compared(tmp_path):
    found = json.loads(json.dumps(document()))
    schemas = found["components"]["schemas"]
    schemas["InvoiceHeader"]["required"].append("description")
    schemas["Payment"]["properties"]["amount"] = {"type": "string"}
    schemas["Distribution"]["properties"]["method"] = {"type": "string", "enum": ["EMAIL", "PIGEON"]}
    file = tmp_path / "vendor.json"
    file.write_text(json.dumps(found))
    reported = {(each.what, each.about) for each in compare(file).differences}
    assert reported == {
        ("required", "InvoiceHeader.description"),
        ("kind", "Payment.amount"),
        ("words", "Distribution.method"),
    }


def test_the_command_writes_overrides_a_page_and_json(tmp_path, capsys, quiet_logger):
    from confirma_async import Overrides

    theirs = Overrides(names={"Payment.amount": "paidAmount"})
    file, out, page = tmp_path / "vendor.json", tmp_path / "overrides.toml", tmp_path / "page.html"
    file.write_text(json.dumps(document(theirs)))
    code = run(["contract", "import", str(file), "--write", str(out), "--html", str(page), "--json"])
    assert code == 1
    assert json.loads(capsys.readouterr().out)["counts"]["differs"] == 1
    assert Overrides.from_toml(out).names == {"Payment.amount": "paidAmount"}
    assert "Payment.amount" in page.read_text()
    assert run(["contract", "import", str(file), "--overrides", str(out)]) == 0


async def test_a_client_compares_the_document_with_its_own_overrides(tmp_path):
    file = tmp_path / "vendor.json"
    file.write_text(json.dumps(document()))
    corrected = Overrides(names={"Payment.amount": "sum"})
    async with Confirma("k" * 20, overrides=corrected) as confirma:
        assert confirma.contract.overrides == corrected
        found = await confirma.contract.compare(file)
    assert [(each.what, each.about) for each in found.differences] == [("name", "Payment.amount")]
