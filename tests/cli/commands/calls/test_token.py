"""``confirma token``: is the key valid, and a new one in its place."""

import errno
import stat

import pytest

from confirma_async.credentials import FileTokenStore

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
    code, output = confirma_json("token", "check")
    assert (code, output["exit_code"]) == (2, 2)


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


# --- renew ----------------------------------------------------------------------------------------

OLD = "11111111-1111-4111-8111-111111111111"
NEW = "22222222-2222-4222-8222-222222222222"


@pytest.fixture
def renewing(answering, monkeypatch):
    answering.answer("/renew", {"Message": NEW})
    monkeypatch.setenv("CONFIRMA_API_KEY", OLD)
    return answering


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_new_token_is_in_a_file_and_nowhere_else(confirma, renewing, tmp_path):
    code, out, err = confirma("token", "renew", "--save", "new.key")
    assert code == 0
    assert "The new token is in new.key" in out
    assert NEW not in out + err
    assert (tmp_path / "new.key").read_text().strip() == NEW
    assert mode(tmp_path / "new.key") == 0o600


def test_it_takes_the_place_of_the_one_in_the_key_file(confirma_json, renewing, tmp_path, monkeypatch):
    monkeypatch.delenv("CONFIRMA_API_KEY")
    (tmp_path / "key").write_text(OLD)
    (tmp_path / "key").chmod(0o600)
    assert confirma_json("token", "renew", "--key-file", "key") == (0, {"token_file": "key"})
    assert (tmp_path / "key").read_text().strip() == NEW


def test_without_a_place_for_it_nothing_is_asked(confirma, renewing):
    code, _, err = confirma("token", "renew")
    assert code == 2
    assert "--save FILE" in err
    assert not renewing.asked


def test_nothing_else_is_overwritten(confirma, renewing, tmp_path):
    (tmp_path / "notes").write_text("precious")
    code, _, err = confirma("token", "renew", "--save", "notes")
    assert code == 2
    assert "exists already" in err
    assert (tmp_path / "notes").read_text() == "precious"
    assert not renewing.asked


def test_a_place_that_cannot_be_written_is_found_out_before(confirma, renewing):
    code, _, err = confirma("token", "renew", "--save", "no/such/folder/key")
    assert code == 2
    assert "name another place" in err
    assert not renewing.asked


@pytest.mark.parametrize(
    ("answer", "kept"), [({"Message": NEW}, NEW), ({"Message": "ok", "newToken": NEW}, NEW)]
)
def test_a_token_that_cannot_be_kept_there_is_kept_elsewhere(
    confirma, answering, monkeypatch, tmp_path, answer, kept
):
    def full(self, token):
        raise OSError(errno.ENOSPC, "no space")

    answering.answer("/renew", answer)
    monkeypatch.setattr(FileTokenStore, "_write", full)
    code, out, err = confirma("token", "renew", "--save", "new.key")
    assert code == 4
    (elsewhere,) = tmp_path.glob("confirma-token-*")
    assert str(elsewhere) in err
    assert NEW not in out + err
    assert kept in elsewhere.read_text()
    assert mode(elsewhere) == 0o600


def test_a_token_that_can_be_kept_nowhere_is_said_to_be_lost(confirma, renewing, monkeypatch):
    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(FileTokenStore, "_write", full)
    monkeypatch.setattr("tempfile.mkstemp", full)
    code, _, err = confirma("token", "renew", "--save", "new.key")
    assert code == 4
    assert "the token is lost" in err


def test_a_renewal_whose_outcome_is_unknown_says_how_to_find_out(confirma_json, answering):
    answering.answer("/renew", {}, status=500)
    code, output = confirma_json("token", "renew", "--save", "new.key")
    assert (code, output["exit_code"], output["operation"]) == (4, 4, "onboarding.renew_token")
    assert output["find_out"] == "confirma token check"
