"""Peers made with packages of npm: their scripts lie in `node`, their packages are installed by install.sh."""

from pathlib import Path

import pytest

from tests.peers.running import PEERS_REQUIRED
from tests.peers.running import need as need_program

_FOLDER = Path(__file__).with_name("node")


def need(script: str) -> tuple[str, Path]:
    """Node and one of the scripts; skips the test where Node or the packages are missing, except in CI."""
    program = need_program("node")
    if not (_FOLDER / "node_modules" / "dcmjs-dimse").is_dir():
        missing = "the packages of tests/peers/node are not installed (make peers installs them where it may)"
        assert not PEERS_REQUIRED, missing
        pytest.skip(missing)
    return program, _FOLDER / script
