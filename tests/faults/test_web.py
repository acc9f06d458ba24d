"""FAULTS W: what may come over HTTP to a STOW-RS receiver, with real sockets."""

import io
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom import Dataset

from dicomrules.model.instance import Receipt, Verdict
from dicomrules.model.security import ServerTls
from dicomrules.wire.limits import Deadlines
from tests.faults.web import (
    BOUNDARY,
    FAILED,
    OTHERS,
    STORED,
    TOKEN,
    RunningStow,
    answer,
    connect,
    file,
    head,
    multipart,
    post,
    talk,
)
from tests.peers.authority import Authority
from tests.peers.running import until
from tests.wire.running import LIMITS

Start = Callable[..., RunningStow]
IMPATIENT = Deadlines(artim=0.8, rate=1000, rate_window=0.6)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[RunningStow] = []

    def started(**said: Any) -> RunningStow:
        one = RunningStow(tmp_path / f"spool{len(running)}", **said)
        running.append(one)
        one.__enter__()
        return one

    before = os.umask(0o077)
    yield started
    for one in running:
        one.stop(0.0)
        assert one.leftovers == []
    os.umask(before)


@pytest.fixture
def web(start: Start) -> RunningStow:
    return start()


def _alive(web: RunningStow) -> None:
    """An honest sender is served."""
    uid, part = file("honest", time.time_ns() % 10**9)
    assert post(web.port, multipart(part)).uids(STORED) == [uid]


def test_w01_of_a_thousand_parts_one_is_broken_and_all_others_are_stored(web: RunningStow) -> None:
    files = [file("p", number) for number in range(1000)]
    parts = [part for _, part in files]
    parts[499] = parts[499][:-100]
    answered = web.post(multipart(*parts))
    assert answered.status == 202
    assert answered.uids(STORED) == [uid for number, (uid, _) in enumerate(files) if number != 499]
    assert answered.uids(FAILED) == [files[499][0]]
    assert answered.reasons() == [0xC000]
    assert len(web.inbox.accepted) == 999
    assert answered.headers["content-type"] == "application/dicom+json"
    assert answered.headers["x-request-id"] in web.inbox.accepted[0][0].source_path


def test_the_url_to_retrieve_from_is_there_and_empty_because_nothing_can_be_retrieved(web: RunningStow) -> None:
    told = json.loads(web.post(multipart(file("p", 1)[1], b"garbage")).body)
    assert told["00081190"] == {"vr": "UR"}
    assert told[STORED]["Value"][0]["00081190"] == {"vr": "UR"}
    assert "00081190" not in told[OTHERS]["Value"][0]
    assert Dataset.from_json(told).RetrieveURL == ""


def test_w01_what_is_no_dicom_file_is_among_the_other_failures(web: RunningStow) -> None:
    uid, good = file("p", 1)
    answered = web.post(multipart(good, b"garbage", b""))
    assert (answered.status, answered.uids(STORED), answered.reasons(OTHERS)) == (202, [uid], [0xC000, 0xC000])
    assert web.post(multipart(b"garbage")).status == 409


def test_w01_a_file_meta_that_names_another_instance_is_refused(web: RunningStow) -> None:
    (one, first), (_, second) = file("p", 1), file("p", 20)
    start = first.index(b"DICM")
    mixed = first[: first.index(b"\x08\0\x05\0", start)] + second[second.index(b"\x08\0\x05\0", start) :]
    answered = web.post(multipart(mixed))
    assert (answered.status, answered.uids(FAILED), answered.reasons()) == (409, [one], [0xA900])


@pytest.mark.parametrize(
    ("receipt", "status", "failed"),
    [
        (Receipt(Verdict.REJECT, 0xC123, "by a rule"), 409, [0xC123]),
        (Receipt(Verdict.REJECT, 0xA700, "no room"), 503, [0xA700]),
        (Receipt(Verdict.HOLD), 200, []),
        (Receipt(Verdict.QUARANTINE), 200, []),
        (Receipt(Verdict.DROP), 200, []),
    ],
)
def test_w01_a_verdict_is_answered_as_it_is_to_a_c_store(
    web: RunningStow, receipt: Receipt, status: int, failed: list[int]
) -> None:
    web.inbox.receipt = receipt
    answered = web.post(multipart(file("p", 1)[1]))
    assert answered.status == status
    assert (answered.reasons() if failed else []) == failed
    assert ("retry-after" in answered.headers) == (status == 503)


def test_w02_of_a_request_that_is_cut_nothing_is_answered_and_only_whole_parts_stay(web: RunningStow) -> None:
    files = [file("p", number) for number in range(20)]
    body = multipart(*(part for _, part in files))
    cut = body.index(files[10][1]) + 300
    with connect(web.port) as sock:
        sock.sendall(head(len(body)) + body[:cut])
        until(lambda: len(web.inbox.accepted) == 10)
    until(lambda: "stow.broken" in web.names())
    assert web.leftovers == []
    assert post(web.port, body).uids(STORED) == [uid for uid, _ in files]


BAD_BODIES = {
    "junk before": b"junk" + multipart(b"x"),
    "junk behind": multipart(b"x") + b"junk",
    "only CR": multipart(b"x").replace(b"\r\n", b"\r"),
    "inside the data": multipart(b"x\r\n--" + BOUNDARY.encode() + b"y"),
    "no end": multipart(b"x")[:-8],
    "nothing": b"",
    "no part": f"--{BOUNDARY}--".encode(),
    "another boundary": multipart(b"x").replace(b"b0undary", b"b1undary"),
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_w03_a_body_that_is_not_made_of_parts_is_a_bad_request(web: RunningStow, body: bytes) -> None:
    assert web.post(body).status == 400
    _alive(web)


@pytest.mark.parametrize("boundary", ["", "a" * 129, '"a b "', "a\\b", '""'])
def test_w03_a_boundary_that_is_none_is_a_bad_request(web: RunningStow, boundary: str) -> None:
    said = f"multipart/related; boundary={boundary}"
    assert web.post(multipart(b"x"), f"Content-Type: {said}").status == 400
    assert web.post(multipart(b"x"), "Content-Type: multipart/related").status == 400


def test_w03_nested_bodies_are_no_objects(web: RunningStow) -> None:
    inner = multipart(file("p", 1)[1]).replace(b"b0undary", b"nested00")
    assert web.post(multipart(inner)).status == 409
    assert web.post(multipart(inner, head="Content-Type: multipart/mixed; boundary=x\r\n")).status == 415
    assert web.inbox.accepted == []


def test_w03_a_body_of_near_boundaries_is_read_in_linear_time(web: RunningStow) -> None:
    near = (f"\r\n--{BOUNDARY[:-1]}".encode() * (4 << 20))[: 8 << 20]
    before = time.process_time()
    assert web.post(multipart(near)).status == 409
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (multipart(b"x", head="A: b\r\n" * 100_000), 431),
        (multipart(b"x", head="".join(f"A{n}: b\r\n" for n in range(40))), 431),
        (multipart(b"x", head="A: " + "b" * (1 << 20) + "\r\n"), 431),
        (multipart(*[b""] * 100_000), 413),
    ],
    ids=["many fields", "forty fields", "a long field", "many parts"],
)
def test_w04_heads_and_numbers_of_parts_have_caps(web: RunningStow, body: bytes, status: int) -> None:
    assert web.post(body).status == status
    _alive(web)


def test_w04_the_head_of_a_request_has_a_cap(web: RunningStow) -> None:
    assert talk(web.port, head(0, "X: " + "x" * (1 << 20))).status in (400, 431)
    evil = "multipart/related; " + '"\\' * 6000
    assert web.post(b"", f"Content-Type: {evil}").status in (400, 415)
    _alive(web)


@pytest.mark.parametrize(
    ("lengths", "statuses"),
    [
        (("-5",), (400,)),
        (("5", "6"), (400,)),
        (("5, 6",), (400,)),
        (("99999999999999999999999",), (400, 413)),
        (("0x10",), (400,)),
        ((), (411,)),
    ],
)
def test_w05_a_length_that_is_none_is_refused(
    web: RunningStow, lengths: tuple[str, ...], statuses: tuple[int, ...]
) -> None:
    raw = head(None, *(f"Content-Length: {length}" for length in lengths))
    assert talk(web.port, raw + b"12345").status in statuses
    _alive(web)


def test_w05_length_and_chunks_together_are_smuggling(web: RunningStow) -> None:
    smuggled = head(4, "Transfer-Encoding: chunked") + b"0\r\n\r\nPOST /dicom-web/studies HTTP/1.1\r\n\r\n"
    with connect(web.port) as sock:
        sock.sendall(smuggled)
        assert answer(sock).status == 400
        assert sock.recv(100) == b""  # and nothing behind it is taken for a request
    _alive(web)


def test_w05_a_length_over_the_limit_is_refused_before_a_byte_of_it(start: Start) -> None:
    web = start(limits=replace(LIMITS, object=10_000))
    raw = head(4 << 30, "Content-Type: application/dicom", "Expect: 100-continue")
    assert talk(web.port, raw).status == 413
    (_, small), (_, large) = file("p", 1), file("p", 2, 20_000)
    answered = web.post(multipart(small, large))
    assert (answered.status, answered.reasons(OTHERS if OTHERS.encode() in answered.body else FAILED)) == (
        202,
        [0xA700],
    )
    assert web.post(multipart(large)).status == 413


def test_w05_a_body_in_chunks_is_taken(web: RunningStow) -> None:
    uid, part = file("p", 1)
    body = multipart(part)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    answered = talk(web.port, head(None, "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
    assert (answered.status, answered.uids(STORED)) == (200, [uid])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-gzip", "gzip, gzip"])
def test_w06_a_compressed_body_is_refused(web: RunningStow, coding: str) -> None:
    assert web.post(multipart(file("p", 1)[1]), f"Content-Encoding: {coding}").status == 415
    part_coding = f"Content-Type: application/dicom\r\nContent-Encoding: {coding}\r\n"
    assert web.post(multipart(file("p", 1)[1], head=part_coding)).status == 415


def test_w07_a_body_that_comes_too_slowly_is_given_up(start: Start) -> None:
    web = start(deadlines=IMPATIENT)
    body = multipart(file("p", 1)[1])
    with connect(web.port) as sock:
        sock.sendall(head(len(body)) + body[:200])
        assert answer(sock).status == 408
        assert sock.recv(10) == b""
    assert web.inbox.accepted == []


def test_w07_a_head_that_does_not_come_and_a_silent_connection_are_cut(start: Start) -> None:
    web = start(deadlines=IMPATIENT)
    with connect(web.port) as silent, connect(web.port) as slow:
        slow.sendall(head(0)[:40])
        assert silent.recv(10) == b""
        assert slow.recv(10) == b""
    _alive(web)


def test_w07_an_address_may_hold_so_many_connections_and_no_more(start: Start) -> None:
    web = start(per_address=3, connections=5)
    held = [connect(web.port) for _ in range(3)]
    until(lambda: len(web.scp.connections) == 3)
    with connect(web.port) as one_more:
        refused = answer(one_more)
        assert (refused.status, refused.headers["retry-after"]) == (429, "5")
    for sock in held:
        sock.close()
    until(lambda: not web.scp.connections)
    _alive(web)


def test_w07_a_thousand_connections_leave_room_for_an_honest_sender(start: Start) -> None:
    web = start(deadlines=Deadlines(artim=3.0), connections=300, per_address=290)
    held = []
    for _ in range(1000):
        held.append(connect(web.port))
    until(lambda: len(web.scp.connections) <= 290)
    until(lambda: not web.scp.connections, 20, "the silent ones to be cut")
    _alive(web)
    for sock in held:
        sock.close()


def test_w07_peers_that_are_silent_before_tls_count_as_connections(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.sign("gw", "IP:127.0.0.1")
    context = ssl.create_default_context(cafile=str(authority.pem))
    web = start(tls=ServerTls(certificate, key), deadlines=Deadlines(handshake=60.0), per_address=20, connections=30)
    silent = [connect(web.port) for _ in range(200)]
    until(lambda: web.scp.by_address["127.0.0.1"] == 20)
    until(lambda: [event.name for event in web.events].count("connection.refused") == 1, 30, "the refusal to be told")
    uid, part = file("p", 1)
    plain = socket.create_connection(("127.0.0.1", web.port), 60, ("127.0.0.9", 0))
    with plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as sock:
        sock.sendall(head(len(multipart(part))) + multipart(part))
        assert answer(sock).uids(STORED) == [uid]
    elsewhere = [socket.create_connection(("127.0.0.1", web.port), 60, (f"127.0.1.{n}", 0)) for n in range(1, 12)]
    assert elsewhere[-1].recv(1) == b"", "all places are taken: it is closed before a handshake"
    for sock in (*silent, *elsewhere):
        sock.close()
    until(lambda: not web.scp.by_address, 60, "the silent ones to be forgotten")


def test_w07_a_peer_that_is_silent_before_tls_is_cut_and_it_is_told(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    web = start(tls=ServerTls(*authority.sign("gw", "IP:127.0.0.1")), deadlines=Deadlines(handshake=0.3))
    with connect(web.port) as silent:
        assert silent.recv(1) == b""
    until(lambda: not web.scp.by_address, 60, "it to be forgotten")
    (told,) = [event for event in web.events if event.name == "tls.refused"]
    assert told.fields["why"] == "the TLS handshake did not end in time"


def test_w07_who_does_not_read_its_answer_is_cut(start: Start) -> None:
    web = start(deadlines=IMPATIENT)
    body = multipart(*[b"no object"] * 9000)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", web.port))
        until(lambda: web.scp.connections)
        (connection,) = web.scp.connections
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        sock.sendall(head(len(body)) + body)
        until(lambda: connection.transport.get_write_buffer_size() > 0)
        until(lambda: not web.scp.connections, 10, "the connection to be cut")


def test_w08_an_object_of_another_study_than_that_of_the_url_is_refused(web: RunningStow) -> None:
    uid, part = file("p", 1)
    answered = web.post(multipart(part), path="/dicom-web/studies/1.2.3")
    assert (answered.status, answered.uids(FAILED), answered.reasons()) == (409, [uid], [0x0110])
    assert web.inbox.accepted == []
    study = pydicom.dcmread(io.BytesIO(part)).StudyInstanceUID
    assert web.post(multipart(part), path=f"/dicom-web/studies/{study}").uids(STORED) == [uid]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/studies",
        "/dicom-web",
        "/dicom-web/studies/",
        "/dicom-web/studies/..",
        "/dicom-web/studies/../../etc/passwd",
        "/dicom-web/studies/%2e%2e",
        "/dicom-web/studies/1.2%2f..",
        "/dicom-web/studies/1..2",
        "/dicom-web/studies/*",
        "/dicom-web/studies/1.2/series",
        "/dicom-web/studies/" + "1" * 65,
        "/dicom-web/Studies",
        "//dicom-web/studies",
    ],
)
def test_w08_every_other_path_is_not_found(web: RunningStow, path: str) -> None:
    assert web.post(multipart(file("p", 1)[1]), path=path).status == 404
    assert web.inbox.accepted == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_w08_every_other_method_is_not_allowed(web: RunningStow, method: str) -> None:
    with connect(web.port) as sock:
        sock.sendall(head(0, method=method))
        first = sock.recv(4096)
        assert first.startswith(b"HTTP/1.1 405")
        assert b"allow: POST" in first


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer wrong-but-as-long-as-x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4"],
)
def test_w12_without_the_token_nothing_is_taken(start: Start, authorization: str | None) -> None:
    web = start(token=TOKEN)
    said = () if authorization is None else (f"Authorization: {authorization}",)
    refused = web.post(multipart(file("p", 1)[1]), *said)
    assert (refused.status, web.inbox.accepted) == (401, [])
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in repr(web.events)
    assert web.post(multipart(file("p", 1)[1]), f"authorization: bearer {TOKEN}").status == 200


def test_w12_with_tls_nothing_else_is_spoken_and_certificates_are_read_again(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.sign("gw", "IP:127.0.0.1")
    web = start(tls=ServerTls(certificate, key))
    context = ssl.create_default_context(cafile=str(authority.pem))
    uid, part = file("p", 1)

    def stored() -> bytes:
        with connect(web.port) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as sock:
            body = multipart(part)
            sock.sendall(head(len(body)) + body)
            assert answer(sock).uids(STORED) == [uid]  # type: ignore[arg-type]
            return sock.getpeercert(True) or b""

    first = stored()
    with connect(web.port) as plain:
        plain.sendall(head(0))
        assert not plain.recv(100).startswith(b"HTTP")
    authority.sign("gw", "IP:127.0.0.1")
    assert stored() != first


@pytest.mark.parametrize(
    "kind",
    [
        "application/xml",
        "application/x-yaml",
        "application/python-pickle",
        "text/plain",
        "application/json",
        "application/dicom+json",
        'multipart/related; type="application/dicom+xml"; boundary=x',
        "multipart/form-data; boundary=x",
        "x",
        "",
    ],
)
def test_w16_other_types_are_not_taken(web: RunningStow, kind: str) -> None:
    assert web.post(b"<x/>", f"Content-Type: {kind}").status == 415
    assert web.post(multipart(b"!!python/object", head=f"Content-Type: {kind or 'x'}\r\n")).status in (400, 415)
    assert web.inbox.accepted == []


def test_w16_an_answer_in_a_form_that_we_do_not_have_is_not_acceptable(web: RunningStow) -> None:
    assert web.post(multipart(file("p", 1)[1]), "Accept: text/html").status == 406
    xml = web.post(multipart(file("p", 1)[1]), "Accept: application/dicom+xml")
    assert xml.headers["content-type"] == "application/dicom+xml"
    assert b'keyword="ReferencedSOPSequence"' in xml.body
    assert xml.body.count(b'<DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL" />') == 2


def test_s09_a_full_disk_is_told_with_the_time_to_try_again(start: Start) -> None:
    web = start(limits=replace(LIMITS, free_space=1 << 60))
    refused = web.post(multipart(file("p", 1)[1]))
    assert (refused.status, refused.headers["retry-after"]) == (503, "60")


def test_a_request_that_is_under_way_is_finished_while_the_receiver_drains(web: RunningStow) -> None:
    uid, part = file("p", 1)
    body = multipart(part)
    with connect(web.port) as sock, connect(web.port) as idle:
        sock.sendall(head(len(body)) + body[:400])
        until(lambda: len(web.scp.connections) == 2)
        web._loop.call_soon_threadsafe(lambda: setattr(web, "drain_seconds", 10.0) or web._stop.set())  # type: ignore[func-returns-value]
        assert idle.recv(10) == b""
        sock.sendall(body[400:])
        assert answer(sock).uids(STORED) == [uid]
    web._thread.join(10)
    assert not web._thread.is_alive()
