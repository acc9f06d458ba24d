"""Short ways to make objects, compiled rules and decisions for the tests of this folder."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from dicomrules.dicom.index import index
from dicomrules.dicom.patch import apply
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_VR_LITTLE_ENDIAN, encoding_of
from dicomrules.dicom.tags import tag_of, vm_of, vr_of
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope, Peer
from dicomrules.program.expression import Compare, Condition, Expression, Is, Literal, Read
from dicomrules.program.path import Nth, Path, Pick, Prefix, Step
from dicomrules.program.ruleset import Guard, Program, Rule
from dicomrules.program.statement import Set
from dicomrules.program.types import Type, Value

CT = "1.2.840.10008.5.1.4.1.1.2"
PEER = Peer("CT_A1", "GATEWAY", "192.0.2.7", "scp")
RECEIVED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SELECTORS = {pick.value: pick for pick in Pick}
STEP = re.compile(r"([A-Za-z0-9]+)(?:\[(item |value )?(\w+)\])?")


def dataset(**values: Any) -> Dataset:
    """A small CT with these attributes."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CT, "1.2.3.4"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def with_items(*items: dict[str, Any]) -> list[Dataset]:
    """Items of a sequence."""
    made = []
    for values in items:
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        made.append(item)
    return made


def encode(made: Dataset, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    """The bytes of a data set."""
    encoding = encoding_of(syntax)
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = not encoding.explicit, encoding.little
    write_dataset(out, made)
    return bytes(out.getvalue())


def envelope(made: Dataset | bytes, syntax: str = EXPLICIT_VR_LITTLE_ENDIAN, **changed: Any) -> Envelope:
    """An object as it arrived."""
    data = made if isinstance(made, bytes) else encode(made, syntax)
    found = index(MemoryBytes(data), encoding_of(syntax))
    digest = hashlib.sha256(data).hexdigest()
    whole = Envelope(found.key(), found, "", PEER, RECEIVED, syntax, len(data), digest)
    return replace(whole, **changed)


@dataclass(frozen=True)
class Result:
    """A decision and the data set that leaves (the received one when nothing does)."""

    decision: Decision
    leaves: Dataset
    data: bytes

    def value(self, keyword: str) -> Any:
        """The value that leaves; None when the attribute is absent."""
        return self.leaves.get(keyword)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all rules."""
        return tuple(note for hit in self.decision.hits for note in hit.notes)


def decide(program: Program, made: Dataset | bytes | Envelope, *, explain: bool = False, **arguments: Any) -> Result:
    """Decide an object and read what leaves with pydicom, an independent reader."""
    arrived = made if isinstance(made, Envelope) else envelope(made)
    decision = Engine(program, **arguments).decide(arrived, explain=explain)
    assert isinstance(decision, Decision)
    data = bytes(arrived.index.source.read(0, arrived.length))
    if decision.variants:
        data = apply(decision.variants[0].patch, data)
    encoding = encoding_of(arrived.transfer_syntax)
    leaves = read_dataset(DicomBytesIO(data), not encoding.explicit, encoding.little)
    leaves.decode()
    return Result(decision, leaves, data)


def p(text: str) -> Path:
    """The path of `original.S[first].ImageType[any]` or `PatientName.family`."""
    prefix, rest = Prefix.HERE, text
    for candidate in (Prefix.ORIGINAL, Prefix.CURRENT, Prefix.META):
        if text.startswith(candidate.value + "."):
            prefix, rest = candidate, text.removeprefix(candidate.value + ".")
    parts = rest.split(".")
    words = [part for part in parts if part[0].islower()]
    steps = [_step(part) for part in parts if part[0].isupper()]
    value = None
    last, vr = steps[-1], steps[-1].vr
    if last.selector is not None and vr != "SQ":
        value, steps[-1] = last.selector, replace(last, selector=None)
    group = next((word for word in words if word in ("alphabetic", "ideographic", "phonetic")), "")
    component = next((word for word in words if word != group), "")
    vm = vm_of(int(last.tag)).split("-")[-1]
    most = int(vm) if vm.isdigit() else None
    return Path(tuple(steps), prefix, value, most, group, component, text)


def _step(text: str) -> Step:
    match = STEP.fullmatch(text)
    assert match, text
    tag = tag_of(match[1])
    assert tag is not None, text
    selector = None
    if match[3]:
        selector = Nth(int(match[3])) if match[2] else SELECTORS[match[3]]
    return Step(tag, vr_of(tag), match[1], selector)


def read(text: str) -> Read:
    """The value at a path."""
    return Read(p(text))


def lit(value: Value, kind: Type = Type.TEXT) -> Literal:
    """A constant."""
    return Literal(value, kind)


def compare(path: str, sign: Any, value: Value | Expression) -> Compare:
    """`path sign value`."""
    kind = p(path).type
    other = value if hasattr(value, "__dataclass_fields__") and not hasattr(value, "parts") else lit(value, kind)
    if hasattr(value, "offset") or hasattr(value, "unit"):
        other = lit(value, kind)
    return Compare(sign, read(path), other, kind)


def eq(path: str, value: Value) -> Compare:
    """`path == value`."""
    return compare(path, "==", value)


def is_(path: str, state: Any) -> Is:
    """`path is state`."""
    return Is(read(path), state)


def set_(path: str, value: Any, otherwise: Any = None, *, creating: bool = False) -> Set:
    """`set path = value`."""
    known = value if hasattr(value, "__dataclass_fields__") else lit(value)
    return Set(p(path), known, otherwise, creating)


def rule(*body: Any, when: Condition | None = None, unless: Condition | None = None, name: str = "r") -> Rule:
    """A rule."""
    guard = Guard(when) if when is not None else Guard(unless, unless=True) if unless is not None else None
    return Rule(name, guard, body)


def program(*body: Any, when: Condition | None = None, **settings: Any) -> Program:
    """A program of one rule, or of the rules given."""
    rules = body if body and all(isinstance(part, Rule) for part in body) else (rule(*body, when=when),)
    return Program(rules=rules, **settings)


def fires(condition: Condition, made: Dataset | bytes | Envelope, **parts: Any) -> bool:
    """Whether a rule with this guard fires."""
    result = decide(program(when=condition, **parts), made)
    return any(hit.matched for hit in result.decision.hits)
