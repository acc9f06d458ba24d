"""Makes `src/dicomrules/lang/grammar.json`: the tables by which a sentence of the rule language is read.

    python tools/grammar_tables.py

Lark makes them from `rules.lark` and refuses a grammar that could be read in two ways. That takes it half a second, so
they are kept, and Lark's parser reads by what is kept (`lang/grammar.py`). A test says when the file is stale.
"""

import json
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule, Terminal
from lark.lexer import Lexer, PatternStr
from lark.parsers.lalr_analysis import Shift

LANG = Path(__file__).parents[1] / "src" / "dicomrules" / "lang"
GRAMMAR, TABLES = LANG / "rules.lark", LANG / "grammar.json"


class NoLexer(Lexer):
    """Lark asks for a lexer; ours is `lang/scan.py`."""

    def __init__(self, conf: Any) -> None:
        """Nothing to prepare."""

    def lex(self, *_: Any) -> Any:
        """No tokens of its own."""
        return iter(())


def lark() -> Lark:
    """The grammar of one `item`, without conflicts."""
    return Lark(GRAMMAR.read_text("utf-8"), parser="lalr", lexer=NoLexer, strict=True, start="item")


def tables(grammar: Lark) -> str:
    """The text of the file: its rules, and its states, the first one being that before the first token.

    A state is where each token leads, where each thing that was made of tokens leads, and on which tokens a rule is
    complete.
    """
    written = {t.name: t.pattern.value for t in grammar.terminals if isinstance(t.pattern, PatternStr)}
    words = sorted(written.values())
    rules = {rule: number for number, rule in enumerate(grammar.rules)}
    things = {rule.origin.name for rule in rules}
    conf = grammar.parse_interactive(start="item").parser_state.parse_conf
    numbers = {conf.start_state: 0}
    states = []
    for state in (order := [conf.start_state]):
        shifts, gotos, reduces = {}, {}, {}
        for symbol, (action, to) in sorted(conf.states[state].items()):
            if action is not Shift:
                reduces.setdefault(rules[to], []).append(written.get(symbol, symbol))
                continue
            if to not in numbers:
                numbers[to] = len(numbers)
                order.append(to)
            leads = gotos if symbol in things else shifts
            leads[written.get(symbol, symbol)] = numbers[to]
        states.append([shifts, gotos, {rule: " ".join(sorted(on)) for rule, on in reduces.items()}])
    head = f'"end": {numbers[conf.end_state]},\n"words": {json.dumps(" ".join(words))},\n'
    return "{" + head + f'"rules": {_lines(map(_rule, rules))},\n"states": {_lines(states)}' + "}\n"


def _lines(entries: Any) -> str:
    return "[\n" + ",\n".join(json.dumps(each, separators=(",", ":")) for each in entries) + "\n]"


def _rule(rule: Rule) -> list[Any]:
    """What it makes, what builds it, of how many parts, whether a single part stays as it is, and what is taken over.

    Taken over is a part by its number, null for what was left out, and [number] for all that is in a part.
    """
    options = rule.options
    left_out = [len(ones) for ones in "".join(str(int(one)) for one in options.empty_indices or ()).split("0")]
    take: list[Any] = []
    for number, symbol in enumerate(rule.expansion):
        take += [None] * (left_out[number] if options.empty_indices else 0)
        if isinstance(symbol, Terminal):
            take += [number] if options.keep_all_tokens or not symbol.filter_out else []
        else:
            take += [[number] if symbol.name.startswith("_") else number]
    take += [None] * (left_out[-1] if options.empty_indices else 0)
    name = str(rule.alias or rule.origin.name)
    return [str(rule.origin.name), name, len(rule.expansion), int(options.expand1 and not rule.alias), take]


if __name__ == "__main__":
    TABLES.write_text(tables(lark()), "utf-8")
