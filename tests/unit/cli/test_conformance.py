"""The conformance statement says what the negotiation answers."""

import json
from pathlib import Path

from click.testing import CliRunner

from dicomrules.cli.main import main
from tests.peers.authority import Authority

SITE = """\
gateway: {name: north-hospital, aet: DICOMRULES}
rules: [site.rules]
peers: {CT_A1: {host: 10.20.3.4}}
receivers:
  modalities:
    dicom: {port: 11112, called_aet: [DICOMRULES, TRIAL]}
  drop:
    folder: {path: in}
destinations:
  pacs:
    dicom: {aet: PACS, host: 10.20.3.9, port: 104}
"""
CONTEXTS = """\
contexts:
  - calling: CT_A1
    called: DICOMRULES
    max_pdu: 64KB
    classes:
      CTImageStorage: [JPEGBaseline8Bit, ImplicitVRLittleEndian]
      MRImageStorage: any
      "1.2.3.4": ["1.2.3.5"]
  - {calling: CT_B1, called: "*", classes: {images: any}}
  - {calling: "*", called: ELSEWHERE, classes: {images: any}}
  - {calling: DICOMRULES, called: PACS, classes: {CTImageStorage: [ExplicitVRLittleEndian], Verification: any}}
"""


def _conformance(folder: Path, text: str, *options: str) -> str:
    file = folder / "gateway.yaml"
    file.write_text(text)
    file.chmod(0o600)
    done = CliRunner().invoke(main, ["conformance", "--gateway", str(file), *options])
    assert done.exit_code == 0, done.output
    return done.output


def _short(contexts: list[dict]) -> dict:
    return {
        cx["abstract_syntax"]["uid"]: (cx["order_of"], [each["uid"] for each in cx["transfer_syntaxes"]])
        for cx in contexts
    }


def test_pairs_have_what_is_listed_in_our_order(tmp_path: Path) -> None:
    said = json.loads(_conformance(tmp_path, SITE + CONTEXTS, "--format", "json"))
    (acceptor,) = said["acceptors"]
    (pair,) = acceptor["pairs"]  # the other entries are about titles that cannot turn up here
    assert (pair["calling"], pair["called"], pair["max_pdu"]) == ("CT_A1", "DICOMRULES", 65536)
    listed = _short(pair["contexts"])
    assert listed["1.2.840.10008.5.1.4.1.1.2"] == ("acceptor", ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2"])
    assert listed["1.2.3.4"] == ("acceptor", ["1.2.3.5"])
    order, any_of = listed["1.2.840.10008.5.1.4.1.1.4"]
    assert order == "requestor"
    assert len(any_of) > 40
    assert len(listed) == 3


def test_a_destination_has_what_is_proposed(tmp_path: Path) -> None:
    said = json.loads(_conformance(tmp_path, SITE + CONTEXTS, "--format", "json"))
    (requestor,) = said["requestors"]
    echo, ct = requestor["contexts"]
    assert echo["abstract_syntax"]["uid"] == "1.2.840.10008.1.1"
    assert ct["abstract_syntax"]["uid"] == "1.2.840.10008.5.1.4.1.1.2"
    assert {way["instance_in"]["uid"] for way in ct["ways"]} == {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
    }
    assert all(
        [[each["uid"] for each in cx] for cx in way["proposed"]] == [["1.2.840.10008.1.2.1"]] for way in ct["ways"]
    )


def test_without_contexts_everything_is_accepted_for_every_called_title(tmp_path: Path) -> None:
    said = json.loads(_conformance(tmp_path, SITE, "--format", "json"))
    (acceptor,) = said["acceptors"]
    assert [(pair["calling"], pair["called"]) for pair in acceptor["pairs"]] == [("*", "DICOMRULES"), ("*", "TRIAL")]
    assert len(acceptor["pairs"][0]["contexts"]) > 200
    assert len(said["requestors"][0]["contexts"]) > 200


def test_the_page_has_every_class_with_its_list(tmp_path: Path) -> None:
    page = _conformance(tmp_path, SITE + CONTEXTS)
    assert "| CT Image Storage | `1.2.840.10008.5.1.4.1.1.2` | A | SCP | none |" in page
    assert "**A:** the first of these that is proposed is accepted." in page
    assert "## Association requestor to `pacs`" in page
    assert "`CT_A1` at 10.20.3.4" in page


def test_security_is_said_of_both_sides(tmp_path: Path) -> None:
    user = "user: {name: me}"
    text = SITE.replace("{host: 10.20.3.4}", "{host: 10.20.3.4, user: {name: ct1}}")
    text = text.replace("port: 104}", f"port: 104, tls: {{profile: bcp195-modified, name: pacs.example}}, {user}}}")
    page = _conformance(tmp_path, text)
    assert "| Transport | TCP without TLS |" in page
    assert "| User identity (PS3.7 D.3.3.7) | verified for `CT_A1` |" in page
    assert "modified BCP 195 RFC 8996, 9325 profile (PS3.15 B.13); the peer must show one for `pacs.example`" in page
    assert "| User identity (PS3.7 D.3.3.7) | name, no response asked for |" in page
    said = json.loads(_conformance(tmp_path, text, "--format", "json"))
    assert said["requestors"][0]["tls"]["profile"] == "bcp195-modified"
    assert said["acceptors"][0]["user_identity"] == ["CT_A1"]


def test_what_is_asked_of_certificates_is_said(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.sign("gw")
    tls = f"{{certificate: {certificate}, key: {key}, client_ca: {authority.pem}, client_crl: {authority.revoke()}}}"
    text = SITE.replace("{host: 10.20.3.4}", "{host: 10.20.3.4, certificate: ct1.example}")
    text = text.replace("{port: 11112,", f"{{port: 11112, tls: {tls},")
    page = _conformance(tmp_path, text)
    assert "every peer must show a certificate that no revocation list names |" in page
    assert "| Certificates bound to an AE title | `CT_A1` |" in page


ASKING = SITE.replace("{host: 10.20.3.4}", "{host: 10.20.3.4, port: 104}").replace(
    "host: 10.20.3.9, port: 104", "host: 10.20.3.9, port: 104, commitment: yes"
)
COMMITMENT = "1.2.840.10008.1.20.1"


def test_storage_commitment_stands_there_in_both_roles_with_its_policy(tmp_path: Path) -> None:
    said = json.loads(_conformance(tmp_path, ASKING, "--format", "json"))
    (acceptor,), (requestor,) = said["acceptors"], said["requestors"]
    assert (acceptor["storage_commitment"], acceptor["takes_reports"]) == ("received", True)
    for pair in acceptor["pairs"]:
        (context,) = [cx for cx in pair["contexts"] if cx["abstract_syntax"]["uid"] == COMMITMENT]
        assert context["role"] == "SCP and SCU"
        assert {each["uid"] for each in context["transfer_syntaxes"]} == {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
    assert requestor["storage_commitment"] == {"after_seconds": 10, "timeout_seconds": 3600}
    assert COMMITMENT in [cx["abstract_syntax"]["uid"] for cx in requestor["contexts"]]
    assert said["commitment_reports"] == [
        {"ae_title": "CT_A1", "host": "10.20.3.4", "port": 104},
        {"ae_title": "PACS", "host": "10.20.3.9", "port": 104},
    ]


def test_without_storage_commitment_nothing_of_it_is_accepted_or_proposed(tmp_path: Path) -> None:
    refusing = SITE.replace("port: 11112,", "port: 11112, commitment: no,")
    assert COMMITMENT not in _conformance(tmp_path, refusing)
    assert json.loads(_conformance(tmp_path, refusing, "--format", "json"))["commitment_reports"] == []


def test_a_web_service_has_its_paths_and_media_types(tmp_path: Path) -> None:
    site = SITE.replace("    folder: {path: in}", "    stow: {bind: '127.0.0.1:8080', path: /web}")
    (service,) = json.loads(_conformance(tmp_path, site, "--format", "json"))["web_services"]
    assert service["paths"] == ["/web/studies", "/web/studies/{StudyInstanceUID}"]
    assert (service["authorization"], service["tls"]) == (None, None)
    page = _conformance(tmp_path, site)
    assert "## Web service `drop`" in page
    assert "| Transport | HTTP/1.1 without TLS |" in page
    assert '`multipart/related; type="application/dicom"`' in page
