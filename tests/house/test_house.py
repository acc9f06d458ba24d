"""What holds for the house as a whole: who imports whom, what files look like, what they must not hold."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from dicomrules.config.schema import schema

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CODE = ("src", "tests", "bench", "examples", "docs")
TEXT = {".py", ".md", ".toml", ".yaml", ".rules", ".json", ".lark", ".sql", ".sh", ".expected", ".csv", ""}

# Distributions whose package has another name.
IMPORTED_AS = {"pillow": "PIL", "ruamel.yaml": "ruamel", "google-re2": "re2", "prometheus-client": "prometheus_client"}

# Folders of whoever works on the project. Written so that this file does not hold them itself.
OF_A_MACHINE = re.compile(
    r"(?<![\w.])(" + "|".join(f"/{folder}/" for folder in ("work", "root", "Users")) + "|/tmp/" + "venv)"
)


def modules(*folders: str) -> list[Path]:
    """All Python files below these folders, without what runs leave behind."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [
        path for path in found if not any(part in ("var", "work", "results") for part in path.parts[len(ROOT.parts) :])
    ]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def texts() -> Iterator[Path]:
    """Every text file that is kept."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git work tree: what is kept cannot be told from what runs leave behind")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in TEXT and path.is_file():
            yield path


def test_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is not installed: pip install -e .[check]")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_init_files_are_empty() -> None:
    filled = [shown(path) for path in modules(*CODE) if path.name == "__init__.py" and path.stat().st_size]
    assert filled == []


def test_every_module_says_what_it_is() -> None:
    """Files of tests may leave it to the names of their tests."""
    speaking = [path for path in modules(*CODE) if not path.name.startswith(("__init__", "test_"))]
    silent = [shown(path) for path in speaking if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []


def test_every_public_name_of_the_package_has_a_docstring() -> None:
    bare = []
    for path in modules("src"):
        for node in ast.parse(path.read_text("utf-8")).body:
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_") and not ast.get_docstring(node):
                bare.append(f"{shown(path)}:{node.lineno} {node.name}")
    assert bare == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = [shown(path) for path in texts() if OF_A_MACHINE.search(path.read_text("utf-8", "replace"))]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    found = [shown(path) for path in modules("src", "bench", "examples") if later.search(path.read_text("utf-8"))]
    assert found == []


def test_the_version_stands_in_one_place() -> None:
    said = PROJECT["project"]["version"]
    assert version("dicomrules") == said
    elsewhere = [shown(path) for path in modules("src") if f'"{said}"' in path.read_text("utf-8")]
    assert elsewhere == []
    newest = re.search(r"^## ([0-9.]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == said


def test_the_schema_for_editors_is_the_one_that_checks() -> None:
    inside = ROOT / "src" / "dicomrules" / "config" / "gateway.schema.json"
    assert (ROOT / "schemas" / "gateway.schema.json").read_bytes() == inside.read_bytes()
    assert schema()["title"]


def test_no_key_stands_twice_in_the_schema() -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs), [key for key, _ in pairs]
        return dict(pairs)

    json.loads((ROOT / "schemas" / "gateway.schema.json").read_text("utf-8"), object_pairs_hook=once)


def test_the_package_imports_only_what_it_asks_for() -> None:
    asked = {re.split(r"[<>=~]", each)[0].strip() for each in PROJECT["project"]["dependencies"]}
    asked |= {re.split(r"[<>=~]", each)[0].strip() for each in PROJECT["project"]["optional-dependencies"]["pixels"]}
    known = {IMPORTED_AS.get(each, each) for each in asked} | set(sys.stdlib_module_names) | {"dicomrules"}
    imported = {name: path for path in modules("src") for name in _imports(path)}
    assert {name: shown(path) for name, path in imported.items() if name not in known} == {}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_every_room_is_in_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = [
        path.name for path in (ROOT / "src" / "dicomrules").iterdir() if path.is_dir() and path.name[0] not in "_."
    ]
    assert [room for room in rooms if f"{room}/" not in page] == []


def test_every_decision_has_a_number_of_its_own_and_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[^)]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    names = sorted(path.name for path in folder.glob("0*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert names == listed
