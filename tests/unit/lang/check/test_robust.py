"""Whatever stands in a rule file: loading answers, soon, and never raises."""

import random
import time
from pathlib import Path

import pytest

from dicomrules.rulebook.load import Loaded, load

LANGUAGE = Path(__file__).parents[3] / "language"
TEXTS = [
    path.read_bytes().decode("utf-8", "replace")
    for folder in ("accept", "check", "near", "reject")
    for path in sorted((LANGUAGE / folder).glob("*.rules"))
]
WORDS = sorted({word for text in TEXTS for word in text.split()})
MARKS = '\0\n"\\\u202e\u0421{}()[]/=|,.<>0aA'
CSV = "Accession,Episode,Born\nA,E,20240101\n"


def loaded(text: str) -> Loaded:
    def read(name: str) -> str:
        return CSV if name.endswith(".csv") else text if name == "x.rules" else "language 1\n"

    return load(["x.rules"], read)


def edited(text: str, chance: random.Random) -> str:
    """The text with one piece taken out, put in, or put in place of another one."""
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.randint(0, 12))
    other = chance.choice(TEXTS)
    at = chance.randrange(len(other))
    piece = chance.choice(
        [f" {chance.choice(WORDS)} ", chance.choice(MARKS), other[at : at + chance.randint(1, 200)], ""]
    )
    return text[:start] + piece + text[end if chance.random() < 0.6 else start :]


@pytest.mark.parametrize("seed", range(4))
def test_any_edit_of_a_rule_file_is_answered(seed: int) -> None:
    chance = random.Random(seed)
    until = time.monotonic() + 4
    slowest = 0.0
    for _ in range(400):
        text = chance.choice(TEXTS)
        for _ in range(chance.randint(1, 4)):
            text = edited(text, chance)
        began = time.monotonic()
        found = loaded(text)
        slowest = max(slowest, time.monotonic() - began)
        assert (found.program is None) == any(one.is_error for one in found.diagnostics)
        if time.monotonic() > until:
            break
    assert slowest < 10


DEEP = {
    "brackets": "condition c = " + "(" * 60 + "Rows > 1" + ")" * 60,
    "nots": "condition c = " + "not (" * 60 + "Rows is present" + ")" * 60,
    "ifs": "rule r { " + "if Rows > 1 { " * 60 + "empty StudyID " + "}" * 61,
    "chooses": "rule r { set StudyID = "
    + 'choose Modality { case "A" => ' * 60
    + '"x"'
    + ' else => "y" }' * 60
    + " otherwise keep }",
    "conditions": "condition c0 = Rows is present\n"
    + "\n".join(f"condition c{n} = not c{n - 1}" for n in range(1, 1000))
    + "\nrule r { when c999 empty StudyID }",
    "functions": "function f0(x) = x + x\n"
    + "\n".join(f"function f{n}(x) = f{n - 1}(x) + f{n - 1}(x)" for n in range(1, 40))
    + "\nrule r { set PatientComments = f39(calling_aet) otherwise keep }",
    "actions": "action a0 { empty StudyID }\n"
    + "\n".join(f"action a{n} {{ apply a{n - 1} apply a{n - 1} }}" for n in range(1, 40))
    + "\nrule r { apply a39 }",
    "wheres": "condition c = "
    + "RequestAttributesSequence[where " * 55
    + "StudyID is present"
    + "].StudyID is present" * 55,
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_or_written_out_without_end_is_refused(name: str) -> None:
    found = loaded("language 1\n" + DEEP[name])
    assert found.program is None or name in ("brackets", "nots", "chooses")


def test_three_thousand_lines_take_about_a_second() -> None:
    rules = "\n".join(
        f'rule r{n} "Rule {n}" {{\n  when (ct or Modality == "MR") and calling_aet in ["AE{n}", "BE{n}"]\n'
        f'  set StationName = "S{n}-" + (AccessionNumber | trim | cut(8)) otherwise keep\n  if PatientSex == "F" {{\n'
        f'    set InstitutionName = "W{n}"\n  }} else {{\n    default InstitutionName = "M"\n  }}\n'
        "  remove OtherPatientIDs\n}"
        for n in range(300)
    )
    text = 'language 1\ncondition ct = Modality == "CT" and Rows > 512\n' + rules
    assert text.count("\n") > 2900
    began = time.process_time()
    assert loaded(text).program is not None
    assert time.process_time() - began < 10  # about one second; ten on a machine that is busy
