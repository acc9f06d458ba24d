"""Real objects of every kind, decided by rules that touch much of them: pydicom reads what leaves."""

from pathlib import Path

import pytest
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset

from dicomrules.dicom.patch import apply
from dicomrules.dicom.syntax import encoding_of
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Verdict
from dicomrules.program.case import Given, GivenFile
from dicomrules.rulebook.arrived import arrived
from tests.unit.rulebook.say import program

RULES = """
settings { unencodable => charset to "ISO_IR 192" }
private (0031,"NORTH HOSPITAL",20) LO
tags names = [vr PN] except [PatientName, ReferringPhysicianName]
rule who {
  set PatientID = "SITE-" + PatientID otherwise "SITE-UNKNOWN"
  set PatientName.prefix = "DR" otherwise keep
  set IssuerOfPatientID = "SITE_A"
  set StudyDescription = "頭部"
}
rule deep {
  set RequestAttributesSequence[first].ScheduledProcedureStepID = "S1" creating path
  set (0031,"NORTH HOSPITAL",20) = "made here"
  add OtherPatientIDs = "NEW"
}
rule thin { remove tags names  remove PatientBirthDate, InstitutionName anywhere  empty PatientSex }
rule numbers { when InstanceNumber is present set InstanceNumber = InstanceNumber + 1 otherwise keep }
routes all first match { when Modality in ["CT", "MR"] => pacs  else => vna }
"""
FILES = (
    *("CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm", "JPEG2000.dcm", "rtplan.dcm"),
    *("rtdose.dcm", "test-SR.dcm", "UN_sequence.dcm", "nested_priv_SQ.dcm", "priv_SQ.dcm", "liver_1frame.dcm"),
    *("waveform_ecg.dcm", "reportsi.dcm", "chrH31.dcm", "chrX1.dcm", "chrFrenMulti.dcm", "chrKoreanMulti.dcm"),
)
ENGINE = Engine(program(RULES))


@pytest.mark.parametrize("name", FILES)
def test_a_real_object_is_rewritten_and_pydicom_reads_what_leaves(name: str) -> None:
    found = get_charset_files(name)[0] if name.startswith("chr") else get_testdata_file(name)
    data = Path(str(found)).read_bytes()
    envelope = arrived(Given((GivenFile(name),)), 1, "", lambda _: data)
    decision = ENGINE.decide(envelope, explain=True)
    assert isinstance(decision, Decision)
    if decision.verdict is not Verdict.SEND:
        assert decision.reasons == ("text of the object is not in its character set",)
        return
    assert envelope.index is not None
    received = bytes(envelope.index.source.read(0, envelope.index.length))
    encoding = encoding_of(envelope.transfer_syntax)
    leaves = read_dataset(
        DicomBytesIO(apply(decision.variants[0].patch, received)), not encoding.explicit, encoding.little
    )
    leaves.decode()
    assert leaves.PatientID.startswith("SITE-")
    assert leaves.StudyDescription == "頭部"
    assert leaves.RequestAttributesSequence[0].ScheduledProcedureStepID == "S1"
    assert leaves.private_block(0x0031, "NORTH HOSPITAL")[0x20].value in ("made here", b"made here ")
    assert not [element for element in leaves.iterall() if element.keyword in ("PatientBirthDate", "InstitutionName")]
    assert {change.path for change in decision.variants[0].changes} >= {"PatientID", "StudyDescription"}
