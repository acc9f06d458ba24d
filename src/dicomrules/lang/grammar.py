"""The grammar, and one sentence being read by it.

A sentence is read token by token with the LALR(1) tables that Lark has made of `rules.lark` once and for all
(`grammar.json`, by `tools/grammar_tables.py`), so that no start waits for them. What a rule of the grammar is made into
is asked for as soon as the rule is complete; there is no tree.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

END = "$END"
"""The kind of the token after the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One way to make a `thing` out of so many parts (`length`); `name` is the key of its builder.

    `take` is what the builder is given: a part by its number, None for what was left out, and (number,) for all that
    was gathered in a part. `pass_on`: where that is a single one, it is the thing itself and nothing is built.
    `gathers`: it makes no thing of its own, but a row of parts for the rule around it. `is_its_part`: what it makes is
    its only part, whatever that is.
    """

    thing: str
    name: str
    length: int
    pass_on: bool
    take: tuple[int | tuple[int] | None, ...]
    gathers: bool
    is_its_part: bool


@dataclass(frozen=True, slots=True)
class Grammar:
    """All of it. For each state of a reader: what the kinds of tokens do that it knows (lead to another state, or show
    that a rule is complete), and where things lead that were made. `end` is the state in which an item is complete.

    `choices` are the kinds of tokens that each state knows, `words` all fixed pieces of text.
    """

    moves: tuple[Mapping[str, int | Rule], ...]
    leads: tuple[Mapping[str, int], ...]
    end: int
    choices: tuple[frozenset[str], ...]
    rules: tuple[Rule, ...]
    words: frozenset[str]


@cache
def grammar() -> Grammar:
    """The grammar of an item."""
    made = json.loads(files("dicomrules.lang").joinpath("grammar.json").read_text(encoding="utf-8"))
    rules = tuple(map(_rule, made["rules"]))
    moves: list[Mapping[str, int | Rule]] = []
    for shifts, _, reduces in made["states"]:
        moves.append(shifts | {kind: rules[int(rule)] for rule, kinds in reduces.items() for kind in kinds.split()})
    return Grammar(
        tuple(moves),
        tuple(leads for _, leads, _ in made["states"]),
        made["end"],
        tuple(map(frozenset, moves)),
        rules,
        frozenset(made["words"].split()),
    )


def _rule(made: list[Any]) -> Rule:
    thing, name, length, pass_on, take = made
    taken = tuple(tuple(one) if isinstance(one, list) else one for one in take)
    is_its_part = bool(pass_on) and taken == (0,) and length == 1
    return Rule(thing, name, length, bool(pass_on), taken, thing.startswith("_"), is_its_part)


Build = Callable[[str, list[Any], int, int], Any]
"""Makes a thing: the name of the rule, what it takes over, and where it starts and ends in the text."""


class Piece(NamedTuple):
    """A token, or what was made of some, with its place in the text."""

    part: Any
    start: int
    end: int


@dataclass(slots=True)
class Sentence:
    """One item as far as it has been read; then another one, after `begin`."""

    grammar: Grammar
    build: Build
    _states: list[int] = field(default_factory=lambda: [0])
    _pieces: list[Piece] = field(default_factory=list)
    _end: int = 0  # of the last token
    _passed_on: dict[tuple[int, int, str], int] = field(default_factory=dict)

    def begin(self) -> None:
        """Nothing has been read."""
        self._states, self._pieces = [0], []

    @property
    def choices(self) -> frozenset[str]:
        """The kinds of tokens that may come next, seen from here: some of them may turn out not to."""
        return self.grammar.choices[self._states[-1]]

    def accepts(self) -> frozenset[str]:
        """The kinds of tokens that may come next."""
        return frozenset(kind for kind in self.choices if self._would_take(kind))

    def take(self, kind: str, part: Any, start: int, end: int) -> bool:
        """Read a token. False: it may not come here, and nothing more can be read."""
        states, moves = self._states, self.grammar.moves
        while not isinstance(move := moves[states[-1]].get(kind), int):
            if move is None:
                return False
            self._complete(move, kind)
        states.append(move)
        self._pieces.append(Piece(part, start, end))
        self._end = end
        return True

    def close(self) -> bool:
        """Read the end of the item; then `whole` is what it means. False: it ends too early."""
        states, moves = self._states, self.grammar.moves
        while states[-1] != self.grammar.end:
            move = moves[states[-1]].get(END)
            if not isinstance(move, Rule):
                return False
            self._complete(move, END)
        return True

    @property
    def whole(self) -> Any:
        """What was made of all tokens."""
        (only,) = self._pieces
        return only.part

    def _complete(self, rule: Rule, following: str) -> None:
        """Make what a complete rule says. What comes next tells how far a single part is passed on."""
        states, pieces = self._states, self._pieces
        if rule.is_its_part:
            states[-1] = self._after_passing(states[-2], states[-1], following)
            return
        begin = len(pieces) - rule.length
        made = self._made(rule, pieces[begin:])
        del pieces[begin:], states[begin + 1 :]
        pieces.append(made)
        states.append(self.grammar.leads[states[-1]][rule.thing])

    def _after_passing(self, before: int, state: int, following: str) -> int:
        """The state after all rules in a row that only pass on a part: up to ten, for a value that stands alone."""
        key = before, state, following
        if key not in self._passed_on:
            leads, moves = self.grammar.leads[before], self.grammar.moves
            while isinstance(rule := moves[state].get(following), Rule) and rule.is_its_part:
                state = leads[rule.thing]
            self._passed_on[key] = state
        return self._passed_on[key]

    def _made(self, rule: Rule, pieces: list[Piece]) -> Piece:
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
        return Piece(made, start, end)

    def _would_take(self, kind: str) -> bool:
        """Whether a kind of token fits here, without reading it."""
        states, moves = self._states.copy(), self.grammar.moves
        while not isinstance(move := moves[states[-1]].get(kind), int):
            if move is None:
                return kind == END and states[-1] == self.grammar.end
            del states[len(states) - move.length :]
            states.append(self.grammar.leads[states[-1]][move.thing])
        return True
