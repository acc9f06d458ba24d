"""Writes deliveries as Part 10 objects into a bucket of an S3-compatible store.

The theory. An object of a bucket appears whole or not at all: a single request, or parts that the last request joins.
What is read from the spool is hashed on the way, and its last piece is handed over only when the digest is the one
that was received, so a damaged file never becomes an object. Nothing is overwritten: an object that has the name
already is as good when it was written from the same bytes, which its metadata says, and else the new one gets a
number.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import BinaryIO, Final, cast

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError

from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.patch import Patch, PatchedBytes, new_length
from dicomrules.model.delivery import Delivery, Kind, Outcome, Trouble
from dicomrules.model.destination import BucketDestination
from dicomrules.model.event import Event, Level
from dicomrules.model.ports import Emit
from dicomrules.model.security import ClientTls
from dicomrules.net.tls import Secured, Unusable
from dicomrules.senders import naming
from dicomrules.senders.attributes import Attributes
from dicomrules.senders.cstore import Files, Opened
from dicomrules.senders.received import Corrupt, Received, Windows, head_of, of
from dicomrules.spool.errors import SpoolError

_PART: Final = 16 * 1024 * 1024  # bytes of one part, held in memory; 10,000 of them are 160 GB
_WINDOW: Final = 1024 * 1024
_MOST_NAMES: Final = 1000
_MADE_OF: Final = "dicomrules-sha256"

# What a code of S3 says about the destination as a whole; others are about one object and are tried again
_MISCONFIGURED: Final = frozenset(
    {
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "NoSuchBucket",
        "InvalidBucketName",
        "AllAccessDisabled",
    }
)
_CONGESTED: Final = frozenset({"SlowDown", "ServiceUnavailable", "Throttling", "RequestLimitExceeded"})


def look(destination: BucketDestination) -> str:
    """What stands in the way of using it, in words; empty: the bucket is there and we may look at it."""
    try:
        found = client_of(destination).bucket_exists(destination.bucket)
    except Unusable as problem:
        return str(problem)
    except (MinioException, HTTPError, OSError) as error:
        return _refused(error).message
    return "" if found else f"there is no bucket {destination.bucket}"


def client_of(destination: BucketDestination) -> Minio:
    """A client without retries of its own, proxies or credentials of the environment. Raises Unusable."""
    context = Secured(destination.tls or ClientTls()).context() if destination.secure else None
    seconds = destination.timeouts.response.total_seconds()
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=destination.timeouts.connect.total_seconds(), read=seconds),
        retries=False,
        ssl_context=context,
        maxsize=1,
    )
    return Minio(
        destination.host,
        access_key=destination.key,
        secret_key=destination.secret,
        secure=destination.secure,
        region=destination.region,
        http_client=pool,
    )


class BucketSender:
    """The model's `Sender` for one BucketDestination."""

    def __init__(self, destination: BucketDestination, spool: Files, emit: Emit) -> None:
        self._destination = destination
        self._files = spool
        self._emit = emit
        self._client: Minio | None = None
        self._given_up: Outcome | None = None

    def send(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """Write each in turn; yields one outcome for each of them, as soon as it is known."""
        self._given_up = None
        for delivery in deliveries:
            started = datetime.now(UTC)
            outcome = self._given_up or self._attempt(delivery)
            if outcome.trouble is not Trouble.NONE:
                self._given_up = outcome
            yield delivery, replace(outcome, started_at=started, ended_at=datetime.now(UTC))

    def close(self) -> None:
        """Let go of the connection. The sender may be used again."""
        self._client = None

    def _attempt(self, delivery: Delivery) -> Outcome:
        try:
            if self._client is None:
                self._client = client_of(self._destination)
            with self._files.open(delivery.spool_ref) as stored:
                return self._written(self._client, delivery, stored)
        except Corrupt as corrupt:
            return self._unfit(Kind.CORRUPT, str(corrupt), delivery)
        except SpoolError as error:
            return self._unfit(Kind.DEFERRED if error.errno else Kind.CORRUPT, str(error), delivery)
        except MalformedDataSet as malformed:
            return self._unfit(Kind.FAILED, f"what would leave is no whole data set: {malformed}", delivery)
        except Unusable as problem:
            return Outcome(Kind.DEFERRED, str(problem), trouble=Trouble.MISCONFIGURED)
        except (MinioException, HTTPError, OSError) as error:
            self.close()
            return _refused(error)

    def _written(self, client: Minio, delivery: Delivery, stored: Opened) -> Outcome:
        received, head = of(stored), head_of(delivery, stored)
        patched = PatchedBytes(received, delivery.patch, received.opened)
        attributes = Attributes(patched, delivery.transfer_syntax)
        names = naming.path(self._destination.template, attributes.value)
        made_of = sha256(f"{delivery.digest} {sha256(delivery.patch.to_bytes()).hexdigest()}".encode()).hexdigest()
        for number in range(1, _MOST_NAMES):
            name = names[-1] if number == 1 else naming.numbered(names[-1], number)
            key = "/".join((*self._destination.prefix, *names[:-1], name))
            there = self._there(client, key)
            if there == made_of:
                return Outcome(Kind.SENT, "an object with this name has the same content already")
            if there is None:
                body = _Body(head, received, delivery.patch, delivery.digest)
                length = len(head) + new_length(delivery.patch, received.length)
                client.put_object(
                    self._destination.bucket, key, cast(BinaryIO, body), length,
                    content_type="application/dicom", metadata={_MADE_OF: made_of}, part_size=_PART,
                    num_parallel_uploads=1,
                )  # fmt: skip
                return Outcome(Kind.SENT, "written" if number == 1 else _NUMBERED)
        return Outcome(Kind.FAILED, f"{_MOST_NAMES} other objects have this name already")

    def _there(self, client: Minio, key: str) -> str | None:
        """What the object of this name was made of, empty when it does not say; None: there is none."""
        try:
            found = client.stat_object(self._destination.bucket, key)
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchObject"):
                return None
            raise
        return str((found.metadata or {}).get(f"x-amz-meta-{_MADE_OF}", ""))

    def _unfit(self, kind: Kind, why: str, delivery: Delivery) -> Outcome:
        fields = {"destination": delivery.destination, "sop_instance": delivery.sop_instance, "why": why}
        text = "the bytes of an instance could not be written as received"
        self._emit(Event("delivery.unfit", Level.ERROR, text, fields))
        return Outcome(kind, why)


_NUMBERED: Final = "written under a name with a number: another object has the name, with other content"


def _refused(error: Exception) -> Outcome:
    """What an error says, in words that hold nothing that the store sent but its code."""
    if isinstance(error, S3Error):
        trouble = Trouble.MISCONFIGURED if error.code in _MISCONFIGURED else Trouble.NONE
        trouble = Trouble.CONGESTED if error.code in _CONGESTED else trouble
        return Outcome(Kind.DEFERRED, f"the store refuses: {error.code}", trouble=trouble)
    if isinstance(error, ServerError):
        return Outcome(Kind.DEFERRED, f"the store failed with HTTP {error.status_code}", trouble=Trouble.AWAY)
    if isinstance(error, InvalidResponseError):
        return Outcome(Kind.DEFERRED, "what answers is no store of objects", trouble=Trouble.MISCONFIGURED)
    return Outcome(Kind.DEFERRED, f"the store cannot be reached ({type(error).__name__})", trouble=Trouble.AWAY)


class _Body(io.RawIOBase):
    """Head and data set as a file to be read once. Its end comes only when the digest fits; else Corrupt is raised."""

    def __init__(self, head: bytes, received: Received, patch: Patch, digest: str) -> None:
        self._rest = memoryview(head)
        buffer = memoryview(bytearray(_WINDOW))
        self._windows = iter(Windows(received, patch, digest, buffer))

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as one window goes."""
        if not self._rest:
            window = next(self._windows, None)
            if window is None:
                return 0
            self._rest = window[0]
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
