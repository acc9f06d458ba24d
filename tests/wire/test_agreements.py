"""Association settings by pair of titles, with real sockets: what is listed is accepted and proposed, nothing else."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, MRImageStorage, Verification

from dicomrules.model.delivery import Kind
from dicomrules.model.terms import Terms
from dicomrules.net.association import Target
from dicomrules.senders.echo import echo
from tests.peers.running import need, until
from tests.peers.sink import Behaviour, Sink
from tests.wire.sending import CT, EXPLICIT, IMPLICIT, JPEG, MR, Folder, Sending, destination, sample, some

VERIFICATION = "1.2.840.10008.1.1"
CT_FILE = Path(str(get_testdata_file("CT_small.dcm")))

PAIRS = (
    Terms("CT_A1", "DICOMRULES", {CT: (IMPLICIT, EXPLICIT), VERIFICATION: (IMPLICIT,)}, max_pdu=32 * 1024),
    Terms("*", "TRIAL", {MR: None}),
    Terms("CT_B1", "*", {CT: (IMPLICIT,)}),
)


def _associate(port, calling, called, *classes):
    ae = AE(ae_title=calling)
    for each in classes:
        ae.add_requested_context(each, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    return ae.associate("127.0.0.1", port, ae_title=called)


def test_each_pair_has_its_own_contexts_syntaxes_and_maximum_length(start_scp):
    scp = start_scp(contexts=PAIRS)
    first = _associate(scp.port, "CT_A1", "DICOMRULES", CTImageStorage, MRImageStorage, Verification)
    got = {cx.abstract_syntax: cx.transfer_syntax for cx in first.accepted_contexts}
    assert got == {CT: [IMPLICIT], VERIFICATION: [IMPLICIT]}
    assert first.acceptor.maximum_length == 32 * 1024
    assert first.send_c_store(dcmread(CT_FILE)).Status == 0
    first.release()
    second = _associate(scp.port, "ANYBODY", "TRIAL", CTImageStorage, MRImageStorage)
    assert {cx.abstract_syntax: cx.transfer_syntax for cx in second.accepted_contexts} == {MR: [EXPLICIT]}
    assert second.acceptor.maximum_length == 128 * 1024
    second.release()


def test_a_pair_without_an_entry_is_rejected_and_the_log_says_why(start_scp):
    scp = start_scp(contexts=PAIRS)
    refused = _associate(scp.port, "CT_A2", "DICOMRULES", CTImageStorage)
    until(lambda: refused.is_rejected)  # pynetdicom may come back just before it says so
    assert (refused.acceptor.primitive.result, refused.acceptor.primitive.diagnostic) == (1, 3)
    (event,) = until(lambda: [each for each in scp.events if each.name == "association.rejected"])
    assert "contexts" in event.fields["why"]
    assert event.fields["calling_aet"] == "CT_A2"


@pytest.mark.peer
def test_dcmtk_converts_to_the_only_transfer_syntax_that_is_listed(start_scp):
    scp = start_scp(contexts=PAIRS)
    command = [need("storescu"), "-aet", "CT_B1", "-aec", "DICOMRULES", "127.0.0.1", str(scp.port), str(CT_FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    ((envelope, _),) = scp.inbox.accepted
    assert envelope.transfer_syntax == IMPLICIT


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "sent"
    root.mkdir()
    return Folder(root)


def test_a_destination_gets_the_transfer_syntax_it_prefers_though_it_would_take_the_other(folder):
    with Sink() as sink, Sending(_destination(sink.port, (IMPLICIT, EXPLICIT)), folder) as send:
        outcomes = send(sample(folder, 1, "CT_small.dcm"), sample(folder, 2, "JPEG-lossy.dcm"))
        assert [each.kind for each in outcomes] == [Kind.SENT, Kind.FAILED]
        assert "no transfer syntax" in outcomes[1].message
        assert [each.transfer_syntax for each in sink.stored] == [IMPLICIT]
        assert {syntax for _, syntax in sink.associations[0].contexts.values()} == {IMPLICIT, EXPLICIT}


def test_the_second_choice_counts_where_the_peer_refuses_the_first(folder):
    with Sink(Behaviour(syntaxes=(EXPLICIT,))) as sink:
        with Sending(_destination(sink.port, (IMPLICIT, EXPLICIT)), folder) as send:
            assert [each.kind for each in send(sample(folder, 1, "CT_small.dcm"))] == [Kind.SENT]
        assert [each.transfer_syntax for each in sink.stored] == [EXPLICIT]


def test_only_listed_classes_are_proposed_and_nothing_is_opened_for_the_others(folder):
    terms = Terms("DICOMRULES", "*", {CT: None}, max_pdu=8192)
    with Sink() as sink, Sending(_destination(sink.port, (), terms), folder) as send:
        (other,) = send(folder.add(1, some(1), sop_class=MR))
        assert other.kind is Kind.FAILED
        assert not sink.connections
        (sent,) = send(folder.add(2, some(2, 50_000), syntax=JPEG))
        assert sent.kind is Kind.SENT
        sink.wait(lambda s: len(s.stored) == 1)
        assert sink.associations[0].max_pdu <= 8192


def test_an_echo_is_asked_only_where_verification_is_listed():
    with Sink() as sink:
        target = Target("127.0.0.1", sink.port, "SINK", "DICOMRULES", connect=2, response=2)
        assert echo(target, Terms("*", "*", {VERIFICATION: (EXPLICIT,)})).ok
        assert sink.associations[0].contexts == {1: (VERIFICATION, EXPLICIT)}
        answer = echo(target, Terms("*", "*", {CT: None}))
        assert not answer.ok
        assert "no Verification" in answer.text


def _destination(port, order, terms=None):
    return replace(destination(port), transfer_syntaxes=order, terms=terms)
