"""The object that a `given` describes: what arrives in a test (S69)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, DecimalException
from zoneinfo import ZoneInfo

from dicomrules.dicom.charset import UnencodableText
from dicomrules.dicom.compose import make_patch
from dicomrules.dicom.deflate import inflate
from dicomrules.dicom.edit import DataSet, open_dataset
from dicomrules.dicom.index import Index, index
from dicomrules.dicom.part10 import guess_encoding, read_head
from dicomrules.dicom.patch import apply
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN, encoding_of, is_deflated
from dicomrules.dicom.tags import SPECIFIC_CHARACTER_SET, private_tag
from dicomrules.dicom.values import TEXT_VRS, Unencodable, encode, padded
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Needs
from dicomrules.model.instance import Envelope, Peer
from dicomrules.program.case import Fact, Given, GivenAbsent, GivenAttribute, GivenContext, GivenFile
from dicomrules.program.expression import Literal
from dicomrules.program.moment import parse_datetime
from dicomrules.program.path import Nth, Path, Pick, PrivateTag, Step
from dicomrules.program.ruleset import Program, Rule
from dicomrules.program.statement import Set
from dicomrules.program.types import Type

# Reads a file that a test names; raises OSError when it cannot.
ReadFile = Callable[[str], bytes]

# The longest deflated file of a test, inflated, in bytes.
LONGEST = 1 << 30
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
TESTER = Peer("TEST", "TEST", "192.0.2.1", "TEST")
UTF_8 = "ISO_IR 192"


def arrived(given: Given, number: int, timezone_name: str, read: ReadFile) -> Envelope:
    """The object of the `number`-th `given` of a test, from 1.

    Raises OSError when a file cannot be read, dicom.malformed.MalformedDataSet when it is no DICOM object.
    """
    zone: tzinfo = ZoneInfo(timezone_name or "UTC")
    file = next((fact for fact in given.facts if isinstance(fact, GivenFile)), None)
    begun = _bare(number) if file is None else _from_file(read(file.name))
    begun = replace(begun, received_at=datetime(2026, 1, 1, 12, tzinfo=zone))
    for fact in given.facts:
        begun = _with(begun, fact, zone)
    return begun


def _bare(number: int) -> Envelope:
    """An object with a SOP class, UIDs and nothing else."""
    uids = ((SOP_CLASS, CT_IMAGE_STORAGE), (SOP_INSTANCE, f"2.25.4{number}"), (STUDY, "2.25.2"), (SERIES, "2.25.3"))
    empty = open_dataset(index(MemoryBytes(b""), encoding_of(EXPLICIT_VR_LITTLE_ENDIAN)))
    for tag, uid in uids:
        empty.put(tag, "UI", encode((uid,), "UI"))
    return _envelope(apply(make_patch(empty, hashlib.sha256(b"").hexdigest()), b""), EXPLICIT_VR_LITTLE_ENDIAN)


def _from_file(data: bytes) -> Envelope:
    head = read_head(MemoryBytes(data))
    body = data[head.dataset_start :]
    syntax = head.transfer_syntax or guess_encoding(MemoryBytes(body))[0]
    if is_deflated(syntax):
        body = b"".join(inflate([body], LONGEST))
    return replace(_envelope(body, syntax), meta=dict(head.meta))


def _envelope(data: bytes, syntax: str) -> Envelope:
    found = index(MemoryBytes(data), encoding_of(syntax))
    digest = hashlib.sha256(data).hexdigest()
    return Envelope(found.key(), found, "", TESTER, datetime(2026, 1, 1, 12, tzinfo=UTC), syntax, len(data), digest)


def _with(envelope: Envelope, fact: Fact, zone: tzinfo) -> Envelope:
    """The same object with one fact more; facts about tables are no part of it."""
    match fact:
        case GivenContext(name, value):
            return _in_context(envelope, name, value, zone)
        case GivenAttribute(path, values) if path.component or path.group or path.value is not None:
            return _with_part(envelope, path, values)
        case GivenAttribute(path, values):
            return _edited(envelope, lambda root: _put(root, path, values))
        case GivenAbsent(path):
            return _edited(envelope, lambda root: _drop(root, path))
        case _:
            return envelope


def _in_context(envelope: Envelope, name: str, value: str, zone: tzinfo) -> Envelope:
    peer = envelope.peer
    match name:
        case "calling_aet" | "called_aet" | "receiver":
            return replace(envelope, peer=replace(peer, **{name: value}))
        case "calling_ip":
            return replace(envelope, peer=replace(peer, address=value))
        case "received_at":
            return replace(envelope, received_at=_instant(value, zone))
        case "transfer_syntax":
            return replace(envelope, transfer_syntax=value)
        case _:
            return replace(envelope, source_path=value)


def _instant(text: str, zone: tzinfo) -> datetime:
    """The instant of a DT; in the time zone of the settings when it names none."""
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError("`received_at` is given in the form of a DT: 20260101120000")
    year, month, day, hour, minute, second, _ = moment.parts + (1, 1, 1, 0, 0, 0, 0)[len(moment.parts) :]
    offset = zone if moment.offset is None else timezone(timedelta(minutes=moment.offset))
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=offset)


def _edited(envelope: Envelope, edit: Callable[[DataSet], None]) -> Envelope:
    """The envelope of the object after an edit."""
    found: Index | None = envelope.index
    if found is None:
        raise ValueError("an object of a test always has an index")
    root = open_dataset(found)
    edit(root)
    return _again(envelope, found, root)


def _again(envelope: Envelope, found: Index, root: DataSet) -> Envelope:
    received = bytes(found.source.read(0, found.length))
    made = _envelope(apply(make_patch(root, envelope.digest), received), envelope.transfer_syntax)
    return replace(envelope, key=made.key, index=made.index, length=made.length, digest=made.digest)


def _with_part(envelope: Envelope, path: Path, values: tuple[str, ...]) -> Envelope:
    """One value or one component given: what `set` does."""
    statement = Set(path, Literal("\\".join(values), Type.TEXT), "empty", creating=True)
    tried = Engine(Program(rules=(Rule("given", None, (statement,)),))).attempt(envelope)
    if isinstance(tried, Needs) or envelope.index is None:
        return envelope
    return _again(envelope, envelope.index, tried.rewritten)


def _put(root: DataSet, path: Path, values: tuple[str, ...]) -> None:
    holder, last = _holder(root, path.steps[:-1], making=True), path.steps[-1]
    tag = None if holder is None else _tag(holder, last.tag, making=True)
    if holder is None or tag is None:
        raise ValueError("the object has no room for what is given: no private block is free")
    if last.vr == "SQ":
        holder.put(tag, "SQ", b"")
        return
    text = "\\".join(values)
    if not text.isascii() and root.get(SPECIFIC_CHARACTER_SET) is None and tag != SPECIFIC_CHARACTER_SET:
        root.put(SPECIFIC_CHARACTER_SET, "CS", encode((UTF_8,), "CS"))
    vr = holder.vr(tag) if " " in last.vr else last.vr
    holder.put(tag, vr.split(" ")[0], _raw(holder, vr.split(" ")[0], values))


def _raw(holder: DataSet, vr: str, values: tuple[str, ...]) -> bytes:
    """The bytes of given values, which need not be right: what does not fit the VR arrives as it is written."""
    text = "\\".join(values)
    if vr not in TEXT_VRS and values:
        try:
            numbers = [float(one) if vr in ("FL", "FD") else int(Decimal(one)) for one in values]
            return encode(numbers, vr, little=holder.encoding.little)
        except (ValueError, DecimalException, OverflowError, Unencodable):
            return padded(text.encode(), vr)
    try:
        return padded(holder.charset.encode(text, vr), vr)
    except UnencodableText:
        return padded(text.encode(), vr)


def _drop(root: DataSet, path: Path) -> None:
    holder = _holder(root, path.steps[:-1], making=False)
    tag = None if holder is None else _tag(holder, path.steps[-1].tag, making=False)
    if holder is not None and tag is not None:
        holder.delete(tag)


def _holder(root: DataSet, steps: tuple[Step, ...], *, making: bool) -> DataSet | None:
    """The item that steps lead to; `making` adds the items that are missing."""
    here = root
    for step in steps:
        tag = _tag(here, step.tag, making=making)
        if tag is None or (tag not in here and not making):
            return None
        there = len(here.items(tag)) if tag in here else 0
        place = _place(step, there)
        if place >= there and not making:
            return None
        while there <= place:
            here.add_item(tag)
            there += 1
        here = here.items(tag)[place]
    return here


def _place(step: Step, count: int) -> int:
    """Which item a given path means, from 0."""
    match step.selector:
        case Nth(number):
            return number - 1
        case Pick.LAST:
            return max(count - 1, 0)
        case Pick.NEW:
            return count
        case _:
            return 0


def _tag(dataset: DataSet, tag: int | PrivateTag, *, making: bool) -> int | None:
    if isinstance(tag, int):
        return tag
    find = dataset.reserve_block if making else dataset.private_block
    block = find(tag.group, tag.creator)
    return None if block is None else private_tag(tag.group, block, tag.element)
