"""A ledger for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicomrules.queue.ledger import Ledger
from dicomrules.queue.reader import Reader


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in `tmp_path`."""
    opened = Ledger.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def reader(ledger: Ledger, tmp_path: Path) -> Iterator[Reader]:
    """A reader of that ledger."""
    opened = Reader.open(tmp_path)
    yield opened
    opened.close()
