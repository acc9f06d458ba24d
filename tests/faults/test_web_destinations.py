"""Destinations that speak HTTP and lie, stall or refuse: what became of an instance stands in the body, or nowhere."""

import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from dicomrules.model.delivery import Delivery, Kind, Outcome, Trouble
from dicomrules.model.destination import StowDestination, Timeouts
from dicomrules.model.event import Event
from dicomrules.model.exchange import HttpExchange
from dicomrules.model.security import ClientTls
from dicomrules.senders.echo import ask_web
from dicomrules.senders.stow import StowSender
from tests.peers.authority import Authority
from tests.peers.running import free_port
from tests.peers.web import Asked, Say, WebSink, all_stored, report, web_sink
from tests.unit.senders.material import Files

QUICK = Timeouts(timedelta(seconds=1), timedelta(seconds=0.5))


class Vna:
    """A destination, its sender, and deliveries for it."""

    def __init__(self, folder: Path) -> None:
        self.files = Files(folder)
        self.events: list[Event] = []

    def send(self, sink: WebSink, *deliveries: Delivery, url: str = "", **more: object) -> list[Outcome]:
        destination = StowDestination("vna", url or sink.url, timeouts=QUICK, **more)  # type: ignore[arg-type]
        sender = StowSender(destination, self.files, self.events.append)
        try:
            found = list(sender.send(deliveries))
        finally:
            sender.close()
        assert sorted(delivery.id for delivery, _ in found) == sorted(delivery.id for delivery in deliveries)
        by_id = {delivery.id: outcome for delivery, outcome in found}
        return [by_id[delivery.id] for delivery in deliveries]


@pytest.fixture
def vna(tmp_path: Path) -> Vna:
    return Vna(tmp_path)


def _kinds(outcomes: list[Outcome]) -> list[Kind]:
    return [outcome.kind for outcome in outcomes]


def test_d17_all_stored_is_sent_with_what_was_said_kept(vna: Vna) -> None:
    with web_sink() as sink:
        outcomes = vna.send(sink, *(vna.files.delivery(number) for number in (1, 2, 3)), token="open sesame")
    assert _kinds(outcomes) == [Kind.SENT] * 3
    (asked,) = sink.asked
    assert asked.path == "/dicom-web/studies"
    assert asked.headers["Authorization"] == "Bearer open sesame"
    assert "json" in asked.headers["Accept"]
    assert [part[132:] != b"" and part[128:132] for part in asked.parts] == [b"DICM"] * 3
    exchange = outcomes[0].exchange
    assert isinstance(exchange, HttpExchange)
    assert (exchange.status, exchange.request["parts"]) == (200, 3)
    assert "sesame" not in repr((exchange, outcomes, vna.events))


def test_d17_200_with_a_failed_sop_sequence_fails_that_instance_alone(vna: Vna) -> None:
    def one_refused(asked: Asked) -> Say:
        first, *rest = asked.instances
        return Say(200, report(rest, {first: 0xA700}))

    with web_sink(one_refused) as sink:
        first, second = vna.send(sink, vna.files.delivery(1), vna.files.delivery(2))
    assert (first.kind, first.status, first.trouble) == (Kind.DEFERRED, 0xA700, Trouble.CONGESTED)
    assert second.kind is Kind.SENT


def test_d17_a_refusal_for_good_is_believed_the_third_time(vna: Vna) -> None:
    def refused(asked: Asked) -> Say:
        return Say(409, report(failed=dict.fromkeys(asked.instances, 0xC122)))

    with web_sink(refused) as sink:
        (early,) = vna.send(sink, vna.files.delivery(1, refusals=1))
        (late,) = vna.send(sink, vna.files.delivery(1, refusals=2))
    assert (early.kind, early.refused) == (Kind.DEFERRED, True)
    assert (late.kind, late.message) == (Kind.FAILED, "0xC122 transfer syntax not supported")


def test_d17_202_with_a_warning_is_sent_and_told(vna: Vna) -> None:
    def coerced(asked: Asked) -> Say:
        body = report(asked.instances).replace(b'"00081155"', b'"00081196": {"vr": "US", "Value": [45056]}, "00081155"')
        return Say(202, body)

    with web_sink(coerced) as sink:
        (outcome,) = vna.send(sink, vna.files.delivery())
    assert (outcome.kind, outcome.status) == (Kind.SENT, 0xB000)
    assert "delivery.warned" in [event.name for event in vna.events]


@pytest.mark.parametrize("code", [400, 409])
def test_d17_an_instance_named_as_stored_is_sent_whatever_the_code(vna: Vna, code: int) -> None:
    def partly(asked: Asked) -> Say:
        good, *bad = asked.instances
        return Say(code, report([good], dict.fromkeys(bad, 0x0110)))

    with web_sink(partly) as sink:
        assert _kinds(vna.send(sink, vna.files.delivery(1), vna.files.delivery(2))) == [Kind.SENT, Kind.DEFERRED]
    assert len(sink.asked) == 1


def test_d17_409_without_a_body_is_put_to_the_test_until_the_bad_one_stands_alone(vna: Vna) -> None:
    def all_or_nothing(asked: Asked) -> Say:
        return Say(409) if any(uid == "1.2.3.1003" for _, uid in asked.instances) else all_stored(asked)

    with web_sink(all_or_nothing) as sink:
        outcomes = vna.send(sink, *(vna.files.delivery(number, refusals=2) for number in range(1, 9)))
    assert _kinds(outcomes) == [Kind.SENT] * 2 + [Kind.FAILED] + [Kind.SENT] * 5


def test_d17_413_splits_the_request(vna: Vna) -> None:
    def small_ones(asked: Asked) -> Say:
        return Say(413) if len(asked.instances) > 2 else all_stored(asked)

    with web_sink(small_ones) as sink:
        assert _kinds(vna.send(sink, *(vna.files.delivery(number) for number in range(1, 8)))) == [Kind.SENT] * 7
    assert max(len(asked.parts) for asked in sink.asked[1:]) <= 4


def test_d17_413_for_one_instance_alone_is_a_refusal_of_it(vna: Vna) -> None:
    with web_sink(lambda asked: Say(413)) as sink:
        (outcome,) = vna.send(sink, vna.files.delivery(refusals=2))
    assert (outcome.kind, outcome.refused) == (Kind.FAILED, True)
    assert "413" in outcome.message


@pytest.mark.parametrize("code", [429, 503])
def test_d17_retry_after_is_obeyed_and_nothing_more_is_asked(vna: Vna, code: int) -> None:
    with web_sink(lambda asked: Say(code, headers={"Retry-After": "120"})) as sink:
        outcomes = vna.send(sink, vna.files.delivery(1), vna.files.delivery(2), batch=100)
    assert {(each.kind, each.trouble, each.retry_after) for each in outcomes} == {
        (Kind.DEFERRED, Trouble.CONGESTED, timedelta(seconds=120))
    }
    assert len(sink.asked) == 1


def test_d17_retry_after_as_a_date_and_as_nonsense(vna: Vna) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    with web_sink(lambda asked: Say(503, headers={"Retry-After": date})) as sink:
        (outcome,) = vna.send(sink, vna.files.delivery())
    assert outcome.retry_after is not None
    assert timedelta(seconds=60) < outcome.retry_after <= timedelta(seconds=90)
    with web_sink(lambda asked: Say(503, headers={"Retry-After": "soon"})) as sink:
        assert vna.send(sink, vna.files.delivery())[0].retry_after is None


def test_d17_500_for_all_gives_up_after_three_and_counts_as_away(vna: Vna) -> None:
    with web_sink(lambda asked: Say(500)) as sink:
        outcomes = vna.send(sink, *(vna.files.delivery(number) for number in range(1, 17)))
    assert _kinds(outcomes) == [Kind.DEFERRED] * 16
    assert outcomes[-1].trouble is Trouble.AWAY
    assert len(sink.asked) < 10


@pytest.mark.parametrize("code", [401, 403, 404, 406, 415])
def test_d17_a_wrong_setting_is_told_as_one(vna: Vna, code: int) -> None:
    with web_sink(lambda asked: Say(code)) as sink:
        outcomes = vna.send(sink, vna.files.delivery(1), vna.files.delivery(2), batch=100)
    assert {(each.kind, each.trouble) for each in outcomes} == {(Kind.DEFERRED, Trouble.MISCONFIGURED)}
    assert len(sink.asked) == 1


def test_d17_a_redirect_is_not_followed(vna: Vna) -> None:
    with web_sink() as elsewhere:
        moved = Say(307, headers={"Location": f"{elsewhere.url}/studies"})
        with web_sink(lambda asked: moved) as sink:
            (outcome,) = vna.send(sink, vna.files.delivery(), token="secret")
    assert (outcome.kind, outcome.trouble) == (Kind.DEFERRED, Trouble.MISCONFIGURED)
    assert elsewhere.asked == []


_SILENT: dict[str, Callable[[Asked], Say | None]] = {
    "200 and no body": lambda asked: Say(200),
    "200 and no JSON": lambda asked: Say(200, b"stored, thank you"),
    "200 and a list": lambda asked: Say(200, b"[1, 2]"),
    "200 and another instance": lambda asked: Say(200, report([(asked.instances[0][0], "1.2.3.9999")])),
    "200 and another class": lambda asked: Say(200, report([("1.2.3", asked.instances[0][1])])),
    "200 and stored and failed": lambda asked: Say(
        200, report(asked.instances, dict.fromkeys(asked.instances, 0x0110))
    ),
    "200 and failed without a reason": lambda asked: Say(200, report(failed=dict.fromkeys(asked.instances))),
    "200 cut short": lambda asked: replace(all_stored(asked), cut=3),
    "200 very slowly": lambda asked: replace(all_stored(asked), slow=0.1),
    "XML with entities": lambda asked: Say(200, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', content_type="text/xml"),
    "deep JSON": lambda asked: Say(200, b"[" * 200_000),
    "204": lambda asked: Say(204),
    "closed": lambda asked: None,
}


@pytest.mark.parametrize("lie", _SILENT)
def test_d17_what_is_not_confirmed_is_sent_again(vna: Vna, lie: str) -> None:
    with web_sink(_SILENT[lie]) as sink:
        (outcome,) = vna.send(sink, vna.files.delivery(refusals=5))
        assert outcome.kind is Kind.DEFERRED, outcome
    if "another instance" in lie:
        assert "stow.violated" in [event.name for event in vna.events]


def test_d17_xml_is_read_where_a_server_gives_nothing_else(vna: Vna) -> None:
    def native(asked: Asked) -> Say:
        items = "".join(
            f'<Item number="1"><DicomAttribute tag="00081150" vr="UI"><Value number="1">{sop_class}</Value>'
            f'</DicomAttribute><DicomAttribute tag="00081155" vr="UI"><Value number="1">{uid}</Value></DicomAttribute>'
            "</Item>"
            for sop_class, uid in asked.instances
        )
        text = '<?xml version="1.0"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">'
        text += f'<DicomAttribute tag="00081199" vr="SQ">{items}</DicomAttribute></NativeDicomModel>'
        return Say(200, text.encode(), content_type="application/dicom+xml")

    with web_sink(native) as sink:
        assert _kinds(vna.send(sink, vna.files.delivery(1), vna.files.delivery(2))) == [Kind.SENT] * 2


def test_d17_nobody_there_and_a_stranger_there(vna: Vna) -> None:
    with web_sink() as sink:
        (gone,) = vna.send(sink, vna.files.delivery(), url=f"http://127.0.0.1:{free_port()}/dicom-web")
    assert (gone.kind, gone.trouble) == (Kind.DEFERRED, Trouble.AWAY)
    assert "refused" in gone.message


def test_s14_a_bit_that_turned_in_the_spool_never_becomes_a_part(vna: Vna) -> None:
    good, bad = vna.files.delivery(1), vna.files.delivery(2, size=600_000)
    path = vna.files.folder / "2"
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(raw)
    with web_sink() as sink:
        outcomes = vna.send(sink, good, bad, vna.files.delivery(3))
        assert _kinds(outcomes) == [Kind.SENT, Kind.CORRUPT, Kind.SENT]
        assert sink.stored() == ["1.2.3.1001", "1.2.3.1003"]
    assert "delivery.unfit" in [event.name for event in vna.events]


def test_batches_are_as_long_as_the_destination_takes(vna: Vna) -> None:
    with web_sink() as sink:
        vna.send(sink, *(vna.files.delivery(number, size=400) for number in range(1, 7)), batch=1200)
    assert [len(asked.parts) for asked in sink.asked] == [2, 2, 2]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def serving(authority: Authority) -> Callable[..., ssl.SSLContext]:
    def made(name: str, alternative: str = "IP:127.0.0.1", expired: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.sign(name, alternative, expired))
        return context

    return made


def test_d21_https_with_our_own_authority(
    vna: Vna, authority: Authority, serving: Callable[..., ssl.SSLContext]
) -> None:
    with web_sink(context=serving("vna")) as sink:
        url = sink.url.replace("http:", "https:")
        (outcome,) = vna.send(sink, vna.files.delivery(), url=url, tls=ClientTls(ca=authority.pem))
        assert outcome.kind is Kind.SENT, outcome
    with web_sink(context=serving("other", "DNS:vna.example")) as sink:
        url = sink.url.replace("http:", "https:")
        named = ClientTls(ca=authority.pem, name="vna.example")
        assert vna.send(sink, vna.files.delivery(), url=url, tls=named)[0].kind is Kind.SENT


@pytest.mark.parametrize("what", ["expired", "wrong name", "unknown authority", "old version", "no TLS"])
def test_d21_https_that_cannot_be_trusted_gets_nothing(
    vna: Vna, authority: Authority, serving: Callable[..., ssl.SSLContext], what: str, tmp_path: Path
) -> None:
    context = serving("vna", "DNS:elsewhere" if what == "wrong name" else "IP:127.0.0.1", what == "expired")
    if what == "old version":
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    ca = Authority(tmp_path / "other").pem if what == "unknown authority" else authority.pem
    with web_sink(context=None if what == "no TLS" else context) as sink:
        url = sink.url.replace("http:", "https:")
        (outcome,) = vna.send(sink, vna.files.delivery(), url=url, tls=ClientTls(ca=ca), token="secret")
    assert outcome.kind is Kind.DEFERRED
    assert outcome.trouble is Trouble.MISCONFIGURED, outcome
    assert sink.asked == []
    assert "stow.refused" in [event.name for event in vna.events]


def test_a_server_that_trickles_does_not_hold_a_lane_for_ever(vna: Vna) -> None:
    began = time.monotonic()
    with web_sink(lambda asked: Say(200, b"x" * 1000, slow=0.2)) as sink:
        (outcome,) = vna.send(sink, vna.files.delivery())
    assert (outcome.kind, outcome.trouble) == (Kind.DEFERRED, Trouble.AWAY)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("code", "ok", "words"),
    [
        (204, True, "QIDO-RS answered"),
        (501, True, "takes no searches"),
        (401, False, "correct `token`"),
        (404, False, "correct `url`"),
        (302, False, "redirects are not followed"),
        (500, False, "it failed"),
    ],
)
def test_echo_of_a_dicomweb_server_says_in_words_what_is_wrong(code: int, ok: bool, words: str) -> None:
    with web_sink(lambda asked: Say(code)) as sink:
        found = ask_web(StowDestination("vna", sink.url, timeouts=QUICK, token="secret"))
    assert (found.ok, words in found.text) == (ok, True), found
    assert sink.asked[0].path == "/dicom-web/studies?StudyInstanceUID=2.25.0"
