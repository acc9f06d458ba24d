"""Rule text of tests about whole objects, loaded with secrets and run on one object."""

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset

from dicomrules.dicom.patch import Patch, apply
from dicomrules.model.decision import RuleHit
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import Loaded, load
from tests.unit.engine.make import Result, dataset, decide, encode, with_items

SALT = "a salt"
HEAD = 'language 1 expects destinations pacs, research secret salt from env "SALT"\n'


def loaded(text: str) -> Loaded:
    """The rules with their findings."""
    return load(["a.rules"], {"a.rules": HEAD + text}.__getitem__, environment={"SALT": SALT, "OTHER": "another"})


def program(text: str) -> Program:
    """The program; the rules must be without errors."""
    found = loaded(text)
    assert found.program is not None, [(one.code, one.message) for one in found.diagnostics]
    return found.program


def run(text: str, made: Dataset | bytes) -> Result:
    """What becomes of one object."""
    return decide(program(text), made)


def rule(body: str, more: str = "") -> str:
    """One rule, after other items."""
    return f"{more} rule r {{ {body} }}"


def codes(text: str) -> set[str]:
    """The codes of what is found, unused names left out."""
    return {found.code for found in loaded(text).diagnostics if found.code != "DR109"}


def hit(result: Result, name: str = "r") -> RuleHit:
    """What is told about a rule."""
    return next(one for one in result.decision.hits if one.rule == name)


def latin() -> Dataset:
    """An object in Latin-1 with a name and a nested text."""
    made = dataset(SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg", StudyDescription="plain")
    made.RequestAttributesSequence = with_items({"RequestedProcedureDescription": "Schädel"})
    return made


def private() -> Dataset:
    """An object with blocks of three makers, and without any, at two depths."""
    made = dataset(PatientID="1")
    for creator in ("A", "B", "C"):
        block = made.private_block(0x0029, creator, create=True)
        block.add_new(0x10, "LO", creator.lower())
    made.add_new(0x00290001, "LO", "no creator")
    made.add_new(0x00295001, "LO", "no creator either")
    item = Dataset()
    item.private_block(0x0019, "C", create=True).add_new(0x01, "LO", "deep")
    item.private_block(0x0019, "A", create=True).add_new(0x02, "LO", "deep too")
    made.private_block(0x0029, "A").add_new(0x20, "SQ", [item])
    made.RequestAttributesSequence = [item]
    return made


def leaving(made: Dataset, patch: Patch) -> Dataset:
    """The data set that leaves with a patch."""
    return read_dataset(DicomBytesIO(apply(patch, encode(made))), False, True)
