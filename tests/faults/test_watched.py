"""A gateway that is watched: health, metrics, alarms and the audit trail of a real one, with what goes wrong."""

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tests.faults.processes import intake_and_delivery, peer_at, store
from tests.peers.authority import Authority
from tests.peers.gateway import Gateway
from tests.peers.raw_dul import RawPeer
from tests.peers.repository import Repository
from tests.peers.running import free_port, until
from tests.peers.sink import Behaviour, Sink

SITE = Path(__file__).parent / "watched"


class Webhook(HTTPServer):
    """Keeps what was posted to it; `broken` answers 500."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.alarms: list[dict[str, str]] = []
        self.broken = False
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class _Posted(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Webhook)
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.server.broken:
            self.server.alarms.append(said)
        self.send_response(500 if self.server.broken else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class Mailbox(Message):
    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[str] = []

    def handle_message(self, message: object) -> None:
        self.subjects.append(str(message["Subject"]))  # type: ignore[index]


class World:
    """Everything around a watched gateway."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "authority")
        self.certificate = self.authority.sign("localhost", "DNS:localhost,IP:127.0.0.1")
        self.webhook = Webhook()
        self.mailbox = Mailbox()
        self.smtp = Controller(self.mailbox, hostname="127.0.0.1", port=free_port())
        self.smtp.start()
        self.port, self.http = free_port(), free_port()
        self.repository = Repository(*self.certificate, port=free_port())
        self.sink = Sink(Behaviour())
        self.gateway = Gateway(
            folder / "gateway",
            SITE,
            port=self.port,
            http=self.http,
            smtp=self.smtp.port,
            sink=self.sink.port,
            syslog=self.repository.port,
            ca=self.authority.pem,
        )
        (self.gateway.folder / "webhook").write_text(f"http://127.0.0.1:{self.webhook.server_port}/?token=s3cret\n")
        (self.gateway.folder / "webhook").chmod(0o600)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def audited(self) -> list[str]:
        """What the repository got, by the names of events."""
        found = []
        for one in list(self.repository.records):
            code = xml.fromstring(one.partition(b"\xef\xbb\xbf")[2]).find("EventIdentification/EventID")
            assert code is not None
            found.append(code.attrib["originalText"])
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.sink, made.gateway:
        yield made
    made.smtp.stop()
    made.webhook.shutdown()
    made.webhook.server_close()


def test_health_and_metrics_answer_while_intake_is_dead_and_say_so(world: World) -> None:
    with peer_at(world.port) as peer:
        store(peer, "4711", 1)
    until(lambda: world.gateway.deliveries("sink")["sent"] == 1, 10, "the delivery")
    status, body = world.get("/health")
    assert (status, json.loads(body)["processes"]) == (200, {"intake": True, "delivery": True})
    metrics = world.get("/metrics")[1]
    assert 'dicomrules_deliveries{destination="sink",state="sent"} 1.0' in metrics
    assert 'dicomrules_received_total{receiver="modalities"} 1.0' in metrics
    assert world.get("/status")[0] == 404
    intake, _ = intake_and_delivery(world.gateway)
    os.kill(intake, signal.SIGSTOP)
    os.kill(world.gateway.process.pid, signal.SIGSTOP)  # who would start it again
    os.kill(intake, signal.SIGKILL)
    until(lambda: world.get("/health")[0] == 503, 10, "health that says 503")
    assert "the intake process is not running" in world.get("/health")[1]
    os.kill(world.gateway.process.pid, signal.SIGCONT)
    until(lambda: world.get("/health")[0] == 200, 20, "intake again")


def test_d08_a_refusal_for_good_is_an_alarm_by_webhook_and_mail_and_no_address_is_logged(world: World) -> None:
    world.sink.behaviour = Behaviour(status=0xC000)
    with peer_at(world.port) as peer:
        store(peer, "4711", 1)
    until(lambda: world.webhook.alarms, 40, "the alarm")
    until(lambda: world.mailbox.subjects, 10, "the mail")
    (alarm,) = world.webhook.alarms
    assert (alarm["condition"], alarm["subject"], alarm["turn"]) == ("deliveries.failed", "sink", "raised")
    assert "resend" in alarm["way_out"]
    assert world.mailbox.subjects == ["[faults] red: 1 delivery to sink has failed for good"]
    assert "s3cret" not in world.gateway.output()
    assert "4711" not in json.dumps(alarm)


def test_an_alarm_that_nobody_takes_is_kept_and_told_later(world: World) -> None:
    world.webhook.broken = True
    world.sink.behaviour = Behaviour(status=0xC000)
    with peer_at(world.port) as peer:
        store(peer, "4711", 1)
    until(lambda: "the webhook answered 500" in world.gateway.output(), 40, "a webhook that fails")
    world.gateway.kill()
    world.webhook.broken = False
    world.gateway.start()
    until(lambda: world.webhook.alarms, 20, "the alarm of before")


def test_l03_audit_messages_wait_for_the_repository_and_keep_their_order(world: World) -> None:
    with peer_at(world.port) as peer:
        store(peer, "4711", 1)
    with pytest.raises((AssertionError, OSError)), RawPeer(world.port) as stranger:
        stranger.associate(calling="STRANGER", called="DICOMRULES")
    until(lambda: "no connection to localhost" in world.gateway.output(), 20, "a repository that is away")
    assert world.gateway.deliveries("sink")["sent"] == 1, "images wait for nobody"
    world.gateway.kill()
    with world.repository:
        world.gateway.start()
        until(lambda: world.audited().count("Application Activity") == 2, 30, "the audit messages of before")
        told = world.audited()
        assert told[0] == "Application Activity"
        assert told.index("Begin Transferring DICOM Instances") < told.index("Security Alert")
        world.gateway.stop()
    stored = b"".join(world.repository.records)
    assert b"4711" not in stored
    assert b"Watermark" not in stored
