"""The names of a rule set: what is defined, where, and whether anything uses it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from dicomrules.lang import ast
from dicomrules.program.types import Type
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Span
from dicomrules.text.suggest import did_you_mean, nearest

CONTEXT: dict[str, tuple[Type, int | None]] = {
    "calling_aet": (Type.TEXT, 16),
    "called_aet": (Type.TEXT, 16),
    "calling_ip": (Type.TEXT, 45),
    "receiver": (Type.TEXT, 64),
    "source_path": (Type.TEXT, None),
    "transfer_syntax": (Type.UID, 64),
    "received_at": (Type.DATETIME, 26),
    "received_date": (Type.DATE, 8),
    "object_size": (Type.INT, None),
}
"""What is known of an object beside its attributes: type, and greatest length as text."""

MAY_BE_EMPTY = frozenset({"calling_aet", "called_aet", "source_path"})
"""Context names that are empty for some ways in which an object arrives."""

_SENDERS = ("sender", "sending", "source", "src", "calling", "remote", "peer", "client", "scu")
_ADDRESSES = ("ip", "ipaddress", "address", "host", "hostname")
_TITLES = ("ae", "aet", "aetitle", "title")
_CALLED = {
    **dict.fromkeys(("calling", "sender", "source", "peer", "scu", "aet", "aetitle"), "calling_aet"),
    **{sender + title: "calling_aet" for sender in _SENDERS for title in _TITLES},
    **dict.fromkeys(_ADDRESSES, "calling_ip"),
    **{sender + address: "calling_ip" for sender in _SENDERS for address in _ADDRESSES},
    **dict.fromkeys(("called", "scp"), "called_aet"),
    **{own + title: "called_aet" for own in ("called", "scp", "our", "own", "local") for title in _TITLES},
}
"""What people call those who send and receive, by letters alone."""

KINDS = {
    ast.Condition: "condition",
    ast.Parameter: "parameter",
    ast.Function: "function",
    ast.Table: "table",
    ast.InlineTable: "table",
    ast.Action: "action",
    ast.Group: "group",
    ast.Rule: "rule",
    ast.Routes: "routes",
    ast.Tags: "tags",
    ast.Schedule: "schedule",
    ast.Secret: "secret",
}
"""The name space of each kind of item. Parameters and conditions share one with `let` and the context names."""

WATCHED = (
    "condition",
    "parameter",
    "function",
    "table",
    "action",
    "group",
    "tags",
    "schedule",
    "secret",
    "destination",
)
"""Kinds of which one that nothing uses is worth a word."""

_MOST_SUGGESTIONS = 50
_T = TypeVar("_T")


@dataclass(slots=True)
class Symbols:
    """All names of a rule set by kind. `unread` are (kind, name) of items that are no sentence: not unknown.

    `gateway` are the destinations of the gateway, None: there is none; `only_through` are the groups through which
    alone some of them may be reached, each with its place in the gateway file.
    """

    items: dict[str, dict[str, ast.Node]] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    privates: dict[tuple[int, str, int], str] = field(default_factory=dict)
    unread: set[tuple[str, str]] = field(default_factory=set)
    used: set[tuple[str, str]] = field(default_factory=set)
    expects: bool = False
    gateway: frozenset[str] | None = None
    only_through: Mapping[str, Mapping[str, Span]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    _asked: int = 0

    def of(self, kind: str) -> dict[str, ast.Node]:
        """Every name of a kind, with what it names."""
        return self.items.setdefault(kind, {})

    def find(self, kind: str, name: str, node: type[_T]) -> _T | None:
        """What a name of this kind stands for, None when it is unknown; it counts as used."""
        found = self.of(kind).get(name)
        self.used.add((kind, name))
        return found if isinstance(found, node) else None

    def missing(self, kind: str, name: str) -> bool:
        """Whether a name is unknown, and not only because its item could not be read."""
        return name not in self.of(kind) and (kind, name) not in self.unread

    def near(self, word: str, candidates: Iterable[str]) -> list[str]:
        """The nearest names; none any more after many questions, so that a file of slips cannot hold us up."""
        if len(word) < 3:
            return [name for name in candidates if name.lower() == word.lower()][:1]
        return nearest(word, candidates) if self.may_suggest() else []

    def may_suggest(self) -> bool:
        """Whether one more suggestion may be looked for."""
        self._asked += 1
        return self._asked <= _MOST_SUGGESTIONS


_MOST_NAMES = 10
"""How many names are told where none is near."""


def suggested(diagnostic: Diagnostic, span: Span, names: list[str]) -> Diagnostic:
    """The same with "did you mean", as a remedy when there is one candidate, else as a note."""
    if len(names) == 1:
        return diagnostic.with_fix("did you mean", span, names[0])
    return diagnostic.with_note(did_you_mean(names)) if names else diagnostic


def context_called(word: str) -> str:
    """The context name that people call so, whatever the case and with or without `_`; empty when there is none."""
    letters = word.replace("_", "").lower()
    return _CALLED.get(letters) or next((name for name in CONTEXT if name.replace("_", "") == letters), "")


def unknown(symbols: Symbols, kind: str, name: ast.Name, code: str, more: Collection[str] = ()) -> Diagnostic:
    """The finding for a name that nothing of this kind has."""
    what = "set of tags" if kind == "tags" else kind
    found = diagnose(code, name.span, f"unknown {what} `{name.text}`", f"no {what} has this name")
    names = [*symbols.of(kind), *more]
    near = symbols.near(name.text, names)
    if near:
        return suggested(found, name.span, near)
    if not names:
        return found.with_note(f"these files define no {what}")
    shown = ", ".join(f"`{one}`" for one in names[:_MOST_NAMES])
    return found.with_note(f"known are {shown}" + (" …" if len(names) > _MOST_NAMES else ""))


def collect(items: Iterable[ast.Item], report: Callable[[Diagnostic], object]) -> Symbols:
    """The names that these items define; a name given twice is reported where it stands the second time."""
    symbols = Symbols()
    for index, item in enumerate(items):
        if isinstance(item, ast.Expects):
            symbols.expects = True
            for name in item.destinations:
                symbols.of("destination").setdefault(name.text, name)
        elif isinstance(item, ast.PrivateElement):
            symbols.privates.setdefault((item.tag.group, item.tag.creator, item.tag.element), item.vr.text)
        elif type(item) in KINDS:
            _define(symbols, KINDS[type(item)], item, index, report)
            if isinstance(item, ast.Group):
                for rule in item.rules:
                    _define(symbols, "rule", rule, index, report)
    return symbols


def _define(symbols: Symbols, kind: str, item: ast.Node, index: int, report: Callable[[Diagnostic], object]) -> None:
    name: ast.Name = item.name  # type: ignore[attr-defined]  # every class of KINDS has one
    shared = ("condition", "parameter") if kind in ("condition", "parameter") else (kind,)
    older = next((symbols.of(space)[name.text] for space in shared if name.text in symbols.of(space)), None)
    if older is not None:
        found = diagnose("DR108", name.span, f"there is another {kind} `{name.text}`", "the name is taken").with_note(
            f"give one of them another name, such as `{name.text}_2`"
        )
        report(found.with_label(older.name.span, "by this one"))  # type: ignore[attr-defined]
        return
    if kind in ("condition", "parameter") and name.text in CONTEXT:
        label = "every rule can read this"
        report(
            diagnose("DR108", name.span, f"`{name.text}` is a context name of the language", label).with_note(
                f"choose another one, such as `{name.text}_1`"
            )
        )
        return
    symbols.of(kind)[name.text] = item
    symbols.order[f"{kind} {name.text}"] = index


def unused(symbols: Symbols) -> list[Diagnostic]:
    """A warning for each definition that nothing uses."""
    found = []
    for kind in WATCHED:
        for name, item in symbols.of(kind).items():
            if (kind, name) in symbols.used:
                continue
            span = item.span if isinstance(item, ast.Name) else item.name.span  # type: ignore[attr-defined]
            what = "set of tags" if kind == "tags" else kind
            unused = diagnose("DR109", span, f"{what} `{name}` is never used", "nothing says this name")
            found.append(unused.with_note("take it out, or use it where something else was meant by mistake"))
    return found
