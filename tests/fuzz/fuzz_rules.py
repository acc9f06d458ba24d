"""Rule text of any kind: loading it never raises or hangs, and what compiles decides objects without surprise."""

import re
import time
from functools import cache
from pathlib import Path
from random import Random

from pydicom.dataset import Dataset

from dicomrules.dicom.patch import apply
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import Read, load
from tests.fuzz.texts import edited
from tests.objects import ct, data_set_bytes, rtstruct
from tests.unit.engine.make import envelope

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 20_000
MOST_SECONDS = 5.0
SHEET = "Accession No,Episode,MRN,key,value\nA00001,E1,4711,a,b\nA00002,E2,,c,d\n"
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|\s+|=>|[=!<>]=|.', re.DOTALL)
SECRET = re.compile(r'from env "(\w+)"')
ODD = [
    "",
    "\0",
    "\ufeff",
    '"',
    "{" * 250,
    "(" * 250,
    "not " * 250,
    "9" * 400,
    "-1",
    "é",
    "\U0001f9b4",
    "\ud800",
    "/x*/",
]


def check(text: str) -> bool:
    """Load the text and decide with what comes of it; whether it compiled. AssertionError: a promise is broken."""
    began = time.process_time()
    loaded = load(["site.rules"], _read_from(text), environment=environment())
    took = time.process_time() - began
    assert took < MOST_SECONDS, f"loading {len(text)} characters took {took:.1f} s"
    for diagnostic in loaded.diagnostics:
        assert diagnostic.span.start <= diagnostic.span.end <= len(diagnostic.span.source.text)
    if loaded.program is None:
        assert any(diagnostic.is_error for diagnostic in loaded.diagnostics)
        return False
    for arrived in objects():
        decide_twice(loaded.program, arrived)
    return True


def decide_twice(program: Program, arrived: Envelope) -> None:
    """Decide one object with two engines: the same comes of it, explained or not, and the object is as it was."""
    before = _state(arrived)
    engine = Engine(program)
    decision = engine.decide(arrived)
    assert decision == engine.decide(arrived) == Engine(program).decide(arrived)
    explained = engine.decide(arrived, explain=True)
    assert _state(arrived) == before, "deciding changed what it was given"
    if not isinstance(decision, Decision):
        assert explained == decision
        return
    assert isinstance(explained, Decision)
    assert (explained.verdict, explained.variants) == (decision.verdict, decision.variants)
    for variant in decision.variants:
        apply(variant.patch, before[0])


@cache
def objects() -> tuple[Envelope, ...]:
    """Few, and unlike one another: a CT, nested sequences, bad values, next to nothing."""
    bad = ct(size=4)
    bad.PatientBirthDate, bad.StudyDate, bad.PatientID = "", "20260230", " "
    made = [data_set_bytes(one) for one in (ct(size=4), rtstruct(2, 2, 3), bad, Dataset())]
    made.append(b"\x08\x00\x60\x00CS\x06\x00C\xff\\MR ")
    return tuple(envelope(data) for data in made)


@cache
def corpus() -> tuple[str, ...]:
    """Every rule file of the tree that is short enough, in the order of its path."""
    folders = ("rules", "tests", "examples", "src")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.rules"))
    texts = (path.read_text("utf-8", errors="replace") for path in paths)
    return tuple(dict.fromkeys(text for text in texts if len(text) <= LONGEST))


@cache
def tokens() -> tuple[str, ...]:
    """Every word and sign that rule files are made of."""
    return tuple(sorted({token for text in corpus() for token in TOKEN.findall(text)})) + tuple(ODD)


@cache
def environment() -> dict[str, str]:
    """Every secret that the corpus names."""
    return {name: "0123456789abcdef0123456789abcdef" for text in corpus() for name in SECRET.findall(text)}


def mutated(text: str, random: Random) -> str:
    """The text with a few tokens or lines dropped, doubled, swapped, or replaced by those of other files."""
    for _ in range(random.choice([1, 1, 2, 5])):
        if random.random() < 0.3:
            text = edited(text.splitlines(keepends=True), random.choice(corpus()).splitlines(keepends=True), random)
        else:
            text = edited(TOKEN.findall(text), tokens(), random)
    return text[:LONGEST]


def _read_from(text: str) -> Read:
    def read(name: str) -> str:
        if name == "site.rules":
            return text
        if name.endswith(".csv"):
            return SHEET
        raise FileNotFoundError(name)

    return read


def _state(arrived: Envelope) -> tuple[bytes, list[tuple[int, str, int, int]]]:
    assert arrived.index is not None
    columns = arrived.index.columns
    elements = [columns.element(at) for at in range(len(columns))]
    data = bytes(arrived.index.source.read(0, arrived.length))
    return data, [(element.tag, element.vr, element.start, element.end) for element in elements]
