import pytest

from confirma_async.cli.language.choice import choose


@pytest.fixture(autouse=True)
def as_it_was():
    choose(None)  # a test before may have left another language
    yield
    choose(None)


@pytest.fixture
def spoken(confirma):
    """Runs a command in a language, and gives back all that it said."""

    def output(code, *words):
        _, out, err = confirma("--language", code, *words)
        return " ".join(f"{out} {err}".split())

    return output
