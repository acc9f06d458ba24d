"""Running SCPs for tests with real sockets."""

import os

import pytest

from tests.wire.running import RunningScp


@pytest.fixture
def start_scp(tmp_path):
    """Starts SCPs with their spool in the test's own folder; all are drained at the end."""
    running = []

    def start(**options):
        folder = tmp_path / f"spool{len(running)}"
        scp = RunningScp(folder, **options)
        running.append(scp)
        return scp.__enter__()

    before = os.umask(0o077)
    yield start
    for scp in running:
        scp.stop(0.0)
    os.umask(before)


@pytest.fixture
def scp(start_scp):
    """An SCP that takes anything from anyone."""
    return start_scp()
