"""`apply` that is killed: its workers end with it, nothing is half written, and the same command goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pydicom

from tests.faults.test_kill import children
from tests.objects import ct, file_bytes
from tests.peers.running import dicomrules, until

RULES = Path(__file__).parent / "site" / "site.rules"
COUNT = 500


def test_a_killed_run_leaves_whole_files_and_the_same_command_goes_on(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    whole = file_bytes(ct(size=64, patient="P0000"))
    for number in range(COUNT):
        (source / f"{number:04}.dcm").write_bytes(whole.replace(b"P0000", b"P%04d" % number))
    command = ["apply", str(source), "-o", str(out), "--rules", str(RULES), "--workers", "2"]
    with subprocess.Popen([sys.executable, "-m", "dicomrules", *command], stdout=subprocess.DEVNULL) as run:
        until(lambda: out.exists() and len(list(out.glob("*.dcm"))) > 20, 20, "the first files")
        workers = children(run.pid)
        os.kill(run.pid, signal.SIGKILL)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), 10, "the workers to end")
    done = {each.name for each in out.glob("*.dcm")}
    assert len(done) < COUNT, "it was over before it could be killed"

    again = dicomrules(*command)
    assert f"{len(done)}  there already" in again.stdout
    assert f"{COUNT - len(done)}  written" in again.stdout
    assert {each.name for each in out.iterdir()} == {f"{number:04}.dcm" for number in range(COUNT)}
    for file in out.iterdir():
        assert pydicom.dcmread(file).PatientID == f"SITEA-P{file.stem}"
