"""S-01 to S-04, S-07 to S-11, S-15, S-16: power cuts, kills and errors at every durable call, and at any moment.

A small slice of the campaign of `make campaign`. The oracle: what was acknowledged is delivered or visibly held, whole
and byte for byte as an independent rewrite has it; header and pixels name the same patient; what came twice are the
same bytes, and not more than the attempts that were cut off.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.crashes.__main__ import NOT_HERE
from tests.peers.running import need

ROOT = Path(__file__).parents[2]
APART = ["unshare", "--mount"]  # whatever is mounted goes with the process


def campaign(*arguments: str, apart: list[str]) -> subprocess.CompletedProcess[str]:
    command = [*apart, sys.executable, "-m", "tests.faults.crashes", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if done.returncode == NOT_HERE:
        pytest.skip(done.stdout.strip())
    return done


def need_disks(name: str) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or not Path("/dev/loop-control").exists():
        pytest.skip("only root may mount disks, and there must be loop devices")
    need(f"mkfs.{name}")


@pytest.mark.parametrize(
    "disk",
    [
        pytest.param("ext4", id="ext4"),
        pytest.param("ext4 -f", id="ext4_with_its_log_flushed"),
        pytest.param("xfs", id="xfs"),
    ],
)
def test_s02_s03_s04_s15_power_cuts_lose_nothing_acknowledged(disk: str) -> None:
    need_disks(disk.split()[0])
    done = campaign("cuts", "--number", "7", "--disk", disk, apart=APART)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 wrong" in done.stdout


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        pytest.param("kills", 12, id="s01_s16_kills_at_calls"),
        pytest.param("injected-kills", 6, id="s01_kills_by_strace"),
        pytest.param("injected-errors", 8, id="s07_s08_s09_s11_errors_by_strace"),
    ],
)
def test_kills_and_errors_at_durable_calls_lose_nothing_acknowledged(kind: str, number: int) -> None:
    done = campaign(kind, "--number", str(number), apart=[])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 wrong" in done.stdout


@pytest.mark.parametrize("left_out", ["fdatasync", "xSync"])
def test_the_oracle_would_notice_a_sync_left_out(left_out: str) -> None:
    need_disks("ext4")
    done = campaign("cuts", "--number", "6", "--disk", "ext4", "--skip", left_out, apart=APART)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "acknowledged" in done.stdout
