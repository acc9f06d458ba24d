"""New text in the object's character set, and what happens when that cannot hold it (S39). Never a question mark."""

from dicomrules.dicom.charset import CharacterSet, UndecodableText, UnencodableText
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.forms import SHORT_VRS
from dicomrules.dicom.syntax import LONGEST_SHORT
from dicomrules.dicom.values import CHARSET_VRS, Unencodable, encode, padded
from dicomrules.engine.fit import TOO_LONG, Fitted
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.recode import UNDECODABLE, UNENCODABLE, convert, instead, speak_unicode
from dicomrules.engine.run import Run
from dicomrules.program.ruleset import ConvertTo
from dicomrules.program.types import NoValue


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


def reencoded(plan: Plan, run: Run, charset: CharacterSet, raw: bytes, dataset: DataSet, vr: str) -> bytes:
    """Raw text that is in `charset` in the character set of a data set."""
    if raw.isascii() and 0x1B not in raw:
        return raw
    text = _decoded(raw, vr, charset)
    try:
        return padded(dataset.charset.encode(text, vr), vr)
    except UnencodableText:
        return padded(_misfit(plan, run, dataset, text, vr), vr)


def _misfit(plan: Plan, run: Run, dataset: DataSet, text: str, vr: str) -> bytes:
    """What becomes of text that the object's character set cannot hold: a `charset` statement may still come."""
    setting = plan.program.settings.unencodable
    if vr in CHARSET_VRS and run.root.spoken is None and plan.recodes and speak_unicode(plan, run):
        return _encoded(text, vr, dataset)
    if vr in CHARSET_VRS and isinstance(setting, ConvertTo):
        convert(plan, run, setting.charset)
        return _encoded(text, vr, dataset)
    return instead(plan, text)


def _decoded(raw: bytes, vr: str, charset: CharacterSet) -> str:
    try:
        return charset.decode(raw, vr)
    except UndecodableText:
        raise Halt(UNDECODABLE) from None


def _encoded(text: str, vr: str, dataset: DataSet) -> bytes:
    try:
        return dataset.charset.encode(text, vr)
    except UnencodableText:
        raise Halt(UNENCODABLE) from None
