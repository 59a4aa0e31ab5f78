"""``confirma token``: is the key valid, and a new one in its place."""

import pytest

WRONG_KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_a_valid_key_is_called_valid(confirma, confirma_json, service):
    assert confirma("token", "check")[:2] == (0, "The API key is valid.\n")
    code, answer = confirma_json("token", "check")
    assert (code, answer["isValid"]) == (0, True)


def test_a_wrong_key_is_a_sentence(confirma, confirma_json, service, monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", WRONG_KEY)
    code, out, err = confirma("token", "check")
    assert code == 2
    assert "did not accept the API key" in err
    assert WRONG_KEY not in out + err
    code, told = confirma_json("token", "check")
    assert (code, told["exit_code"]) == (2, 2)


def test_without_a_key_it_says_where_the_key_comes_from(confirma):
    code, _, err = confirma("token", "check")
    assert code == 2
    assert "CONFIRMA_API_KEY" in err


def test_the_key_may_stand_in_a_file(confirma, service, monkeypatch, tmp_path):
    (tmp_path / "key").write_text(f"{service.api_key}\n")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.delenv("CONFIRMA_API_KEY")
    code, _, _ = confirma("token", "check", "--key-file", "key")
    assert code == 0


def test_options_go_before_variables(confirma, service, monkeypatch):
    monkeypatch.setenv("CONFIRMA_BASE_URL", "https://nowhere.invalid")
    monkeypatch.setenv("CONFIRMA_ENVIRONMENT", "moon")
    code, _, _ = confirma("token", "check", "--base-url", service.url, "--environment", "staging")
    assert code == 0


@pytest.mark.parametrize("option", ["--api-key", "--key"])
def test_no_option_takes_a_key(confirma, option):
    code, _, err = confirma("token", "check", option, "x")
    assert code == 2
    assert "No such option" in err


def test_a_service_that_cannot_be_reached_may_be_asked_again(confirma, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("CONFIRMA_API_KEY", "k")
    url = f"http://127.0.0.1:{unused_tcp_port}"
    code, _, err = confirma("token", "check", "--base-url", url, "--timeout", "0.2")
    assert code == 3
    assert "nothing was sent" in err
