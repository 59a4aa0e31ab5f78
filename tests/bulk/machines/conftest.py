import pytest

pytest.importorskip("procrastinate", reason="procrastinate is not installed")
