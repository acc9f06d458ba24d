"""What a route sends to, and what a test gives and expects, as documents to lay out."""

from typing import Any

from dicomrules.lang import ast
from dicomrules.lang.format_values import duration, listed, quoted, value_doc
from dicomrules.lang.layout import Break, Doc, Group, Nest, joined


def send_doc(send: ast.Send) -> Doc:
    """The right side of an arm of a routes table."""
    if not isinstance(send, ast.Fanout):
        return value_doc(send)
    return Group(Nest(joined([_chain(chain) for chain in send.chains], (Break.LINE, "and "))))


def _chain(chain: Any) -> Doc:
    if isinstance(chain, ast.Failover):
        return Group(Nest(joined([_way(member) for member in chain.members], (Break.LINE, "failover "))))
    return _way(chain)


def _way(way: ast.Dest | ast.DestFromTable | ast.Balance) -> Doc:
    if isinstance(way, ast.Balance):
        return Group(("balance(", listed(way.shares, _share), ")"))
    return _dest(way)


def _share(share: ast.Share) -> Doc:
    return _dest(share.dest) if share.weight is None else (_dest(share.dest), f" {share.weight}")


def _dest(dest: ast.Dest | ast.DestFromTable) -> Doc:
    options = tuple(f" {option}" for option in _options(dest.options))
    if isinstance(dest, ast.Dest):
        return (dest.name.text, options)
    return (value_doc(dest.lookup), " otherwise ", value_doc(dest.otherwise), options)


def _options(options: ast.DestOptions) -> list[str]:
    """The options of a destination, in one order whatever order they were written in."""
    made = [f"through {options.through.text}"] if options.through else []
    if options.calling:
        name = options.calling
        made.append(f"as {quoted(name.value) if isinstance(name, ast.Text) else name.text}")
    if options.compressed:
        quality = "" if options.quality is None else f" quality {options.quality}"
        made.append(f"compressed {options.compressed.text}{quality}")
    if options.decompressed:
        made.append("decompressed")
    if options.during:
        made.append(f"during {options.during.text}")
    if options.study_after is not None:
        made.append(f"by study after {duration(options.study_after)}")
    if options.only_once:
        made.append("only once" + ("" if options.once_per is None else f" per {duration(options.once_per)}"))
    if options.priors is not None:
        made.append(f"with {options.priors} priors")
    if options.priority:
        made.append(f"priority {options.priority}")
    return made


def fact_doc(fact: ast.Fact) -> Doc:
    """One fact of a `given`."""
    match fact:
        case ast.GivenAbsent():
            return ("no ", value_doc(fact.path))
        case ast.GivenUnavailable():
            return f"{fact.table.text} unavailable"
        case ast.GivenAttribute():
            return (value_doc(fact.path), " = ", value_doc(fact.value))
        case ast.GivenContext():
            return (f"{fact.name.text} = ", value_doc(fact.value))
        case ast.GivenFile():
            return f"file {quoted(fact.path.value)}"
        case ast.GivenLookup():
            return (value_doc(fact.lookup), " = ", value_doc(fact.value))


def expect_doc(expectation: ast.Expectation) -> Doc:
    """What stands after `expect`."""
    match expectation:
        case ast.At():
            return (f"at {expectation.destination.text} ", expect_doc(expectation.expectation))
        case ast.Unchanged():
            return ("unchanged", (" except ", value_doc(expectation.excepted)) if expectation.excepted else "")
        case ast.Fired():
            return _names("not fired " if expectation.negated else "fired ", expectation.rules)
        case ast.SentTo():
            if not expectation.destinations:
                return "sent nowhere"
            return _names("not sent to " if expectation.negated else "sent to ", expectation.destinations)
        case ast.AnyVerdict():
            return expectation.kind
    return value_doc(expectation)


def _names(words: str, names: tuple[ast.Name, ...]) -> Doc:
    return Group((words, Nest(joined([name.text for name in names], (",", Break.FILL)))))
