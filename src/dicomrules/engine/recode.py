"""All text of an object in another character set: what is there is decoded, declared anew, and encoded (S39).

`charset to` converts at once. New text that the object's character set cannot hold does not wait for it in vain: where
the rules have a `charset` statement at all, the tree speaks UTF-8 from that text on (`speak_unicode`), and what the
object declares when all rules have run is what its text is written in (`settle`). So their order does not matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dicomrules.dicom.charset import CharacterSet, UndecodableText, UnencodableText, character_set
from dicomrules.dicom.edit import DataSet
from dicomrules.dicom.tags import SPECIFIC_CHARACTER_SET
from dicomrules.dicom.values import CHARSET_VRS, encode, padded
from dicomrules.engine.everywhere import elements
from dicomrules.engine.halt import Halt
from dicomrules.engine.plan import Plan
from dicomrules.engine.put import put
from dicomrules.engine.run import Run, Spot
from dicomrules.engine.show import shown
from dicomrules.functions.text import ascii_
from dicomrules.program.ruleset import ConvertTo
from dicomrules.program.verdict import Stop

UNENCODABLE = Stop("quarantine", "text does not fit the character set of the object")
UNDECODABLE = Stop("quarantine", "text of the object is not in its character set")
UNICODE = character_set(("ISO_IR 192",))

# The character set that the bytes of an element are in; None: they stay as they are.
Speaks = Callable[[DataSet, int], CharacterSet | None]


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of the object, decoded."""

    spot: Spot
    tag: int
    vr: str
    text: str


def as_spoken(dataset: DataSet, tag: int) -> CharacterSet:
    """Text as it is read."""
    return dataset.charset


def really(actual: CharacterSet) -> Speaks:
    """Text as it came is in this character set, whatever is declared; what rules have written is as it is read."""
    return lambda dataset, tag: dataset.charset if tag in dataset.edits else actual


def convert(plan: Plan, run: Run, charset: str, speaks: Speaks = as_spoken) -> None:
    """Encode all text anew and declare `charset`. Raises Halt when there is text that nobody can read, or write."""
    texts = _texts(plan, run, speaks)
    into = character_set(tuple(charset.split("\\")))
    setting = plan.program.settings.unencodable
    if isinstance(setting, ConvertTo) and not all(_fits(one, into) for one in texts):
        charset, into = setting.charset, character_set((setting.charset,))
    declare(plan, run, charset)
    for one in texts:
        _write(plan, run, one, into)
    plan.forget_all(run)


def relabel(plan: Plan, run: Run, charset: str) -> None:
    """Declare what the bytes really are. What rules have written is encoded anew, all else stays as it came."""
    texts = _texts(plan, run, lambda dataset, tag: dataset.charset if tag in dataset.edits else None)
    declare(plan, run, charset)
    for one in texts:
        _write(plan, run, one, character_set(tuple(charset.split("\\"))))
    plan.forget_all(run)


def declare(plan: Plan, run: Run, charset: str) -> None:
    """Say once, at the top, which character set all text is in."""
    nested = [
        spot
        for spot, element in elements(run, Spot(run.root))
        if element.tag == SPECIFIC_CHARACTER_SET and spot.top is not None
    ]
    for spot in nested:
        spot.dataset.delete(SPECIFIC_CHARACTER_SET)
    before = shown(run.root, SPECIFIC_CHARACTER_SET)
    if before != charset:
        run.root.put(SPECIFIC_CHARACTER_SET, "CS", encode(tuple(charset.split("\\")), "CS"))
        run.edited("SpecificCharacterSet", before, shown(run.root, SPECIFIC_CHARACTER_SET))
        plan.forget(run, SPECIFIC_CHARACTER_SET)
    run.root.spoken = None


def speak_unicode(plan: Plan, run: Run) -> bool:
    """Let the whole tree speak UTF-8 until the rules have run; False when some text of it cannot be read."""
    try:
        texts = [one for one in _decoded(plan, run, as_spoken) if one is not None]
    except UndecodableText:
        return False
    run.root.spoken = UNICODE
    for one in texts:
        _write(plan, run, one, UNICODE)
    return True


def settle(plan: Plan, run: Run) -> None:
    """Write text in what the object declares, once all rules have run. Raises Halt where it does not fit."""
    if run.root.spoken is None:
        return
    texts = _texts(plan, run, as_spoken)
    run.root.spoken = None
    setting = plan.program.settings.unencodable
    if isinstance(setting, ConvertTo) and not all(_fits(one, one.spot.dataset.charset) for one in texts):
        declare(plan, run, setting.charset)
    for one in texts:
        _write(plan, run, one, one.spot.dataset.charset)
    plan.forget_all(run)


def _texts(plan: Plan, run: Run, speaks: Speaks) -> list[_Text]:
    """Every text that is not ASCII, decoded, or what the `unencodable` setting makes of one that cannot be read."""
    try:
        return list(_decoded(plan, run, speaks))
    except UndecodableText:
        setting = plan.program.settings.unencodable
    if setting == "ascii":
        run.note("text that cannot be read: what is not ASCII is lost")
        return list(_decoded(plan, run, speaks, lossy=True))
    raise Halt(setting if isinstance(setting, Stop) else UNDECODABLE, "text that cannot be read in its character set")


def _decoded(plan: Plan, run: Run, speaks: Speaks, *, lossy: bool = False) -> list[_Text]:
    """Raises UndecodableText, unless `lossy`."""
    found = []
    for spot, element in elements(run, Spot(run.root)):
        if element.is_sequence or (vr := plan.vr(spot.dataset, element)) not in CHARSET_VRS:
            continue
        raw = element.raw
        charset = None if raw.isascii() and 0x1B not in raw else speaks(spot.dataset, element.tag)
        if charset is not None:
            found.append(_Text(spot, element.tag, vr, _text(raw, vr, charset, lossy=lossy)))
    return found


def _text(raw: bytes, vr: str, charset: CharacterSet, *, lossy: bool) -> str:
    try:
        return charset.decode(raw, vr)
    except UndecodableText:
        if not lossy:
            raise
        return bytes(byte for byte in raw if byte < 0x80 and byte != 0x1B).decode("ascii")


def _fits(one: _Text, charset: CharacterSet) -> bool:
    try:
        charset.encode(one.text, one.vr)
    except UnencodableText:
        return False
    return True


def _write(plan: Plan, run: Run, one: _Text, charset: CharacterSet) -> None:
    """Write a text; what the character set does not have goes by the `unencodable` setting."""
    try:
        raw = charset.encode(one.text, one.vr)
    except UnencodableText:
        raw = instead(plan, one.text)
    put(plan, one.spot.dataset, one.tag, one.vr, padded(raw, one.vr))


def instead(plan: Plan, text: str) -> bytes:
    """What the `unencodable` setting makes of a text that does not fit. Never a question mark."""
    setting = plan.program.settings.unencodable
    if setting == "ascii":
        plain = ascii_(text)
        if isinstance(plain, str):
            return plain.encode("ascii")
    raise Halt(setting if isinstance(setting, Stop) else UNENCODABLE)
