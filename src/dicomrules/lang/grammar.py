"""The grammar as tables, and one sentence being read by them.

`grammar.json` holds the LALR(1) tables of `rules.lark`; `tools/grammar_tables.py` makes it. A token is put on
the stack, after the rules that are complete before it have been reduced: their parts are taken off the stack, and what
is built of them is put there.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

END = "$END"
"""The kind of the token after the last one."""


class Rule(NamedTuple):
    """One way to make a thing (`makes`) out of `length` parts; `name` says how: it is the key of its builder.

    `take` is what the builder is given: a part by its number, None for what was left out, and (number,) for all that
    was gathered in a part. `pass_on`: where that is a single one, it is the thing itself and nothing is built.
    """

    makes: str
    name: str
    length: int
    pass_on: bool
    take: tuple[int | tuple[int] | None, ...]

    @property
    def gathers(self) -> bool:
        """Whether it makes no thing of its own, but a row of parts for the rule around it."""
        return self.makes.startswith("_")


class State(NamedTuple):
    """Where reading may have got to.

    `moves` says for each kind of token that may come here: the state that it leads to, or ~number of the rule that is
    complete before it. `gotos` are the states that things lead to.
    """

    moves: Mapping[str, int]
    gotos: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Grammar:
    """All of it. The first state is before an item, `end` after a whole one. `words` are all fixed pieces of text."""

    states: tuple[State, ...]
    rules: tuple[Rule, ...]
    words: frozenset[str]
    end: int


@cache
def grammar() -> Grammar:
    """The grammar of an item."""
    made = json.loads(files("dicomrules.lang").joinpath("grammar.json").read_text(encoding="utf-8"))
    states = []
    for shifts, gotos, reduces in made["states"]:
        complete = {kind: ~int(rule) for rule, kinds in reduces.items() for kind in kinds.split()}
        states.append(State(shifts | complete, gotos))
    rules = (
        Rule(makes, name, length, bool(pass_on), tuple(tuple(one) if isinstance(one, list) else one for one in take))
        for makes, name, length, pass_on, take in made["rules"]
    )
    return Grammar(tuple(states), tuple(rules), frozenset(made["words"].split()), made["end"])


Build = Callable[[str, list[Any], int, int], Any]
"""Makes a thing: the name of the rule, what it takes over, and where it starts and ends in the text."""


@dataclass(slots=True)
class Sentence:
    """One item as far as it has been read: the states passed, and for each the part that led there with its place."""

    grammar: Grammar
    build: Build
    _states: list[int] = field(default_factory=lambda: [0])
    _parts: list[Any] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    @property
    def choices(self) -> Mapping[str, int]:
        """The kinds of tokens that may come next, seen from here: some of them may turn out not to."""
        return self.grammar.states[self._states[-1]].moves

    def accepts(self) -> frozenset[str]:
        """The kinds of tokens that may come next."""
        return frozenset(kind for kind in self.choices if self._would_take(kind))

    def take(self, kind: str, part: Any, start: int, end: int) -> bool:
        """Read a token. False: it may not come here, and nothing more can be read."""
        states = self.grammar.states
        while True:
            move = states[self._states[-1]].moves.get(kind)
            if move is None:
                return False
            if move >= 0:
                self._states.append(move)
                self._parts.append(part)
                self._starts.append(start)
                self._ends.append(end)
                return True
            self._reduce(self.grammar.rules[~move])

    def close(self) -> bool:
        """Read the end of the item; then `whole` is what it means. False: it ends too early."""
        while self._states[-1] != self.grammar.end:
            move = self.choices.get(END)
            if move is None:
                return False
            self._reduce(self.grammar.rules[~move])
        return True

    @property
    def whole(self) -> Any:
        """What was made of all tokens."""
        (only,) = self._parts
        return only

    def _reduce(self, rule: Rule) -> None:
        length = rule.length
        if length == 1:
            if not (rule.pass_on and rule.take == (0,)):
                self._parts[-1] = self._made(rule, self._parts[-1:], self._starts[-1], self._ends[-1])
            self._states.pop()
        elif length:
            parts = self._parts[-length:]
            made = self._made(rule, parts, self._starts[-length], self._ends[-1])
            del self._states[-length:], self._parts[1 - length :], self._starts[1 - length :]
            del self._ends[-length:-1]
            self._parts[-1] = made
        else:
            here = self._ends[-1]
            self._parts.append(self._made(rule, [], here, here))
            self._starts.append(here)
            self._ends.append(here)
        self._states.append(self.grammar.states[self._states[-1]].gotos[rule.makes])

    def _made(self, rule: Rule, parts: list[Any], start: int, end: int) -> Any:
        taken: list[Any] = []
        for which in rule.take:
            if which is None:
                taken.append(None)
            elif isinstance(which, int):
                taken.append(parts[which])
            elif taken:
                taken += parts[which[0]]
            else:
                taken = parts[
                    which[0]
                ]  # it has no other owner, and a long row must not be copied for each of its parts
        if rule.gathers:
            return taken
        if rule.pass_on and len(taken) == 1:
            return taken[0]
        return self.build(rule.name, taken, start, end)

    def _would_take(self, kind: str) -> bool:
        """Whether a kind of token fits here, without reading it."""
        states, grammar = self._states.copy(), self.grammar
        while states[-1] != grammar.end:
            move = grammar.states[states[-1]].moves.get(kind)
            if move is None:
                return False
            if move >= 0:
                return True
            rule = grammar.rules[~move]
            del states[len(states) - rule.length :]
            states.append(grammar.states[states[-1]].gotos[rule.makes])
        return kind == END
