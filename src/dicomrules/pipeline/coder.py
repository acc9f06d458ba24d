"""A process that codes pixels anew, one instance after another, until its standard input ends.

It is apart from delivery because coders are libraries in C that read what strangers have sent: one that ends its
process, or takes all memory, ends this one, and one delivery fails. It has a cap on memory, says nothing on standard
output and error (what libraries print there may hold anything), and ends with the process that started it.

Each request and each answer is a line of JSON (`Request`, `Answer`).
"""

import base64
import hashlib
import json
import os
import resource
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dicomrules.dicom.index import ADMITTED, Index, index
from dicomrules.dicom.malformed import MalformedDataSet
from dicomrules.dicom.patch import Blob, Patch, PatchedBytes
from dicomrules.dicom.source import Bytes
from dicomrules.dicom.syntax import encoding_of, is_deflated
from dicomrules.dicom.tags import tag_of
from dicomrules.dicom.values import TooLong
from dicomrules.spool.errors import SpoolError
from dicomrules.spool.file import DatasetBytes
from dicomrules.spool.spool import Spool
from dicomrules.spool.stored import StoredInstance

MEMORY: Final = 6 << 30  # bytes of address space
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One instance and what is wished for: `transfer_syntax` and `quality` as in dicom.transcode.Wish.

    `patch` is a Patch in its compact form, base64; `digest` the SHA-256 of the data set that it applies to.
    """

    ref: str
    key: str
    patch: str
    digest: str
    is_in: str
    transfer_syntax: str
    quality: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. With `file`, the new data set lies in that blob. `as_is`: there are no pixels to be coded.

    Without both, `problem` says why not; `corrupt` when the bytes in the spool are others than those received; `errno`
    is that of a system call that failed. `lossy_before`: what was lost now comes on top of an earlier loss. `signed`:
    it has a digital signature.
    """

    file: str = ""
    length: int = 0
    digest: str = ""
    sop_instance: str = ""
    as_is: bool = False
    lossy_before: bool = False
    signed: bool = False
    problem: str = ""
    corrupt: bool = False
    errno: int = 0


def encoded(patch: Patch) -> str:
    """A patch as a Request holds it."""
    return base64.b64encode(patch.to_bytes()).decode()


def main(root: str) -> None:
    """Answer requests about the spool at `root`."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")  # those of pydicom print received values
    spool = Spool(Path(root), sync_threads=1)
    for line in sys.stdin:
        answer = _answer(spool, Request(**json.loads(line)))
        answers.write(json.dumps(asdict(answer)) + "\n")
        answers.flush()


def _answer(spool: Spool, request: Request) -> Answer:
    from dicomrules.dicom.pixels import Uncodable  # with numpy and the coders behind it

    try:
        with spool.open(request.ref) as stored:
            return _made(spool, stored, request)
    except (Uncodable, TooLong, ValueError) as problem:
        return Answer(problem=str(problem))
    except MalformedDataSet as malformed:
        return Answer(problem=f"what would leave is no whole data set: {malformed.reason}")
    except SpoolError as error:
        return Answer(problem=str(error), corrupt=not error.errno, errno=error.errno)
    except MemoryError:
        return Answer(problem="takes more memory than it is given")


def _made(spool: Spool, stored: StoredInstance, request: Request) -> Answer:
    from dicomrules.dicom.transcode import Wish, has_pixels, transcode

    if is_deflated(request.is_in):
        return Answer(problem="is deflated as a whole, and is not coded anew")
    if _digest(stored) != request.digest:
        return Answer(problem="the bytes in the spool are not those that were received", corrupt=True)
    patch = Patch.from_bytes(base64.b64decode(request.patch))
    source = PatchedBytes(stored.source(), patch, lambda blob: _opened(spool, blob))
    found = index(source, encoding_of(request.is_in), ADMITTED)
    if not has_pixels(found):
        return Answer(as_is=True)
    with spool.blobs.scratch(request.ref) as scratch:
        wish = Wish(request.transfer_syntax, request.quality)
        made = transcode(source, request.is_in, wish, scratch)
        blob = spool.blobs.write(request.ref, request.key, made.pieces)
    again = wish.quality is not None and _is_lossy(found)
    signed = found.find(tag_of("DigitalSignaturesSequence") or 0) is not None
    return Answer(blob.file, blob.length, blob.digest, made.sop_instance, lossy_before=again, signed=signed)


def _opened(spool: Spool, blob: Blob) -> Bytes:
    return DatasetBytes(spool.blobs.open(blob.file), 0, blob.length)


def _digest(stored: StoredInstance) -> str:
    source, digest = stored.source(), hashlib.sha256()
    for start in range(0, source.length, _PIECE):
        digest.update(source.read(start, start + _PIECE))
    return digest.hexdigest()


def _is_lossy(found: Index) -> bool:
    element = found.find(tag_of("LossyImageCompression") or 0)
    return element is not None and element.raw.strip(b" \0") == b"01"


if __name__ == "__main__":
    main(sys.argv[1])
