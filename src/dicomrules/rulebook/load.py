"""Rule files, what they include and the CSV files they name -> a Program and what there is to say about them."""

import gc
import hashlib
import os
import posixpath
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO
from zoneinfo import ZoneInfo

from dicomrules.lang import ast
from dicomrules.lang.compile import Outside, compile_items
from dicomrules.lang.parse import parse
from dicomrules.lookups.csv import read_csv
from dicomrules.program.case import Case
from dicomrules.program.depth import make_room
from dicomrules.program.expression import Origin
from dicomrules.program.ruleset import Program
from dicomrules.program.sheet import Sheet
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source, Span

MOST_RULES = 1_000_000
"""Characters of all rule files together."""

MOST_CSV = 10_000_000
"""Characters of all CSV files together."""

MOST_FILES = 500
"""How many rule files one rule set may have."""

UNREADABLE = "DR601"
"""The code of a file that cannot be read: what follows was not checked (the command line exits with 2)."""

Read = Callable[[str], str]
"""Gives the text of a file by its name. When it cannot: OSError, ValueError (also UnicodeDecodeError), LookupError."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading. `program` is None when there is an error among the diagnostics, which are sorted by place.

    `sources` are all texts that were read, rule files first. `cases` are the `test` blocks. `unanalysed` are places of
    which nothing was proven: too much to look at, or there were too many findings of the kind before them.
    """

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[Source, ...] = ()
    cases: tuple[Case, ...] = ()
    unanalysed: tuple[Origin, ...] = ()

    @property
    def unreadable(self) -> bool:
        """Whether a file could not be read."""
        return any(diagnostic.code == UNREADABLE for diagnostic in self.diagnostics)


def read_file(name: str) -> str:
    """The text of a file in UTF-8, a byte order mark left out. Never more than any cap allows."""
    with Path(name).open("rb") as file:
        return _text(file)


def _text(file: BinaryIO) -> str:
    content = file.read(4 * MOST_CSV + 1)
    if len(content) > 4 * MOST_CSV:
        raise ValueError(f"larger than {4 * MOST_CSV // 1_000_000} MB")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0\0" in (content[:4:2], content[1:4:2]):
        raise ValueError("a text in UTF-16, not in UTF-8")
    return content.decode("utf-8-sig")


def read_guarded(name: str) -> str:
    """The same of a file that not everybody can write, for a gateway: its rules decide whose image is whose.

    The mode is that of the open file, so it cannot be exchanged between the look and the reading.
    """
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO must not make us wait
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("not a regular file")
        if mode & stat.S_IWOTH:
            raise ValueError(f"everybody can write it (mode {stat.S_IMODE(mode):04o}): chmod o-w")
        return _text(file)


def load(
    paths: Sequence[Path | str],
    read: Read = read_file,
    *,
    parameters: Mapping[str, str] | None = None,
    destinations: Collection[str] | None = None,
    environment: Mapping[str, str] | None = None,
    only_through: Mapping[str, Mapping[str, Span]] | None = None,
) -> Loaded:
    """Load rule files as one rule set, in this order. Whatever is wrong is a diagnostic, never an exception.

    `parameters` are values for the `parameter`s of the rules; `destinations` those of the gateway, against which names
    are checked (None: there is no gateway); `environment` is where secrets come from (None: they are not looked up);
    `only_through` are the groups through which alone some of the destinations may be reached, with their places.
    """
    make_room()
    loading = _Loading(read)
    with _no_collection():
        for path in paths:
            loading.root(str(path) if not isinstance(path, PurePath) else path.as_posix())
        loading.tables()
        outside = Outside(parameters or {}, destinations, environment, loading.sheets, only_through or {})
        fingerprint = _fingerprint(loading.sources, parameters or {})
        program, found = compile_items(loading.items, loading.unread, outside, fingerprint, whole=not loading.flawed)
    found += _zone(program, loading.items)
    diagnostics = _sorted([*loading.found, *found], loading.sources)
    sound = not any(diagnostic.is_error for diagnostic in diagnostics)
    return Loaded(program if sound else None, diagnostics, tuple(loading.sources), program.cases, program.unanalysed)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the search for garbage in circles: rules are trees, and looking through a large one is a third of all.

    Nor are they looked through as soon as it is back: to freeze and unfreeze calls them old. A gateway has frozen what
    its processes share, and that stays so.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        if was:
            gc.enable()


def _fingerprint(sources: Sequence[Source], parameters: Mapping[str, str]) -> str:
    """SHA-256 over every text in order and the parameters given, each with its length in front."""
    digest = hashlib.sha256()
    given = [f"{name}={value}" for name, value in sorted(parameters.items())]
    for text in (*(source.text for source in sources), *given):
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _sorted(found: Sequence[Diagnostic], sources: Sequence[Source]) -> tuple[Diagnostic, ...]:
    """By file in the order of reading, then by place, errors first."""
    rank = {source.name: index for index, source in enumerate(sources)}

    def place(diagnostic: Diagnostic) -> tuple[int, str, int, bool, str]:
        span = diagnostic.span
        return rank.get(span.source.name, -1), span.source.name, span.start, not diagnostic.is_error, diagnostic.code

    return tuple(sorted(found, key=place))


def _zone(program: Program, items: Sequence[ast.Item]) -> list[Diagnostic]:
    """A finding for a time zone that this machine does not know."""
    for item in items:
        for setting in item.settings if isinstance(item, ast.Settings) else ():
            if isinstance(setting, ast.Timezone) and not _known_zone(setting.zone.value):
                message = f"`{setting.zone.value}` is no time zone"
                found = diagnose("DR219", setting.zone.span, message, "not in the IANA database")
                return [found.with_note('names look like "Europe/Madrid" or "UTC"')]
    return []


def _why(problem: Exception) -> str:
    """Why a file cannot be read, in a few words without its path."""
    match problem:
        case OSError(strerror=str(text)) if text:
            return text.lower()
        case UnicodeDecodeError():
            return "not a text in UTF-8"
        case ValueError():
            return str(problem).replace("Larger", "larger") or "not a text"
        case _:
            return "no such file"


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return False
    return True


@dataclass(slots=True)
class _Loading:
    """The files of one rule set, being read."""

    read: Read
    items: list[ast.Item] = field(default_factory=list)
    unread: list[ast.Unread] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    sheets: dict[tuple[str, str], Sheet] = field(default_factory=dict)
    _places: dict[str, Span | None] = field(default_factory=dict)
    _characters: int = 0

    @property
    def flawed(self) -> bool:
        """Whether there is an error already."""
        return any(diagnostic.is_error for diagnostic in self.found)

    def root(self, name: str) -> None:
        """Read a file that was asked for, and what it includes, in the order of the text."""
        waiting: list[_Pending] = [_Pending(posixpath.normpath(name), None, ())]
        while waiting:
            pending = waiting.pop()
            if isinstance(pending.item, ast.Item) and not isinstance(pending.item, ast.Include):
                self.items.append(pending.item)
                continue
            file = self._file(pending)
            if file is not None:
                trail = (*pending.trail, pending.name)
                waiting.extend(self._pending(item, pending.name, trail) for item in reversed(file.items))

    def _pending(self, item: ast.Item, name: str, trail: tuple[str, ...]) -> "_Pending":
        if isinstance(item, ast.Include):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), item.path.value))
            return _Pending(path, item, trail)
        return _Pending(name, item, trail)

    def _file(self, pending: "_Pending") -> ast.File | None:
        """One rule file, parsed; None with a finding when it is not to be read."""
        name, include = pending.name, pending.item
        if isinstance(include, ast.Include) and not self._includable(include, pending):
            return None
        if name in self._places:
            return None
        span = include.path.span if isinstance(include, ast.Include) else None
        self._places[name] = span
        text = self._text(name, span)
        if text is None:
            return None
        self._characters += len(text)
        if self._characters > MOST_RULES or len(self._places) > MOST_FILES:
            source = Source(name, text)
            message = f"the rule files hold more than {MOST_RULES:,} characters, or are more than {MOST_FILES}"
            found = diagnose("DR608", span or source.span(0, 0), message, "from here on")
            self.found.append(
                found.with_note("many values belong into a table from a CSV file, many alike rules into one")
            )
            return None
        source = Source(name, text)
        self.sources.append(source)
        file, problems = parse(source)
        self.found.extend(problems)
        self.unread.extend(file.unread)
        return file

    def _includable(self, include: ast.Include, pending: "_Pending") -> bool:
        """Whether a file may be included from here; reports why not."""
        written = include.path.value
        parts = written.replace("\\", "/").split("/")
        span = include.path.span
        if not written or written.startswith(("/", "\\", "~")) or ".." in parts or ":" in parts[0] or "\0" in written:
            found = diagnose("DR111", span, "an included file lies below the folder of this file", "not below it")
            self.found.append(found.with_note('write a relative path without `..`: `include "common/site.rules"`'))
            return False
        if pending.name in pending.trail:
            circle = " → ".join((*pending.trail[pending.trail.index(pending.name) :], pending.name))
            self.found.append(
                diagnose("DR111", span, "files include one another in a circle", circle).with_note(
                    "take this line out, and put what both need into a file of its own"
                )
            )
            return False
        if pending.name in self._places:
            found = diagnose("DR112", span, f"`{written}` has been read before", "it is read once").with_note(
                "take one of the two lines out"
            )
            earlier = self._places[pending.name]
            self.found.append(found.with_label(earlier, "where it is named first") if earlier is not None else found)
            return False
        return True

    def _text(self, name: str, span: Span | None) -> str | None:
        """The text of a file; None, with a finding, when it cannot be read."""
        try:
            return self.read(name)
        except (OSError, ValueError, LookupError) as problem:
            why = _why(problem)
            where = span or Source(name, "").span(0, 0)
            found = diagnose(UNREADABLE, where, f"cannot read `{name}`: {why}", why)
            if "UTF-8" in why:
                found = found.with_note("save it again as plain text, with the encoding UTF-8")
            elif span is not None:
                found = found.with_note("its path begins at the folder of the file that names it")
            else:
                found = found.with_note("is the name right, and is it in this folder? `ls` shows what is there")
            self.found.append(found)
            return None

    def tables(self) -> None:
        """Read the CSV files that tables name."""
        read: dict[str, Sheet | None] = {}
        characters = 0
        for item in self.items:
            if not isinstance(item, ast.Table) or item.source != "csv":
                continue
            rules, written = item.span.source.name, item.connection.value
            name = posixpath.normpath(posixpath.join(posixpath.dirname(rules), written))
            if not self._inside(item):
                continue
            if name not in read:
                text = self._text(name, item.connection.span)
                characters += len(text or "")
                read[name] = self._sheet(name, text, item, characters)
            sheet = read[name]
            if sheet is not None:
                self.sheets[rules, written] = sheet

    def _inside(self, item: ast.Table) -> bool:
        written = item.connection.value
        if (
            written
            and not written.startswith(("/", "\\", "~"))
            and ".." not in written.split("/")
            and "\0" not in written
        ):
            return True
        message = "a table's file lies in the folder of this file, or below it"
        self.found.append(diagnose("DR111", item.connection.span, message, "not below it"))
        return False

    def _sheet(self, name: str, text: str | None, item: ast.Table, characters: int) -> Sheet | None:
        if text is None:
            return None
        if characters > MOST_CSV:
            message = f"the CSV files hold more than {MOST_CSV:,} characters"
            found = diagnose("DR608", item.connection.span, message, "with this one")
            self.found.append(found.with_note("larger tables belong into a database"))
            return None
        source = Source(name, text)
        self.sources.append(source)
        sheet, problems = read_csv(source)
        self.found.extend(problems)
        return sheet


@dataclass(frozen=True, slots=True)
class _Pending:
    """An item waiting for its turn: an include (or a file asked for, `item` None) to be read, or any other one."""

    name: str
    item: ast.Item | None
    trail: tuple[str, ...]
