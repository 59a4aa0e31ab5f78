"""PDF documents that a table names beside its invoices."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import Entry, RefusedRecord
from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError
from confirma_async.formats import BadRecord, ColumnMapping, ReadOptions, read
from confirma_async.formats.attached import attachments
from confirma_async.validation import Checks
from tests.validation.conftest import faults

HEADER = "number;date;due_date;currency;attachment;row_net_amount"
PDF = b"%PDF-1.7 first %%EOF"


@pytest.fixture
def table(write):
    def read_table(*names, **options) -> list[Any]:
        lines = [f"1;2026-11-01;2026-11-15;EUR;{name};10.00" for name in names]
        return list(read(write("in.csv", "\n".join([HEADER, *lines])), ReadOptions(**options)))

    return read_table


def entry(record) -> Any:
    return prepare(record, 1, Converter(), Checks())


def filled(prepared) -> bytes:
    body: bytes = prepared.body
    for each in prepared.placeholders:
        body = each.replaced(body, each.attached.load(each.digest))
    return body


def test_a_path_is_named_without_its_contents_until_it_is_sent(write, table):
    write("a.pdf", PDF)
    (found,) = table("a.pdf")
    (attachment,) = found.request.invoice.attachments
    assert (attachment.file_name, attachment.mime_type, attachment.data) == ("a.pdf", "application/pdf", None)
    assert [problem.rule for problem in faults(found.request)] == ["attachment"]  # so it is not sent as it is
    sent = filled(entry(found))
    (sent_attachment,) = Converter().parse(sent)["invoice"]["attachments"]
    assert base64.b64decode(sent_attachment["data"]) == PDF


def test_the_digest_of_an_invoice_covers_the_contents_of_its_attachments(write, table):
    digests = []
    for contents in (PDF, PDF, PDF + b"!"):
        write("a.pdf", contents)
        (found,) = table("a.pdf")
        digests.append(entry(found).digest)
    assert digests[0] == digests[1] != digests[2]


def test_the_complete_invoice_is_to_be_had_for_a_single_call(write, table):
    write("a.pdf", PDF)
    (found,) = table("a.pdf")
    request = found.complete()
    assert base64.b64decode(request.invoice.attachments[0].data) == PDF
    assert faults(request) == []


URL = "https://example.fi/2026/hours%20of%20May.pdf?key=s3cret"


def test_a_url_is_named_until_a_job_puts_the_document_in_its_place(table):
    (found,) = table(URL)
    assert [each.url for each in found.complete().invoice.attachments] == [URL]
    prepared = entry(found)
    assert b"example.fi" not in prepared.body
    (attachment,) = Converter().parse(prepared.placeholders[0].replaced(prepared.body, PDF))["invoice"][
        "attachments"
    ]
    assert attachment == {
        "fileName": "hours of May.pdf",
        "mimeType": "application/pdf",
        "data": base64.b64encode(PDF).decode(),
    }


def test_the_digest_of_an_invoice_covers_a_url_and_no_more(table):
    digests = [entry(table(url)[0]).digest for url in (URL, URL, URL + "2")]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("end", "name"),
    [("s3cret", None), ("a%0A.pdf", None), ("A.PDF?s3cret", "A.PDF"), ("%C3%A4.pdf#2", "ä.pdf")],
)
def test_the_end_of_a_url_names_a_file_where_it_is_no_token(table, end, name):
    (found,) = table(f"https://example.fi/share/{end}")
    (attachment,) = Converter().parse(entry(found).body)["invoice"]["attachments"]
    assert attachment.get("fileName") == name


@pytest.mark.parametrize(
    "url", ["https:///a.pdf", "http://example.fi/a b.pdf", "https://[::1/a.pdf", "ftp://example.fi/a.pdf"]
)
def test_a_url_that_is_none_is_a_problem_at_its_place_and_not_shown(table, url):
    (found,) = table(url)
    assert isinstance(found, BadRecord)
    assert [(it.path, it.rule) for it in found.problems] == [("line 2, column attachment", "attachment.url")]
    assert url not in str(found)


def test_a_url_that_is_to_be_passed_on_has_a_column_of_its_own(write):
    header = HEADER.replace("attachment", "attachment_url")
    (found,) = read(write("in.csv", f"{header}\n1;2026-11-01;2026-11-15;EUR;{URL};10.00"))
    prepared = entry(found)
    assert prepared.placeholders == ()
    assert Converter().parse(prepared.body)["invoice"]["attachments"] == [{"url": URL}]


def test_no_repr_shows_a_url(table):
    assert "s3cret" not in repr(table(URL)[0].attached)


def test_each_line_of_an_invoice_may_name_another(write, table):
    write("a.pdf", PDF)
    write("b.pdf", PDF + b"b")
    (found,) = table("a.pdf", "", "b.pdf", "a.pdf")
    assert [each.file_name for each in found.request.invoice.attachments] == ["a.pdf", "b.pdf"]
    sent = Converter().parse(filled(entry(found)))["invoice"]["attachments"]
    assert [base64.b64decode(each["data"])[-1:] for each in sent] == [b"F", b"b"]


def test_a_mapping_attaches_one_file_to_all(write):
    write("terms.pdf", PDF)
    mapping = ColumnMapping.from_text(
        "[columns]\nnumber='n'\ndate='d'\n[constants]\ncurrency='EUR'\nnet_days=14\nattachment='terms.pdf'",
        source="m",
    )
    found: list[Any] = list(
        read(write("in.csv", "n;d\n1;2026-11-01\n2;2026-11-01\n"), ReadOptions(mapping=mapping))
    )
    assert [each.request.invoice.attachments[0].file_name for each in found] == ["terms.pdf"] * 2


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("none.pdf", "attachment.missing"),
        (".", "attachment.missing"),
        ("x" * 300 + ".pdf", "attachment.missing"),
        ("in.csv", "attachment.pdf"),
        ("large.pdf", "attachment.size"),
    ],
)
def test_a_file_that_cannot_be_attached_is_a_problem_at_its_place(write, table, monkeypatch, name, rule):
    monkeypatch.setattr(attachments, "LARGEST_ATTACHMENT", 100)
    write("large.pdf", PDF + bytes(100))
    (found,) = table("", name)
    assert isinstance(found, BadRecord)
    assert [(it.path, it.rule) for it in found.problems] == [("line 3, column attachment", rule)]


def test_a_pdf_may_have_something_before_its_mark(write, table):
    write("a.pdf", b"\n\n" + PDF)
    (found,) = table("a.pdf")
    assert isinstance(entry(found), Entry)


def test_a_file_that_is_gone_when_the_invoice_is_prepared_refuses_it(write, table):
    path = write("a.pdf", PDF)
    (found,) = table("a.pdf")
    path.unlink()
    refusal = entry(found)
    assert isinstance(refusal, RefusedRecord)
    assert [it.rule for it in refusal.problems] == ["attachment.missing"]


@pytest.mark.parametrize(
    ("contents", "rule"),
    [(PDF + b"!", "attachment.changed"), (None, "attachment.missing"), (PDF + bytes(100), "attachment.size")],
)
def test_a_file_that_has_changed_is_not_sent(write, table, monkeypatch, contents, rule):
    path = write("a.pdf", PDF)
    (found,) = table("a.pdf")
    prepared = entry(found)
    monkeypatch.setattr(attachments, "LARGEST_ATTACHMENT", 100)
    path.unlink() if contents is None else path.write_bytes(contents)
    with pytest.raises(RequestInvalidError) as caught:
        filled(prepared)
    assert [it.rule for it in caught.value.problems] == [rule]


@pytest.fixture
def outside(tmp_path_factory):
    """A PDF that is none of the table's business."""
    path = tmp_path_factory.mktemp("elsewhere") / "secret.pdf"
    path.write_bytes(PDF)
    return path


WAYS: dict[str, Callable[[Path, Path], str]] = {
    "a path that climbs": os.path.relpath,
    "a path that climbs later": lambda outside, folder: f"below/../{os.path.relpath(outside, folder)}",
    "an absolute path": lambda outside, _: str(outside),
    "a link to it": lambda outside, folder: link(folder / "a.pdf", outside),
    "a link to its folder": lambda outside, folder: f"{link(folder / 'x', outside.parent)}/{outside.name}",
    "a link to a link": lambda outside, folder: link(folder / "b.pdf", folder / link(folder / "a", outside)),
}


def link(path, target):
    path.symlink_to(target)
    return path.name


@pytest.mark.parametrize("way", WAYS)
def test_a_file_outside_the_folder_is_attached_only_where_that_is_allowed(table, tmp_path, outside, way):
    (tmp_path / "below").mkdir()
    name = WAYS[way](outside, tmp_path)
    (refused,) = table(name)
    assert isinstance(refused, BadRecord)
    assert [it.rule for it in refused.problems] == ["attachment.folder"]
    assert str(outside) not in str(refused)
    (allowed,) = table(name, attach_anywhere=True)
    assert base64.b64decode(allowed.complete().invoice.attachments[0].data) == PDF


def test_a_link_that_stays_within_the_folder_is_followed(write, table, tmp_path):
    (tmp_path / "below").mkdir()
    write("below/a.pdf", PDF)
    link(tmp_path / "b.pdf", tmp_path / "below" / "a.pdf")
    (found,) = table("b.pdf")
    assert isinstance(entry(found), Entry)


def test_a_file_may_lie_below_the_folder_that_the_options_name(table, outside):
    (found,) = table(outside.name, folder=outside.parent)
    assert isinstance(entry(found), Entry)


@pytest.mark.parametrize("when", ["digest", "load"])
def test_a_link_that_is_turned_later_is_not_followed(write, table, tmp_path, outside, when):
    path = write("a.pdf", PDF)
    (found,) = table("a.pdf")
    prepared = entry(found) if when == "load" else None
    path.unlink()
    link(path, outside)
    if prepared is None:
        assert [it.rule for it in entry(found).problems] == ["attachment.folder"]
        return
    with pytest.raises(RequestInvalidError) as caught:
        filled(prepared)
    assert [it.rule for it in caught.value.problems] == ["attachment.folder"]


@pytest.mark.parametrize(
    "contents",
    [
        b"user:x:1000\n%PDF-1.7 in a note\n%%EOF",
        b"\x7fELF" + bytes(100) + b"%PDF-1.7 %%EOF",
        b"%PDF-\n%%EOF",
        b"%PDF-1.7 cut off",
        b"%PDF-1.7 %%EOF" + b"x" * 5000,
    ],
)
def test_a_file_that_only_speaks_of_pdf_is_none(write, table, contents):
    write("a.pdf", contents)
    (found,) = table("a.pdf")
    assert isinstance(found, BadRecord)
    assert [it.rule for it in found.problems] == ["attachment.pdf"]


PRIVATE = [
    "http://127.0.0.1/a.pdf",
    "http://LOCALHOST./a.pdf",
    "https://10.1.2.3/a.pdf",
    "http://169.254.169.254/latest/meta-data/a.pdf",
    "http://[::1]/a.pdf",
    "http://[fe80::1]/a.pdf",
    "http://[::ffff:192.168.0.1]/a.pdf",
    "http://[64:ff9b::a00:1]/a.pdf",
    "http://100.64.0.1/a.pdf",
    "http://0.0.0.0/a.pdf",
    "http://[2002:7f00:1::]/a.pdf",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_a_url_into_a_private_network_is_taken_only_where_that_is_allowed(table, url):
    (refused,) = table(url)
    assert isinstance(refused, BadRecord)
    assert [it.rule for it in refused.problems] == ["attachment.url"]
    (allowed,) = table(url, attach_private=True)
    assert isinstance(entry(allowed), Entry)


@pytest.mark.parametrize("url", ["http://93.184.216.34/a.pdf", "http://[2606:4700::1]/a.pdf"])
def test_a_url_of_the_public_internet_may_name_an_address(table, url):
    (found,) = table(url)
    assert isinstance(entry(found), Entry)
