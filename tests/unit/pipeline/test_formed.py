"""Deliveries that need other pixels get them before they are sent, once; what cannot be coded fails, and others go."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dicomrules.dicom.patch import Blob, Patch, Splice
from dicomrules.model.decision import Options
from dicomrules.model.delivery import Delivery, Kind, Outcome, State
from dicomrules.model.destination import DicomDestination, FolderDestination
from dicomrules.model.event import Event
from dicomrules.model.exchange import Association, Exchange
from dicomrules.pipeline.coder import Answer, Request, _answer, encoded
from dicomrules.pipeline.coding import Coders, Died
from dicomrules.pipeline.committer import Decided, record_of
from dicomrules.pipeline.formed import FormedSender, Wanted, wanted, without_compression
from tests.unit.pipeline.material import World, sends

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
J2K, JLS, JPEG = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50"
FOLDER = FolderDestination("archive", Path("out"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def delivery(number: int = 1, is_in: str = EXPLICIT, refusals: int = 0, **options: object) -> Delivery:
    said = Options("archive", **options) if options else None  # type: ignore[arg-type]
    base = "ab" * 32
    return Delivery(
        *(number, number, "archive", f"held/{number:032x}.dcm", "1.2", f"1.2.3.{number}", "1.2", is_in, 100, base),
        Patch(base), State.SENDING, 1, NOW, options=said, refusals=refusals,
    )  # fmt: skip


def pacs(*syntaxes: str) -> DicomDestination:
    return DicomDestination("pacs", "PACS", "localhost", 104, "US", transfer_syntaxes=syntaxes)


@pytest.mark.parametrize(
    ("is_in", "listed", "form"),
    [
        (EXPLICIT, (), None),
        (J2K, (), None),
        (J2K, (J2K,), None),
        (EXPLICIT, (J2K, IMPLICIT), None),  # what can be had without coding comes first
        (BIG, (EXPLICIT,), None),
        (J2K, (JLS, EXPLICIT), Wanted(EXPLICIT)),
        (J2K, (JPEG, JLS), Wanted(JLS)),
        (EXPLICIT, (JPEG, J2K), Wanted(J2K)),  # never with loss
        (EXPLICIT, (JPEG,), None),
    ],
)
def test_the_list_of_a_destination_codes_pixels_only_where_nothing_else_fits(
    is_in: str, listed: tuple[str, ...], form: Wanted | None
) -> None:
    assert wanted(delivery(is_in=is_in), pacs(*listed)) == form


def test_s62_a_route_says_what_is_to_become_of_pixels() -> None:
    assert wanted(delivery(compressed=J2K), FOLDER) == Wanted(J2K)
    assert wanted(delivery(is_in=J2K, compressed=J2K), FOLDER) is None
    assert wanted(delivery(compressed=JPEG, quality=70), FOLDER) == Wanted(JPEG, 70)
    assert wanted(delivery(is_in=J2K, decompressed=True), FOLDER) == Wanted(EXPLICIT)
    assert wanted(delivery(decompressed=True), FOLDER) is None


def test_d11_a_refused_context_leads_to_decompression_where_the_list_allows_it() -> None:
    association = Association("1", "US", "PACS", "localhost:104", NOW)
    refused = Outcome(Kind.FAILED, "no context", exchange=Exchange(association, None, {}))
    sent = delivery(is_in=J2K)
    assert without_compression(sent, refused, pacs(J2K, EXPLICIT)) == Wanted(EXPLICIT)
    assert without_compression(sent, refused, pacs(J2K)) is None
    assert without_compression(sent, replace(refused, exchange=None), pacs(J2K, EXPLICIT)) is None
    assert without_compression(delivery(), refused, pacs(J2K, EXPLICIT)) is None


class Inner:
    def __init__(self) -> None:
        self.sent: list[Delivery] = []

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        for each in deliveries:
            self.sent.append(each)
            yield each, Outcome(Kind.SENT, "stored")

    def close(self) -> None:
        """Nothing is open."""


class Memory:
    """What the sender asks of the ledger."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, str], tuple[Delivery, str | None]] = {}

    def form_of_another(self, one: Delivery, how: str) -> Delivery | None:
        found = self.kept.get((one.instance_id, how))
        return found and replace(found[0], id=one.id)

    def keep_form(self, formed: Delivery, how: str, leaves_as: str | None) -> None:
        self.kept[formed.instance_id, how] = (formed, leaves_as)


class Scripted:
    def __init__(self, *answers: Answer | Died) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    def code(self, request: Request, length: int) -> Answer:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Died):
            raise answer
        return answer


def send(coders: object, *deliveries: Delivery, memory: Memory | None = None) -> tuple[list[Outcome], Inner, Memory]:
    inner, memory, events = Inner(), memory or Memory(), list[Event]()
    sender = FormedSender(inner, FOLDER, memory, coders, events.append)  # type: ignore[arg-type]
    found = {each.id: outcome for each, outcome in sender.send(deliveries)}
    return [found[each.id] for each in deliveries], inner, memory


MADE = Answer(file="f/k", length=7, digest="cd" * 32, sop_instance="2.25.1")


def test_what_is_made_is_kept_before_it_is_sent_and_made_once() -> None:
    coders = Scripted(MADE)
    one = delivery(compressed=JPEG, quality=70)
    (outcome,), inner, memory = send(coders, one)
    assert outcome.kind is Kind.SENT
    (sent,) = inner.sent
    assert (sent.transfer_syntax, sent.sop_instance) == (JPEG, "2.25.1")
    assert sent.patch == Patch("ab" * 32, (Splice(0, 100, Blob("f/k", 7, "cd" * 32)),))
    assert memory.kept[1, f"{JPEG} 70"][1] == "2.25.1"
    _, inner, _ = send(coders, replace(one, id=5), memory=memory)
    assert inner.sent[0].patch == sent.patch
    assert len(coders.asked) == 1


def test_i15_a_signature_over_what_is_coded_anew_is_told_of() -> None:
    events = list[Event]()
    sender = FormedSender(Inner(), FOLDER, Memory(), Scripted(replace(MADE, signed=True)), events.append)  # type: ignore[arg-type]
    list(sender.send([delivery(compressed=J2K)]))
    assert [each.fields["why"] for each in events] == ["a digital signature of it may no longer fit what leaves"]


@pytest.mark.parametrize("signatures", [b"\xfa\xff\xfa\xffSQ" + bytes(6), b""], ids=["signed", "not signed"])
def test_i15_the_coder_sees_whether_an_instance_is_signed(tmp_path: Path, signatures: bytes) -> None:
    world = World.at(tmp_path)
    arrived = world.arrive(size=64, behind=signatures)
    world.spool.seal(arrived.spool_ref, record_of(Decided(arrived, sends(arrived, "archive"))))
    (ref,) = world.spool.commit([arrived.spool_ref], [False], arrived.received_at.date())
    patch = encoded(Patch(arrived.digest, ()))
    answer = _answer(world.spool, Request(ref, "a" * 32, patch, arrived.digest, EXPLICIT, J2K, None))
    assert (answer.problem, answer.signed) == ("", bool(signatures))


def test_s62_what_cannot_be_coded_fails_visibly_and_others_go() -> None:
    coders = Scripted(Answer(problem="8 bits"), MADE, Answer(as_is=True), Answer(problem="gone", corrupt=True))
    four = [delivery(number, compressed=J2K) for number in (1, 2, 3, 4)]
    outcomes, inner, _ = send(coders, *four)
    assert [each.kind for each in outcomes] == [Kind.FAILED, Kind.SENT, Kind.SENT, Kind.CORRUPT]
    assert "8 bits" in outcomes[0].message
    assert [each.transfer_syntax for each in inner.sent] == [J2K, EXPLICIT]  # without pixels it leaves as it is


def test_s17_an_instance_that_ends_the_coder_is_given_up_after_three_tries() -> None:
    (first,), _, _ = send(Scripted(Died("ended")), delivery(compressed=J2K))
    (last,), _, _ = send(Scripted(Died("ended")), delivery(compressed=J2K, refusals=2))
    assert (first.kind, first.refused, last.kind) == (Kind.DEFERRED, True, Kind.FAILED)


@pytest.mark.parametrize("code", ["os.kill(os.getpid(), 11)", "os._exit(3)", "os.write(1, b'{')"])
def test_a_coder_that_dies_is_told_and_replaced(code: str) -> None:
    coders = Coders(Path(), 1, (sys.executable, "-c", f"import os, sys; sys.stdin.readline(); {code}"))
    request = Request("ref", "key", "", "", "", "", None)
    for _ in range(2):
        with pytest.raises(Died, match="ended the process"):
            coders.code(request, 100)
    coders.close()
