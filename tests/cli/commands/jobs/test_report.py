"""The report of a job as one page."""

import datetime
import html.parser
import re
from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.models import State
from confirma_async.bulk.reporting.summary import NAMED, Bar, Group, Summary, Total
from confirma_async.cli.output.report_page import page


class Reader(html.parser.HTMLParser):
    """Reads a page as strictly as a page of ours has to be: everything that opens closes, in order."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def reported(confirma, tmp_path):
    """Writes the report of the journal and reads it."""

    def read():
        code, _, _ = confirma("report", "--html", tmp_path / "report.html")
        assert code == 0
        return Reader((tmp_path / "report.html").read_text(encoding="utf-8"))

    return read


def test_a_job_that_is_done_says_so(confirma, service, invoices, reported):
    confirma("submit", invoices(1, 2))
    text = reported().text
    assert "2 of 2 invoices were accepted, and nothing is left to do" in text
    assert "From invoices.jsonl" in text
    assert "How it went" in text


def test_rejections_are_named_with_reason_number_and_place(confirma, invoices, answering, reported):
    answering.answer("/invoice", {"message": "no agreement for 4711"}, status=422)
    confirma("submit", invoices(1, 2))
    text = reported().text
    assert "no agreement for 4711" in text
    assert "1 invoices.jsonl:1" in text
    assert "2 invoices.jsonl:2" in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(confirma, service, invoices, reported):
    confirma("submit", invoices(1))
    found = reported()
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in found.tags}
    assert not [
        name for _, attrs in found.tags for name in attrs if name in {"src", "href"} or name[:2] == "on"
    ]


RUN = Run(number=1, began_at=0.0, inputs=["/in/<b>.csv"])


def summary(**more):
    nothing = {
        "target": "t", "run": RUN, "totals": {}, "duplicates": 0, "rejected": [], "refused": [],
        "unknown": [], "decided": None, "throughput": [], "latency": [], "quantiles": {}, "resolved": 0,
        "retried": 0, "refused_records": 0, "withheld": 0,
    }  # fmt: skip
    return Summary(**{**nothing, **more})


def shown(**more):
    return Reader(page(summary(**more), "<j>", datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)))


def test_what_files_and_services_say_is_text_and_nothing_else():
    group = Group("<script>alert(1)</script>", "a & b", 1, [("<i>7", "<u>:1")])
    found = shown(rejected=[group])
    assert {"script", "i", "u", "b", "j"}.isdisjoint(tag for tag, _ in found.tags)
    assert "<script>alert(1)</script>" in found.text


def test_what_was_refused_before_sending_is_not_among_those_that_can_be_sent():
    found = shown(refused_records=1, totals={(State.ACCEPTED, "EUR"): Total(3, Decimal("3.00"), 0)})
    assert "3 of 3 invoices that can be sent were accepted; 1 refused before sending" in found.text


def test_totals_and_charts_come_before_the_numbers():
    bars = [Bar(start=0.0, seconds=1.0, count=1)]
    group = Group("no rows", "no rows", 1, [("7", "a.csv:1")])
    text = shown(rejected=[group], decided=(0.0, 1.0), throughput=bars).text
    assert text.index("How it went") < text.index("no rows")


@pytest.mark.parametrize(("count", "folded"), [(12, 0), (13, 1), (NAMED + 5, NAMED - 12)])
def test_of_a_group_a_handful_shows_at_once_and_the_rest_unfolds(count, folded):
    named = [(str(number), "a.csv") for number in range(1, min(count, NAMED) + 1)]
    found = shown(rejected=[Group("no rows", "no rows", count, named)])
    tags = [tag for tag, _ in found.tags]
    assert tags.count("li") == min(count, NAMED)
    assert ("details" in tags) == bool(folded)
    if folded:
        assert tags[tags.index("details") :].count("li") == folded
        assert f"{count - 12} more" in found.text
    assert ("and 5 more; confirma export lists them all" in found.text) == (count > NAMED)


def test_an_empty_journal_is_a_page_too():
    assert "0 of 0 invoices" in shown().text


def test_amounts_are_exact_and_grouped():
    total = Total(3, Decimal("1234567.80"), 1)
    assert "1 234 567.80 1 without one" in shown(totals={(State.ACCEPTED, "EUR"): total}).text


def test_there_must_be_a_journal(confirma, tmp_path):
    code, _, err = confirma("report", "none", "--html", "r.html")
    assert code == 2
    assert "there is no journal" in err
    assert not (tmp_path / "r.html").exists()


def test_what_was_sent_again_or_decided_by_a_person_is_said():
    text = shown(retried=3, resolved=1).text
    assert "Sent again after a rejection: 3" in text
    assert "Decided by a person: 1" in text


def test_what_wants_for_a_document_is_told_once():
    totals = {(State.ACCEPTED, "EUR"): Total(3, Decimal("3.00"), 0), (State.PENDING, "EUR"): Total(2)}
    found = shown(refused_records=4, withheld=2, totals=totals)
    assert "3 of 3 invoices that can be sent were accepted; 4 refused before sending." in found.text


def test_a_page_replaces_a_page_and_no_other_file(confirma, service, invoices, reported, tmp_path):
    file = invoices(1)
    confirma("submit", file, "--journal", "j")
    confirma("submit", file)
    reported()
    assert "1 of 1 invoices" in reported().text
    for name in ("j", file):
        before = (tmp_path / name).read_bytes()
        code, _, err = confirma("report", "--html", name)
        assert code == 2
        assert "is no HTML page, and is left alone; name another file" in err
        assert (tmp_path / name).read_bytes() == before
