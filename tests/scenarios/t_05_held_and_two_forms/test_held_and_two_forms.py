"""Flow 5: one object in two forms; the one that waits for a number leaves once the table knows it."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.peers.gateway import Gateway
from tests.peers.running import until

HERE = Path(__file__).parent
CT, MR = "CT_small.dcm", "MR_small.dcm"


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setenv("TRIAL_SALT", "a secret of the trial")
    with Gateway(tmp_path / "gateway", HERE) as running:
        yield running


def drop(gateway: Gateway, name: str, **changed: str) -> pydicom.Dataset:
    """Put a file of pydicom's into the watched folder."""
    made = pydicom.dcmread(str(get_testdata_file(name)))
    for keyword, value in changed.items():
        setattr(made, keyword, value)
    (gateway.folder / "in").mkdir(exist_ok=True)
    made.save_as(gateway.folder / "in" / name)
    return made


def sent(gateway: Gateway, destination: str) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted((gateway.folder / destination).glob("*.dcm"))]


def test_each_destination_gets_its_form(gateway: Gateway) -> None:
    drop(gateway, CT)
    until(lambda: len(sent(gateway, "research")) == 1 and len(sent(gateway, "archive")) == 1, 20, "both forms")
    (archived,), (pseudonym,) = sent(gateway, "archive"), sent(gateway, "research")
    assert (archived.PatientID, archived.PatientName) == ("1CT1", "CompressedSamples^CT1")
    assert (pseudonym.PatientID, pseudonym.PatientName) == ("LUNG-007", "LUNG-007")
    assert pseudonym.PixelData == archived.PixelData


def test_a_form_that_is_held_is_seen_and_leaves_once_the_table_knows_the_number(gateway: Gateway) -> None:
    made = drop(gateway, MR)
    until(lambda: len(sent(gateway, "archive")) == 1, 20, "the form for the archive")
    assert gateway.deliveries("research")["held"] == 1
    told = " ".join(gateway.ask("trace", str(made.SOPInstanceUID)).split())
    assert 'research through trial: hold "no trial number yet"' in told
    assert "delivery to research: held" in told
    gateway.stop()
    (gateway.folder / "numbers.csv").write_text("Patient,Number\n4MR1,008\n")
    gateway.start()
    until(lambda: len(sent(gateway, "research")) == 1, 20, "the form for research")
    assert sent(gateway, "research")[0].PatientID == "LUNG-008"
    assert len(sent(gateway, "archive")) == 1
    assert 'before: hold "no trial number yet"' in " ".join(gateway.ask("trace", str(made.SOPInstanceUID)).split())


def test_what_is_held_as_a_whole_is_decided_again_and_leaves_when_other_rules_let_it(gateway: Gateway) -> None:
    drop(gateway, CT, PatientName="Unknown^Patient")
    until(lambda: "1 instance is held" in gateway.ask("status"), 20, "the held instance")
    assert sent(gateway, "archive") == sent(gateway, "research") == []
    gateway.stop()
    rules = gateway.folder / "site.rules"
    rules.write_text(rules.read_text().replace('"Unknown"', '"Nobody"'))
    gateway.start()
    until(lambda: len(sent(gateway, "research")) == 1 and len(sent(gateway, "archive")) == 1, 20, "both forms")
    assert "held: " not in gateway.ask("status")
    assert sent(gateway, "research")[0].PatientID == "LUNG-007"


def test_without_its_secret_the_gateway_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAL_SALT", raising=False)
    gateway = Gateway(tmp_path / "gateway", HERE)
    with pytest.raises(AssertionError, match="TRIAL_SALT"):
        gateway.start()
