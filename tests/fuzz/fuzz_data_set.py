"""Bytes of any kind: the walk refuses them or goes through, and what it went through can be decided and patched."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from random import Random

from dicomrules.dicom.compose import make_patch
from dicomrules.dicom.edit import open_dataset
from dicomrules.dicom.index import Index, MalformedDataSet, index
from dicomrules.dicom.patch import Patch, apply, new_length
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    encoding_of,
)
from dicomrules.dicom.values import TooLong
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope, Peer
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import load
from tests.fuzz.octets import edit
from tests.objects import ct, data_set_bytes, raw_element, raw_item, raw_sequence, real_data_sets, rtstruct

SYNTAXES = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
LONGEST = 20_000
PEER = Peer("CT_A1", "GATEWAY", "192.0.2.7", "scp")
RECEIVED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
EDGES = (
    b"\0\0",
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\xfe\xff\0\xe0",
    b"\xfe\xff\x0d\xe0",
    b"\xfe\xff\xdd\xe0",
    b"SQ\0\0",
    b"UN",
)

RULES = """language 1
settings { unencodable => charset to "ISO_IR 192" }
private (0019,"DICOMRULES TEST",20) LO
secret salt from env "SALT"
rule ids { set PatientID = "A-" + (PatientID | trim | upper) otherwise keep  set IssuerOfPatientID = "A" }
rule names { set PatientName.family = "MULLER" otherwise keep  default StudyID = "1" otherwise keep }
rule parts {
  when Modality in ["CT", "RTSTRUCT"] or Rows > 1 or ImageType[any] == "AXIAL"
  within RequestAttributesSequence[every] { set ScheduledProcedureStepID = root.PatientID otherwise keep }
  within ProcedureCodeSequence[new] { set CodeValue = "X" }
  remove StudyDescription anywhere
  set AccessionNumber = StudyID otherwise keep
}
rule private_block { set (0019,"DICOMRULES TEST",20) = "x" otherwise keep }
rule moved { remap uids with salt  shift dates by -10 }
"""
AFTER = """language 1
rule gone { remove private  remove PatientComments anywhere  charset to "ISO_IR 192" }
"""
UNTOUCHED = """language 1
rule never { when PatientID == "nobody has this number" and Rows > 60000 remove PatientID }
"""


def check(data: bytes) -> int:
    """Walk the bytes in three encodings; how many went through. AssertionError: a promise is broken."""
    return sum(_check(data, syntax) for syntax in SYNTAXES)


def _check(data: bytes, syntax: str) -> bool:
    try:
        walked = index(MemoryBytes(data), encoding_of(syntax))
    except MalformedDataSet as malformed:
        return _refused(malformed, data)
    assert walked.length == len(data)
    untouched = make_patch(open_dataset(walked), "00" * 32)
    assert untouched.is_empty, "nothing was changed, and something leaves changed"
    digest = hashlib.sha256(data).hexdigest()
    arrived = Envelope(walked.key(), walked, "", PEER, RECEIVED, syntax, len(data), digest)
    for engine in engines():
        decision = engine.decide(arrived)
        assert decision == engine.decide(arrived)
        assert isinstance(decision, Decision)
        for variant in decision.variants:
            _leaves(variant.patch, walked, data)
    _edited(walked, data)
    return True


def _refused(malformed: MalformedDataSet, data: bytes) -> bool:
    assert 0 <= malformed.offset <= len(data)
    return False


def _edited(walked: Index, data: bytes) -> None:
    """An attribute put in, and one taken away, without any rules between."""
    tree = open_dataset(walked)
    tree.put(0x00100020, "LO", b"NEW ")
    tags = list(tree.tags())
    if tags[0] != 0x00100020:
        tree.delete(tags[0])
    try:
        patch = make_patch(tree, "00" * 32)
    except TooLong:
        return
    _leaves(patch, walked, data)


def _leaves(patch: Patch, walked: Index, data: bytes) -> None:
    """What leaves walks again, is as long as was said, and the patch survives the ledger."""
    made = apply(patch, data)
    assert len(made) == new_length(patch, len(data))
    index(MemoryBytes(made), walked.encoding)
    assert Patch.from_bytes(patch.to_bytes()) == patch


@cache
def engines() -> tuple[Engine, ...]:
    """Rules of every kind that edits."""
    return tuple(Engine(_compiled(rules)) for rules in (RULES, AFTER, UNTOUCHED))


def _compiled(rules: str) -> Program:
    loaded = load(["fixed.rules"], lambda name: rules, environment={"SALT": "0123456789abcdef" * 2})
    assert loaded.program is not None, [str(found.message) for found in loaded.diagnostics if found.is_error]
    return loaded.program


@cache
def corpus() -> tuple[bytes, ...]:
    """Small data sets: generated in each encoding, odd ones byte by byte, and short real ones."""
    made = [data_set_bytes(one, syntax) for one in (ct(size=4), rtstruct(2, 2, 3)) for syntax in SYNTAXES]
    item = raw_item(raw_element(0x00080100, "SH", b"CODE"), undefined=True)
    made += [raw_sequence(0x00081032, [item] * 2, vr=vr, undefined=True) for vr in ("SQ", "UN", "")]
    made += [data for _, _, data in islice(real_data_sets(longest=LONGEST), 20)]
    return tuple(data[:LONGEST] for data in made)


def mutated(data: bytes, random: Random) -> bytes:
    """The bytes with a few places changed: bits, lengths, delimiters, pieces dropped, doubled or of other objects."""
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 6])):
        edit(made, (1, 2, 4, 8, 60), EDGES, corpus(), random)
    return bytes(made[:LONGEST])
