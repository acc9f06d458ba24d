"""L-07, S-10: the log cannot be written: its disk is full, or whoever reads it is gone. Images flow all the same."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import SITE
from tests.faults.processes import delivered, intake_and_delivery, peer_at, store
from tests.peers.gateway import Gateway
from tests.peers.running import listening, until
from tests.peers.sink import Sink


def full() -> int:
    """A place on a disk without room (full(4))."""
    return os.open("/dev/full", os.O_WRONLY)


def unread() -> int:
    """A pipe whose reader has ended."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def read_only() -> int:
    """A file that may not be written to (any more)."""
    return os.open("/dev/null", os.O_RDONLY)


class Unheard(Gateway):
    """A gateway whose output goes where nobody can write."""

    def __init__(self, folder: Path, where: Callable[[], int], **ports: int) -> None:
        super().__init__(folder, SITE, **ports)
        self._where, self._port = where, ports["port"]

    def start(self) -> None:
        where = self._where()
        self.process = subprocess.Popen(
            self.command, stdout=where, stderr=where, cwd=self.folder, env=self.env, start_new_session=True
        )
        os.close(where)
        until(lambda: not self.running() or listening(self._port), 20, "somebody to listen")


@pytest.fixture(params=[full, unread, read_only], ids=lambda where: where.__name__)
def unheard(request: pytest.FixtureRequest, tmp_path: Path, port: int, sink: Sink) -> Iterator[Unheard]:
    with Unheard(tmp_path / "gateway", request.param, port=port, sink=sink.port) as running:
        yield running


def test_l07_s10_images_flow_and_what_dies_is_started_again_without_a_log(
    unheard: Unheard, sink: Sink, port: int
) -> None:
    with peer_at(port) as peer:
        uids = {store(peer, "PAT1", number) for number in range(3)}
        assert peer.store("1.2.3", b"no data set") == 0xC000
    until(lambda: delivered(sink) == uids, 15, "all of them")
    for place in (1, 0):
        before = intake_and_delivery(unheard)[place]
        os.kill(before, signal.SIGKILL)
        until(lambda: intake_and_delivery_or_none(unheard, place) not in (None, before), 15, "another one")  # noqa: B023
    until(lambda: listening(port), 10, "somebody to listen")
    with peer_at(port) as peer:
        uids.add(store(peer, "PAT2", 4))
    until(lambda: delivered(sink) == uids, 15, "what came after")
    assert unheard.running()
    assert unheard.stop() == 0


def intake_and_delivery_or_none(gateway: Gateway, place: int) -> int | None:
    """The process of that place, when it has said which one it is."""
    try:
        return intake_and_delivery(gateway)[place]
    except (AssertionError, ValueError):
        return None
