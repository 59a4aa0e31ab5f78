import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, strategies as st

from confirma_async.validation.values.internet import (
    _PLAIN_EMAIL,  # pyright: ignore[reportPrivateUsage] (what the quick way takes is the question)
    email_fault,
    url_fault,
)


@pytest.mark.parametrize("address", ["a@example.com", "a.b+c@example.org", "a@firma.test", "a@sähkö.fi"])
def test_an_address_passes(address):
    assert email_fault(address) is None


@pytest.mark.parametrize(
    "address", ["", "a", "a@b", "a@", "A B <a@b.fi>", " a@b.fi", "ä@b.fi", "a@b.fi, c@d.fi"]
)
def test_what_is_no_address_is_a_fault(address):
    assert email_fault(address)


@pytest.mark.parametrize("domain", ["printer.local", "a.INVALID", "a.localhost", "a.onion", "1.arpa"])
def test_a_domain_that_no_mail_goes_to_is_a_fault(domain):
    assert email_fault(f"a@{domain}")


@given(st.from_regex(_PLAIN_EMAIL, fullmatch=True))
@example("a@example.test")
@example("-._.+@1-2.3-4.5-6.zz")
def test_a_plain_address_is_judged_as_the_library_does(address):
    try:
        validate_email(address, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError:
        assert email_fault(address)
    else:
        assert email_fault(address) is None


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
        "https://me:s3/cret@a/b.pdf",
        "https://a:65536/",
        "https://a:0/",
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
