"""The benchmark of the rule language: checking rules, indexing a CT header, and deciding it, beside what was asked.

    python bench/language.py [--rounds 7]

One process, one call after the other; the median of all calls counts.
Prints a table and keeps bench/results/language-DATE.json.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.unit.engine.make import encode, envelope
from tests.unit.lang.check.test_odd_shapes import loading, shaped

from dicomrules.dicom.index import index
from dicomrules.dicom.source import MemoryBytes
from dicomrules.dicom.syntax import EXPLICIT_LITTLE
from dicomrules.engine.decide import Engine
from dicomrules.model.decision import Decision
from dicomrules.model.instance import Envelope
from dicomrules.program.ruleset import Program
from dicomrules.rulebook.load import load

HERE = Path(__file__).resolve().parent
ELEMENTS = 167
ATTRIBUTES = [
    "Manufacturer",
    "StationName",
    "InstitutionName",
    "StudyDescription",
    "SeriesDescription",
    "BodyPartExamined",
    "ProtocolName",
    "PatientID",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "Modality",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "InstitutionalDepartmentName",
    "PatientComments",
    "AdmissionID",
    "PatientPosition",
    "SequenceName",
    "PerformedStationName",
]
WRITTEN = ("InstitutionName", "StudyDescription", "SeriesDescription", "PatientID", "IssuerOfPatientID")
CLASSES = ("MRImageStorage", "ComputedRadiographyImageStorage", "NuclearMedicineImageStorage", "UltrasoundImageStorage")

ODD = (
    "`and` and `or` inside brackets",
    "`if` inside `if`",
    "`if` inside `if`, over many attributes",
    "arms that read what all of them write",
    "groups that shift dates",
    "groups below rules with verdicts",
    "one `if` of many arms",
    "ranges that nothing lies in",
)
"""The shapes of rules that take longest to check, of those that the tests know."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the median in `unit`, and what must not be reached (None: not asked)."""

    what: str
    median: float
    unit: str
    wanted: float | None = None


def header() -> bytes:
    """A real CT without pixels, with every attribute that the rules ask for, filled up with private elements."""
    made = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    made.PixelData = b""
    for number, keyword in enumerate(ATTRIBUTES):
        if not made.get(keyword):
            setattr(made, keyword, f"V{number}")
    while (count := index(MemoryBytes(encode(made)), EXPLICIT_LITTLE).count) < ELEMENTS:
        block = made.private_block(0x0099, "BENCH", create=True)
        block.add_new(ELEMENTS - count, "LO", f"value {count}")
    return encode(made)


def compiled(rules: str) -> Program:
    """The Program of rules that have no error."""
    loaded = load(["bench.rules"], lambda name: rules)
    assert loaded.program is not None, [found.message for found in loaded.diagnostics if found.is_error][:3]
    return loaded.program


def large(rules: int = 300) -> str:
    """300 rules in 3,000 lines, as sites write them: guards over many attributes, several statements each."""
    return "language 1\n" + "".join(
        f"""
rule site_{number} "Station {number} as the archive knows it" {{
  when Modality in ["CT", "MR"]
    and StationName == "ST{number}" and Manufacturer contains "VENDOR"
    and Rows > {number}
  set InstitutionName = "SITE {number}"
  set StudyDescription = "S{number} " + StudyDescription otherwise keep
  # as agreed with the department
  set AccessionNumber = AccessionNumber | trim | upper otherwise keep
}}
"""
        for number in range(rules)
    )


def touching(fires: int) -> str:
    """100 rules that look at 20 attributes; `fires` of them apply."""
    rules = []
    for number in range(100):
        first, second = (ATTRIBUTES[(number * step) % 20] for step in (1, 7))
        guard = f'{first} == "NONE {number}" or {second} starts with "NO {number}"'
        if number in (40, 80)[:fires]:
            guard = "PatientPosition is present or PatientID is present"
        rules.append(f'rule r{number} {{ when {guard} set {WRITTEN[number % 5]} = "V{number}" override }}\n')
    return "language 1\n" + "".join(rules)


def by_sender(count: int, fires: int) -> str:
    """Rules of which each is for another sender, modality or class than that of the header, and `fires` for it."""
    guards = (
        'calling_aet == "AE{0}"',
        'Modality == "M{0}" and calling_aet == "X{0}"',
        "SOPClassUID == {1} and Rows == {0}",
    )
    rules = []
    for number in range(count):
        guard = guards[number % 3].format(number, CLASSES[number % 4])
        rules.append(f'rule r{number} {{ when {guard} set StudyID = "{number}" override }}\n')
    return (
        "language 1\n"
        + "".join(rules)
        + fires * 'rule one { when calling_aet == "CT_A1" set IssuerOfPatientID = "A" }\n'
    )


def median(call: Callable[[], object], times: int) -> float:
    """Seconds of one call, at the median of so many."""
    each = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        each.append(time.perf_counter() - began)
    return statistics.median(each)


def checking(rules: str) -> float:
    """Seconds of the processor in which rules are checked, whatever is wrong with them."""
    began = time.process_time()
    loading(rules)
    return time.process_time() - began


def odd(real: str) -> list[Row]:
    """A megabyte of odd shapes, each beside a real file of that size."""
    beside = checking(real)
    taken = {name: checking(shaped(name, 1_000_000)) for name in ODD}
    rows = [Row(f"1 MB: {name}, beside a real file", each / beside, "x") for name, each in taken.items()]
    return [*rows, Row("the longest of these", max(taken.values()), "s", 5)]


def deciding(rules: str, arrived: Envelope, fired: int, rounds: int) -> float:
    """Microseconds of deciding one object by these rules, of which `fired` apply."""
    engine = Engine(compiled(rules))
    decision = engine.decide(arrived)
    assert isinstance(decision, Decision)
    assert sum(hit.matched for hit in decision.hits) == fired, decision.hits
    return median(lambda: engine.decide(arrived), 300 * rounds) * 1e6


def run(rounds: int) -> list[Row]:
    """Every measure."""
    data, rules, megabyte = header(), large(), large(2_600)
    arrived = envelope(data)

    def decide(text: str, fired: int) -> float:
        return deciding(text, arrived, fired, rounds)

    compiled(rules)
    rows = [
        Row(f"validate, {rules.count(chr(10)):,} lines, 300 rules", median(lambda: compiled(rules), rounds), "s", 2),
        Row(f"validate, {len(megabyte) / 1e6:.2f} MB, 2,600 rules", median(lambda: compiled(megabyte), 1), "s", 5),
        Row(
            f"index, {ELEMENTS} elements",
            median(lambda: index(MemoryBytes(data), EXPLICIT_LITTLE), 300 * rounds) * 1e6,
            "µs",
            150,
        ),
        Row("decide, 100 rules on 20 attributes, none fires", decide(touching(0), 0), "µs", 300),
        Row("decide, 100 rules on 20 attributes, two fire", decide(touching(2), 2), "µs", 300),
    ]
    for fired, how in ((0, "none fires"), (1, "one fires")):
        few, many = (decide(by_sender(count, fired), fired) for count in (100, 1000))
        rows += [
            Row(f"decide, 100 rules by sender and kind, {how}", few, "µs"),
            Row(f"decide, 1,000 rules by sender and kind, {how}", many, "µs"),
            Row(f"1,000 rules against 100, {how}", many / few, "x", 5),
        ]
    return rows + odd(megabyte)


def report(rows: list[Row]) -> None:
    """The table."""
    print(f"{'what':66} {'median':>9}      {'wanted':>8}")
    for row in rows:
        wanted = "" if row.wanted is None else f"< {row.wanted:g}"
        missed = "" if row.wanted is None or row.median < row.wanted else "  missed"
        print(f"{row.what:66} {row.median:9.2f} {row.unit:4} {wanted:>8}{missed}")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rows = run(parser.parse_args().rounds)
    report(rows)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    kept = results / f"language-{datetime.now(UTC):%Y-%m-%dT%H%M}.json"
    busy = f"{os.getloadavg()[0]:.1f}"
    made = {
        "load": busy,
        "dicomrules": version("dicomrules"),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
    }
    kept.write_text(json.dumps({"versions": made, "rows": [asdict(row) for row in rows]}, indent=1, ensure_ascii=False))
    print(f"\nkept in {kept.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
