"""What is looked at before a byte of a request's body is read: who asks, for what, how much of it, in which form."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dicomrules.dicom import uids
from dicomrules.model.receiver import StowReceiver
from dicomrules.receivers.stow import media
from dicomrules.receivers.stow.multipart import MOST_PARTS

RETRY_AFTER = 60  # seconds; the disk is full, or its operator was not fast enough


class Refused(Exception):
    """The request is not performed: the status code, and a sentence that holds nothing of what came."""

    def __init__(self, status: int, text: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Request:
    """A Store transaction. `boundary` None: the body is one DICOM file; `study` is the one that the URL names."""

    study: str
    boundary: bytes | None
    form: str  # of the answer
    length: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a receiver takes. `has_room` tells whether so many bytes fit onto the disk."""

    receiver: StowReceiver
    has_room: Callable[[int], bool]
    path: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        prefix = re.escape(self.receiver.path.encode())
        object.__setattr__(self, "path", re.compile(prefix + rb"/studies(?:/([0-9.]{1,64}))?"))

    def read(self, scope: dict[str, Any]) -> Request:
        """The transaction that a request asks for. Raises Refused."""
        fields = _fields(scope["headers"])
        self._authorize(fields.get(b"authorization", b""))
        where = self.path.fullmatch(scope["raw_path"])
        study = (where[1] or b"").decode() if where else ""
        if where is None or (study and not uids.is_uid(study)):
            raise Refused(404, f"Objects are stored at {self.receiver.path}/studies and below it by study.")
        if scope["method"] != "POST":
            raise Refused(405, "Objects can be stored here, by POST; nothing else.", ((b"allow", b"POST"),))
        length = _length(fields)
        boundary = _boundary(fields)
        form = media.form_for(fields[b"accept"].decode("latin-1") if b"accept" in fields else None)
        if form is None:
            raise Refused(406, f"The answer can be had as {media.JSON} or {media.XML}.")
        self._fits(length, boundary)
        return Request(study, boundary, form, length)

    def _authorize(self, said: bytes) -> None:
        """Takes the same time whatever token comes (RFC 6750 2.1)."""
        if not self.receiver.token:
            return
        scheme, _, token = said.partition(b" ")
        right = hmac.compare_digest(token.strip(), self.receiver.token.encode())
        if scheme.lower() != b"bearer" or not right:
            raise Refused(401, "A bearer token is asked for.", ((b"www-authenticate", b'Bearer realm="dicomrules"'),))

    def _fits(self, length: int | None, boundary: bytes | None) -> None:
        longest = self.receiver.limits.object
        if boundary is not None:
            longest *= MOST_PARTS
        if length is not None and length > longest:
            raise Refused(413, "The body is longer than `limits.object` of the gateway allows.")
        if not self.has_room(length or 0):
            again = (b"retry-after", str(RETRY_AFTER).encode())
            raise Refused(503, "There is no room on the disk of the gateway now.", (again,))


def _fields(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Header fields by name in lower case; of what counts here, each may be said once."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name == b"accept" and name in found:
            found[name] += b"," + value
        elif name in _ONCE and name in found:
            raise Refused(400, "A header field is said twice.")
        else:
            found[name] = value
    return found


_ONCE = {b"authorization", b"content-length", b"content-type", b"content-encoding", b"transfer-encoding", b"host"}


def _length(fields: dict[bytes, bytes]) -> int | None:
    """How long the body is said to be; None: it comes in chunks. Both at once is how requests are smuggled."""
    said = fields.get(b"content-length")
    if b"transfer-encoding" in fields:
        if said is not None:
            raise Refused(400, "Content-Length and Transfer-Encoding exclude each other.")
        return None
    if said is None:
        raise Refused(411, "The body must have a Content-Length, or come in chunks.")
    if not re.fullmatch(rb"[0-9]{1,18}", said):
        raise Refused(400, "Content-Length is no number.")
    return int(said)


def _boundary(fields: dict[bytes, bytes]) -> bytes | None:
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(415, "Only bodies without a Content-Encoding are taken.")
    said = media.media_type(fields.get(b"content-type", b"").decode("latin-1"))
    if said is not None and said.name == media.DICOM:
        return None
    kind = said.parameters.get("type", media.DICOM).lower() if said else ""
    if said is None or said.name != media.MULTIPART or kind != media.DICOM:
        raise Refused(415, f'Taken are {media.DICOM}, and {media.MULTIPART}; type="{media.DICOM}".')
    boundary = media.boundary_of(said)
    if boundary is None:
        raise Refused(400, "Content-Type has no boundary, or none of 1 to 128 characters that RFC 2046 has.")
    return boundary
