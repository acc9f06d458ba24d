"""Buckets of an S3-compatible store: whole objects or none, nothing overwritten, and what is wrong said in words."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from minio import Minio
from moto.server import ThreadedMotoServer

from dicomrules.model.delivery import Kind, Outcome, Trouble
from dicomrules.model.destination import BucketDestination, Timeouts
from dicomrules.senders import bucket
from dicomrules.senders.bucket import BucketSender
from tests.peers.running import free_port
from tests.unit.senders.material import Files, delivery_of, small


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def images(store: str, request: pytest.FixtureRequest) -> BucketDestination:
    name = f"images{abs(hash(request.node.name)) % 10**9}"
    Minio(store, "key", "secret", secure=False, region="us-east-1").make_bucket(name)
    quick = Timeouts(timedelta(seconds=2), timedelta(seconds=5))
    return BucketDestination("cloud", store, name, "key", "secret", ("north",), secure=False, timeouts=quick)


def _send(to: BucketDestination, files: Files, *deliveries: object) -> list[Outcome]:
    sender = BucketSender(to, files, lambda event: None)
    try:
        return [outcome for _, outcome in sender.send(deliveries)]  # type: ignore[arg-type]
    finally:
        sender.close()


def _objects(of: BucketDestination) -> dict[str, bytes]:
    client = Minio(of.host, "key", "secret", secure=False, region="us-east-1")
    names = [str(each.object_name) for each in client.list_objects(of.bucket, recursive=True)]
    return {name: client.get_object(of.bucket, name).read() for name in names}


def test_an_instance_is_an_object_under_the_name_of_what_is_in_it(images: BucketDestination, tmp_path: Path) -> None:
    files = Files(tmp_path)
    first, second = files.delivery(1), files.delivery(2, size=40_000_000)  # the second in parts
    assert [each.kind for each in _send(images, files, first, second)] == [Kind.SENT, Kind.SENT]
    found = _objects(images)
    assert sorted(found) == ["north/1.2.3/1.2.3.1001.dcm", "north/1.2.3/1.2.3.1002.dcm"]
    assert found["north/1.2.3/1.2.3.1001.dcm"].endswith(small(1))
    assert pydicom.dcmread(BytesIO(found["north/1.2.3/1.2.3.1002.dcm"])).PatientID == "4711"


def test_d18_nothing_is_overwritten_and_the_same_is_not_written_twice(
    images: BucketDestination, tmp_path: Path
) -> None:
    files = Files(tmp_path)
    same = files.delivery(1)
    _send(images, files, same)
    (again,) = _send(images, files, same)
    assert "already" in again.message
    other = small(1, 300)
    (tmp_path / "9").write_bytes(b"7 bytes" + other)
    (numbered,) = _send(images, files, delivery_of(other, 1, spool_ref="9"))
    assert "number" in numbered.message
    found = _objects(images)
    assert len(found) == 2
    assert found["north/1.2.3/1.2.3.1001.dcm"].endswith(small(1))
    assert found["north/1.2.3/1.2.3.1001~2.dcm"].endswith(other)


@pytest.mark.parametrize("size", [100, 40_000_000])
def test_s14_a_bit_that_turned_in_the_spool_never_becomes_an_object(
    images: BucketDestination, tmp_path: Path, size: int
) -> None:
    files = Files(tmp_path)
    bad = files.delivery(1, size=size)
    raw = bytearray((tmp_path / "1").read_bytes())
    raw[-5] ^= 1
    (tmp_path / "1").write_bytes(raw)
    (outcome,) = _send(images, files, bad)
    assert outcome.kind is Kind.CORRUPT
    assert _objects(images) == {}


def test_what_is_wrong_is_said_and_the_rest_is_not_tried(images: BucketDestination, tmp_path: Path) -> None:
    files = Files(tmp_path)
    gone = BucketDestination("cloud", f"127.0.0.1:{free_port()}", "images", "key", "secret", secure=False)
    outcomes = _send(gone, files, files.delivery(1), files.delivery(2))
    assert {(each.kind, each.trouble) for each in outcomes} == {(Kind.DEFERRED, Trouble.AWAY)}
    missing = BucketDestination("cloud", images.host, "nowhere-at-all", "key", "secret", secure=False)
    assert "no bucket" in bucket.look(missing)
    (outcome,) = _send(missing, files, files.delivery(1))
    assert (outcome.kind, outcome.trouble) == (Kind.DEFERRED, Trouble.MISCONFIGURED)
    assert bucket.look(images) == ""
