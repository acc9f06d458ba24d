"""C-ECHO as a requestor, and the reason in words when it fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomrules.net.association import Target
from dicomrules.senders.echo import echo
from tests.peers.orthanc import Orthanc
from tests.peers.running import Running, free_port, listening, need, until
from tests.peers.sink import Behaviour, Sink


def target(port: int, called: str = "SINK", calling: str = "DICOMRULES") -> Target:
    return Target("127.0.0.1", port, called, calling, connect=0.5, response=0.5)


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    running = Running([need("storescp"), "-od", str(tmp_path), str(port)], tmp_path / "log")
    running.start()
    until(lambda: listening(port))
    yield port
    running.kill()


def test_a_sink_answers() -> None:
    with Sink() as sink:
        answer = echo(target(sink.port))
        assert answer.ok
        assert answer.status == 0
        assert answer.exchange is not None
        assert answer.exchange.request["CommandField"] == 0x0030
        assert answer.exchange.response is not None
        assert answer.exchange.response["CommandField"] == 0x8030
        sink.wait(lambda s: s.associations[0].ended == "released")
        assert sink.associations[0].echoes == 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(called="PACS"), "not called SINK"),
        (Behaviour(calling="CT"), "does not know us as DICOMRULES"),
        (Behaviour(reject=(2, 3, 1)), "temporary congestion"),
        (Behaviour(reject=(1, 1, 1)), "no reason given"),
        (Behaviour(connect="silent"), "did not answer in time"),
        (Behaviour(connect="close"), "connection"),
        (Behaviour(connect="garbage"), "broke the protocol"),
        (Behaviour(refuse_classes=("*",)), "no C-ECHO"),
        (Behaviour(answer="silent"), "did not answer in time"),
        (Behaviour(answer="abort"), "aborted the association"),
        (Behaviour(answer="release"), "released the association"),
        (Behaviour(answer="wrong message id"), "another Message ID"),
        (Behaviour(answer="no status"), "no Status"),
        (Behaviour(status=0x0122), "0x0122"),
    ],
)
def test_a_failure_is_told_in_words(behaviour: Behaviour, words: str) -> None:
    with Sink(behaviour) as sink:
        answer = echo(target(sink.port))
    assert not answer.ok
    assert words in answer.text


@pytest.mark.parametrize("title", ["", "A" * 17, "ÄE", "A\nB"])
def test_a_title_that_cannot_be_one_is_refused_before_anything_is_sent(title: str) -> None:
    with pytest.raises(ValueError, match="AE title"):
        target(104, called=title)


def test_a_closed_port_and_an_unknown_host_are_told_apart() -> None:
    assert "connection refused" in echo(target(free_port())).text
    assert "no address is known" in echo(Target("no-such-host.invalid", 104, "A", "B", connect=1)).text


@pytest.mark.peer
def test_dcmtk_answers(storescp: int) -> None:
    answer = echo(target(storescp))
    assert answer.ok, answer.text


@pytest.mark.peer
def test_orthanc_answers_those_it_knows_and_tells_others_which_title_is_wrong(tmp_path: Path) -> None:
    with Orthanc(tmp_path / "pacs", "ORTHANC", {"gateway": ("DICOMRULES", free_port())}) as orthanc:
        assert echo(target(orthanc.port, "ORTHANC")).ok
        assert "not called WRONG" in echo(target(orthanc.port, "WRONG")).text
