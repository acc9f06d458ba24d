"""Values of the model as they lie in the ledger, and back, exactly.

Times are microseconds since 1970 UTC. A Decision and an Exchange are JSON, field by field as the dataclasses name
them, so that a field added later takes its default when an older row is read; compressed against a fixed sample of
such JSON, because one row alone is too short to compress well. Patches are kept apart, in their own compact form. A
checksum goes before each.
"""

import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from dicomrules.dicom.patch import Patch
from dicomrules.model.decision import Decision, Options
from dicomrules.model.exchange import AnyExchange, Exchange, HttpExchange
from dicomrules.queue.errors import LedgerDamaged

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MICROSECONDS = 1_000_000  # of a second
_CHECK = struct.Struct(">I")

# Never changed: rows of existing ledgers are read with it. A better sample is a second one under another first byte.
_FORM_1 = b"\x01"
_WINDOW = (
    -12
)  # without header; 4 KB back, which is most rows and all of the sample, and little memory to clear for each
_SAMPLE_1 = (
    b'{"association":{"id":"","calling_aet":"","called_aet":"","address":"127.0.0.1:11112","opened_at":"2026-01-01T00:00:00'
    b'.000000+00:00","implementation":"","max_pdu":131072},"context":{"id":1,"abstract_syntax":"1.2.840.10008.5.1.4.1.1.2",'
    b'"transfer_syntax":"1.2.840.10008.1.2.1"},"request":{"CommandGroupLength":,"AffectedSOPClassUID":"1.2.840.10008.5.1.4.1.1.'
    b'","CommandField":1,"MessageID":,"Priority":0,"CommandDataSetType":,"AffectedSOPInstanceUID":"1.2."},"response":{"Command'
    b'Field":32769,"MessageIDBeingRespondedTo":,"CommandDataSetType":257,"Status":0,"ErrorComment":""},"response":null,'
    b'"started_at":"2026-","ended_at":null}{"verdict":"quarantine","hold","send","variants":[{"patch":null,"changes":[{"path":'
    b'"PatientID","before":null,"after":"","rule":""}],"destinations":["pacs","archive"],"sop_instance":"1.2.840.","group":""}]'
    b',"hits":[{"rule":"","matched":true,"because":[{"text":"Modality == \\"CT\\"","seen":"CT","answer":true,"place":'
    b'"rules/site.rules:"}],"notes":[],"kind":"route","kind":"rule","title":"","place":"rules/site.rules:","changes":[{"path":"'
    b'StudyInstanceUID","before":"","after":null,"rule":""}]}],"fingerprint":"","reasons":[],"retry":null,"limit":null,'
    b'"status":0,"notes":[]}'
)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC. The moment must say its time zone."""
    return (moment - _EPOCH) // _MICROSECOND


def span(length: timedelta) -> int:
    """A length of time in microseconds."""
    return length // _MICROSECOND


def moment(value: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + value * _MICROSECOND


def day(value: int) -> str:
    """The day of the local calendar that a moment in microseconds is on."""
    return f"{moment(value).astimezone():%Y-%m-%d}"


def optional_micros(value: datetime | None) -> int | None:
    """As `micros`; None stays None."""
    return None if value is None else micros(value)


def optional_moment(value: int | None) -> datetime | None:
    """As `moment`; None stays None."""
    return None if value is None else moment(value)


def encode_decision(decision: Decision) -> bytes:
    """A Decision without its patches."""
    return _pack(_writer(Decision)(decision))


def decode_decision(raw: bytes, patches: Sequence[Patch]) -> Decision:
    """The Decision that `encode_decision` was given, with the patch of each variant put back.

    LedgerDamaged if they don't fit.
    """
    plain = _unpack(raw)
    if len(plain["variants"]) != len(patches):
        raise LedgerDamaged("a decision in the ledger lacks the patch of a variant")
    for variant, patch in zip(plain["variants"], patches, strict=True):
        variant["patch"] = patch
    decision: Decision = _reader(Decision)(plain)
    return decision


def decode_outline(raw: bytes) -> Decision:
    """The Decision that `encode_decision` was given, without patches: for who only asks where an instance goes."""
    plain = _unpack(raw)
    for variant in plain["variants"]:
        variant["patch"] = Patch("")
    decision: Decision = _reader(Decision)(plain)
    return decision


def encode_exchange(exchange: AnyExchange | None) -> bytes | None:
    """An exchange of either protocol; None stays None."""
    if exchange is None:
        return None
    hint: Any = type(exchange)
    return _pack(_writer(hint)(exchange))


def decode_exchange(raw: bytes | None) -> AnyExchange | None:
    """What `encode_exchange` was given: with `url` it is one of HTTP. LedgerDamaged if it cannot be read."""
    if raw is None:
        return None
    plain = _unpack(raw)
    found: AnyExchange = _reader(HttpExchange if "url" in plain else Exchange)(plain)
    return found


def encode_options(options: Options | None) -> bytes | None:
    """The options of one delivery; None stays None."""
    return None if options is None else _pack(_writer(Options)(options))


def decode_options(raw: bytes | None) -> Options | None:
    """The Options that `encode_options` was given. LedgerDamaged if they cannot be read."""
    return None if raw is None else _reader(Options)(_unpack(raw))


def encode_patch(patch: Patch) -> bytes:
    """A Patch."""
    return _checked(patch.to_bytes())


def decode_patch(raw: bytes) -> Patch:
    """The Patch that `encode_patch` was given. LedgerDamaged if it cannot be read."""
    try:
        return Patch.from_bytes(_unchecked(raw))
    except ValueError as error:
        raise LedgerDamaged("a patch in the ledger cannot be read") from error


def _checked(content: bytes) -> bytes:
    return _CHECK.pack(zlib.crc32(content)) + content


def _unchecked(raw: bytes) -> bytes:
    """SQLite does not notice a bit that a disk has turned; what would go to a patient's images must."""
    content = raw[_CHECK.size :]
    if raw[: _CHECK.size] != _CHECK.pack(zlib.crc32(content)):
        raise LedgerDamaged("a decision, an exchange or a patch in the ledger is not what was written")
    return content


def _pack(plain: dict[str, Any]) -> bytes:
    compress = zlib.compressobj(level=6, wbits=_WINDOW, memLevel=5, zdict=_SAMPLE_1)
    text = json.dumps(plain, separators=(",", ":")).encode("ascii")
    return _checked(_FORM_1 + compress.compress(text) + compress.flush())


def _unpack(raw: bytes) -> dict[str, Any]:
    content = _unchecked(raw)
    if content[:1] != _FORM_1:
        raise LedgerDamaged("a decision or an exchange in the ledger has a form that this version does not know")
    plain: dict[str, Any] = json.loads(zlib.decompressobj(wbits=_WINDOW, zdict=_SAMPLE_1).decompress(content[1:]))
    return plain


_Convert = Callable[[Any], Any]


@cache
def _writer(hint: Any) -> _Convert:
    """How a value of this type becomes JSON. A Patch becomes null."""
    if hint is Patch:
        return lambda value: None
    if hint is datetime:
        return datetime.isoformat
    if hint is timedelta:
        return lambda value: value // _MICROSECOND
    if is_dataclass(hint):
        parts = _parts(hint, _writer)
        return lambda value: {name: write(getattr(value, name)) for name, write in parts}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: value.value
    if get_origin(hint) is tuple:
        write_one = _writer(get_args(hint)[0])
        return lambda value: [write_one(one) for one in value]
    if get_origin(hint) is Mapping:
        return dict
    return _unless_none(hint, _writer)


@cache
def _reader(hint: Any) -> _Convert:
    """How JSON becomes a value of this type. A Patch is taken as it is."""
    if hint is Patch:
        return lambda patch: patch
    if hint is datetime:
        return datetime.fromisoformat
    if hint is timedelta:
        return lambda plain: plain * _MICROSECOND
    if isinstance(hint, type) and is_dataclass(hint):
        parts = _parts(hint, _reader)
        return lambda plain: hint(**{name: read(plain[name]) for name, read in parts if name in plain})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if get_origin(hint) is tuple:
        read_one = _reader(get_args(hint)[0])
        return lambda plain: tuple(read_one(one) for one in plain)
    return _unless_none(hint, _reader)


def _parts(hint: Any, convert: Callable[[Any], _Convert]) -> tuple[tuple[str, _Convert], ...]:
    hints = get_type_hints(hint)
    return tuple((field.name, convert(hints[field.name])) for field in fields(hint))


def _unless_none(hint: Any, convert: Callable[[Any], _Convert]) -> _Convert:
    """`X | None` converts as X; texts, numbers and unions of these are JSON as they are."""
    rest = [part for part in get_args(hint) if part is not NoneType]
    if get_origin(hint) not in (Union, UnionType) or len(rest) != 1:
        return lambda value: value
    inner = convert(rest[0])
    return lambda value: None if value is None else inner(value)
