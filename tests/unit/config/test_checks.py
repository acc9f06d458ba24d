"""What belongs together fits together."""

import pytest

from .gateways import bent, found, loaded


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{port: 11112}", "{port: 11112, from: [CT_A1, CT_A9]}", [("DR711", 8, "CT_A9")]),
        ("{port: 11112}", "{port: 11112, bind: 0.0.0.0}", []),
        ("{port: 11112}", "{port: 11112, bind: 0.0.0.0, from: [CT_A1]}", []),
        ("{port: 11112}", "{port: 11112, bind: 0.0.0.0, from: anyone}", [("DR712", 8, "0.0.0.0")]),
        ("{port: 11112}", "{port: 11112, bind: '::', from: anyone}", [("DR712", 8, "'::'")]),
        ("{port: 11112}", "{port: 11112, bind: 10.0.0.7, from: anyone}", [("DR712", 8, "10.0.0.7")]),
        ("{port: 11112}", "{port: 11112, bind: '::1', from: anyone}", []),
        ("{port: 11112}", "{port: 11112, bind: eth0}", [("DR706", 8, "eth0")]),
        ("{port: 11112}", "{port: 11112, max_pdu: 1KB}", [("DR706", 8, "1KB")]),
        (
            "    dicom: {port: 11112}",
            "    dicom: {port: 11112}\n  mr:\n    dicom: {port: 11112}",
            [("DR714", 10, "11112")],
        ),
        (
            "    dicom: {port: 11112}",
            "    dicom: {port: 11112}\n  mr:\n    dicom: {port: 11112, bind: 0.0.0.0}",
            [("DR714", 10, "11112")],
        ),
        ("    dicom: {port: 11112}", "    dicom: {port: 11112}\n  mr:\n    dicom: {port: 11112, bind: 127.0.0.2}", []),
        ("host: 10.20.3.4", "host: 10.20.3.400", [("DR706", 4, "10.20.3.400")]),
        ("host: 10.20.0.0/16", "host: 10.20.0.0/33", [("DR706", 5, "10.20.0.0/33")]),
        ("host: 10.20.0.0/16", "host: 'fe80::1'", []),
        ("host: 10.20.0.0/16", "host: mr1.north.example", []),
        ("path: out", "path: in", [("DR715", 15, "in")]),
        ("path: out", "path: ./x/../in", [("DR715", 15, "./x/../in")]),
        ("path: in}", "path: out/a}", [("DR715", 15, "out")]),
        ("path: out", "path: in/out", []),
        ("path: in}", "path: in, failed: in}", [("DR715", 10, "in")]),
        ("path: in}", "path: in, after: {move: in}}", [("DR715", 10, "{move: in}")]),
        ("path: in}", "path: var/spool}", [("DR715", 10, "var/spool")]),
        ("path: out", "path: .", [("DR715", 15, "."), ("DR715", 15, ".")]),
        ("    folder: {path: in}", "    folder: {path: in}\n  twice:\n    folder: {path: in}", [("DR715", 12, "in")]),
        ("port: 4242}", "port: 4242}\n    retry: {first: 2h}", [("DR706", 14, "2h")]),
    ],
)
def test_a_finding_points_at_what_does_not_fit(old: str, new: str, expected: list[tuple[str, int, str]]) -> None:
    assert found(bent(old, new)) == expected


def test_a_misspelt_peer_has_its_remedy() -> None:
    _, (problem,) = loaded(bent("{port: 11112}", "{port: 11112, from: [CTA1]}"))
    assert problem.fix is not None
    assert problem.fix.replacement == "CT_A1"


def test_nobody_may_send_when_there_are_no_peers() -> None:
    text = bent("peers:\n  CT_A1: {host: 10.20.3.4, port: 104}\n  MR_A1: {host: 10.20.0.0/16}\n", "")
    assert [code for code, _, _ in found(text)] == ["DR713"]
    assert found(text.replace("port: 11112", "port: 11112, from: anyone")) == []


@pytest.mark.parametrize(
    ("template", "codes"),
    [
        ("{StudyInstanceUID}/{SOPInstanceUID}.dcm", []),
        ("{PatientId}/{SOPInstanceUID}", ["DR717"]),
        ("{PixelData}/{SOPInstanceUID}", ["DR717"]),
        ("{ReferencedStudySequence}/{SOPInstanceUID}", ["DR717"]),
        ("{TransferSyntaxUID}/{SOPInstanceUID}", ["DR717"]),
        ("{SOPInstanceUID.__class__}", ["DR717", "DR718"]),
        ("{0}/{SOPInstanceUID}", ["DR717"]),
        ("{SOPInstanceUID", ["DR717", "DR718"]),
        ("/tmp/{SOPInstanceUID}", ["DR717"]),
        ("../{SOPInstanceUID}", ["DR717"]),
        ("a//{SOPInstanceUID}", ["DR717"]),
        ("{SOPInstanceUID}/", ["DR717"]),
        ("{PatientID}", ["DR718"]),
    ],
)
def test_a_template_names_files_below_its_folder(template: str, codes: list[str]) -> None:
    assert sorted(code for code, _, _ in found(bent("path: out", f'path: out, name: "{template}"'))) == codes


def test_a_misspelt_keyword_is_pointed_at_and_has_its_remedy() -> None:
    _, (problem,) = loaded(bent("path: out", 'path: out, name: "{SOPInstanceUID}/{PatientId}"'))
    assert problem.fix is not None
    assert (problem.fix.span.text, problem.fix.replacement) == ("PatientId", "PatientID")


@pytest.mark.parametrize(
    ("observe", "expected"),
    [
        ("{http: '127.0.0.1:8081'}", []),
        ("{http: '127.0.0.1:99999'}", [("DR706", 2, "'127.0.0.1:99999'")]),
        ("{http: '[::1]:0'}", [("DR706", 2, "'[::1]:0'")]),
        ("{http: 'localhost:11112'}", [("DR714", 2, "'localhost:11112'")]),
        ("{http: '[::1]:11112'}", []),
        ("{audit: {syslog: 'tcp://audit:65536'}}", [("DR706", 2, "'tcp://audit:65536'")]),
        ("{alarms: [{mail: {to: a@b.example, via: 'mail:70000'}}]}", [("DR706", 2, "'mail:70000'")]),
    ],
)
def test_who_watches_is_reached_by_a_port_that_is_one_and_nobody_elses(
    observe: str, expected: list[tuple[str, int, str]]
) -> None:
    assert found(bent("rules:", f"observe: {observe}\nrules:")) == expected
