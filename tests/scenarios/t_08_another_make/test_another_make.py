"""A modality made with dcmjs-dimse: C-ECHO, C-STORE and storage commitment, by code that shares nothing with ours."""

import json
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.peers import node
from tests.peers.gateway import Gateway
from tests.peers.running import free_port, run, until

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent


def test_a_modality_of_another_make_verifies_stores_and_is_told_what_is_safe(tmp_path: Path) -> None:
    program, script = node.need("modality.js")
    port, reports = free_port(), free_port()
    source = Path(str(get_testdata_file("CT_small.dcm")))
    with Gateway(tmp_path / "gateway", HERE, port=port, reports=reports) as gateway:
        done = run(program, script, str(port), "CT_A1", "DICOMRULES", str(reports), source)
        until(lambda: gateway.deliveries("archive")["sent"] == 1, 20, "the archive")
        (left,) = (gateway.folder / "out").glob("*.dcm")
    told: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            told |= json.loads(line)
    assert (told["echo"], told["store"], told["ask"]) == (0, 0, 0)
    assert told["report"] == told["transaction"]
    assert (told["event"], told["committed"], told["failed"]) == (2, [told["instance"]], [0x0112])
    assert pydicom.dcmread(left).PixelData == pydicom.dcmread(source).PixelData
