import time

import pytest


@pytest.fixture
def until_the_clock_ticks(tmp_path_factory):
    """Waits until a change in a folder gets another time than its last one: the kernel's clock is coarse."""
    probe = tmp_path_factory.mktemp("clock") / "probe"

    def wait(folder):
        while True:
            probe.unlink(missing_ok=True)
            probe.touch()
            if probe.stat().st_ctime_ns > folder.stat().st_ctime_ns:
                return
            time.sleep(0.001)

    return wait
