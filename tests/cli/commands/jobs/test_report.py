"""The report of a job as one page."""

import datetime
import html.parser
import re
from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.models import Verdict
from confirma_async.bulk.reporting.attention import NAMED, Attention, NeedsAttention
from confirma_async.bulk.reporting.summary import Summary, Total
from confirma_async.bulk.reporting.timing import Bar, Timing
from confirma_async.cli.output.pages.report import page
from confirma_async.errors import Problem

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


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
    assert "2 of 2 invoices accepted; nothing is left to do." in text
    assert "From invoices.jsonl" in text
    assert "Accepted 2 not stated" in text
    assert "How it went" not in text  # two invoices make no chart


def test_rejections_are_named_with_reason_number_and_place(confirma, invoices, answering, reported):
    answering.answer("/invoice", {"message": "no agreement for 4711"}, status=422)
    confirma("submit", invoices(1, 2))
    text = reported().text
    assert "no agreement for 4711" in text
    assert "Invoice 1 " in text
    assert "invoices.jsonl:1" in text
    assert "invoices.jsonl:2" in text
    assert "confirma retry" in text


TABLE = """\
Laskun numero;Asiakas;Päiväys;Eräpäivä;Viitenumero;Verollinen summa
1001;Esimerkki Oy;1.11.2026;1.12.2026;10016;125,50
1002;Malli Ab;1.11.2026;1.12.2026;10017;1250,00
1003;Koe Oy;1.11.2026;;;17,00
"""
MAPPING = """\
decimal_comma = true
[columns]
number = "Laskun numero"
buyer_name = "Asiakas"
date = "Päiväys"
due_date = "Eräpäivä"
payment_reference = "Viitenumero"
gross_amount = "Verollinen summa"
[constants]
currency = "EUR"
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "laskut.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    return tmp_path / "laskut.csv"


def test_a_refused_invoice_is_named_by_buyer_amount_and_cell_in_the_names_of_its_file(
    confirma, service, table, tmp_path
):
    confirma("submit", table.name, "--mapping", "m.toml")
    confirma("report", "--html", "r.html")
    text = Reader((tmp_path / "r.html").read_text(encoding="utf-8")).text
    assert "1 of 3 invoices accepted; 2 refused before sending." in text
    assert "Refused before sending 2 €1,267.00" in text
    assert "Invoice 1002 Malli Ab €1,250.00 laskut.csv line 3, column Viitenumero : must be a" in text
    assert "Invoice 1003 Koe Oy €17.00 laskut.csv line 4, column Eräpäivä : is empty" in text
    assert "$.invoice" not in text


def test_an_invoice_that_was_refused_and_corrected_is_counted_once(confirma, service, table, tmp_path):
    confirma("submit", table, "--mapping", "m.toml")
    table.write_text(TABLE.replace("10017", "10029").replace(";;;17", ";1.12.2026;;17"), encoding="utf-8")
    assert confirma("submit", table, "--mapping", "m.toml")[0] == 0
    for which in ((), ("1",)):
        confirma("report", *which, "--html", "r.html")
        text = Reader((tmp_path / "r.html").read_text(encoding="utf-8")).text
        assert "3 of 3 invoices accepted; nothing is left to do." in text


def test_a_report_of_files_that_are_gone_is_a_report_too(confirma, service, table, tmp_path):
    confirma("submit", table, "--mapping", "m.toml")
    table.unlink()
    assert confirma("report", "--html", "r.html")[0] == 0
    text = Reader((tmp_path / "r.html").read_text(encoding="utf-8")).text
    assert "Refused before sending 2 not stated" in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(confirma, service, invoices, reported):
    confirma("submit", invoices(1))
    found = reported()
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in found.tags}
    assert not [
        name for _, attrs in found.tags for name in attrs if name in {"src", "href"} or name[:2] == "on"
    ]


RUN = Run(number=1, began_at=0.0, inputs=["/in/<b>.csv"])


def summary(**more):
    return Summary(**{"target": "t", "run": RUN, "totals": {}, **more})


def shown(**more):
    return Reader(page(summary(**more), "<j>", datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)))


def attention(*named, whole=None):
    found = Attention()
    for each in named:
        found.add(each, [problem.message for problem in each.problems])
    if whole:
        found.counts[named[0].verdict] = whole
    return found


def rejected(number="7", why="no rows", place="a.csv:1"):
    return NeedsAttention(
        verdict=Verdict.REJECTED, number=number, place=place, problems=[Problem("", "", why)]
    )


def test_what_files_and_services_say_is_text_and_nothing_else():
    found = shown(attention=attention(rejected("<i>7", "<script>alert(1)</script>", "<u>:1")))
    assert {"script", "i", "u", "j"}.isdisjoint(tag for tag, _ in found.tags)
    assert "<script>alert(1)</script>" in found.text


def test_charts_come_after_what_needs_attention():
    bars = [Bar(start=float(start), seconds=1.0, count=10) for start in range(4)]
    text = shown(
        attention=attention(rejected()), timing=Timing(decided=(0.0, 4.0), throughput=bars, latency=[40])
    ).text
    assert text.index("no rows") < text.index("How it went")


@pytest.mark.parametrize("bars", [1, 2])
def test_there_is_no_chart_where_there_is_nothing_to_see(bars):
    throughput = [Bar(start=float(start), seconds=1.0, count=100) for start in range(bars)]
    assert "svg" not in {
        tag for tag, _ in shown(timing=Timing(decided=(0.0, 4.0), throughput=throughput)).tags
    }


@pytest.mark.parametrize(("whole", "folded"), [(12, 0), (13, 1), (NAMED + 5, NAMED - 12)])
def test_of_a_kind_a_handful_shows_at_once_and_the_rest_unfolds(whole, folded):
    named = [rejected(str(number)) for number in range(1, min(whole, NAMED) + 1)]
    found = shown(attention=attention(*named, whole=whole))
    tags = [tag for tag, _ in found.tags]
    assert tags.count("article") == min(whole, NAMED)
    assert ("details" in tags) == bool(folded)
    if folded:
        assert tags[tags.index("details") :].count("article") == folded
        assert f"{whole - 12} more" in found.text
    assert ("and 5 more; confirma export lists them all" in found.text) == (whole > NAMED)


def test_reasons_that_many_share_are_counted_above_them():
    text = shown(attention=attention(rejected("1"), rejected("2"), rejected("3", "no buyer"))).text
    assert "2 no rows 1 no buyer" in text


def test_an_empty_journal_is_a_page_too():
    assert "0 of 0 invoices" in shown().text


def test_amounts_are_exact_and_grouped():
    total = Total(3, Decimal("1234567.80"), 1)
    assert "€1,234,567.80 1 without an amount" in shown(totals={(Verdict.ACCEPTED, "EUR"): total}).text


def test_the_time_zone_is_said():
    assert "As of 2026-11-24 00:00 (UTC)" in shown().text
    zone = datetime.timezone(datetime.timedelta(hours=2), "EET")
    text = Reader(page(summary(), "j", datetime.datetime(2026, 11, 24, 12, 30, tzinfo=zone))).text
    assert "As of 2026-11-24 12:30 (EET, UTC+02:00)" in text


def test_an_accepted_invoice_that_the_file_has_changed_since_is_named_apart():
    problems = [Problem("$.a", "job.changed", "differs")]
    changed = NeedsAttention(verdict=Verdict.ACCEPTED, number="7", place="a.csv:1", problems=problems)
    text = shown(attention=attention(changed), totals={(Verdict.ACCEPTED, "EUR"): Total(1)}).text
    assert "1 of 1 invoices accepted." in text
    assert "Accepted, but changed in the file since: 1" in text


def test_there_must_be_a_journal(confirma, tmp_path):
    code, _, err = confirma("report", "none", "--html", "r.html")
    assert code == 2
    assert "there is no journal" in err
    assert not (tmp_path / "r.html").exists()


def test_what_was_sent_again_or_decided_by_a_person_is_said():
    text = shown(retried=3, resolved=1).text
    assert "Sent again after a rejection: 3" in text
    assert "Decided by a person: 1" in text


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
