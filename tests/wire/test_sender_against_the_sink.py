"""One attempt against a destination that behaves well, badly, or lies (D-01, D-03 to D-13 of the fault cases)."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.filereader import read_dataset

from dicomrules.dicom.patch import Patch, Splice
from dicomrules.model.delivery import Kind
from tests.peers.running import free_port
from tests.peers.sink import Behaviour, Sink
from tests.wire.sending import CT, EXPLICIT, IMPLICIT, JPEG, MR, Folder, Sending, destination, sample, some

LIES = ["wrong message id", "wrong instance", "wrong class", "echo response", "no status", "data set", "garbage"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running


def test_a_batch_goes_over_one_association_and_each_data_set_arrives_as_it_was(folder: Folder, sink: Sink) -> None:
    deliveries = [folder.add(number, some(number, 1000 * number)) for number in range(1, 21)]
    with Sending(destination(sink.port), folder) as send:
        outcomes = send(*deliveries)
    assert {outcome.kind for outcome in outcomes} == {Kind.SENT}
    assert sink.digests() == [delivery.digest for delivery in deliveries]
    assert len(sink.associations) == 1
    sink.wait(lambda s: s.associations[0].ended == "released")


def test_an_outcome_carries_both_command_sets_the_context_the_association_and_times(folder: Folder, sink: Sink) -> None:
    with Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(7, some(7)))
    exchange = outcome.exchange
    assert exchange is not None
    assert exchange.association.called_aet == "SINK"
    assert exchange.association.calling_aet == "DICOMRULES"
    assert exchange.association.address == f"127.0.0.1:{sink.port}"
    assert exchange.association.implementation == "SINK"
    assert exchange.association.max_pdu == 16384
    assert exchange.context is not None
    assert (exchange.context.abstract_syntax, exchange.context.transfer_syntax) == (CT, EXPLICIT)
    assert exchange.request["CommandField"] == 0x0001
    assert exchange.request["AffectedSOPInstanceUID"] == "1.2.3.7"
    assert exchange.response is not None
    assert exchange.response["CommandField"] == 0x8001
    assert exchange.response["MessageIDBeingRespondedTo"] == exchange.request["MessageID"]
    assert outcome.status == exchange.response["Status"] == 0x0000
    times = [outcome.started_at, exchange.started_at, exchange.ended_at, outcome.ended_at]
    assert None not in times
    assert times == sorted(t for t in times if t is not None)


def test_a_patch_leaves_with_the_bytes_around_it(folder: Folder, sink: Sink) -> None:
    data_set = some(1, 700_000)
    splices = (
        Splice(0, 4, b"first"),
        Splice(1000, 300_000, b""),
        Splice(300_000, 300_000, b"new"),
        Splice(699_990, 700_000, b"end"),
    )
    delivery = folder.add(1, data_set)
    delivery = replace(delivery, patch=Patch(delivery.digest, splices))
    with Sending(destination(sink.port), folder) as send:
        (outcome,) = send(delivery)
    expected = b"first" + data_set[4:1000] + b"new" + data_set[300_000:699_990] + b"end"
    assert outcome.kind is Kind.SENT
    assert sink.digests() == [hashlib.sha256(expected).hexdigest()]


def test_an_association_is_kept_between_batches_and_opened_anew_when_the_peer_has_closed_it(
    folder: Folder, sink: Sink
) -> None:
    with Sending(destination(sink.port), folder) as send:
        send(folder.add(1, some(1)))
        send(folder.add(2, some(2)))
        assert len(sink.associations) == 1
        sink.cut()
        sink.wait(lambda s: s.associations[0].ended == "closed")
        (outcome,) = send(folder.add(3, some(3)))
    assert outcome.kind is Kind.SENT
    assert len(sink.associations) == 2


@pytest.mark.parametrize("then", ["close", "abort", "release"])
def test_a_peer_that_ends_the_association_after_each_answer_gets_everything(folder: Folder, then: str) -> None:
    with Sink(Behaviour(then=then)) as sink, Sending(destination(sink.port), folder) as send:
        for number in range(4):
            (outcome,) = send(folder.add(number, some(number)))
            assert outcome.kind is Kind.SENT, outcome.message
        assert len(sink.acknowledged()) == 4


def test_an_association_that_breaks_on_its_first_use_after_idling_is_no_failed_attempt(folder: Folder) -> None:
    def first_then_close(number: int) -> Behaviour:
        return Behaviour(answer="close", from_message=2) if number == 1 else Behaviour()

    with Sink(first_then_close) as sink, Sending(destination(sink.port), folder) as send:
        send(folder.add(1, some(1)))
        (outcome,) = send(folder.add(2, some(2)))
        assert outcome.kind is Kind.SENT
        assert len(sink.associations) == 2


def test_a_class_that_was_not_proposed_gets_a_new_association(folder: Folder, sink: Sink) -> None:
    with Sending(destination(sink.port), folder) as send:
        send(folder.add(1, some(1), CT))
        send(folder.add(2, some(2), MR), folder.add(3, some(3), CT))
        send(folder.add(4, some(4), CT), folder.add(5, some(5), MR))
    assert len(sink.associations) == 2
    assert len(sink.stored) == 5


def test_more_classes_than_one_association_holds_go_over_several(folder: Folder, sink: Sink) -> None:
    deliveries = [folder.add(n, some(n, 100), f"1.2.840.10008.5.1.4.1.1.{n}") for n in range(1, 101)]
    with Sending(destination(sink.port), folder) as send:
        outcomes = send(*deliveries)
    assert {outcome.kind for outcome in outcomes} == {Kind.SENT}
    assert [len(seen.contexts) for seen in sink.associations] == [128, 128]


def test_d01_a_closed_port_defers_the_whole_batch_with_one_attempt_to_connect(folder: Folder) -> None:
    with Sending(destination(free_port()), folder) as send:
        outcomes = send(*(folder.add(number, some(number)) for number in range(5)))
    assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 5
    assert len({outcome.message for outcome in outcomes}) == 1
    assert "connection refused" in outcomes[0].message
    assert send.names() == ["association.refused"]


@pytest.mark.parametrize("connect", ["close", "garbage"])
def test_d01_a_port_that_does_not_speak_dicom_defers(folder: Folder, connect: str) -> None:
    with Sink(Behaviour(connect=connect)) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(folder.add(1, some(1)), folder.add(2, some(2)))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert sink.connections == 1


def test_d03_a_peer_that_takes_the_connection_and_says_nothing_costs_the_connect_deadline(folder: Folder) -> None:
    with Sink(Behaviour(connect="silent")) as sink, Sending(destination(sink.port, connect=0.3), folder) as send:
        outcomes = send(folder.add(1, some(1)), folder.add(2, some(2)))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert "in time" in outcomes[0].message
        assert sink.connections == 1


def test_d03_a_peer_that_never_answers_a_store_is_aborted_at_the_deadline(folder: Folder) -> None:
    with Sink(Behaviour(answer="silent")) as sink, Sending(destination(sink.port, response=0.3), folder) as send:
        outcomes = send(folder.add(1, some(1)), folder.add(2, some(2)))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert outcomes[0].exchange is not None
        assert outcomes[0].exchange.response is None
        assert sink.connections == 1


def test_d03_a_peer_that_reads_a_few_bytes_a_second_is_left_at_the_deadline(folder: Folder) -> None:
    with Sink(Behaviour(read_rate=500)) as sink, Sending(destination(sink.port, response=0.5), folder) as send:
        (outcome,) = send(folder.add(1, bytes(20_000_000)))
        assert outcome.kind is Kind.DEFERRED
        assert "takes no more bytes" in outcome.message
        assert sink.stored == []


@pytest.mark.parametrize("status", [0xA700, 0xA7FF, 0x0110, 0x0210, 0xB123, 0xFE00])
def test_d04_what_is_not_for_good_is_deferred_at_any_attempt(folder: Folder, status: int) -> None:
    with Sink(Behaviour(status=status)) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(folder.add(1, some(1)), replace(folder.add(2, some(2)), attempts=9))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert outcomes[0].status == status
        assert f"0x{status:04X}" in outcomes[0].message
        assert len(sink.associations) == 1


@pytest.mark.parametrize("answer", ["close", "reset", "abort", "release"])
def test_d05_an_end_after_the_last_fragment_and_before_the_response_is_not_sent(folder: Folder, answer: str) -> None:
    with Sink(Behaviour(answer=answer)) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(folder.add(1, some(1)), folder.add(2, some(2)))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert outcomes[0].status is None
        assert len(sink.stored) == 1
        assert sink.acknowledged() == []
        assert send.names() == ["association.opened", "association.lost"]


@pytest.mark.parametrize("answer", ["close", "reset", "abort", "release", "garbage"])
def test_d05_an_end_in_the_middle_of_a_data_set_is_noticed_at_once_and_not_sent(folder: Folder, answer: str) -> None:
    behaviour = Behaviour(answer=answer, cut_after=100_000)
    with Sink(behaviour) as sink, Sending(destination(sink.port, response=60), folder) as send:
        outcomes = send(folder.add(1, bytes(30_000_000)), folder.add(2, some(2)))
        assert not any(words in outcomes[0].message for words in ("in time", "takes no more"))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert sink.stored == []


@pytest.mark.parametrize("answer", LIES)
def test_d06_a_response_that_does_not_answer_this_message_is_aborted_and_not_sent(folder: Folder, answer: str) -> None:
    with Sink(Behaviour(answer=answer)) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(folder.add(1, some(1)), folder.add(2, some(2)))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
        assert sink.connections == 1
        assert "association.violated" in send.names()
        if answer != "garbage":
            sink.wait(lambda s: s.associations[0].ended == "aborted")


@pytest.mark.parametrize("status", [0xFF00, 0xFF01, 0x1234])
def test_d06_pending_and_statuses_of_no_class_are_aborted_and_not_sent(folder: Folder, status: int) -> None:
    with Sink(Behaviour(status=status)) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(1, some(1)))
        assert outcome.kind is Kind.DEFERRED
        assert f"0x{status:04X}" in outcome.message
        assert outcome.exchange is not None
        assert outcome.exchange.response is not None
        assert outcome.exchange.response["Status"] == status
        sink.wait(lambda s: s.associations[0].ended == "aborted")


def test_d06_a_second_response_to_one_request_never_answers_the_next(folder: Folder) -> None:
    with Sink(Behaviour(answer="twice")) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(*(folder.add(number, some(number)) for number in range(3)))
        for outcome, delivery in zip(outcomes, range(3), strict=True):
            if outcome.kind is Kind.SENT:
                assert f"1.2.3.{delivery}" in {stored.sop_instance for stored in sink.acknowledged()}
        assert outcomes[0].kind is Kind.SENT
        assert "association.violated" in send.names()


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007])
def test_d07_warnings_are_sent_with_a_word_about_it(folder: Folder, status: int) -> None:
    with Sink(Behaviour(status=status)) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(1, some(1)))
        assert outcome.kind is Kind.SENT
        assert outcome.status == status
        assert "warning" in outcome.message
        assert ("delivery.discarded" if status == 0xB006 else "delivery.warned") in send.names()


@pytest.mark.parametrize("status", [0xA900, 0xC000, 0xCFFF, 0x0122, 0x0117, 0x0211, 0x0212])
def test_d08_a_refusal_for_good_is_believed_at_the_third_attempt(folder: Folder, status: int) -> None:
    with Sink(Behaviour(status=status)) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(*(replace(folder.add(n, some(n)), refusals=n) for n in range(3)))
        assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED, Kind.DEFERRED, Kind.FAILED]
        assert all(outcome.status == status for outcome in outcomes)


def test_d09_not_authorised_is_deferred_with_our_title(folder: Folder) -> None:
    with Sink(Behaviour(status=0x0124)) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(replace(folder.add(1, some(1)), attempts=7))
        assert outcome.kind is Kind.DEFERRED
        assert "DICOMRULES" in outcome.message


def test_d09_a_rejection_says_which_title_is_wrong(folder: Folder) -> None:
    for behaviour, wrong in (
        (Behaviour(called="PACS"), "not called SINK"),
        (Behaviour(calling="CT1"), "know us as DICOMRULES"),
    ):
        with Sink(behaviour) as sink, Sending(destination(sink.port), folder) as send:
            outcomes = send(folder.add(1, some(1)), folder.add(2, some(2)))
            assert [outcome.kind for outcome in outcomes] == [Kind.DEFERRED] * 2
            assert wrong in outcomes[0].message
            assert sink.connections == 1


@pytest.mark.parametrize(("reason", "words"), [(1, "temporary congestion"), (2, "local limit exceeded")])
def test_d10_a_transient_rejection_is_deferred_with_its_reason(folder: Folder, reason: int, words: str) -> None:
    with Sink(Behaviour(reject=(2, 3, reason))) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(1, some(1)))
        assert outcome.kind is Kind.DEFERRED
        assert words in outcome.message


def test_d11_a_class_that_is_not_supported_fails_with_what_was_offered_and_answered(folder: Folder) -> None:
    with Sink(Behaviour(refuse_classes=(CT,))) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(folder.add(1, some(1), CT), folder.add(2, some(2), MR))
        assert [outcome.kind for outcome in outcomes] == [Kind.FAILED, Kind.SENT]
        assert "CT Image Storage" in outcomes[0].message
        assert (
            "Explicit VR Little Endian or Implicit VR Little Endian: abstract syntax not supported"
            in outcomes[0].message
        )
        assert outcomes[0].exchange is not None
        assert len(sink.associations) == 1


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("CT_small.dcm", IMPLICIT),
        ("MR_small_implicit.dcm", EXPLICIT),
        ("MR_small_bigendian.dcm", EXPLICIT),
        ("MR_small_bigendian.dcm", IMPLICIT),
    ],
)
def test_d11_an_uncompressed_object_goes_in_the_uncompressed_syntax_that_is_taken(
    folder: Folder, name: str, taken: str
) -> None:
    delivery = sample(folder, 1, name)
    with Sink(Behaviour(syntaxes=(taken,)), keep=True) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(delivery)
        assert outcome.kind is Kind.SENT, outcome.message
        assert outcome.exchange is not None
        assert outcome.exchange.context is not None
        assert outcome.exchange.context.transfer_syntax == taken == sink.stored[0].transfer_syntax
        arrived = read_dataset(BytesIO(sink.stored[0].data_set), taken == IMPLICIT, True)
    original = pydicom.dcmread(str(get_testdata_file(name)))
    assert arrived.SOPInstanceUID == original.SOPInstanceUID
    assert arrived.Rows == original.Rows
    assert arrived.ImagePositionPatient == original.ImagePositionPatient
    assert len(arrived.PixelData) == len(original.PixelData)


def test_d11_what_is_converted_is_checked_against_its_digest_too(folder: Folder) -> None:
    delivery = sample(folder, 1, "CT_small.dcm")
    folder.damage(delivery, delivery.length - 1)
    with Sink(Behaviour(syntaxes=(IMPLICIT,))) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(delivery, sample(folder, 2, "CT_small.dcm"))
        assert [outcome.kind for outcome in outcomes] == [Kind.CORRUPT, Kind.SENT]
        assert len(sink.associations) == 1


def test_d11_what_cannot_be_converted_fails_with_the_reason_and_the_rest_goes_on(folder: Folder) -> None:
    with Sink(Behaviour(syntaxes=(IMPLICIT,))) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(folder.add(1, some(1)), sample(folder, 2, "CT_small.dcm"))
        assert [outcome.kind for outcome in outcomes] == [Kind.FAILED, Kind.SENT]
        assert "at byte" in outcomes[0].message
        assert len(sink.associations) == 1


def test_d11_a_compressed_object_is_never_sent_as_something_else(folder: Folder) -> None:
    with Sink(Behaviour(syntaxes=(IMPLICIT, EXPLICIT))) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(1, some(1), syntax=JPEG))
        assert outcome.kind is Kind.FAILED
        assert "JPEG Baseline" in outcome.message
        assert sink.stored == []


def test_d11_a_refusal_without_a_reason_may_pass(folder: Folder) -> None:
    with Sink(Behaviour(syntaxes=(), context_result=2)) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(1, some(1)))
        assert outcome.kind is Kind.DEFERRED


@pytest.mark.parametrize("max_length", [1, 7, 11])
def test_d13_a_maximum_length_that_carries_nothing_is_refused(folder: Folder, max_length: int) -> None:
    with Sink(Behaviour(max_length=max_length)) as sink, Sending(destination(sink.port), folder) as send:
        (outcome,) = send(folder.add(1, some(1)))
        assert outcome.kind is Kind.DEFERRED
        assert f"{max_length} bytes" in outcome.message
        assert sink.stored == []


@pytest.mark.parametrize(("max_length", "longest"), [(0, 32768), (2**32 - 1, 32768), (12, 12), (13, 13), (4097, 4097)])
def test_d13_no_pdu_is_longer_than_the_peer_takes_nor_than_we_are_told(
    folder: Folder, max_length: int, longest: int
) -> None:
    with (
        Sink(Behaviour(max_length=max_length)) as sink,
        Sending(destination(sink.port, max_pdu=32768), folder) as send,
    ):
        delivery = folder.add(1, some(1, 50_000))
        (outcome,) = send(delivery)
        assert outcome.kind is Kind.SENT
        assert sink.digests() == [delivery.digest]
        assert longest - 1 <= sink.associations[0].max_pdu <= longest


@pytest.mark.parametrize("position", [0, 150_000, 299_999])
def test_a_flipped_bit_in_the_spool_never_becomes_an_object_at_the_peer(
    folder: Folder, sink: Sink, position: int
) -> None:
    deliveries = [folder.add(number, some(number, 300_000)) for number in range(3)]
    folder.damage(deliveries[1], position)
    with Sending(destination(sink.port), folder) as send:
        outcomes = send(*deliveries)
    assert [outcome.kind for outcome in outcomes] == [Kind.SENT, Kind.CORRUPT, Kind.SENT]
    assert sink.digests() == [deliveries[0].digest, deliveries[2].digest]
    sink.wait(lambda s: s.associations[0].ended == "aborted")
    assert sink.associations[0].incomplete == 1
    assert "delivery.unfit" in send.names()


def test_a_flipped_bit_that_the_patch_replaces_is_found_too(folder: Folder, sink: Sink) -> None:
    delivery = folder.add(1, some(1))
    delivery = replace(delivery, patch=Patch(delivery.digest, (Splice(0, 20_000, b"all is new"),)))
    folder.damage(delivery, 19_999)
    with Sending(destination(sink.port), folder) as send:
        (outcome,) = send(delivery)
    assert outcome.kind is Kind.CORRUPT
    assert sink.stored == []


def test_a_spool_file_that_is_cut_or_gone_is_held_and_the_rest_goes_on(folder: Folder, sink: Sink) -> None:
    deliveries = [folder.add(number, some(number)) for number in range(4)]
    (folder.root / deliveries[0].spool_ref).write_bytes(Folder.HEAD + some(0)[:-1])
    (folder.root / deliveries[2].spool_ref).unlink()
    with Sending(destination(sink.port), folder) as send:
        outcomes = send(*deliveries)
    assert [outcome.kind for outcome in outcomes] == [Kind.CORRUPT, Kind.SENT, Kind.CORRUPT, Kind.SENT]


def test_after_a_loss_the_rest_of_a_batch_goes_over_a_new_association_as_long_as_something_went_through(
    folder: Folder,
) -> None:
    with Sink(Behaviour(answer="close", from_message=3)) as sink, Sending(destination(sink.port), folder) as send:
        outcomes = send(*(folder.add(number, some(number)) for number in range(9)))
        kinds = [outcome.kind for outcome in outcomes]
        assert kinds == [Kind.SENT, Kind.SENT, Kind.DEFERRED] * 3
        assert len(sink.associations) == 3


def test_a_thousand_small_objects_go_over_one_association(folder: Folder, sink: Sink) -> None:
    deliveries = [folder.add(number, some(number, 500)) for number in range(1000)]
    with Sending(destination(sink.port), folder) as send:
        outcomes = send(*deliveries)
    assert {outcome.kind for outcome in outcomes} == {Kind.SENT}
    assert sink.digests() == [delivery.digest for delivery in deliveries]
    assert len(sink.associations) == 1
