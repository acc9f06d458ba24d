"""The look through the whole ledger."""

from pathlib import Path

from dicomrules.queue.checking import problem_of
from dicomrules.queue.ledger import Ledger
from tests.unit.queue.material import entry


def test_s13_a_page_that_is_not_what_was_written_is_found(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    for number in range(200):
        ledger.record([entry(f"1.2.{number}", "pacs")])
    ledger.log.checkpoint("truncate")
    ledger.close()
    assert problem_of(tmp_path) == ""
    file = tmp_path / "ledger.db"
    content = bytearray(file.read_bytes())
    last = len(content) - 4096
    content[last : last + 64] = bytes(64)
    file.write_bytes(content)
    assert "damaged" in problem_of(tmp_path)


def test_a_ledger_that_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    assert problem_of(tmp_path) == ""
