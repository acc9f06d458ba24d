"""Whatever stands in a rule file: loading answers, soon, and never raises."""

import random
import time
from pathlib import Path

import pytest

from dicomrules.engine.decide import Engine
from dicomrules.lang.format import format
from dicomrules.lang.parse import parse
from dicomrules.model.decision import Decision
from dicomrules.rulebook.load import Loaded, load
from dicomrules.text.source import Source
from tests.unit.engine.make import dataset, encode, envelope

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


IN_COMMENTS = "rule r { set ImageComments = "
DEEP = {
    "brackets": lambda n: "condition c = " + "(" * n + "Rows > 1" + ")" * n,
    "nots": lambda n: "condition c = " + "not " * n + "Rows is present",
    "nots and brackets": lambda n: "condition c = " + "not (" * (n // 2) + "Rows is present" + ")" * (n // 2),
    "and in or": lambda n: (
        "condition c = " + "(Rows > 1 and (Columns > 1 or " * (n // 2) + "Rows is present" + "))" * (n // 2)
    ),
    "ifs": lambda n: "rule r { " + "if Rows > 1 { " * n + "empty StudyID " + "}" * (n + 1),
    "withins": lambda n: (
        "rule r { " + "within RequestAttributesSequence[every] { " * n + "empty StudyID " + "}" * (n + 1)
    ),
    "calls": lambda n: IN_COMMENTS + "trim(" * n + "calling_aet" + ")" * n + " otherwise keep }",
    "sums": lambda n: IN_COMMENTS + '("" + ' * n + "calling_aet" + ")" * n + " otherwise keep }",
    "chooses": lambda n: (
        IN_COMMENTS + 'choose Modality { case "A" => ' * n + '"x"' + ' else => "y" }' * n + " otherwise keep }"
    ),
    "wheres": lambda n: (
        "condition c = "
        + "RequestAttributesSequence[where " * n
        + "StudyID is present"
        + "].StudyID is present" * n
        + "\nrule r { when c empty StudyID }"
    ),
}
"""What can be nested, so many levels deep; each of these stands in one or two brackets besides."""


@pytest.mark.parametrize("name", DEEP)
def test_two_hundred_levels_are_checked_formatted_and_decided(name: str) -> None:
    text = "language 1\n" + DEEP[name](196)
    found = loaded(text)
    assert [one.message for one in found.diagnostics if one.is_error] == []
    assert found.program is not None
    file, _ = parse(Source("x.rules", text))
    assert parse(Source("x.rules", format(file)))[0] == file
    decision = Engine(found.program).decide(envelope(encode(dataset())))
    assert isinstance(decision, Decision)


@pytest.mark.parametrize("name", DEEP)
def test_more_levels_are_refused_with_the_place(name: str) -> None:
    found = loaded("language 1\n" + DEEP[name](600))
    assert found.program is None
    assert "DR011" in {one.code for one in found.diagnostics}


WRITTEN_OUT = {
    "conditions": "condition c0 = Rows is present\n"
    + "\n".join(f"condition c{n} = not c{n - 1}" for n in range(1, 3000))
    + "\nrule r { when c2999 empty StudyID }",
    "functions": "function f0(x) = x + x\n"
    + "\n".join(f"function f{n}(x) = f{n - 1}(x) + f{n - 1}(x)" for n in range(1, 40))
    + "\nrule r { set PatientComments = f39(calling_aet) otherwise keep }",
    "actions": "action a0 { empty StudyID }\n"
    + "\n".join(f"action a{n} {{ apply a{n - 1} apply a{n - 1} }}" for n in range(1, 40))
    + "\nrule r { apply a39 }",
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_what_is_written_out_without_end_is_refused(name: str) -> None:
    found = loaded("language 1\n" + WRITTEN_OUT[name])
    assert found.program is None
    assert "DR113" in {one.code for one in found.diagnostics}


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
