"""The abstract syntax of a rule file: one frozen node for each construct, values already read.

Texts are without quotes and escapes, numbers are `int` or `Decimal`, durations `timedelta`, tags `int`. Each node
carries the `span` it was read from; spans take no part in equality, so "the formatted text means the same" is one `==`.
Brackets leave no trace: the shape of the tree says how things bind. What is optional and was left out is None, False
or (). Comments are kept aside in `File.comments`, for the formatter.

In reading order: words and literals, paths, expressions, values and verdicts, statements, routes, tests, items, File.
"""

from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Literal

from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


@frozen
class Node:
    """What all nodes have: the part of the text that they were read from."""

    span: Span = field(compare=False, repr=False, kw_only=True)


# ── words and literals ────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class Name(Node):
    """A lower-case name. As an expression: a `let`, parameter, condition, function argument or context name."""

    text: str


@frozen
class Text(Node):
    """A text literal, `"A\\\\B"`; `value` is what it means."""

    value: str


@frozen
class Number(Node):
    """A number literal: `int` without a decimal point, else `Decimal` with the digits as written."""

    value: int | Decimal


@frozen
class Regex(Node):
    """`/pattern/` or `/pattern/i`. `pattern` is as written, save that `\\/` has become `/`."""

    pattern: str
    ignore_case: bool = False


# ── attributes and paths ──────────────────────────────────────────────────────────────────────────────────────────


@frozen
class Keyword(Node):
    """`PatientID`: a keyword of PS3.6; where a UID is expected, a UID keyword such as `CTImageStorage`."""

    text: str


@frozen
class Tag(Node):
    """`(0010,9999)`, for which PS3.6 has no keyword; `value` is 0x00109999. Where it has one, there is a Keyword."""

    value: int


@frozen
class TagMask(Node):
    """`(60xx,3000)`: every tag with `tag & mask == value`; the digits written `x` are 0 in both."""

    value: int
    mask: int


@frozen
class PrivateTag(Node):
    """`(0019,"SIEMENS MR HEADER",0F)`: a private element found by the creator of its block (PS3.5 7.8.1)."""

    group: int
    creator: str
    element: int


Attribute = Keyword | Tag | TagMask | PrivateTag


class Ordinal(Enum):
    """Selectors that are one word."""

    FIRST = "first"
    LAST = "last"
    ANY = "any"
    EVERY = "every"
    NEW = "new"


@frozen
class OrdinalSelector(Node):
    """`[first]`, `[last]`, `[any]`, `[every]`, `[new]`: of items or of values, as the attribute is."""

    which: Ordinal


@frozen
class ItemSelector(Node):
    """`[item 2]`, counted from 1."""

    number: int


@frozen
class ValueSelector(Node):
    """`[value 2]`, counted from 1."""

    number: int


@frozen
class WhereSelector(Node):
    """`[where CodeValue == "X"]`; paths in the test start at the item."""

    test: "Expr"


Selector = OrdinalSelector | ItemSelector | ValueSelector | WhereSelector


@frozen
class Step(Node):
    """One step of a path: an attribute, and which of its items or values."""

    attribute: Attribute
    selector: Selector | None = None


class Prefix(Enum):
    """On which data set a path is read."""

    ORIGINAL = "original"
    CURRENT = "current"
    ROOT = "root"
    META = "meta"


@frozen
class Path(Node):
    """`current.PatientName.family`: at least one step; `components` are the names after the last one (`family`)."""

    steps: tuple[Step, ...]
    prefix: Prefix | None = None
    components: tuple[Name, ...] = ()


# ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class Or(Node):
    """`a or b or …`: two or more."""

    terms: "tuple[Expr, ...]"


@frozen
class And(Node):
    """`a and b and …`: two or more."""

    terms: "tuple[Expr, ...]"


@frozen
class Not(Node):
    """`not a`."""

    term: "Expr"


@frozen
class Compare(Node):
    """`left op right`; `op` is one of `== != < <= > >=`."""

    op: str
    left: "Expr"
    right: "Expr"


@frozen
class In(Node):
    """`subject in […]`, `subject not in […]`; a Name stands for a parameter or `let` that holds several values."""

    subject: "Expr"
    choices: "ListOf | Name"
    negated: bool = False


@frozen
class During(Node):
    """`received_at during nights`."""

    subject: "Expr"
    schedule: Name


@frozen
class Has(Node):
    """`ImageType has "LOCALIZER"`: one of the values is."""

    subject: "Expr"
    value: "Expr"


@frozen
class StartsWith(Node):
    """`subject starts with value`."""

    subject: "Expr"
    value: "Expr"


@frozen
class EndsWith(Node):
    """`subject ends with value`."""

    subject: "Expr"
    value: "Expr"


@frozen
class Contains(Node):
    """`subject contains value`, `subject contains /regex/`: anywhere in it."""

    subject: "Expr"
    value: "Expr | Regex"


@frozen
class Matches(Node):
    """`subject matches /regex/`: the whole value."""

    subject: "Expr"
    regex: Regex


class State(Enum):
    """What can be asked of a path whatever its type."""

    PRESENT = "present"
    ABSENT = "absent"
    EMPTY = "empty"
    BLANK = "blank"
    MALFORMED = "malformed"


@frozen
class Is(Node):
    """`PatientID is blank`."""

    subject: "Expr"
    state: State


@frozen
class Call(Node):
    """`age(PatientBirthDate, StudyDate)`; after `|` also without brackets, and the piped value is not among them."""

    function: Name
    arguments: "tuple[Expr | Regex, ...]" = ()


@frozen
class Pipe(Node):
    """`value | f | g(1)`: one or more functions, the value goes through them from left to right."""

    value: "Expr"
    calls: tuple[Call, ...]


@frozen
class Arithmetic(Node):
    """`a + b - c` or `a * b / c`, from left to right.

    One node holds operators of one strength only; there is one operand more than operators. `+` also joins texts.
    """

    operands: "tuple[Expr, ...]"
    operators: tuple[str, ...]


@frozen
class Range(Node):
    """`1 .. 5`, both ends belong to it."""

    low: Number
    high: Number


@frozen
class ListOf(Node):
    """`["A", "B", 1 .. 5]`."""

    elements: "tuple[Expr | Range, ...]"


@frozen
class Arm(Node):
    """`case "NAN1", "NAN2" => "NANTES"`: a Regex among the tests stands for `matches /regex/`."""

    tests: "tuple[Path | Text | Number | Regex | Range, ...]"
    value: "Fallback"


@frozen
class Choose(Node):
    """`choose subject { case … => …  else => … }`: the first arm that fits."""

    subject: "Expr"
    arms: tuple[Arm, ...]
    otherwise: "Fallback"


@frozen
class Lookup(Node):
    """`lookup t[a, b].Column`; without a column the whole row, for `let`."""

    table: Name
    keys: "tuple[Expr, ...]"
    column: Attribute | Name | None = None


@frozen
class Field(Node):
    """`row.PatientID`, `image.SOPInstanceUID`, `row.days`: of a row held by a `let`, or of a named object of a test."""

    of: Name
    name: Path | Name


Expr = (
    Or | And | Not | Compare | In | During | Has | StartsWith | EndsWith | Contains | Matches | Is
    | Pipe | Arithmetic | Call | ListOf | Choose | Lookup | Field | Path | Name | Text | Number
)  # fmt: skip
"""Everything that can stand for a value or a condition; which of the two it is, is a matter of types."""


# ── verdicts, values and what to do without one ───────────────────────────────────────────────────────────────────


@frozen
class Quarantine(Node):
    """`quarantine "why"`."""

    reason: Text


@frozen
class Reject(Node):
    """`reject "why" status "A700"`."""

    reason: Text
    status: Text | None = None


@frozen
class Hold(Node):
    """`hold "why" retry 5min for 24h`."""

    reason: Text
    retry: timedelta | None = None
    limit: timedelta | None = None


@frozen
class Drop(Node):
    """`drop "why"`."""

    reason: Text


Verdict = Quarantine | Reject | Hold | Drop


@frozen
class Keep(Node):
    """`otherwise keep`: the statement has no effect."""


@frozen
class EmptyIt(Node):
    """`otherwise empty`: the target becomes empty."""


@frozen
class RemoveIt(Node):
    """`otherwise remove`: the target is removed."""


Fallback = Expr | Keep | EmptyIt | RemoveIt | Verdict
"""What may stand after `otherwise` and after `=>` in a `choose`."""


@frozen
class Value(Node):
    """`expr otherwise fallback`; the fallback counts where the expression has no value."""

    expr: Expr
    otherwise: Fallback | None = None


# ── statements ────────────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class TagsRef(Node):
    """`tags demographics` among targets: all attributes of that set."""

    name: Name


Target = Path | TagsRef


@frozen
class Targets(Node):
    """`PatientAddress, tags demographics anywhere`: `anywhere` means every target of the list, at every depth."""

    targets: tuple[Target, ...]
    anywhere: bool = False


@frozen
class Let(Node):
    """`let name = value`."""

    name: Name
    value: Value


@frozen
class Set(Node):
    """`set path = expr override creating path otherwise …`."""

    target: Path
    value: Value
    override: bool = False
    creating: bool = False


@frozen
class Default(Node):
    """`default path = expr creating path otherwise …`: only if the target is blank."""

    target: Path
    value: Value
    creating: bool = False


@frozen
class Add(Node):
    """`add path = value`: one more value, or one more item with this attribute (`Seq[new].P`)."""

    target: Path
    value: Value


@frozen
class Copy(Node):
    """`copy P to Q`."""

    origin: Path
    target: Path


@frozen
class Move(Node):
    """`move P to Q`."""

    origin: Path
    target: Path


@frozen
class Swap(Node):
    """`swap P with Q`."""

    left: Path
    right: Path


@frozen
class Empty(Node):
    """`empty P, … except Q, …`."""

    targets: Targets
    excepted: Targets | None = None


@frozen
class Remove(Node):
    """`remove P, … except Q, …`."""

    targets: Targets
    excepted: Targets | None = None


@frozen
class KeepOnly(Node):
    """`keep only P, … except Q, …`."""

    targets: Targets
    excepted: Targets | None = None


@frozen
class RemovePrivate(Node):
    """`remove private except "CREATOR", …`."""

    creators: tuple[Text, ...] = ()


@frozen
class Within(Node):
    """`within Seq[every] { … }`: paths inside start at the item."""

    path: Path
    body: "tuple[Statement, ...]"


@frozen
class RemapUids(Node):
    """`remap uids except P, … with SECRET under ROOT`."""

    secret: Name
    excepted: Targets | None = None
    root: Value | None = None


@frozen
class ShiftDates(Node):
    """`shift dates except P, … by days`."""

    by: Value
    excepted: Targets | None = None


class DeidentifyOption(Enum):
    """The options of the Basic Application Level Confidentiality Profile (PS3.15 E.3), as they are written."""

    RETAIN_UIDS = "retain uids"
    RETAIN_DEVICE_IDENTITY = "retain device identity"
    RETAIN_INSTITUTION_IDENTITY = "retain institution identity"
    RETAIN_PATIENT_CHARACTERISTICS = "retain patient characteristics"
    RETAIN_FULL_DATES = "retain full dates"
    RETAIN_MODIFIED_DATES = "retain modified dates"
    RETAIN_SAFE_PRIVATE = "retain safe private"
    CLEAN_DESCRIPTORS = "clean descriptors"
    CLEAN_STRUCTURED_CONTENT = "clean structured content"
    CLEAN_GRAPHICS = "clean graphics"
    CLEAN_PIXEL_DATA = "clean pixel data"
    CLEAN_VISUAL_FEATURES = "clean visual features"


@frozen
class Deidentify(Node):
    """`deidentify basic with SECRET { … }`, options in the order written, each once."""

    secret: Name
    options: tuple[DeidentifyOption, ...] = ()


@frozen
class CharsetTo(Node):
    """`charset to "ISO_IR 192"`: converts all text."""

    charset: Text


@frozen
class CharsetFrom(Node):
    """`charset from "GBK" to "ISO_IR 192"`: what the bytes really are; without `to` only the declaration changes."""

    actual: Text
    to: Text | None = None


@frozen
class Rectangle(Node):
    """`rect(x, y, width, height)` in pixels from the upper left corner."""

    x: Expr
    y: Expr
    width: Expr
    height: Expr


@frozen
class RedactPixels(Node):
    """`redact pixels rect(…), …`."""

    rectangles: tuple[Rectangle, ...]


@frozen
class Apply(Node):
    """`apply action_name`."""

    action: Name


@frozen
class Branch(Node):
    """One `if test { … }` of an If, the first or one after `else`."""

    test: Expr
    body: "tuple[Statement, ...]"


@frozen
class If(Node):
    """`if a { … } else if b { … } else { … }`; `otherwise` is the last block, None when there is none."""

    branches: tuple[Branch, ...]
    otherwise: "tuple[Statement, ...] | None" = None


Statement = (
    Let | Set | Default | Add | Copy | Move | Swap | Empty | Remove | KeepOnly | RemovePrivate | Within | RemapUids
    | ShiftDates | Deidentify | CharsetTo | CharsetFrom | RedactPixels | Apply | If | Quarantine | Reject | Hold | Drop
)  # fmt: skip


# ── routes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class DestOptions(Node):
    """What stands after a destination, each at most once.

    `calling` is the calling AE title of this send, a Text or the Name of a context value (`as calling_aet`).
    `compressed` is a transfer syntax keyword. `once_per` counts only with `only_once`; None there means for ever.
    """

    through: Name | None = None
    calling: Text | Name | None = None
    compressed: Keyword | None = None
    quality: int | None = None
    decompressed: bool = False
    during: Name | None = None
    study_after: timedelta | None = None
    only_once: bool = False
    once_per: timedelta | None = None
    priors: int | None = None
    priority: Literal["high", "medium", "low"] | None = None


@frozen
class Dest(Node):
    """`pacs through trial during nights`."""

    name: Name
    options: DestOptions


@frozen
class DestFromTable(Node):
    """`lookup stores[called_aet].store otherwise hold "unknown store"`, then options."""

    lookup: Lookup
    otherwise: Verdict
    options: DestOptions


@frozen
class Share(Node):
    """One member of a `balance`; `weight` None: as much as each other one."""

    dest: Dest | DestFromTable
    weight: int | None = None


@frozen
class Balance(Node):
    """`balance(a 25, b 75)`: shares by study."""

    shares: tuple[Share, ...]


@frozen
class Failover(Node):
    """`a failover b`: two or more, each is used only when those before it cannot be reached."""

    members: tuple[Dest | DestFromTable | Balance, ...]


@frozen
class Fanout(Node):
    """What an arm sends to, all of them: one or more, joined by `and`."""

    chains: tuple[Dest | DestFromTable | Balance | Failover, ...]


@frozen
class Nowhere(Node):
    """`nowhere "why"`: this table sends nothing."""

    reason: Text


Send = Fanout | Nowhere | Quarantine | Reject | Hold | Drop
"""The right side of an arm. A `drop` parses, so that the checker can say that it is not allowed there."""


@frozen
class Guard(Node):
    """`when test`; `negated`: `unless test`, which holds whenever the test is not true."""

    test: Expr
    negated: bool = False


@frozen
class RouteArm(Node):
    """`when … => send`; without a guard: `always => send`."""

    guard: Guard | None
    send: Send


@frozen
class Routes(Node):
    """`routes NAME first match { … else => send }`; `every` is False for `first match`, True for `every match`."""

    name: Name
    every: bool
    arms: tuple[RouteArm, ...]
    otherwise: Send | None = None


# ── tests ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class GivenAbsent(Node):
    """`no P`."""

    path: Path


@frozen
class GivenUnavailable(Node):
    """`episodes unavailable`: the table cannot be reached."""

    table: Name


@frozen
class GivenAttribute(Node):
    """`PatientID = "4711"`."""

    path: Path
    value: Expr


@frozen
class GivenContext(Node):
    """`calling_aet = "CT_A1"`."""

    name: Name
    value: Expr


@frozen
class GivenFile(Node):
    """`file "x.dcm"`."""

    path: Text


@frozen
class GivenLookup(Node):
    """`lookup episodes["4711"].AdmissionID = "E1"`."""

    lookup: Lookup
    value: Expr


Fact = GivenAbsent | GivenUnavailable | GivenAttribute | GivenContext | GivenFile | GivenLookup


@frozen
class Given(Node):
    """`given image: …`: one object that arrives; `label` is its name in this test."""

    facts: tuple[Fact, ...]
    label: Name | None = None


@frozen
class Unchanged(Node):
    """`unchanged except P, …`."""

    excepted: Targets | None = None


@frozen
class AnyVerdict(Node):
    """`expect quarantine`: this verdict, whatever its reason."""

    kind: Literal["quarantine", "hold", "reject", "drop"]


AtExpectation = Expr | Unchanged | AnyVerdict | Quarantine | Reject | Hold | Drop


@frozen
class At(Node):
    """`at research PatientID == "X"`, `at research unchanged except …`, `at research quarantine "why"`: about that
    destination's variant."""

    destination: Name
    expectation: AtExpectation


@frozen
class Fired(Node):
    """`fired a, b`, `not fired a`."""

    rules: tuple[Name, ...]
    negated: bool = False


@frozen
class SentTo(Node):
    """`sent to a, b` (exactly these), `not sent to a`; `sent nowhere` has no destinations."""

    destinations: tuple[Name, ...]
    negated: bool = False


Expectation = AtExpectation | At | Fired | SentTo


@frozen
class Expect(Node):
    """`expect image: …`; without a label it is about the last `given` above it."""

    expectation: Expectation
    label: Name | None = None


@frozen
class TestCase(Node):
    """`test "title" { given …  expect … }`, in the order written."""

    __test__ = False  # pytest collects classes whose name starts with Test

    title: Text
    steps: tuple[Given | Expect, ...]


# ── items of a file ───────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class Include(Node):
    """`include "common/vocabulary.rules"`."""

    path: Text


@frozen
class RecordChanges(Node):
    """`record changes as COERCE`: the reason written into the Original Attributes Sequence (PS3.3 C.12.1)."""

    reason: Keyword


@frozen
class MalformedIs(Node):
    """`malformed => quarantine "…"`."""

    verdict: Verdict


@frozen
class Timezone(Node):
    """`timezone "Europe/Madrid"`."""

    zone: Text


@frozen
class Ascii(Node):
    """`unencodable => ascii`: letters are written without their accents, what is left is lost."""


@frozen
class Unencodable(Node):
    """`unencodable => charset to "ISO_IR 192"`, `=> ascii`, `=> quarantine "…"`."""

    action: CharsetTo | Ascii | Quarantine | Reject | Hold | Drop


Setting = RecordChanges | MalformedIs | Timezone | Unencodable


@frozen
class Settings(Node):
    """`settings { … }`."""

    settings: tuple[Setting, ...]


@frozen
class Expects(Node):
    """`expects destinations pacs, vna`."""

    destinations: tuple[Name, ...]


@frozen
class Secret(Node):
    """`secret trial_salt from env "TRIAL_SALT"`."""

    name: Name
    variable: Text


@frozen
class Parameter(Node):
    """`parameter site_prefix = "SITEA-"`."""

    name: Name
    value: Expr


@frozen
class ByVR(Node):
    """`vr PN` in a set of tags."""

    vr: Keyword


TagsMember = Keyword | Tag | TagMask | PrivateTag | Regex | ByVR


@frozen
class Tags(Node):
    """`tags demographics = [PatientAddress, /.*Name/, vr PN] except [ … ]`."""

    name: Name
    members: tuple[TagsMember, ...]
    excepted: tuple[TagsMember, ...] = ()


@frozen
class Schedule(Node):
    """`schedule nights = "Mon-Fri 19:00-06:00"`."""

    name: Name
    times: Text


@frozen
class PrivateElement(Node):
    """`private (0031,"NORTH HOSPITAL",20) LO`: gives a private element its VR."""

    tag: PrivateTag
    vr: Keyword


@frozen
class Condition(Node):
    """`condition from_site_a = …`."""

    name: Name
    test: Expr


@frozen
class Function(Node):
    """`function site_of(aet) = …`."""

    name: Name
    parameters: tuple[Name, ...]
    value: Value


@frozen
class Column(Node):
    """`key "Accession No" as AccessionNumber | trim`, `value "Days" as int days`.

    `attribute` types the column by the dictionary; else `type_word` does (`int`) and `name` is how it is read.
    """

    header: Text
    is_key: bool
    attribute: Attribute | None = None
    type_word: Name | None = None
    name: Name | None = None
    pipe: tuple[Call, ...] = ()


@frozen
class Table(Node):
    """`table episodes from csv "episodes.csv" { key …  value …  unavailable => … }`."""

    name: Name
    source: Literal["csv", "sql", "http", "worklist", "fhir", "hl7", "archive"]
    connection: Text
    columns: tuple[Column, ...]
    unavailable: Verdict


@frozen
class Row(Node):
    """`"ABD", "ABDO" => "ABDOMEN"`: several keys, one value."""

    keys: tuple[Text | Number, ...]
    value: Text | Number


@frozen
class InlineTable(Node):
    """`table body_part { "ABD", "ABDO" => "ABDOMEN" … }`."""

    name: Name
    rows: tuple[Row, ...]


@frozen
class Action(Node):
    """`action NAME { … }`: a named list of statements."""

    name: Name
    body: tuple[Statement, ...]


@frozen
class Rule(Node):
    """`rule NAME "title" { when …  statements }`."""

    name: Name
    title: Text | None
    guard: Guard | None
    body: tuple[Statement, ...]


@frozen
class Group(Node):
    """`group NAME "title" { rules }`: runs only where a route says `through NAME`."""

    name: Name
    title: Text | None
    rules: tuple[Rule, ...]


Item = (
    Include | Settings | Expects | Secret | Parameter | Tags | Schedule | PrivateElement | Condition | Function
    | Table | InlineTable | Action | Rule | Group | Routes | TestCase
)  # fmt: skip


# ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────


@frozen
class Comment(Node):
    """One comment from `#` to the end of its line; `own_line`: nothing but blanks stands before it."""

    text: str
    own_line: bool


@frozen
class Unread(Node):
    """An item that is no sentence: its first word (`rule`) and, where it can be seen, the name that it declares.

    The problem has been reported; names declared here are not unknown.
    """

    kind: str
    name: Name | None


@frozen
class File(Node):
    """A rule file: the items that could be read, in order. `language` is 1; None when the file does not say."""

    language: int | None
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False, repr=False)
    unread: tuple[Unread, ...] = field(default=(), compare=False)
