"""The SCP against a hand-written peer: objects, refusals, and all that no library would send."""

import time

import pytest

from dicomrules.model.instance import Receipt, Verdict
from tests.peers.raw_dul import CT, VERIFICATION, RawPeer, c_echo_rq, c_store_rq, p_data, pdv
from tests.wire.objects import ct_slice


def test_an_object_arrives_byte_for_byte_with_the_story_of_its_association(scp):
    dataset = ct_slice("1.2.3.4")
    with RawPeer(scp.port) as peer:
        peer.associate(calling="MODALITY", called="GATEWAY")
        assert peer.store("1.2.3.4", dataset) == 0x0000
    ((envelope, received),) = scp.inbox.accepted
    assert received == dataset
    assert (envelope.key.sop_class, envelope.key.sop_instance) == (CT, "1.2.3.4")
    assert (envelope.peer.calling_aet, envelope.peer.called_aet) == ("MODALITY", "GATEWAY")
    assert (envelope.peer.address, envelope.peer.receiver) == ("127.0.0.1", "modalities")
    assert envelope.exchange.request["AffectedSOPInstanceUID"] == "1.2.3.4"
    assert envelope.exchange.response["Status"] == 0
    assert envelope.exchange.context.abstract_syntax == CT
    assert envelope.exchange.association.max_pdu == 16384


def test_one_association_carries_many_objects_and_echoes(scp):
    with RawPeer(scp.port) as peer:
        peer.associate()
        for number in range(50):
            assert peer.store(f"1.2.3.{number}", ct_slice(f"1.2.3.{number}", 100 + number)) == 0
            assert peer.echo() == 0
    assert [envelope.key.sop_instance for envelope, _ in scp.inbox.accepted] == [f"1.2.3.{n}" for n in range(50)]


def test_a20_requests_sent_without_waiting_are_performed_one_by_one(scp):
    with RawPeer(scp.port) as peer:
        peer.associate()
        stream = b""
        for number in range(100):
            instance = f"1.2.3.{number}"
            stream += p_data(pdv(1, 3, c_store_rq(instance, message_id=number)))
            stream += p_data(pdv(1, 2, ct_slice(instance, 3000, patient=f"P{number}")))
        peer.send(stream)
        responses = [peer.response() for _ in range(100)]
    assert [int.from_bytes(r[0x0120], "little") for r in responses] == list(range(100))
    for number, (envelope, received) in enumerate(scp.inbox.accepted):
        assert received == ct_slice(envelope.key.sop_instance, 3000, patient=f"P{number}")


@pytest.mark.parametrize("size", [100_000, 300_000, 3_000_001])
def test_an_object_of_any_size_arrives_whole(scp, size):
    dataset = ct_slice("1.2.3", size)
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))))
        for start in range(0, len(dataset), 16378):
            last = start + 16378 >= len(dataset)
            peer.send(p_data(pdv(1, 2 if last else 0, dataset[start : start + 16378])))
        assert peer.status() == 0
    assert scp.inbox.accepted[0][1] == dataset


@pytest.mark.parametrize("cut", [1, 6, 11, 12, 13])
def test_an_object_arrives_whole_wherever_its_pdus_are_cut_apart_on_the_way(scp, cut):
    dataset = ct_slice("1.2.3", 5000)
    with RawPeer(scp.port) as peer:
        peer.associate()
        pieces = [p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 0, dataset[:4000]))]
        for pdu in (*pieces, p_data(pdv(1, 0, dataset[4000:])), p_data(pdv(1, 2, b""))):
            peer.send(pdu[:cut])
            time.sleep(0.05)  # so that it is received by itself
            peer.send(pdu[cut:])
        assert peer.status() == 0
    assert scp.inbox.accepted[0][1] == dataset


def test_i01_objects_of_eight_associations_in_flight_at_once_never_mix(scp):
    peers = [RawPeer(scp.port) for _ in range(8)]
    datasets = [ct_slice(f"1.2.{n}", 200_000 + n * 50_000, patient=f"PATIENT{n}") for n in range(8)]
    for number, peer in enumerate(peers):
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq(f"1.2.{number}"))))
    for start in range(0, max(map(len, datasets)), 16000):
        for peer, dataset in zip(peers, datasets, strict=True):
            if start < len(dataset):
                last = start + 16000 >= len(dataset)
                peer.send(p_data(pdv(1, 2 if last else 0, dataset[start : start + 16000])))
    assert [peer.status() for peer in peers] == [0] * 8
    received = {envelope.key.sop_instance: data for envelope, data in scp.inbox.accepted}
    assert received == {f"1.2.{n}": datasets[n] for n in range(8)}
    for peer in peers:
        peer.socket.close()


def test_the_inbox_says_what_is_answered(scp):
    scp.inbox.receipt = Receipt(Verdict.REJECT, 0xC123, "no such study")
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 2, ct_slice("1.2.3"))))
        response = peer.response()
    assert response[0x0900] == b"\x23\xc1"
    assert response[0x0902] == b"no such study "


GOOD = ct_slice("1.2.3")
CONTENT = {
    "c01_other_instance": (ct_slice("1.2.4"), 0xA900, b"\x08\x00\x18\x00"),
    "c02_other_class": (ct_slice("1.2.3", sop_class="1.2.840.10008.5.1.4.1.1.4"), 0xA900, b"\x08\x00\x16\x00"),
    "c03_cut_in_pixel_data": (GOOD[:-5], 0xC000, b"\xe0\x7f\x10\x00"),
    "c03_cut_in_an_element_head": (GOOD[: GOOD.index(b"\xe0\x7f\x10\x00") + 3], 0xC000, None),
    "c04_empty": (b"", 0xC000, None),
    "c04_ff": (b"\xff" * 100, 0xC000, None),
    "c04_html": (b"<html><body>not found</body></html>", 0xC000, None),
    "c05_study_uid_with_slashes": (ct_slice("1.2.3", study="../../../x"), 0xC000, None),
    "c07_no_instance": (GOOD[GOOD.index(b"\x08\x00\x60\x00") :], 0xC000, b"\x08\x00\x16\x00"),
}


@pytest.mark.parametrize("name", CONTENT)
def test_what_is_damaged_or_misnamed_is_refused_and_the_association_lives(scp, name):
    dataset, status, offending = CONTENT[name]
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 2, dataset)))
        response = peer.response()
        assert int.from_bytes(response[0x0900], "little") == status
        assert len(response[0x0902]) <= 64
        if offending is not None:
            assert response[0x0901] == offending
        assert scp.leftovers == []
        assert peer.store("1.2.3", GOOD) == 0
    assert len(scp.inbox.accepted) == 1


def test_a_command_that_does_not_fit_its_context_or_names_no_instance_is_refused(scp):
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.store("1.2.3", GOOD, sop_class="1.2.840.10008.5.1.4.1.1.4") == 0x0122
        assert peer.store("../../../x", GOOD) == 0x0117
        assert peer.store("", GOOD) == 0xC000
        assert peer.store("1.2.3", GOOD) == 0
    assert len(scp.inbox.accepted) == 1


@pytest.mark.parametrize("field", [0x0020, 0x0010, 0x0100, 0x0140, 0x7777])
def test_a24_other_operations_are_answered_as_unrecognised(scp, field):
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(3, 3, c_echo_rq(field=field))))
        response = peer.response()
        assert response[0x0900] == b"\x11\x02"
        assert int.from_bytes(response[0x0100], "little") == field | 0x8000
        assert peer.echo() == 0


def test_a_response_that_nobody_asked_for_ends_the_association(scp):
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(3, 3, c_echo_rq(field=0x8001))))
        assert peer.abort_received() == (0, 0)


BROKEN = {
    "a08_unknown_pdu": b"\x08\x00\x00\x00\x00\x04abcd",
    "a04_oversize_p_data": b"\x04\x00\x00\x02\x00\x01",
    "second_request": None,
    "a22_even_context": p_data(pdv(2, 3, c_echo_rq())),
    "a22_pdv_length_0": p_data(pdv(1, 3, c_echo_rq(), length=0)),
    "a22_pdv_length_1": p_data(pdv(1, 3, c_echo_rq(), length=1)),
    "a22_pdv_length_huge": p_data(pdv(1, 3, c_echo_rq(), length=2**31)),
    "a23_data_first": p_data(pdv(1, 2, b"data")),
}


@pytest.mark.parametrize("inside", [False, True], ids=["between_messages", "inside_a_data_set"])
@pytest.mark.parametrize("name", BROKEN)
def test_broken_bytes_are_answered_by_an_abort_and_leave_no_file(scp, name, inside):
    from tests.peers.raw_dul import associate_rq

    with RawPeer(scp.port) as peer:
        peer.associate()
        if inside:
            peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 0, GOOD[:50])))
        peer.send(BROKEN[name] or associate_rq())
        if name == "a23_data_first" and inside:
            assert peer.status() == 0xC000
            return
        source, reason = peer.abort_received()
        assert (source, reason) in ((2, 1), (2, 2), (2, 6))
        assert scp.leftovers == []
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.echo() == 0


def test_a_web_browser_is_told_off(scp):
    with RawPeer(scp.port) as peer:
        peer.send(b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n")
        assert peer.abort_received() == (0, 0)


def test_a07_a_connection_that_breaks_leaves_no_file(scp):
    stages = [b"", c_store_rq("1.2.3")]
    for stage in stages:
        peer = RawPeer(scp.port)
        peer.associate()
        if stage:
            peer.send(p_data(pdv(1, 3, stage)), p_data(pdv(1, 0, GOOD[:500])))
        peer.reset()
    with RawPeer(scp.port) as peer:
        peer.associate()
        assert peer.store("1.2.3", GOOD) == 0
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.4"))), p_data(pdv(1, 0, GOOD[:500])))
        peer.send(b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00")
        assert peer.closed_within(10)
    assert scp.leftovers == []
    assert len(scp.inbox.accepted) == 1


def test_a25_a_half_closed_peer_still_gets_its_response(scp):
    import socket

    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(p_data(pdv(1, 3, c_store_rq("1.2.3"))), p_data(pdv(1, 2, GOOD)))
        peer.socket.shutdown(socket.SHUT_WR)
        assert peer.status() == 0
        assert peer.receive() is None


def test_a_release_is_confirmed(scp):
    with RawPeer(scp.port) as peer:
        peer.associate()
        peer.send(b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00")
        assert peer.receive() == (6, b"\0\0\0\0")
        peer.socket.close()


def test_a18_c13_contexts_are_negotiated_one_by_one(scp):
    with RawPeer(scp.port) as peer:
        body = peer.associate(
            contexts=(
                (1, CT, "1.2.840.113619.5.2"),
                (3, VERIFICATION, "1.2.840.10008.1.2"),
                (5, "1.3.46.670589.5.0.1", "1.2.840.10008.1.2"),
            )
        )
    results = {body[at + 4]: body[at + 6] for at in range(68 + 25, len(body)) if body[at : at + 2] == b"\x21\0"}
    assert results == {1: 4, 3: 0, 5: 3}
