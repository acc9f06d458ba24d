"""The association file of an IRIS router, made into an entry of `contexts`."""

from dicomrules.config.imported import Unusable, bounded, page, quoted
from dicomrules.dicom.classes import name_of
from dicomrules.dicom.uids import is_registered, is_uid, uid_name
from dicomrules.wire.contexts import ContextPolicy, holds_data_sets

_DOS_END = "\x1a"  # the end of a text file that programs of old put there
_POLICY = ContextPolicy(unknown_classes=True)


def iris(text: str, calling: str, called: str) -> str:
    """An entry of `contexts` from an association file: one `abstractUID\\transferUID` a line, best first. Raises
    Unusable.
    """
    classes: dict[str, list[str]] = {}
    notes: list[str] = []
    for number, line in enumerate(bounded(text).rstrip(_DOS_END).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = [part.strip() for part in line.split("\\")]
        if len(parts) != 2 or not all(map(is_uid, parts)):
            raise Unusable(f"line {number} is not an abstract syntax UID, a backslash and a transfer syntax UID")
        problem = _unusable_pair(*parts)
        if problem:
            notes.append(f"line {number}: {problem}")
        elif parts[1] not in classes.setdefault(parts[0], []):
            classes[parts[0]].append(parts[1])
    if not classes:
        raise Unusable("it names no presentation context that a gateway of this version can have")
    lines = ["contexts:", f"  - calling: {quoted(calling)}", f"    called: {quoted(called)}", "    classes:"]
    for abstract, syntaxes in classes.items():
        lines.append(f"      {_name(abstract)}: [{', '.join(map(_name, syntaxes))}]")
    return page("an IRIS association file", notes, lines)


def _unusable_pair(abstract: str, transfer: str) -> str:
    if not _POLICY.supports(abstract):
        return f"{uid_name(abstract)} is no class of storage, nor Verification: left out"
    if is_registered(transfer) and not holds_data_sets(transfer):
        return f"{uid_name(transfer)} is no transfer syntax of data sets: left out"
    return ""


def _name(uid: str) -> str:
    """A keyword, or a UID in quotes: without them, YAML might take it for a number."""
    name = name_of(uid)
    return name if name != uid else f'"{uid}"'
