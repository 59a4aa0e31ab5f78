import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.privacy import Secret
from confirma_async.settings import Environment, Settings, check_base_url, is_loopback

KEY = "5f0c-secret-9a"


def test_staging_is_where_calls_go_unless_production_is_said():
    assert Settings(api_key=KEY).base_url == "https://staging-integrations.confirmafinance.com"
    production = Settings(api_key=KEY, environment=Environment.PRODUCTION)
    assert production.base_url == "https://integrations.confirmafinance.com"


def test_the_key_never_shows():
    assert KEY not in f"{Settings(api_key=KEY)!r}{Settings(api_key=KEY)}"


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings(api_key=KEY).api_key = "other"  # type: ignore[misc, assignment]


@pytest.mark.parametrize(
    "key",
    ["", " key-x9", "key-x9 ", "key-x9\n", "a\nb", "a\r\nX-Evil: 1", "a\x00b", "a\x7fb", "nyckel-å", " "],
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError) as caught:
        Settings(api_key=key)
    assert not key.strip() or key.strip() not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("https://example.com:8443/", "https://example.com:8443"),
        ("HTTPS://Example.COM", "https://example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_base_url_is_scheme_host_and_port(given, used):
    assert Settings(api_key=KEY, base_url=given).base_url == used


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://[::ffff:10.0.0.1]",
        "http://2130706433.com",
    ],
)
def test_plain_http_is_refused_except_on_this_machine(url):
    with pytest.raises(ConfigurationError):
        check_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "//example.com",
        "ftp://example.com",
        "https://",
        "https://[",
        "https://example.com:99999",
        "https://example.com:port",
        "https://example.com/api",
        "https://example.com?a=b",
        "https://example.com#a",
        "https://user:password@example.com",
    ],
)
def test_what_is_no_base_url_is_refused(url):
    with pytest.raises(ConfigurationError) as caught:
        check_base_url(url)
    assert "password@" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("a.b", False),
    ],
)
def test_loopback_is_this_machine_alone(host, loopback):
    assert is_loopback(host) is loopback


def test_everything_can_come_from_the_environment():
    variables = {
        "CONFIRMA_API_KEY": KEY,
        "CONFIRMA_ENVIRONMENT": " production ",
        "CONFIRMA_BASE_URL": "http://127.0.0.1:8080",
    }
    settings = Settings.from_env(variables)
    assert settings == Settings(
        api_key=KEY, environment=Environment.PRODUCTION, base_url="http://127.0.0.1:8080"
    )


def test_the_process_environment_is_read(monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", KEY)
    monkeypatch.delenv("CONFIRMA_ENVIRONMENT", raising=False)
    monkeypatch.delenv("CONFIRMA_BASE_URL", raising=False)
    assert Settings.from_env() == Settings(api_key=KEY)


@pytest.mark.parametrize("environment", ["", "staging", "STAGING"])
def test_an_empty_environment_is_staging(environment):
    found = Settings.from_env({"CONFIRMA_API_KEY": KEY, "CONFIRMA_ENVIRONMENT": environment})
    assert found.environment is Environment.STAGING


@pytest.mark.parametrize("variables", [{}, {"CONFIRMA_API_KEY": ""}])
def test_a_missing_key_names_the_variable(variables):
    with pytest.raises(ConfigurationError, match="CONFIRMA_API_KEY"):
        Settings.from_env(variables)


def test_a_provisioning_token_will_do():
    found = Settings.from_env({"CONFIRMA_PROVISIONING_TOKEN": KEY})
    assert (found.api_key, found.provisioning_token) == (None, Secret(KEY))


def test_an_unknown_environment_is_refused():
    with pytest.raises(ConfigurationError, match="staging or production"):
        Settings.from_env({"CONFIRMA_API_KEY": KEY, "CONFIRMA_ENVIRONMENT": "test"})


@pytest.mark.parametrize(
    ("said", "meant"),
    [(Environment.STAGING, Environment.PRODUCTION), (Environment.PRODUCTION, Environment.STAGING)],
)
def test_the_url_of_the_other_environment_is_refused(said, meant):
    with pytest.raises(ConfigurationError, match=f"that of {meant.name.lower()}, but"):
        Settings(api_key="k", environment=said, base_url=f"{meant.value}:443/")


def test_an_environment_and_its_own_url_agree():
    url = Environment.PRODUCTION.value
    assert Settings(api_key="k", environment=Environment.PRODUCTION, base_url=url).base_url == url
