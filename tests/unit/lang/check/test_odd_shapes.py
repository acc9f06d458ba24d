"""Rule sets of odd shapes: what grows by itself is bounded, and what is left out is remembered."""

from itertools import count
from time import process_time

import pytest

from dicomrules.rulebook.load import Loaded, load

MOST_SECONDS = 2 * 5.0
"""Of the processor, for a megabyte of the worst shape: twice what is promised of a machine that has nothing else to do,
for on a busy one caches and clock rates are shared, and the same work has been seen to take twice as long.
"""

DIFFERENT = '{{ when StudyDescription contains "x{0}" set StudyID = "{0}" }}\n'

ATTRIBUTES = (
    *("Modality", "StationName", "StudyDescription", "SeriesDescription", "BodyPartExamined"),
    *("ProtocolName", "Manufacturer", "InstitutionName", "AccessionNumber", "StudyID"),
)

SHAPES: dict[str, tuple[str, str, str]] = {
    "one rule, the same attribute": ("rule r {\n", '  set StudyID = "{0}"\n', "}\n"),
    "one rule, items of a sequence": (
        "rule r {\n",
        '  set RequestAttributesSequence[item {1}].RequestedProcedureDescription = "{0}" creating path\n',
        "}\n",
    ),
    "one rule, an `if` after the other": ("rule r {\n", '  if Rows == {0} {{ set StudyID = "{0}" }}\n', "}\n"),
    "one `if` of many arms": (
        'rule r {\nif Rows == 0 { set StudyID = "x" }\n',
        'else if Rows == {0} {{ set StudyID = "{0}" }}\n',
        "}\n",
    ),
    "rules with one guard": ("", 'rule r{0} {{ when Modality == "CT" set StudyID = "{0}" override }}\n', ""),
    "rules that differ by a part of a text": ("", "rule r{0} " + DIFFERENT, ""),
    "a list": ("rule r { when PatientID in [", '"V{0}", ', '"x"] set StudyID = "1" }\n'),
    "an `or`": ('rule r { when PatientID == "x"', ' or PatientID == "{0}"', ' set StudyID = "1" }\n'),
    "a table": (
        "table t {\n",
        '  "K{0}" => "V{0}"\n',
        "}\nrule r { set StudyID = lookup t[PatientID] otherwise keep }\n",
    ),
    "routes": ("routes a first match {\n", '  when calling_aet == "AE{0}" => d\n', "  else => d }\n"),
    "parameters": ("", 'parameter p{0} = "{0}"\n', ""),
    "conditions made of conditions": (
        'condition c0 = Modality == "CT"\n',
        'condition c{1} = c{0} or Modality == "M{0}"\n',
        "",
    ),
    "includes": ("", 'include "f{0}.rules"\n', ""),
    "brackets inside brackets": ("", "condition c{0} = " + "(" * 190 + "PatientID is present" + ")" * 190 + "\n", ""),
    "`and` and `or` inside brackets": (
        "",
        "rule r{0} {{ when "
        + "".join(f'(StudyID == "{level}" {("or", "and")[level % 2]} ' for level in range(150))
        + "PatientID is present"
        + ")" * 150
        + ' set StudyID = "1" override }}\n',
        "",
    ),
    "one line": ("", 'rule r{0} {{ set StudyID = "{0}" override }} ', ""),
    "`[where]` inside `[where]`": (
        "",
        "rule r{0} {{ when "
        + "ContentSequence[where " * 60
        + 'ValueType == "T{0}"'
        + '].ValueType == "TEXT"' * 60
        + ' set StudyID = "1" override }}\n',
        "",
    ),
    "`if` inside `if`": (
        "",
        "rule r{0} {{ "
        + "".join(f'if Modality == "M{level}" {{{{ ' for level in range(150))
        + 'set StudyID = "1" override '
        + "}}" * 150
        + " }}\n",
        "",
    ),
    "groups below rules with verdicts": (
        "".join(f'rule q{number} {{ when Modality == "M{number}" quarantine "x" }}\n' for number in range(200)),
        'group g{0} {{ rule r{0} {{ when Modality == "CT" set StudyID = "{0}" override }} }}\n',
        "",
    ),
    "groups that shift dates": (
        "".join(f'rule q{number} {{ when Modality == "M{number}" shift dates by 1 }}\n' for number in range(200)),
        'group g{0} {{ rule r{0} {{ when Modality == "C{0}" shift dates by 2 }} }}\n',
        "",
    ),
    "one large action": (
        "action a { " + 'set StudyID = "x" override ' * 100 + "}\n",
        "rule r{0} {{ apply a }}\n",
        "",
    ),
    "actions made of actions": (
        'action a0 { set StudyID = "x" override }\n',
        "action a{1} {{ apply a{0} apply a{0} }}\n",
        "",
    ),
    "one large function": (
        'function f0(x) = x + "1"\n' + "".join(f"function f{one + 1}(x) = f{one}(x) + f{one}(x)\n" for one in range(6)),
        "rule r{0} {{ set StudyID = f6(PatientID) otherwise keep }}\n",
        "",
    ),
    "one large condition": (
        "condition c0 = Rows > 1 and Columns > 1\n"
        + "".join(f"condition c{one + 1} = c{one} and c{one}\n" for one in range(10)),
        'rule r{0} {{ when c10 set StudyID = "x" override }}\n',
        "",
    ),
    "arms that read what all of them write": (
        'rule r {\nif StudyID == "x" { set StudyID = "y" }\n',
        'else if StudyID == "{0}" {{ set StudyID = StudyID | upper otherwise keep }}\n',
        "}\n",
    ),
    "ranges that nothing lies in": ("", 'rule r{0} {{ when Rows > {0} and Rows < {1} set StudyID = "{0}" }}\n', ""),
    "one regular expression": ("rule r { when PatientID matches /", "a?", '/ drop "x" }\n'),
    "large regular expressions": ("", 'rule r{0} {{ when PatientID matches /A{0}\\pL{{300}}/ drop "x" }}\n', ""),
    "patterns of attributes that differ": (
        "",
        "tags t{0} = [/Patient(.*|{0})/]\nrule r{0} {{ remove tags t{0} }}\n",
        "",
    ),
    "rules that are no sentence": ("", "rule r{0} {{ bad }}\n", ""),
    "one large set of tags": (
        "tags t = [" + ", ".join(f"(60{at // 256:02x},{at % 256:02x}xx)" for at in range(600)) + "]\n",
        "rule r{0} {{ remove tags t }}\n",
        "",
    ),
    "sets of tags that hold what is required": ("tags t = [/Patient.*/]\n", "rule r{0} {{ remove tags t }}\n", ""),
    "one large set of tags that is kept": (
        "tags t = [" + ", ".join(f"(60{at // 256:02x},{at % 256:02x}xx)" for at in range(600)) + "]\n",
        "rule r{0} {{ keep only tags t }}\n",
        "",
    ),
    "one attribute removed again and again": ("rule r { remove PatientID", ", PatientID", " }\n"),
    "lists of what is kept": ("", "rule r{0} {{ keep only PatientID }}\n", ""),
    "patterns of attributes": ("", "tags t{0} = [/Patient.*/]\nrule r{0} {{ remove tags t{0} }}\n", ""),
    "items of a sequence, read and written": (
        "",
        "rule r{0} {{ when RequestAttributesSequence[item {1}].RequestedProcedureDescription is present "
        'set RequestAttributesSequence[item {1}].RequestedProcedureDescription = "{0}" override creating path }}\n',
        "",
    ),
    "items written, one after the other": (
        "",
        'rule r{0} {{ set RequestAttributesSequence[item {1}].RequestedProcedureDescription = "{0}" creating path }}\n',
        "",
    ),
    "items that are looked for, and written": (
        "",
        'rule r{0} {{ when ContentSequence[where CodeValue == "{0}"].TextValue is present '
        'set ContentSequence[item {1}].TextValue = "{0}" override creating path }}\n',
        "",
    ),
    "`[where]` inside `[where]`, and written": (
        "",
        "rule r{0} {{ when "
        + "ContentSequence[where " * 60
        + 'ValueType == "T{0}"'
        + '].ValueType == "TEXT"' * 60
        + ' set ContentSequence[item {1}].TextValue = "1" override creating path }}\n',
        "",
    ),
    "one large condition inside `[where]`": (
        "condition c0 = Rows > 1 and Columns > 1\n"
        + "".join(f"condition c{one + 1} = c{one} and c{one}\n" for one in range(10)),
        'rule r{0} {{ when ContentSequence[where c10].TextValue is present set StudyID = "x" override }}\n',
        "",
    ),
    "a rule that knows of many items": (
        "rule r { when Rows > 1"
        + "".join(f' and ContentSequence[where CodeValue == "{one}"].TextValue is present' for one in range(90)),
        ' set StudyID = "{0}" override\n',
        "}\n",
    ),
    "items kept": (
        "rule r { when Rows > 1"
        + "".join(f" and RequestAttributesSequence[item {one}].StudyID is present" for one in range(1, 90))
        + " keep only StudyID",
        ", Rows",
        "}\n",
    ),
    "`if` inside `if`, over many attributes": (
        "",
        "rule r{0} {{ "
        + "".join(f'if {ATTRIBUTES[level % 10]} == "M{level}" {{{{ ' for level in range(150))
        + 'set PatientComments = "1" override '
        + "}}" * 150
        + " }}\n",
        "",
    ),
}
"""What comes first, what is repeated (with its number, and the next one), and what comes last."""


def shaped(name: str, size: int) -> str:
    """A rule file of that shape, of so many characters at most."""
    first, again, last = SHAPES[name]
    made = ["language 1\nexpects destinations d\n", first]
    left = size - sum(map(len, made)) - len(last)
    for number in count():
        one = again.format(number, number + 1)
        left -= len(one)
        if left < 0:
            return "".join((*made, last))
        made.append(one)
    raise AssertionError


def loading(text: str) -> Loaded:
    return load(["site.rules"], lambda name: text if name == "site.rules" else "language 1\n")


@pytest.mark.parametrize("name", SHAPES)
def test_a_file_of_an_odd_shape_is_checked(name: str) -> None:
    loaded = loading(shaped(name, 12_000))
    broken = [found.code for found in loaded.diagnostics if found.code.startswith("DR0")]
    assert broken == (["DR001"] * 100 if name == "rules that are no sentence" else [])


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
def test_a_megabyte_of_an_odd_shape_is_checked_in_seconds(name: str) -> None:
    text = shaped(name, 1_000_000)
    began = process_time()
    loading(text)
    assert process_time() - began < MOST_SECONDS


def arms(number: int) -> str:
    later = "".join(f'else if Rows == {one} {{ set StudyID = "{one}" }}\n' for one in range(1, number))
    return f'language 1\nrule r {{ if Rows == 0 {{ set StudyID = "x" }}\n{later}}}\n'


@pytest.mark.parametrize(("number", "looked_at"), [(20, True), (60, False)])
def test_what_is_too_much_to_be_looked_at_is_remembered(number: int, looked_at: bool) -> None:
    program = loading(arms(number)).program
    assert program is not None
    assert (program.unanalysed == ()) is looked_at
