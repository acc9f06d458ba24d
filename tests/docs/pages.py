"""The pages of the documentation and their fenced blocks.

What the info string of a block promises; a forge shows all of them with its usual colours:

    console               a terminal: commands after `$ `, and what they print; run and compared
    console NAME          another terminal; its last command goes on running, `^C` ends it; what stands before a command
                          is what the running one has printed since
    yaml FILE             the file holds this from here on (`dicomrules FILE`, `csv FILE`, … likewise)
    yaml                  a part of a gateway file, which fits the schema
    dicomrules            a rule file, or a part of one, which parses
    sh                    shown, not run: set-up that would change the machine; its commands exist
    ini, text             shown

In what is printed, `…` stands for any text, and on a line of its own for any lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("console", "yaml", "dicomrules", "csv", "json", "sh", "ini", "text")


@dataclass(slots=True)
class Block:
    """A fenced block: its place, the words of its info string, its text."""

    place: str
    kind: str
    name: str
    text: str


# Pages with tests of their own, because they are made from records or follow other conventions.
_ELSEWHERE = ("docs/codes", "docs/reference", "docs/language.md")


def pages() -> list[Path]:
    """The pages that a reader of the project comes to."""
    docs = [page for page in (ROOT / "docs").rglob("*.md") if not str(page.relative_to(ROOT)).startswith(_ELSEWHERE)]
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(docs)]
    return [*found, *sorted((ROOT / "examples").glob("*/README.md")), ROOT / "changelog.d" / "README.md"]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    opened: tuple[int, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
        if not line.startswith("```"):
            lines.append(line)
        elif opened is None:
            opened, lines = (number, line[3:].strip()), []
        else:
            kind, _, name = opened[1].partition(" ")
            yield Block(f"{page.relative_to(ROOT)}:{opened[0]}", kind, name.strip(), "\n".join(lines) + "\n")
            opened = None
    assert opened is None, f"{page.name}:{opened}: a fenced block has no end"
