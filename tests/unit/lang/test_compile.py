"""What rule text becomes: names resolved, constants folded, conditions, functions and actions written out."""

from decimal import Decimal

from dicomrules.program.expression import (
    Always,
    Among,
    Both,
    Call,
    Compare,
    Context,
    InNetworks,
    Is,
    Join,
    Literal,
    Local,
    Lookup,
    Named,
    Not,
    Read,
)
from dicomrules.program.path import Path, Pick, Prefix, PrivateTag, Where
from dicomrules.program.ruleset import ConvertTo, Program, Rule
from dicomrules.program.statement import Add, Default, If, Let, Remove, Set, Within
from dicomrules.program.types import Type
from dicomrules.program.verdict import Nowhere, Stop
from dicomrules.rulebook.load import load


def compiled(text: str) -> Program:
    found = load(["a.rules"], {"a.rules": "language 1\n" + text}.__getitem__)
    assert [one.message for one in found.diagnostics if one.is_error] == []
    assert found.program is not None
    return found.program


def rule(body: str, before: str = "") -> Rule:
    return compiled(f"{before}\nrule r {{\n{body}\n}}\n").rules[-1]


def condition(text: str, before: str = "") -> object:
    guard = rule(f"when {text}\nempty StudyID", before).guard
    assert guard is not None
    return guard.condition


def test_a_statement_keeps_its_text_and_place() -> None:
    (statement,) = rule('set StudyID\n  = "1"').body
    assert isinstance(statement, Set)
    assert statement.origin.text == 'set StudyID = "1"'
    assert statement.origin.place == "a.rules:4:1"


def test_keyword_and_tag_are_the_same_path() -> None:
    assert condition("PatientID is blank") == condition("(0010,0020) is blank")


def test_a_path_knows_its_values_components_and_prefix() -> None:
    tested = condition('original.PatientName.ideographic.family == "A"')
    assert isinstance(tested, Compare)
    assert isinstance(tested.left, Read)
    path = tested.left.path
    assert (path.prefix, path.group, path.component, path.most) == (Prefix.ORIGINAL, "ideographic", "family", 1)


def test_selectors_of_items_and_of_values() -> None:
    tested = condition('RequestAttributesSequence[where StudyID == "1"].ReasonForTheRequestedProcedure == "A"')
    assert isinstance(tested, Compare)
    assert isinstance(tested.left, Read)
    assert isinstance(tested.left.path.steps[0].selector, Where)
    has = condition('ImageType has "A"')
    assert has == condition('ImageType[any] == "A"')
    assert isinstance(has, Compare)
    assert isinstance(has.left, Read)
    assert (has.left.path.value, has.left.path.most) == (Pick.ANY, None)


def test_private_elements_are_found_by_creator() -> None:
    (statement,) = rule('set (0031,"NORTH",20) = "A"', 'private (0031,"NORTH",20) LO').body
    assert isinstance(statement, Set)
    assert statement.target.steps[0].tag == PrivateTag(0x31, "NORTH", 0x20)
    assert statement.target.steps[0].vr == "LO"


def test_literals_are_values_of_what_they_are_compared_with() -> None:
    assert isinstance(condition('StudyDate > "20240131"'), Compare)
    tested = condition("SliceThickness < 2")
    assert isinstance(tested, Compare)
    assert tested.right == Literal(Decimal(2), Type.DECIMAL)
    uid = condition("SOPClassUID in [CTImageStorage]")
    assert isinstance(uid, Among)
    assert uid.members == (Literal("1.2.840.10008.5.1.4.1.1.2", Type.UID),)


def test_addresses_are_asked_for_by_network() -> None:
    assert condition('calling_ip not in ["10.0.0.0/8"]') == InNetworks(
        Context("calling_ip"), ("10.0.0.0/8",), negated=True
    )


def test_constants_are_folded() -> None:
    body = rule('set StudyID = ("a" | upper) + p + ("7" | pad_left(3, "0"))', 'parameter p = "-"').body
    assert isinstance(body[0], Set)
    assert body[0].value == Literal("A-007", Type.TEXT)
    tested = condition('p == "-"', 'parameter p = "-"')
    assert isinstance(tested, Always)
    assert tested.answer


def test_a_named_condition_is_written_out_and_keeps_its_name() -> None:
    tested = condition("not c", "condition c = Modality is present")
    assert isinstance(tested, Not)
    assert isinstance(tested.condition, Named)
    assert tested.condition.name == "c"
    assert isinstance(tested.condition.condition, Is)


def test_a_condition_used_inside_an_item_is_about_the_data_set() -> None:
    (statement,) = rule(
        "within RequestAttributesSequence[every] {\n  if c and StudyID is present { empty StudyID }\n}",
        'condition c = Modality == "CT"',
    ).body
    assert isinstance(statement, Within)
    (inner,) = statement.body
    assert isinstance(inner, If)
    both = inner.branches[0].condition
    assert isinstance(both, Both)
    named, own = both.parts
    assert isinstance(named, Named)
    assert isinstance(named.condition, Compare)
    assert isinstance(named.condition.left, Read)
    assert named.condition.left.path.prefix is Prefix.CURRENT
    assert isinstance(own, Is)
    assert isinstance(own.value, Read)
    assert own.value.path.prefix is Prefix.HERE


def test_functions_are_written_out_where_they_are_called() -> None:
    (statement,) = rule(
        "set StudyDescription = f(StudyID) otherwise keep", 'function f(x) = (x | trim) + "-A" otherwise "none"'
    ).body
    assert isinstance(statement, Set)
    assert isinstance(statement.value, Call)
    assert statement.value.function == "first_present"
    joined, other = statement.value.arguments
    assert isinstance(joined, Join)
    assert other == Literal("none", Type.TEXT)


def test_actions_stand_there_as_their_statements() -> None:
    body = rule(
        "apply z\nempty AccessionNumber", "action y { empty StudyID }\naction z { apply y  empty StationName }"
    ).body
    assert [type(statement).__name__ for statement in body] == ["Empty", "Empty", "Empty"]


def test_a_lookup_has_its_keys_piped() -> None:
    (statement,) = rule(
        'set InstitutionName = lookup t[calling_aet] otherwise drop "x"', 'table t { "A", "B" => "C" }'
    ).body
    assert isinstance(statement, Set)
    assert statement.value == Lookup("t", (Context("calling_aet"),), "")
    assert isinstance(statement.otherwise, Stop)
    assert compiled('table t { "A", "B" => "C"  "D" => "E" }').tables["t"].rows == {
        ("A",): {"": "C"},
        ("B",): {"": "C"},
        ("D",): {"": "E"},
    }


def test_rows_and_their_columns() -> None:
    texts = {
        "a.rules": 'language 1\ntable t from csv "t.csv" {\n  key "A" as AccessionNumber | trim | upper\n'
        '  value "D" as int days\n  value "B" as PatientBirthDate\n  unavailable => hold "x"\n}\n'
        'rule r {\n  let row = lookup t[AccessionNumber] otherwise hold "x"\n'
        "  set PatientBirthDate = row.PatientBirthDate otherwise keep\n"
        "  set InstanceNumber = row.days otherwise keep\n}\n",
        "t.csv": "A,B,D\n acc1 ,19700615,007\nACC2,,\n",
    }
    found = load(["a.rules"], texts.__getitem__)
    assert found.program is not None
    table = found.program.tables["t"]
    assert table.rows is not None
    assert {key: dict(row) for key, row in table.rows.items()}.keys() == {("ACC1",), ("ACC2",)}
    assert table.rows["ACC1",]["days"] == 7
    assert str(table.rows["ACC1",]["PatientBirthDate"]) == "1970-06-15"
    assert table.rows["ACC2",] == {"days": None, "PatientBirthDate": None}
    let = found.program.rules[0].body[0]
    assert isinstance(let, Let)
    assert isinstance(let.value, Lookup)
    assert let.value.column is None
    assert isinstance(let.value.keys[0], Call)


def test_statements_say_what_they_do() -> None:
    body = rule(
        'default StudyID = "1" creating path\nadd OtherPatientIDs = "A"\nremove OverlayData, tags t anywhere',
        "tags t = [PatientAddress, (0010,2154), (60xx,3000), vr PN, /Patient.*Name/] except [PatientName]",
    ).body
    default, add, remove = body
    assert isinstance(default, Default)
    assert default.creating
    assert isinstance(add, Add)
    assert isinstance(remove, Remove)
    assert remove.targets.anywhere
    overlay, named = remove.targets.sets
    assert overlay.masks == ((0xFF00FFFF, 0x60003000),)
    assert named.vrs == {"PN"}
    assert {0x00101040, 0x00102154, 0x00101005} <= named.tags
    assert named.excepted is not None
    assert {0x00100010, 0x00080016, 0x7FE00010} <= named.excepted.tags


def test_routes_and_settings() -> None:
    program = compiled(
        'expects destinations pacs, vna\nsettings { malformed => quarantine "m"  unencodable => charset to "ISO_IR 192"'
        '  timezone "UTC" }\nroutes r first match {\n  when Modality == "CT" => pacs and vna\n'
        '  unless Rows > 5 => reject "x" status "A700"\n  else => nowhere "y"\n}\n'
    )
    (table,) = program.routes
    assert table.first_match
    assert [arm.answer for arm in table.arms[::2]] == [("pacs", "vna"), Nowhere("y")]
    stop = table.arms[1].answer
    assert isinstance(stop, Stop)
    assert stop.status == 0xA700
    assert table.arms[1].guard is not None
    assert table.arms[1].guard.unless
    assert table.arms[2].is_else
    assert program.settings.unencodable == ConvertTo("ISO_IR 192")
    assert program.settings.timezone == "UTC"
    assert program.destinations == ("pacs", "vna")


def test_paths_are_equal_whatever_they_are_written_as() -> None:
    first, second = (condition(f"{text} is present") for text in ("( 0010 , 0020 )", "PatientID"))
    assert isinstance(first, Is)
    assert isinstance(first.value, Read)
    assert isinstance(first.value.path, Path)
    assert first == second


def test_names_of_an_action_never_meet_those_of_its_rule() -> None:
    body = rule(
        'let x = StudyID otherwise "rule"\napply a\nset StationName = x | cut(16)',
        'action a {\n  let x = AccessionNumber otherwise "action"\n  set StudyDescription = x\n}',
    ).body
    names = [statement.name for statement in body if isinstance(statement, Let)]
    reads = [statement.value for statement in body if isinstance(statement, Set)]
    assert names == ["x", "a.x"]
    assert reads[0] == Local("a.x")
    assert isinstance(reads[1], Call)
    assert reads[1].arguments[0] == Local("x")
