"""Text of any kind as a gateway file: settings or diagnostics with their places, soon, and no exception."""

import re
import time
from functools import cache
from pathlib import Path
from random import Random

from dicomrules.config.load import load_text
from dicomrules.model.receiver import DicomReceiver
from dicomrules.receivers.scp import agreed
from dicomrules.text.render import render_one
from dicomrules.text.source import Source
from tests.fuzz.texts import edited

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("/nowhere/at/all")  # nothing that a text names is there
LONGEST = 20_000
MOST_SECONDS = 5.0
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|\n *|[ \t]+|.', re.DOTALL)
FENCED = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
TYPED = [
    "00123",
    "12e3",
    "010",
    "1_000",
    "NO",
    "1:30",
    "~",
    "2026-01-01",
    ".inf",
    ".nan",
    "0x7f",
    "true",
    "null",
    "9" * 400,
]
ODD = [
    *TYPED, "", "\0", "\ufeff", "\t", "é", "\U0001f9b4", "\ud800", "&a ", "*a", "<<: ", "!!python/object:os.system ",
    "%YAML 1.1\n---\n", "---\n", "...\n", "? ", "|\n", ">\n", "[" * 40, "{" * 40, "{a: " * 40, "'", '"', "#", "- ",
    "${env}", "{{7*7}}", "%(x)s", "{env: PATH}", "{file: /etc/hostname}", "../../..", "/dev/zero", "-1", "99999999999h",
]  # fmt: skip


def check(text: str) -> bool:
    """Load the text; whether settings came of it. AssertionError: a promise is broken."""
    began = time.process_time()
    settings, found = load_text(Source("gateway.yaml", text), FOLDER, {})
    took = time.process_time() - began
    assert took < MOST_SECONDS, f"loading {len(text)} characters took {took:.1f} s"
    for diagnostic in found:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(diagnostic.span.source.text)
        assert render_one(diagnostic)
    if settings is None:
        assert any(diagnostic.is_error for diagnostic in found), "refused without a reason"
        return False
    assert not any(diagnostic.is_error for diagnostic in found)
    assert all(isinstance(peer.aet, str) for peer in settings.peers)
    for receiver in settings.receivers:
        if isinstance(receiver, DicomReceiver):
            agreed(receiver, "CT_A1", "DICOMRULES")
    return True


@cache
def corpus() -> tuple[str, ...]:
    """Every gateway file of the tree, and every one that a page shows."""
    files = [path for folder in ("tests", "examples") for path in sorted((ROOT / folder).rglob("*.yaml"))]
    texts = [path.read_text() for path in files]
    pages = sorted((ROOT / "docs").glob("*.md"))
    texts += [block for page in pages for block in FENCED.findall(page.read_text())]
    return tuple(text for text in dict.fromkeys(map(_filled, texts)) if len(text) <= LONGEST)


def _filled(text: str) -> str:
    """The `$names` of a scenario's file are ports."""
    return re.sub(r"\$\{?\w+\}?", "11112", text)


@cache
def tokens() -> tuple[str, ...]:
    """Every word and sign of the corpus, and odd ones."""
    return tuple(sorted({token for text in corpus() for token in TOKEN.findall(text)})) + tuple(ODD)


def mutated(text: str, random: Random) -> str:
    """The text with a few tokens or lines dropped, doubled, swapped, or replaced by others."""
    for _ in range(random.choice([1, 1, 2, 5])):
        if random.random() < 0.3:
            other = random.choice(corpus()).splitlines(keepends=True)
            text = edited(text.splitlines(keepends=True), other, random)
        else:
            text = edited(TOKEN.findall(text), tokens(), random)
    return text[:LONGEST]
