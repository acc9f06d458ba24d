"""New text in the object's character set, and what happens when that cannot hold it (S39). Never a question mark."""

from dataclasses import dataclass

from dicomrules.dicom.charset import UndecodableText, UnencodableText
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.forms import SHORT_VRS
from dicomrules.dicom.syntax import LONGEST_SHORT
from dicomrules.dicom.tags import SPECIFIC_CHARACTER_SET
from dicomrules.dicom.values import CHARSET_VRS, Unencodable, encode, padded
from dicomrules.engine.fit import TOO_LONG, Fitted
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.run import Run
from dicomrules.engine.show import shown
from dicomrules.functions.text import ascii_
from dicomrules.program.ruleset import ConvertTo
from dicomrules.program.types import NoValue
from dicomrules.program.verdict import Stop

UNENCODABLE = Stop("quarantine", "text does not fit the character set of the object")
UNDECODABLE = Stop("quarantine", "text of the object is not in its character set")


def encoded(plan: Plan, run: Run, dataset: DataSet, value: Fitted, vr: str) -> bytes | NoValue:
    """The bytes of a value that fits `vr`; NoValue when the length field of its VR cannot say how many."""
    vr = vr.split(" ")[0]
    if len(value) == 1 and isinstance(value[0], str) and value[0].isascii():
        raw = padded(value[0].encode("ascii"), vr)
        return TOO_LONG if vr in SHORT_VRS and len(raw) > LONGEST_SHORT else raw
    try:
        raw = encode(value, vr, dataset.charset, little=dataset.encoding.little)
    except Unencodable:
        raw = padded(_misfit(plan, run, dataset, "\\".join(map(str, value)), vr), vr)
    return TOO_LONG if vr in SHORT_VRS and len(raw) > LONGEST_SHORT else raw


def reencoded(plan: Plan, run: Run, source: DataSet, raw: bytes, dataset: DataSet, vr: str) -> bytes:
    """Raw text of one data set in the character set of another."""
    if raw.isascii() and 0x1B not in raw:
        return raw
    text = _decoded(raw, vr, source)
    try:
        return padded(dataset.charset.encode(text, is_name=vr == "PN"), vr)
    except UnencodableText:
        return padded(_misfit(plan, run, dataset, text, vr), vr)


def _misfit(plan: Plan, run: Run, dataset: DataSet, text: str, vr: str) -> bytes:
    """What the `unencodable` setting makes of text that the object's character set cannot hold."""
    match plan.program.settings.unencodable:
        case Stop() as stop:
            raise Halt(stop)
        case "ascii":
            plain = ascii_(text)
            if isinstance(plain, str):
                return plain.encode("ascii")
        case ConvertTo(charset) if vr in CHARSET_VRS:
            convert(plan, run, charset)
            return _encoded(text, vr, dataset)
    raise Halt(UNENCODABLE)


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of the object, decoded."""

    dataset: DataSet
    tag: int
    vr: str
    text: str


def convert(plan: Plan, run: Run, charset: str) -> None:
    """Encode all text of the object anew, at every depth, and declare `charset` (PS3.3 C.12.1.1.2)."""
    texts: list[_Text] = []
    containers = [run.root]
    for dataset in containers:  # grows while it is walked
        for tag in list(dataset.tags()):
            element = dataset.get(tag)
            if element is None:
                continue
            if element.is_sequence:
                containers.extend(dataset.items(tag))
            elif (vr := dataset.vr(tag)) in CHARSET_VRS:
                raw = element.raw
                if not raw.isascii() or 0x1B in raw:
                    texts.append(_Text(dataset, tag, vr, _decoded(raw, vr, dataset)))
    before = shown(run.root, SPECIFIC_CHARACTER_SET)
    for dataset in containers[1:]:
        if dataset.get(SPECIFIC_CHARACTER_SET) is not None:
            dataset.delete(SPECIFIC_CHARACTER_SET)
    run.root.put(SPECIFIC_CHARACTER_SET, "CS", encode((charset,), "CS"))
    for one in texts:
        one.dataset.put(one.tag, one.vr, padded(_encoded(one.text, one.vr, one.dataset), one.vr))
    run.edited("SpecificCharacterSet", before, charset)
    plan.forget(run, SPECIFIC_CHARACTER_SET)


def _decoded(raw: bytes, vr: str, dataset: DataSet) -> str:
    try:
        return dataset.charset.decode(raw, is_name=vr == "PN")
    except UndecodableText:
        raise Halt(UNDECODABLE) from None


def _encoded(text: str, vr: str, dataset: DataSet) -> bytes:
    try:
        return dataset.charset.encode(text, is_name=vr == "PN")
    except UnencodableText:
        raise Halt(UNENCODABLE) from None
