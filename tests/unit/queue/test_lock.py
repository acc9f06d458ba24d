"""Whose turn it is: threads and processes."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

from dicomrules.queue.ledger import Ledger
from dicomrules.queue.lock import WriterLock
from dicomrules.queue.reader import Reader
from tests.unit.queue.material import entry

_HOLD = """
import sys
from pathlib import Path
from dicomrules.queue.lock import WriterLock
with WriterLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
    print("released", flush=True)
"""

_RECORD = """
import sys
from pathlib import Path
from dicomrules.queue.ledger import Ledger
from tests.unit.queue.material import entry
ledger = Ledger.open(Path(sys.argv[1]))
for group in range(20):
    ledger.record([entry(f"1.2.{sys.argv[2]}.{group}.{n}", "pacs") for n in range(8)])
ledger.close()
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process of ours."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_another_process_waits_until_the_lock_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    order: list[str] = []
    with start(_HOLD, str(path)) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"

        def take() -> None:
            with WriterLock(path):
                order.append("ours")

        waiting = Thread(target=take)
        waiting.start()
        waiting.join(0.2)
        assert order == []
        other.stdin.write("\n")
        other.stdin.flush()
        waiting.join(10)
    assert order == ["ours"]


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with start(_HOLD, str(path)) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        other.kill()
    with WriterLock(path):
        assert os.path.exists(path)


def test_two_processes_and_two_threads_write_side_by_side_and_nothing_is_lost(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    with start(_RECORD, str(tmp_path), "1") as one, start(_RECORD, str(tmp_path), "2") as two:

        def write(series: int) -> None:
            for group in range(20):
                ledger.record([entry(f"1.2.{series}.{group}.{n}", "pacs") for n in range(8)])

        threads = [Thread(target=write, args=(series,)) for series in (3, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (one.wait(), two.wait()) == (0, 0)
    reader = Reader.open(tmp_path)
    assert reader.status().receivers[0].instances == 4 * 20 * 8
    assert all(reader.trace(f"1.2.{series}.19.7") for series in (1, 2, 3, 4))
    reader.close()
    ledger.close()
