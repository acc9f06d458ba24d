"""`import` prints, or writes a file that is not there yet."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dicomrules.cli.main import main


@pytest.fixture
def associations(tmp_path: Path) -> Path:
    file = tmp_path / "associations.txt"
    file.write_text("1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.1.2\n")
    return file


def _import(*words: object) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, words)])


def test_it_prints_the_entry_of_a_pair(associations: Path) -> None:
    done = _import("iris", associations, "--calling", "CT_A1")
    assert done.exit_code == 0
    assert '  - calling: CT_A1\n    called: "*"\n' in done.output


def test_it_never_overwrites(associations: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.yaml"
    assert _import("iris", associations, "-o", out).exit_code == 0
    written = out.read_text()
    assert "CTImageStorage" in written
    again = _import("iris", associations, "-o", out, "--calling", "OTHER")
    assert again.exit_code == 2
    assert "nothing is overwritten" in again.output
    assert out.read_text() == written


def test_what_cannot_be_imported_says_why(associations: Path, tmp_path: Path) -> None:
    done = _import("orthanc", associations)
    assert (done.exit_code, "not JSON" in done.output) == (2, True)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert _import("orthanc", binary).exit_code == 2
    assert _import("iris", associations, "--calling", "SEVENTEEN_LETTERS").exit_code == 2
