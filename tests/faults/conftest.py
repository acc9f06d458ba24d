"""One gateway in front of one sink, for every fault that needs no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.gateway import Gateway
from tests.peers.running import free_port
from tests.peers.sink import Sink
from tests.wire.conftest import scp, start_scp

__all__ = ["gateway", "port", "scp", "sink", "start_scp"]

SITE = Path(__file__).parent / "site"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink(keep=True) as running:
        yield running


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def gateway(tmp_path: Path, sink: Sink, port: int) -> Iterator[Gateway]:
    with Gateway(tmp_path / "gateway", SITE, port=port, sink=sink.port) as running:
        yield running
