"""Makes the pages that are generated from the program's own records: `python docs/generate.py`.

`docs/codes/` has one page a diagnostic code, `docs/reference/functions.md` every function of the language,
`docs/conformance.md` the conformance statement of a gateway, `docs/reference/answers.md` what destinations answer. The
examples of a code are checked while its page is made, so a page shows what `validate` really says about them.
"""

import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dicomrules.cli.conformance import statement_of
from dicomrules.cli.conformance_view import markdown
from dicomrules.config.load import load_text
from dicomrules.functions.record import Function, Parameter, Takes
from dicomrules.functions.registry import FAMILIES
from dicomrules.program.types import NoValue, Type
from dicomrules.rulebook.load import load
from dicomrules.text.codes.record import CodeRecord
from dicomrules.text.codes.registry import CODES
from dicomrules.text.diagnostic import Diagnostic, Severity
from dicomrules.text.render import render
from dicomrules.text.source import Source

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.answers import answers_page

DOCS = Path(__file__).parent
RULES, GATEWAY = "site.rules", "gateway.yaml"
NOTE = "<!-- Made by docs/generate.py from the program's records. -->\n"

# ── examples ─────────────────────────────────────────────────────────────────────────────────────────────────────────

FILE = re.compile(r"# (\S+\.(?:csv|rules|yaml)):")
GIVEN = re.compile(r"--set (\w+)=([^`\s]+)")
ENVIRONMENT = re.compile(r"# environment: (\w+)=(\S+)")
COMMAND = re.compile(r"(dicomrules|chmod|openssl) ")

EPISODES = """table episodes from csv "episodes.csv" {
  key   "Accession" as AccessionNumber
  value "Episode"   as AdmissionID
  unavailable => hold "episode list unavailable"
}"""
CONFORMANCE_HEAD = (
    "\n\n",
    "\n\nThis is what `dicomrules conformance` prints for a gateway without `contexts`, `tls` and `user`, with one\n"
    "receiver, `modalities`, and one destination, `pacs`. [The gateway file](gateway.md) is what changes it.\n\n",
)
SECTIONS = {
    "gateway": "gateway: {name: north-hospital, aet: DICOMRULES}",
    "rules": "rules: [site.rules]",
    "peers": "peers: {CT_A1: {host: 10.20.3.4}}",
    "receivers": "receivers: {modalities: {dicom: {port: 11112, from: known}}}",
    "destinations": "destinations: {pacs: {dicom: {aet: PACS, host: 10.20.3.9, port: 104}}}",
}


@dataclass(frozen=True, slots=True)
class Example:
    """An example made whole: its files by name, the one that it is about first, and what comes from outside.

    `starts`: it says what the environment has, or has not, so its secrets are looked up as at a start.
    """

    files: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    starts: bool = False


def whole(code: str, text: str) -> Example | None:
    """An example with what it leaves out; None for one that is a command.

    In front of rules stand `language 1`, the destinations, the table or the routes that it names and does not make; a
    gateway file gets the sections that it lacks. After a line `# NAME:` come the lines of another file, as comments.
    """
    if COMMAND.match(text):
        return None
    main = GATEWAY if code.startswith("DR7") else RULES
    parts: dict[str, list[str]] = {main: []}
    at = main
    for line in text.split("\n"):
        name = FILE.fullmatch(line)
        if name:
            at = name[1]
            parts[at] = []
        else:
            parts[at].append(line if at == main else line.removeprefix("#").removeprefix(" "))
    files = {name: "\n".join(lines) + "\n" for name, lines in parts.items()}
    for name in files:
        if name.endswith(".rules"):
            files[name] = _with_header(files[name], code) if name == RULES else "language 1\n" + files[name]
        if name == GATEWAY:
            files[name] = _with_sections(files[name])
    if EPISODES in files.get(RULES, "") and "episodes.csv" not in files:
        files["episodes.csv"] = "Accession,Episode\nACC1,E1\n"
    environment = dict(ENVIRONMENT.findall(text))
    return Example(files, dict(GIVEN.findall(text)), environment, bool(environment) or "is not set" in text)


def _with_header(text: str, code: str) -> str:
    """Rules with what stands above them."""
    lines = [] if text.startswith("language ") or code == "DR003" else ["language 1"]
    if re.search(r"^(routes|test) ", text, re.MULTILINE) and "expects destinations" not in text:
        lines.append("expects destinations pacs, vna")
    if "lookup " in text and "table " not in text:
        lines.append(EPISODES)
    if text.startswith("test ") and "routes " not in text:
        lines += [
            'rule prefix {\n  set IssuerOfPatientID = "SITEA"\n}',
            "routes all every match {\n  always => pacs\n}",
        ]
    return "".join(line + "\n" for line in lines) + text


def _with_sections(text: str) -> str:
    """A gateway file with the sections that it does not say."""
    missing = [line for name, line in SECTIONS.items() if not re.search(rf"^{name}:", text, re.MULTILINE)]
    return text + "".join(line + "\n" for line in missing)


def found(example: Example) -> list[Diagnostic]:
    """What is to be said about an example, as `validate` says it."""
    diagnostics: list[Diagnostic] = []
    destinations, only_through = None, {}
    if GATEWAY in example.files:
        source = Source(GATEWAY, example.files[GATEWAY])
        settings, diagnostics = load_text(source, DOCS, example.environment)
        destinations = [each.name for each in settings.destinations] if settings else None
        only_through = settings.only_through if settings else {}
    if RULES in example.files:
        read = _reader(example.files)
        loaded = load(
            [RULES],
            read,
            parameters=example.parameters,
            destinations=destinations,
            environment=example.environment if example.starts else None,
            only_through=only_through,
        )
        diagnostics = [*diagnostics, *loaded.diagnostics]
    return diagnostics


def _reader(files: Mapping[str, str]) -> Callable[[str], str]:
    def read(name: str) -> str:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[name]

    return read


# ── a page for each code ─────────────────────────────────────────────────────────────────────────────────────────────

KINDS = {
    "DR0": ("Syntax", "The text is not a sentence of the language."),
    "DR1": ("Names", "A word that nothing has as its name, or that two things have."),
    "DR2": ("Types", "A value that its attribute cannot hold: VR, VM, length (PS3.5, PS3.6)."),
    "DR3": ("Presence", "A value that may be missing, and nothing is said about it."),
    "DR4": ("Flow", "What is never reached, never true, said twice or not decided."),
    "DR5": ("DICOM sense", "Fine as a sentence, and still an object that archives take amiss."),
    "DR6": ("Files, tables, tests", "What belongs to the rules and lies outside of them."),
    "DR7": ("The gateway file", "What `gateway.yaml` says."),
}
STOPS = "An error: rules or a gateway with it are not used. There is no way to silence it."
WARNS = "A warning: the rules can be used. `validate --strict` counts it as a finding."


def code_page(record: CodeRecord) -> str:
    """The page of one code."""
    weight = STOPS if record.severity is Severity.ERROR else WARNS
    parts = [NOTE, f"# {record.code}: {record.title}\n", _wrapped(record.why), f"{weight}\n"]
    if record.silence:
        parts += ["## If it is meant\n", _wrapped(record.silence)]
    parts += ["## Wrong\n", *_shown(record.code, record.bad, "wrong")]
    example = whole(record.code, record.bad)
    said = [each for each in found(example) if each.code == record.code] if example else []
    if said:
        parts += ["`dicomrules validate` says:\n", _block("text", render(said).rstrip() + "\n")]
    parts += ["## Right\n", *_shown(record.code, record.good, "right")]
    return "\n".join(parts)


def _shown(code: str, text: str, how: str) -> Iterator[str]:
    """An example as blocks, each file with its name; one that is wrong, or not whole by itself, as plain text."""
    example = whole(code, text)
    if example is None:
        yield _block("sh", text + "\n")
        return
    for name, content in example.files.items():
        if len(example.files) > 1:
            yield f"`{name}`\n"
        kind = {"rules": "dicomrules", "yaml": "yaml"}.get(name.rpartition(".")[2], "text")
        yield _block("text" if how == "wrong" or example.environment else kind, content)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False) + "\n"


def _block(kind: str, text: str) -> str:
    return f"```{kind}\n{text.rstrip()}\n```\n"


def code_index() -> str:
    """The list of all codes."""
    parts = [NOTE, "# Codes\n", "What `dicomrules validate` can say. `dicomrules explain DR301` prints the same.\n"]
    for start, (title, meaning) in KINDS.items():
        records = [record for code, record in CODES.items() if code.startswith(start)]
        parts += [f"## {start}xx: {title}\n", f"{meaning}\n", "| code | | |", "|---|---|---|"]
        parts += [f"| [{each.code}]({each.code}.md) | {each.severity.value} | {each.title} |" for each in records]
        parts.append("")
    return "\n".join(parts)


# ── functions ────────────────────────────────────────────────────────────────────────────────────────────────────────

FUNCTIONS_HEAD = """# Functions

A function stands after a pipe, `PatientID | trim`, or takes its values in brackets, `trim(PatientID)`: both mean the
same. What stands before the pipe is its first argument. Arguments in *italics* are constants: a literal, a `parameter`
or a `secret` of the rules, never a value from the object. Arguments in square brackets may be left out.

Positions count from 1, and both ends belong: `slice(2, 4)` is the second to the fourth character. Where it says *may
have no value*, the statement needs an `otherwise`; it needs one too when what goes in may be missing. Nothing here
depends on chance or on the clock: the same object gives the same result on every machine, every time.
"""
FAMILY_TITLES = {
    "text": "Text",
    "person": "Person names",
    "numbers": "Numbers",
    "dates": "Dates and ages",
    "checks": "Checks",
    "identity": "Pseudonyms",
    "collections": "Several values",
}


def functions_page() -> str:
    """The reference of functions."""
    parts = [NOTE, FUNCTIONS_HEAD]
    for family, functions in FAMILIES.items():
        parts.append(f"## {FAMILY_TITLES[family]}\n")
        parts += [_function(each) for each in functions]
    return "\n".join(parts)


def _function(function: Function) -> str:
    gives = "the same kind of value" if function.result == "first" else _kind(function.result)
    notes = [f"Gives {gives}{', several values' if function.many else ''}."]
    if function.can_fail:
        notes.append("*May have no value.*")
    return f"### `{function.name}`\n\n{_signature(function)}\n\n{function.doc} {' '.join(notes)}\n\n" + _block(
        "text", f"{function.example_text}\n→ {_result(function)}"
    )


def _signature(function: Function) -> str:
    """`text | pad_left(length, fill)`, constants in italics, what may be left out in square brackets."""
    first, *rest = function.parameters
    if first.repeated:
        return f"`{function.name}(`{first.name}`, …)`"
    shown = ", ".join(_argument(each) for each in rest)
    return f"{first.name} `| {function.name}`" + (f"({shown})" if rest else "")


def _argument(parameter: Parameter) -> str:
    name = f"*{parameter.name}*" if parameter.constant or parameter.takes is Takes.SECRET else parameter.name
    return f"[{name}]" if parameter.optional else name


def _kind(result: Type) -> str:
    return {Type.TRUTH: "true or false", Type.INT: "a whole number", Type.DECIMAL: "a number"}.get(
        result, f"{'an' if result.value[0] in 'aeiou' else 'a'} {result.value}"
    )


def _result(function: Function) -> str:
    result = function.example.result
    if isinstance(result, NoValue):
        return f"no value: {result.why}"
    values = [str(each) if not isinstance(each, bool) else str(each).lower() for each in _several(result)]
    return ", ".join(f'"{each}"' if isinstance(result, str | tuple) else each for each in values)


def _several(result: object) -> tuple[object, ...]:
    return result if isinstance(result, tuple) else (result,)


def conformance_page() -> str:
    """The conformance statement of a gateway that says nothing but what it must."""
    settings, problems = load_text(Source(GATEWAY, "\n".join(SECTIONS.values()) + "\n"), DOCS, {})
    assert settings is not None, problems
    return NOTE + "\n" + markdown(statement_of(settings)).replace(*CONFORMANCE_HEAD, 1)


# ── all of them ──────────────────────────────────────────────────────────────────────────────────────────────────────


def pages() -> dict[Path, str]:
    """Every generated page, by its place below `docs`."""
    codes = {Path("codes") / f"{code}.md": code_page(record) for code, record in CODES.items()}
    return (
        codes
        | {Path("codes/README.md"): code_index(), Path("reference/functions.md"): functions_page()}
        | {Path("conformance.md"): conformance_page()}
        | {Path("reference/answers.md"): NOTE + answers_page()}
    )


def main() -> None:
    """Write every page that changed, and remove those of codes that are no more."""
    made = pages()
    for path in (DOCS / "codes").glob("*.md"):
        if path.relative_to(DOCS) not in made:
            path.unlink()
    for name, text in made.items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
