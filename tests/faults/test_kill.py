"""S-06: kill -9 of any process of the gateway, again and again, under eight senders, and rules that change meanwhile.

The oracle: what was acknowledged is delivered or visibly held; nothing delivered is torn, and each is byte for byte
what an independent rewrite makes of it; the header of every delivered object and the watermark in its pixels name the
same patient; copies of one object are the same bytes, and no more than the attempts that were cut off.
"""

import os
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from tests.faults.crashes.whole import Campaign, children, drained, run
from tests.faults.senders import patient_in_pixels
from tests.peers.sink import Sink

__all__ = ["check_delivered", "children", "drained"]


def campaign(tmp_path: Path, kills: int, seed: int) -> None:
    verdict = run(tmp_path, Campaign(kills, seed, reloads=True))
    assert verdict.acknowledged > kills, "the senders hardly got anything through: the campaign says nothing"
    assert verdict.wrong == []
    print(verdict)


def check_delivered(sink: Sink, acknowledged: dict[str, bytes]) -> None:
    """Whole, of the right patient, rewritten as said, and each copy the same."""
    copies: dict[str, set[str]] = {}
    for stored in sink.acknowledged():
        copies.setdefault(stored.sop_instance, set()).add(stored.sha256)
        left = pydicom.dcmread(BytesIO(stored.data_set), force=True)
        patient, uid = patient_in_pixels(stored.data_set)
        assert left.PatientID == f"SITEA-{patient}"
        assert left.SOPInstanceUID == uid == stored.sop_instance
        if uid in acknowledged:
            assert left.PixelData == pydicom.dcmread(BytesIO(acknowledged[uid]), force=True).PixelData
    assert all(len(digests) == 1 for digests in copies.values()), "two copies of one instance differ"


def test_s06_ten_random_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    campaign(tmp_path, kills=10, seed=20261123)


@pytest.mark.slow
def test_s06_a_hundred_random_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    campaign(tmp_path, kills=100, seed=int(os.environ.get("SEED", "1")))
