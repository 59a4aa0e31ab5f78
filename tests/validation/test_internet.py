import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirma_async.validation.internet import email_fault, url_fault


@pytest.mark.parametrize("address", ["a@example.com", "a.b+c@example.org", "a@firma.test", "a@sähkö.fi"])
def test_an_address_passes(address):
    assert email_fault(address) is None


@pytest.mark.parametrize(
    "address", ["", "a", "a@b", "a@", "A B <a@b.fi>", " a@b.fi", "ä@b.fi", "a@b.fi, c@d.fi"]
)
def test_what_is_no_address_is_a_fault(address):
    assert email_fault(address)


@pytest.mark.parametrize(
    "url", ["https://example.com", "http://example.com/a?b=c#d", "HTTPS://EXAMPLE.COM/%20"]
)
def test_a_link_passes(url):
    assert url_fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com",
        "ftp://example.com",
        "https://",
        "https://[",
        "https://a/b c",
        "https://a/\n",
    ],
)
def test_what_is_no_link_is_a_fault(url):
    assert url_fault(url)


@given(st.text())
def test_no_text_makes_a_check_fail(text):
    email_fault(text)
    url_fault(text)
