"""R-12, W-16: what turns bytes or texts of others into code stands nowhere in the program.

The checks of ruff's `S` rules (those of bandit) run with `make check`, each exception with its reason beside it; here
is what has no exception at all.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_house import modules, shown

MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "yaml", "telnetlib", "code", "codeop", "pdb"}
NAMES = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
CALLS = {"os.system", "os.popen", "os.execv", "os.execvp", "subprocess.getoutput", "tempfile.mktemp", "ssl.wrap_socket"}
CALLS |= {"ssl._create_unverified_context", "logging.config.listen", "ctypes.CDLL"}


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_r12_nothing_builds_objects_or_runs_code_from_what_it_reads() -> None:
    found = []
    for path in modules("src"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found += [f"{shown(path)}: imports {name}" for name in names if name.split(".")[0] in MODULES]
        found += [f"{shown(path)}:{node.lineno} {name}" for name, node in _calls(path) if name in NAMES | CALLS]
    assert found == []


def test_r12_no_command_goes_through_a_shell() -> None:
    shells = [
        f"{shown(path)}:{node.lineno}"
        for path in modules("src")
        for _, node in _calls(path)
        for each in node.keywords
        if each.arg == "shell" and not (isinstance(each.value, ast.Constant) and each.value.value is False)
    ]
    assert shells == []


def test_w16_yaml_is_composed_and_never_constructed() -> None:
    """ruamel.yaml gives nodes with places; only this project makes values of them."""
    made = [node for path in modules("src") for name, node in _calls(path) if name == "YAML"]
    assert made
    for node in made:
        said = {each.arg: ast.literal_eval(each.value) for each in node.keywords}
        assert said == {"typ": "safe", "pure": True}
    names = {name.rpartition(".")[2] for path in modules("src") for name, _ in _calls(path) if "YAML(" in name}
    assert names <= {"compose", "parse"}


def test_w16_xml_is_read_in_one_place_which_takes_no_declarations() -> None:
    readers = {
        shown(path)
        for path in modules("src")
        for name, _ in _calls(path)
        if name.endswith((".fromstring", ".XMLParser", ".iterparse")) or name in ("parseString", "ElementTree.parse")
    }
    assert readers <= {"src/dicomrules/senders/stow_answer.py"}


def test_certificates_are_always_looked_at() -> None:
    source = {shown(path): path.read_text("utf-8") for path in modules("src")}
    off = ("CERT_NONE", "check_hostname = False", "verify=False", "verify_mode = ssl.CERT_OPTIONAL", "SECLEVEL=0")
    assert [(name, each) for name, text in source.items() for each in off if each in text] == []
