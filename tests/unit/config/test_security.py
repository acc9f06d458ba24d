"""`tls` and `user` of a gateway file: values, and what is wrong with their files."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicomrules.config.load import load_text
from dicomrules.config.settings import Settings
from dicomrules.model.destination import DicomDestination, StowDestination
from dicomrules.model.receiver import DicomReceiver
from dicomrules.model.security import TlsProfile, User
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source
from tests.peers.authority import Authority

from .gateways import WHOLE, bent, found, loaded, settings

SERVER = "certificate: gw.pem, key: gw.key"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates, some of which do not fit."""
    folder = tmp_path_factory.mktemp("site")
    authority = Authority(folder / "authority")
    for name, options in (("gw", {}), ("other", {}), ("weak", {"bits": 1024})):
        for file in authority.sign(name, "IP:127.0.0.1", **options):  # type: ignore[arg-type]
            shutil.copy(file, folder)
    shutil.copy(authority.pem, folder)
    shutil.copy(authority.revoke(), folder / "revoked.pem")
    shutil.copy(authority.revoke(over=True), folder / "overdue.pem")
    soon = datetime.now(UTC) + timedelta(days=20)
    for file in (*authority.sign("old", expired=True), *authority.sign("soon", until=f"{soon:%Y%m%d%H%M%SZ}")):
        shutil.copy(file, folder)
    shutil.copy(folder / "gw.key", folder / "open.key")
    (folder / "open.key").chmod(0o644)
    (folder / "text.pem").write_text("no certificate")
    return folder


def _load(site: Path, text: str) -> tuple[Settings | None, list[Diagnostic]]:
    return load_text(Source("gateway.yaml", text), site, {"CT1": "sesame"})


def _receiver(tls: str, more: str = "") -> str:
    return bent("{port: 11112}", f"{{port: 11112, tls: {{{tls}}}{more}}}")


def _destination(tls: str) -> str:
    return bent("port: 4242}", f"port: 4242, tls: {{{tls}}}}}")


def test_everything_that_can_be_said_of_tls_arrives(site: Path) -> None:
    text = _receiver(f"{SERVER}, client_ca: ca.pem, client_crl: revoked.pem, profile: bcp195-modified")
    text = text.replace("{host: 10.20.3.4, port: 104}", "{host: 10.20.3.4, certificate: ct1.example}")
    text = text.replace("port: 4242}", "port: 4242, tls: {ca: ca.pem, certificate: gw.pem, key: gw.key, name: pacs}}")
    read, problems = _load(site, text)
    assert read is not None, problems
    (receiver,) = (each for each in read.receivers if isinstance(each, DicomReceiver))
    (pacs,) = (each for each in read.destinations if isinstance(each, DicomDestination))
    assert receiver.tls is not None
    assert (receiver.tls.certificate, receiver.tls.client_ca) == (site / "gw.pem", site / "ca.pem")
    assert receiver.tls.client_crl == site / "revoked.pem"
    assert receiver.tls.profile is TlsProfile.MODIFIED
    assert receiver.certificates == {"CT_A1": "ct1.example"}
    assert pacs.tls is not None
    assert (pacs.tls.ca, pacs.tls.key, pacs.tls.name) == (site / "ca.pem", site / "gw.key", "pacs")
    assert pacs.tls.profile is TlsProfile.BCP195


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (_receiver("certificate: none.pem, key: gw.key"), "DR723", "none.pem cannot be read: no such file"),
        (
            _receiver("certificate: gw.pem, key: other.key"),
            "DR723",
            "other.key does not belong to the certificate gw.pem",
        ),
        (_receiver("certificate: text.pem, key: gw.key"), "DR723", "text.pem and gw.key are no certificate and key"),
        (_receiver("certificate: weak.pem, key: weak.key"), "DR723", "too weak"),
        (_receiver(f"{SERVER}, client_ca: text.pem"), "DR723", "text.pem holds no certificates"),
        (_receiver(f"{SERVER}, client_ca: ca.pem, client_crl: ca.pem"), "DR723", "ca.pem holds no revocation list"),
        (_receiver(f"{SERVER}, client_ca: ca.pem, client_crl: none.pem"), "DR723", "none.pem cannot be read"),
        (_receiver(f"{SERVER}, client_crl: revoked.pem"), "DR705", "nobody is asked for a certificate"),
        (_receiver("certificate: gw.pem, key: open.key"), "DR724", "everybody can read the key open.key"),
        (_destination("ca: none.pem"), "DR723", "none.pem cannot be read"),
        (_destination("key: gw.key"), "DR705", "without `certificate`"),
        (_destination("profile: old"), "DR706", "old"),
        (_receiver("certificate: gw.pem"), "DR705", "needs `key`"),
    ],
)
def test_files_that_do_not_fit_are_findings(site: Path, text: str, code: str, words: str) -> None:
    read, (problem,) = _load(site, text)
    assert read is None
    assert problem.code == code
    assert words in problem.message
    assert str(site) not in problem.message


def test_beyond_loopback_anyone_may_come_only_with_a_certificate(site: Path) -> None:
    everyone = ", bind: 0.0.0.0, from: anyone"
    assert [each.code for each in _load(site, _receiver(SERVER, everyone))[1]] == ["DR712"]
    assert _load(site, _receiver(f"{SERVER}, client_ca: ca.pem", everyone))[1] == []


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ("certificate: old.pem, key: old.key", "the certificate in old.pem has ended on 2020-02-01"),
        ("certificate: soon.pem, key: soon.key", "the certificate in soon.pem ends on "),
        (
            f"{SERVER}, client_ca: ca.pem, client_crl: overdue.pem",
            "the revocation list in overdue.pem has ended on 2020",
        ),
    ],
)
def test_what_ends_within_a_month_is_told_before_and_stops_nothing(site: Path, tls: str, words: str) -> None:
    read, (problem,) = _load(site, _receiver(tls))
    assert read is not None
    assert (problem.code, problem.is_error, problem.span.text) == ("DR728", False, "tls")
    assert problem.message.startswith(words)


def _bound(text: str) -> str:
    return text.replace("{host: 10.20.3.4, port: 104}", "{host: 10.20.3.4, certificate: ct1.example}")


def test_a_certificate_that_no_receiver_asks_for_is_a_finding(site: Path) -> None:
    for text in (_bound(WHOLE), _bound(_receiver(SERVER))):
        (problem,) = _load(site, text)[1]
        assert (problem.code, problem.span.text) == ("DR726", "ct1.example")
        assert "`CT_A1`" in problem.message
    assert _load(site, _bound(_receiver(f"{SERVER}, client_ca: ca.pem")))[1] == []
    others = _receiver(SERVER, ", from: [MR_A1]")
    assert _load(site, _bound(others))[1] == [], "it may not call anybody here anyway"


def test_users_have_their_passcodes_from_outside(tmp_path: Path) -> None:
    (tmp_path / "code").write_text("other\n")
    (tmp_path / "code").chmod(0o600)
    text = bent("{host: 10.20.3.4, port: 104}", "{host: 10.20.3.4, user: {name: ct1, passcode: {env: CT1}}}")
    text = text.replace("port: 4242}", "port: 4242, user: {name: me, passcode: {file: code}}}")
    read, problems = _load(tmp_path, text)
    assert read is not None, problems
    (receiver,) = (each for each in read.receivers if isinstance(each, DicomReceiver))
    (pacs,) = (each for each in read.destinations if isinstance(each, DicomDestination))
    assert receiver.users == {"CT_A1": User("ct1", "sesame")}
    assert read.peers[0].user == User("ct1", "sesame")
    assert pacs.user == User("me", "other")
    assert "sesame" not in repr(read)


def test_a_user_without_a_passcode_counts_by_name() -> None:
    read = settings(bent("{host: 10.20.3.4, port: 104}", "{host: 10.20.3.4, user: {name: ct1}}"))
    assert read.peers[0].user == User("ct1")


def test_a_passcode_that_is_not_there_is_a_finding() -> None:
    text = bent("{host: 10.20.3.4, port: 104}", "{host: h, user: {name: ct1, passcode: {env: NONE}}}")
    assert found(text) == [("DR719", 4, "NONE")]
    assert loaded(WHOLE)[1] == []


def _stow(said: str) -> str:
    return bent("folder: {path: out}", f"stow: {{{said}}}")


def test_a_dicomweb_server_has_address_token_and_authority(site: Path) -> None:
    text = _stow('url: "https://vna.example/dicom-web", token: {env: CT1}, batch: 10MB, tls: {ca: ca.pem}')
    read, problems = _load(site, text)
    assert read is not None, problems
    (vna,) = (each for each in read.destinations if isinstance(each, StowDestination))
    assert (vna.url, vna.token, vna.batch) == ("https://vna.example/dicom-web", "sesame", 10 * 1024 * 1024)
    assert vna.tls is not None
    assert vna.tls.ca == site / "ca.pem"
    assert "sesame" not in repr(read)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('url: "http://vna.example/dicom-web", token: {env: CT1}', "DR725"),
        ('url: "http://localhost/dicom-web", tls: {ca: ca.pem}', "DR706"),
        ('url: "https://vna.example", tls: {ca: text.pem}', "DR723"),
        ('url: "https://vna.example", token: {env: NOWHERE}', "DR719"),
    ],
)
def test_what_is_wrong_with_a_dicomweb_server_is_found(site: Path, said: str, code: str) -> None:
    _, problems = _load(site, _stow(said))
    assert [problem.code for problem in problems] == [code]


def test_what_is_no_file_of_a_secret_is_not_to_be_made_one(site: Path) -> None:
    _, problems = _load(site, _stow('url: "https://vna.example", token: {file: /dev/zero}'))
    assert [problem.code for problem in problems] == ["DR719"]  # and no advice to change its mode
