"""The grammar, and one sentence being read by it.

Lark reads: its LALR(1) parser is fed token by token, with the tables that it has made of `rules.lark` once and for all
(`grammar.json`, by `tools/grammar_tables.py`), so that no start waits for them. What a rule of the grammar is made into
is asked for as soon as the rule is complete; there is no tree.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from operator import itemgetter
from typing import Any

from lark.exceptions import UnexpectedToken
from lark.grammar import NonTerminal
from lark.parsers.lalr_analysis import ParseTable, Reduce, Shift
from lark.parsers.lalr_parser_state import ParseConf, ParserState

from dicomrules.text.frozen import frozen

END = "$END"
"""The kind of the token after the last one."""

_START = "item"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One way to make a thing (`origin`) out of the parts of `expansion`; `name` is the key of its builder.

    `take` is what the builder is given: a part by its number, None for what was left out, and (number,) for all that
    was gathered in a part. `pass_on`: where that is a single one, it is the thing itself and nothing is built.
    `gathers`: it makes no thing of its own, but a row of parts for the rule around it.
    """

    origin: NonTerminal
    name: str
    expansion: tuple[None, ...]
    pass_on: bool
    take: tuple[int | tuple[int] | None, ...]
    gathers: bool

    @property
    def is_its_part(self) -> bool:
        """Whether what it makes is its single part, whatever that is: without a call of ours for each of those a text
        is read 8 % sooner.
        """
        return self.pass_on and self.take == (0,) and len(self.expansion) == 1


@frozen
class Grammar:
    """All of it: the parser's table, for each of its states the kinds of tokens that it knows, the rules, and all fixed
    pieces of text.
    """

    table: ParseTable
    choices: tuple[frozenset[str], ...]
    rules: tuple[Rule, ...]
    words: frozenset[str]


@cache
def grammar() -> Grammar:
    """The grammar of an item."""
    made = json.loads(files("dicomrules.lang").joinpath("grammar.json").read_text(encoding="utf-8"))
    rules = tuple(map(_rule, made["rules"]))
    states: dict[int, dict[str, tuple[Any, Any]]] = {}
    choices = []
    for number, (shifts, gotos, reduces) in enumerate(made["states"]):
        moves = {kind: (Shift, to) for kind, to in shifts.items()}
        moves |= {kind: (Reduce, rules[int(rule)]) for rule, kinds in reduces.items() for kind in kinds.split()}
        choices.append(frozenset(moves))
        states[number] = moves | {_thing(name): (Shift, to) for name, to in gotos.items()}
    make_table: Any = ParseTable
    table = make_table(states, {_START: 0}, {_START: made["end"]})
    return Grammar(table, tuple(choices), rules, frozenset(made["words"].split()))


def _rule(made: list[Any]) -> Rule:
    makes, name, length, pass_on, take = made
    taken = tuple(tuple(one) if isinstance(one, list) else one for one in take)
    return Rule(NonTerminal(_thing(makes)), name, (None,) * length, bool(pass_on), taken, makes.startswith("_"))


def _thing(name: str) -> str:
    """A thing in the table, which is named like some words are written."""
    return f"<{name}>"


Build = Callable[[str, list[Any], int, int], Any]
"""Makes a thing: the name of the rule, what it takes over, and where it starts and ends in the text."""


@frozen
class Piece:
    """What the parser has on its stack: a token, or what was made of some, with its place in the text."""

    type: str
    part: Any
    start: int
    end: int


@dataclass(slots=True)
class Sentence:
    """One item as far as it has been read; then another one, after `begin`."""

    grammar: Grammar
    build: Build
    _conf: Any = field(init=False)
    _state: Any = field(init=False)  # Lark's; it asks nothing of a token but its `type`, and needs no lexer
    _end: int = 0  # of the last token

    def __post_init__(self) -> None:
        callbacks: Any = {
            rule: itemgetter(0) if rule.is_its_part else partial(self._reduced, rule) for rule in self.grammar.rules
        }
        self._conf = ParseConf(self.grammar.table, callbacks, _START)
        self.begin()

    def begin(self) -> None:
        """Nothing has been read."""
        self._state = _state(self._conf)

    @property
    def choices(self) -> frozenset[str]:
        """The kinds of tokens that may come next, seen from here: some of them may turn out not to."""
        state: int = self._state.position
        return self.grammar.choices[state]

    def accepts(self) -> frozenset[str]:
        """The kinds of tokens that may come next."""
        return frozenset(kind for kind in self.choices if self._would_take(kind))

    def take(self, kind: str, part: Any, start: int, end: int) -> bool:
        """Read a token. False: it may not come here, and nothing more can be read."""
        try:
            self._state.feed_token(Piece(kind, part, start, end))
        except UnexpectedToken:
            return False
        self._end = end
        return True

    def close(self) -> bool:
        """Read the end of the item; then `whole` is what it means. False: it ends too early."""
        try:
            self._state.feed_token(Piece(END, None, self._end, self._end), is_end=True)
        except UnexpectedToken:
            return False
        return True

    @property
    def whole(self) -> Any:
        """What was made of all tokens."""
        (only,) = self._state.value_stack
        return only.part

    def _reduced(self, rule: Rule, pieces: list[Piece]) -> Piece:
        start, end = (pieces[0].start, pieces[-1].end) if pieces else (self._end, self._end)
        taken: list[Any] = []
        for which in rule.take:
            if which is None:
                taken.append(None)
            elif isinstance(which, int):
                taken.append(pieces[which].part)
            elif taken:
                taken += pieces[which[0]].part
            else:  # it has no other owner, and a long row must not be copied for each of its parts
                taken = pieces[which[0]].part
        if rule.gathers:
            made: Any = taken
        elif rule.pass_on and len(taken) == 1:
            (made,) = taken
        else:
            made = self.build(rule.name, taken, start, end)
        return Piece("", made, start, end)

    def _would_take(self, kind: str) -> bool:
        """Whether a kind of token fits here, without reading it."""
        state = _state(ParseConf(self.grammar.table, {}, _START), self._state.state_stack.copy())
        try:
            state.feed_token(Piece(kind, None, 0, 0), is_end=kind == END)
        except UnexpectedToken:
            return False
        return True


def _state(conf: "ParseConf[Any]", passed: list[int] | None = None) -> Any:
    made: Any = ParserState
    return made(conf, None, passed)
