"""What a gateway file becomes."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from dicomrules.config.load import load
from dicomrules.model.admission import Admission, Policy
from dicomrules.model.commitment import CommitmentPolicy, CommitmentTerms
from dicomrules.model.destination import DicomDestination, FolderDestination, RetryPolicy, Timeouts
from dicomrules.model.receiver import After, DicomReceiver, FolderReceiver, KnownPeer, Limits

from .gateways import FOLDER, WHOLE, bent, loaded, settings

CT, MR = KnownPeer("CT_A1", "10.20.3.4", 104), KnownPeer("MR_A1", "10.20.0.0/16")


def test_what_is_not_said_has_its_default() -> None:
    result = settings(WHOLE)
    assert (result.name, result.aet, result.state) == ("north-hospital", "DICOMRULES", FOLDER / "var")
    assert (result.study_live, result.history) == (timedelta(hours=24), timedelta(days=90))
    assert result.rules == (FOLDER / "rules/site.rules",)
    assert result.limits == Limits()
    assert result.receivers == (
        DicomReceiver("modalities", 11112, peers=(CT, MR), called_aets=("DICOMRULES",)),
        FolderReceiver("drop", FOLDER / "in", FOLDER / "in/failed"),
    )
    assert result.destinations == (
        DicomDestination("pacs", "ORTHANC", "127.0.0.1", 4242, "DICOMRULES"),
        FolderDestination("archive", FOLDER / "out"),
    )


def test_everything_that_can_be_said_arrives() -> None:
    result = settings(
        """\
gateway: {name: n, aet: GW, state: /var/lib/gw, study_live: 12h, history: 30d}
rules: [a.rules, /etc/b.rules]
parameters: {prefix: "A-", least: 3, part: 0.5, sites: [a, b]}
peers: {CT_A1: {host: ct.example}}
receivers:
  a:
    dicom:
      {port: 104, bind: 0.0.0.0, from: [CT_A1], called_aet: any, associations: 5, per_address: 2, max_pdu: 64KB,
       unknown_classes: accept, conflict: send, identity: hold, commitment: no}
  b:
    folder: {path: in, pattern: "IM*", settle: 500ms, after: {move: done}, failed: bad, calling_aet: A, called_aet: B,
             zip: "*.zip", media: yes, identity: send}
destinations:
  pacs:
    dicom: {aet: P, host: pacs.example, port: 105, calling_aet: ME, associations: 2, commitment: no,
            transfer_syntaxes: as is, max_pdu: 16KB, timeouts: {connect: 1s, response: 2min}}
    retry: {first: 1s, up_to: 4s, alarm_after: 5min}
    retention: 0d
  out: {folder: {path: out, name: "{SOPInstanceUID}"}, retention: 1d}
limits: {object: 1GB, elements: 10, value: 1MB, nesting: 3, memory: 2MB, archive: 1GB, free_space: 0B, free_inodes: 0}
"""
    )
    limits = Limits(1024**3, 10, 1024**2, 3, 2 * 1024**2, 1024**3, 0, 0)
    assert result.parameters == {"prefix": "A-", "least": "3", "part": "0.5", "sites": ("a", "b")}
    assert result.rules == (FOLDER / "a.rules", Path("/etc/b.rules"))
    assert result.receivers == (
        DicomReceiver(
            name="a",
            port=104,
            bind="0.0.0.0",
            peers=(KnownPeer("CT_A1", "ct.example"),),
            called_aets=None,
            associations=5,
            per_address=2,
            accept_unknown_classes=True,
            max_pdu=65536,
            limits=limits,
            admission=Admission(conflict=Policy.SEND),
            commitment=CommitmentPolicy.NO,
        ),
        FolderReceiver(
            name="b",
            path=FOLDER / "in",
            failed=FOLDER / "bad",
            pattern="IM*",
            zip="*.zip",
            media=True,
            settle=timedelta(seconds=0.5),
            after=After.MOVE,
            done=FOLDER / "done",
            calling_aet="A",
            called_aet="B",
            limits=limits,
            admission=Admission(identity=Policy.SEND),
        ),
    )
    retry = RetryPolicy(timedelta(seconds=1), timedelta(seconds=4), timedelta(minutes=5))
    timeouts = Timeouts(timedelta(seconds=1), timedelta(minutes=2))
    assert result.destinations == (
        DicomDestination("pacs", "P", "pacs.example", 105, "ME", 2, 16384, timeouts, retry, timedelta(0)),
        FolderDestination("out", FOLDER / "out", "{SOPInstanceUID}", retention=timedelta(days=1)),
    )


def test_anyone_is_no_allow_list() -> None:
    (receiver, _) = settings(bent("{port: 11112}", "{port: 11112, from: anyone}")).receivers
    assert isinstance(receiver, DicomReceiver)
    assert receiver.peers is None


def test_r07_values_are_never_templates() -> None:
    text = bent("rules:", 'parameters: {p: "${HOME} {0.__class__} %(x)s {{7*7}}"}\nrules:')
    assert settings(text).parameters == {"p": "${HOME} {0.__class__} %(x)s {{7*7}}"}


def test_a_parameter_comes_from_the_environment() -> None:
    text = bent("rules:", "parameters: {p: {env: SITE}}\nrules:")
    assert settings(text, {"SITE": "north"}).parameters == {"p": "north"}


def test_a_variable_that_is_not_set_is_an_error_at_its_name() -> None:
    result, (problem,) = loaded(bent("rules:", "parameters: {p: {env: SITE}}\nrules:"))
    assert result is None
    assert (problem.code, problem.span.text) == ("DR719", "SITE")


def test_warnings_come_with_settings() -> None:
    result, (problem,) = loaded(bent("{path: out}", '{path: out, name: "{PatientID}"}'))
    assert result is not None
    assert problem.code == "DR718"


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/number").write_text("42\n")
    file = tmp_path / "site/gateway.yaml"
    file.write_text(bent("rules:", "parameters: {p: {file: number}}\nrules:").replace("path: in", "path: ../in"))
    result, problems = load(file, {})
    assert problems == []
    assert result is not None
    assert result.path == file
    assert result.rules == (tmp_path / "site/rules/site.rules",)
    assert result.parameters == {"p": "42"}
    assert result.receivers[1] == FolderReceiver("drop", tmp_path / "in", tmp_path / "in/failed")


def test_r08_a_file_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(WHOLE)
    file.chmod(0o666)
    result, (problem,) = load(file, {})
    assert result is None
    assert problem.code == "DR710"
    assert "0666" in problem.message


def test_r08_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(WHOLE)
    (tmp_path / "gateway.yaml").symlink_to("real.yaml")
    assert load(tmp_path / "gateway.yaml", {})[0] is not None
    (tmp_path / "real.yaml").chmod(0o602)
    assert load(tmp_path / "gateway.yaml", {})[0] is None


@pytest.mark.parametrize("what", ["missing", "folder", "fifo", "latin-1"])
def test_what_is_no_text_file_is_said_to_be_unreadable(tmp_path: Path, what: str) -> None:
    file = tmp_path / "gateway.yaml"
    if what == "folder":
        file.mkdir()
    elif what == "fifo":
        os.mkfifo(file)
    elif what == "latin-1":
        file.write_bytes("gateway: {name: Zürich}".encode("latin-1"))
    result, (problem,) = load(file, {})
    assert result is None
    assert problem.code == "DR709"
    assert str(file) in problem.message


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert load(file, {})[0] is not None


def test_a_destination_is_asked_for_commitment_and_every_receiver_takes_its_reports() -> None:
    result = settings(
        """\
gateway: {name: n, aet: GW}
rules: [a.rules]
peers: {CT_A1: {host: ct.example}}
receivers:
  a: {dicom: {port: 104}}
  b: {dicom: {port: 105, commitment: delivered}}
destinations:
  plain: {dicom: {aet: P, host: h, port: 104, commitment: yes}}
  timed: {dicom: {aet: Q, host: h, port: 104, commitment: {after: 2min, timeout: 12h}}}
  other: {dicom: {aet: R, host: h, port: 104}}
"""
    )
    assert [(one.commitment, one.takes_reports) for one in result.receivers if isinstance(one, DicomReceiver)] == [
        (CommitmentPolicy.RECEIVED, True),
        (CommitmentPolicy.DELIVERED, True),
    ]
    assert [one.commitment for one in result.destinations if isinstance(one, DicomDestination)] == [
        CommitmentTerms(),
        CommitmentTerms(timedelta(minutes=2), timedelta(hours=12)),
        None,
    ]
