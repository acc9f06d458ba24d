"""An association that we request, by itself."""

import hashlib
from collections.abc import Iterator

import pytest

from dicomrules.net.association import Association, Target, Window
from dicomrules.net.failures import Lost, Rejected
from dicomrules.wire.associate import ProposedContext
from tests.peers.sink import Behaviour, Sink
from tests.wire.sending import CT, EXPLICIT, IMPLICIT, JPEG, MR, some

PROPOSED = [ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(3, MR, (JPEG,)), ProposedContext(5, CT, (IMPLICIT,))]


def target(port: int) -> Target:
    return Target("127.0.0.1", port, "SINK", "DICOMRULES", connect=2, response=2)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def test_what_was_agreed_is_told() -> None:
    with (
        Sink(Behaviour(refuse_classes=(MR,), max_length=4096)) as sink,
        Association(target(sink.port), PROPOSED) as made,
    ):
        assert [(cx.id, cx.transfer_syntax) for cx in made.contexts] == [(1, EXPLICIT), (5, IMPLICIT)]
        assert [(result.id, result.result) for result in made.results] == [(1, 0), (3, 3), (5, 0)]
        assert made.established.max_pdu == 4096
        assert made.window % (4096 - 6) == 0
        assert made.is_open


@pytest.mark.parametrize("size", [1, 6, 100_000])
def test_windows_may_have_any_length_whatever_the_peer_takes(size: int) -> None:
    data_set = some(1, 100_000 if size > 1 else 500)
    views = [memoryview(data_set)[start : start + size] for start in range(0, len(data_set), size)]
    windows = [(view, at == len(views) - 1) for at, view in enumerate(views)]
    with Sink(Behaviour(max_length=12)) as sink, Association(target(sink.port), PROPOSED) as made:
        exchange = made.store(made.contexts[0], CT, "1.2.3", windows)
        assert exchange.response is not None
        assert exchange.response["Status"] == 0
        assert sink.digests() == [hashlib.sha256(data_set).hexdigest()]
        assert sink.associations[0].max_pdu <= 12


def test_an_error_of_the_windows_aborts_before_the_last_fragment_and_is_passed_on(sink: Sink) -> None:
    def failing() -> Iterator[Window]:
        yield memoryview(bytes(1000)), False
        raise RuntimeError("the bytes ended")

    made = Association(target(sink.port), PROPOSED)
    with pytest.raises(RuntimeError, match="the bytes ended"):
        made.store(made.contexts[0], CT, "1.2.3", failing())
    assert not made.is_open
    sink.wait(lambda s: s.associations[0].ended == "aborted")
    assert sink.stored == []
    made.release()
    made.abort()


def test_message_ids_differ_and_begin_anew_after_the_largest(sink: Sink) -> None:
    with Association(target(sink.port), PROPOSED) as made:
        made._message_id = 0xFFFE
        whole = [(memoryview(b"1234"), True)]
        ids = [made.store(made.contexts[0], CT, "1.2.3", whole).request["MessageID"] for _ in range(3)]
    assert ids == [0xFFFF, 1, 2]


def test_an_idle_association_tells_that_the_peer_has_gone(sink: Sink) -> None:
    made = Association(target(sink.port), PROPOSED)
    made.verify()
    sink.cut()
    sink.wait(lambda s: s.associations[0].ended == "closed")
    with pytest.raises(Lost):
        made.verify()
    assert not made.is_open


def test_a_rejection_keeps_what_the_peer_said() -> None:
    with Sink(Behaviour(reject=(2, 3, 2))) as sink, pytest.raises(Rejected) as refused:
        Association(target(sink.port), PROPOSED)
    assert refused.value.rejection.transient
    assert refused.value.rejection.meaning == "local limit exceeded"


def test_an_operation_on_an_association_that_is_over_is_the_same_declared_error(sink: Sink) -> None:
    made = Association(target(sink.port), PROPOSED)
    made.abort()
    with pytest.raises(Lost):
        made.store(made.contexts[0], CT, "1.2.3", [(memoryview(bytes(1000)), True)])
    with pytest.raises(Lost):
        made.echo(made.contexts[0])
