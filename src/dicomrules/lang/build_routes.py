"""Nodes of routes and of tests."""

from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.building import Builder, Reduction, node, node_of_many, words_of
from dicomrules.lang.remarks import said_twice
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


@frozen
class _Option:
    """One option of a destination: the words that begin it, and the fields of DestOptions that it fills."""

    words: str
    fields: dict[str, Any]
    span: Span


def _option(words: str, *fields: str) -> Builder:
    """A builder whose rule has one child for each of these fields."""
    return lambda at: _Option(words, dict(zip(fields, map(_plain, at.children), strict=True)), at.span)


def _plain(child: Any) -> Any:
    return child.value if isinstance(child, ast.Number) else child


def _only_once(at: Reduction) -> _Option:
    return _Option("only once", {"only_once": True, "once_per": at.children[0]}, at.span)


def _options(at: Reduction, options: list[_Option]) -> ast.DestOptions:
    """All options of a destination in one value; one said twice is reported."""
    first: dict[str, Span] = {}
    fields: dict[str, Any] = {}
    for option in options:
        if option.words in first:
            at.report(said_twice(option.words, option.span, first[option.words]))
            continue
        first[option.words] = option.span
        fields |= option.fields
    span = options[0].span.to(options[-1].span) if options else at.span.after
    return ast.DestOptions(**fields, span=span)


def _dest(at: Reduction) -> ast.Dest:
    name, *options = at.children
    return ast.Dest(name, _options(at, options), span=at.span)


def _dest_from_table(at: Reduction) -> ast.DestFromTable:
    lookup, otherwise, *options = at.children
    return ast.DestFromTable(lookup, otherwise, _options(at, options), span=at.span)


def _share(at: Reduction) -> ast.Share:
    dest, weight = at.children
    return ast.Share(dest, _plain(weight), span=at.span)


def _routes(at: Reduction) -> ast.Routes:
    name, kind, *arms = at.children
    otherwise = None
    if not isinstance(arms[-1], ast.RouteArm):
        otherwise = arms.pop()
    return ast.Routes(name, kind == "every", tuple(arms), otherwise, span=at.span)


def _given(at: Reduction) -> ast.Given:
    label, *facts = at.children
    return ast.Given(tuple(facts), label, span=at.span)


def _expect(at: Reduction) -> ast.Expect:
    label, expectation = at.children
    return ast.Expect(expectation, label, span=at.span)


def _sent_to(negated: bool) -> Builder:
    return lambda at: ast.SentTo(at.children[0] if at.children else (), negated, span=at.span)


BUILDERS: dict[str, Builder] = {
    "routes": _routes,
    "match_kind": words_of,
    "route": node(ast.RouteArm),
    "always": lambda at: ast.RouteArm(None, at.children[0], span=at.span),
    "fanout": node_of_many(ast.Fanout),
    "nowhere": node(ast.Nowhere),
    "chain": node_of_many(ast.Failover),
    "balance": node_of_many(ast.Balance),
    "share": _share,
    "dest": _dest,
    "dest_from_table": _dest_from_table,
    "through": _option("through", "through"),
    "calling_as": _option("as", "calling"),
    "compressed": _option("compressed", "compressed", "quality"),
    "decompressed": lambda at: _Option("decompressed", {"decompressed": True}, at.span),
    "during_schedule": _option("during", "during"),
    "by_study": _option("by study after", "study_after"),
    "only_once": _only_once,
    "priors": _option("with priors", "priors"),
    "priority": _option("priority", "priority"),
    "level": words_of,
    "test_case": lambda at: ast.TestCase(at.children[0], tuple(at.children[1:]), span=at.span),
    "given": _given,
    "given_absent": node(ast.GivenAbsent),
    "given_unavailable": node(ast.GivenUnavailable),
    "given_attribute": node(ast.GivenAttribute),
    "given_context": node(ast.GivenContext),
    "given_file": node(ast.GivenFile),
    "given_lookup": node(ast.GivenLookup),
    "expect": _expect,
    "at": node(ast.At),
    "fired": lambda at: ast.Fired(at.children[0], span=at.span),
    "not_fired": lambda at: ast.Fired(at.children[0], negated=True, span=at.span),
    "sent_to": _sent_to(negated=False),
    "not_sent_to": _sent_to(negated=True),
    "sent_nowhere": _sent_to(negated=False),
    "any_verdict": lambda at: ast.AnyVerdict(at.children[0], span=at.span),
    "unchanged": node(ast.Unchanged),
}
"""A builder for each rule and alias of rules.lark about routes and tests."""
