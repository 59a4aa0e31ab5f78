"""``confirma doctor``: what was found, and its exit code."""

import resource

import pytest

NOT_A_TOKEN = "a-wrong-key"


def test_all_is_well(confirma, service):
    code, out, _ = confirma("doctor")
    assert code == 0
    assert "✓ accepted: the service accepts the API key" in out
    assert "Ready to send." in out
    assert service.api_key not in out


def test_what_is_wrong_is_said_with_its_remedy(confirma, service, monkeypatch):
    monkeypatch.setenv("CONFIRMA_API_KEY", NOT_A_TOKEN)
    code, out, err = confirma("doctor")
    assert code == 1
    assert "✗ accepted: the service does not accept the API key\n  → get a new one" in out
    assert "1 of these must be put right." in out
    assert NOT_A_TOKEN not in out + err


def test_machines_read_the_same(confirma_json, service, monkeypatch):
    monkeypatch.delenv("CONFIRMA_API_KEY")
    code, found = confirma_json("doctor")
    assert code == 1
    assert not found["healthy"]
    findings = {finding["check"]: finding for finding in found["findings"]}
    assert findings["key"]["health"] == "bad"
    assert findings["accepted"]["health"] == "skipped"
    assert findings["service"]["remedy"] is None


def test_a_key_from_a_file_is_looked_at(confirma, service, monkeypatch, tmp_path):
    (tmp_path / "key").write_text(f"{service.api_key}\n")
    (tmp_path / "key").chmod(0o600)
    monkeypatch.delenv("CONFIRMA_API_KEY")
    code, _, _ = confirma("doctor", "--key-file", tmp_path / "key")
    assert code == 0


def test_a_key_file_that_others_can_read_is_no_place_for_a_key(confirma, service, tmp_path):
    (tmp_path / "key").write_text(service.api_key)
    (tmp_path / "key").chmod(0o644)
    code, out, _ = confirma("doctor", "--key-file", "key")
    assert code == 1
    assert "✗ key: others may read the token file key" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--environment", "moon"], "'moon' is not one of"),
        (["--timeout", "0"], "--timeout"),
        (["--overrides", "nope.toml"], "nope.toml"),
    ],
)
def test_an_option_that_cannot_be_used_is_said(confirma, service, arguments, words):
    code, _, err = confirma("doctor", *arguments)
    assert code == 2
    assert words in err


def test_the_command_line_names_its_own_options(confirma, confirma_json, service, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    _, out, _ = confirma("doctor")
    assert "or send less at once (--concurrency)" in out
    _, found = confirma_json("doctor")
    (finding,) = (finding for finding in found["findings"] if finding["check"] == "open-files")
    assert "(--concurrency)" in finding["remedy"]


def test_a_terminal_without_such_marks_is_served(confirma, service, monkeypatch):
    monkeypatch.setattr("rich.console.ConsoleOptions.ascii_only", True)
    _, out, _ = confirma("doctor")
    assert "ok accepted" in out
    assert out.isascii()
