"""S-23: the time of day is set while the gateway runs, back, forward, and over the end of 32-bit time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import SITE
from tests.faults.processes import delivered, peer_at, store
from tests.peers.gateway import Gateway
from tests.peers.running import need_file, until
from tests.peers.sink import Behaviour, Sink

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class Dated(Gateway):
    """A gateway whose time of day is the machine's and an offset; seconds that only go on are the machine's."""

    def __init__(self, folder: Path, port: int, sink: int) -> None:
        super().__init__(folder, SITE, port=port, sink=sink)
        self.offset = folder / "offset"
        self.set("+0")
        self.env |= {
            "LD_PRELOAD": need_file(str(LIBRARIES[0] if LIBRARIES else "/usr/lib/faketime/libfaketime.so.1")),
            "FAKETIME_TIMESTAMP_FILE": str(self.offset),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: str) -> None:
        """The time of day from now on, as libfaketime writes it: `-1d`."""
        written = self.offset.with_suffix(".new")
        written.write_text(f"{offset}\n")
        written.rename(self.offset)


@pytest.fixture
def dated(tmp_path: Path, port: int, sink: Sink) -> Iterator[Dated]:
    with Dated(tmp_path / "gateway", port, sink.port) as running:
        yield running


def test_s23_a_day_back_and_what_waited_goes_at_once(dated: Dated, sink: Sink, port: int) -> None:
    sink.behaviour = Behaviour(connect="close")
    with peer_at(port) as peer:
        before = [store(peer, "PAT1", number) for number in range(10)]
    dated.set("-1d")
    until(lambda: "the time of day was set back" in dated.output(), 10, "that it is noticed")
    with peer_at(port) as peer:
        after = [store(peer, "PAT2", number) for number in range(10)]
    sink.behaviour = Behaviour()
    until(lambda: delivered(sink) == {*before, *after}, 15, "all of them, those of tomorrow too")
    assert "Traceback" not in dated.output()


def test_s23_back_while_it_was_down_is_noticed_at_the_start(dated: Dated, sink: Sink, port: int) -> None:
    sink.behaviour = Behaviour(connect="close")
    with peer_at(port) as peer:
        uid = store(peer, "PAT1", 1)
    dated.stop()
    dated.set("-9000d")
    sink.behaviour = Behaviour()
    dated.start()
    until(lambda: delivered(sink) == {uid}, 15, "the instance, as if it were 2002")


def test_s23_over_the_end_of_32_bit_time_images_flow_and_nothing_is_old_for_that(
    dated: Dated, sink: Sink, port: int
) -> None:
    with peer_at(port) as peer:
        before = store(peer, "PAT1", 1)
        until(lambda: any((dated.folder / "var/spool/done").rglob("*.dcm")), 15, "its file among those done")
        dated.set("@2038-01-19 03:14:05")
        until(lambda: "the time of day was set forward" in dated.output(), 10, "that it is noticed")
        after = store(peer, "PAT2", 2)
    until(lambda: delivered(sink) == {before, after}, 15, "both")
    until(lambda: len(list((dated.folder / "var/spool/done").rglob("*.dcm"))) == 2, 15, "the bytes of both are kept")
    assert "2038-01-19" in dated.ask("trace", after)
