"""What an arm sends to: destinations by name and from tables, `failover`, `balance`, and which of them contradict."""

from collections.abc import Iterator, Sequence

from dicomrules.lang import ast
from dicomrules.lang.check import guarded
from dicomrules.lang.check.destinations import destination, in_a_cell
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.options import options
from dicomrules.lang.check.terms import Env, Shape
from dicomrules.lang.check.verdicts import stop
from dicomrules.program.expression import Lookup
from dicomrules.program.route import Balance, Failover, Options, Single, Target, Way, WayFromTable, singles
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span

Chain = ast.Dest | ast.DestFromTable | ast.Balance | ast.Failover


@frozen
class Named:
    """A destination as it is named in an arm. `instead`: it only stands in for others."""

    name: str
    span: Span
    options: Options
    instead: bool = False


@frozen
class Sent:
    """Everything that an arm sends to, and the destinations among that by name."""

    targets: tuple[Target, ...]
    named: tuple[Named, ...]


def sent(ground: Ground, node: ast.Fanout, env: Env) -> Sent:
    """What an arm sends to; what is wrong with it is reported."""
    targets: list[Target] = []
    named: list[Named] = []
    for chain in node.chains:
        made = _target(ground, chain, env)
        if made is None:
            continue
        named.extend(_named(chain, made))
        targets.append(made)
    _named_twice(ground, named)
    return Sent(tuple(dict.fromkeys(_bare(target) for target in targets)), tuple(named))


def _bare(target: Target) -> Target:
    """A destination without options, as its name."""
    return target.destination if isinstance(target, Way) and target.options == Options() else target


def _target(ground: Ground, chain: Chain, env: Env) -> Target | None:
    match chain:
        case ast.Dest() | ast.DestFromTable():
            return _single(ground, chain, env)
        case ast.Balance():
            return _balance(ground, chain, env)
        case ast.Failover(members):
            made = [_target(ground, member, env) for member in members]
            if any(member is None for member in made):
                return None
            found = Failover(tuple(member for member in made if isinstance(member, Way | WayFromTable | Balance)))
            _one_group(ground, chain, found)
            return found


def _single(ground: Ground, node: ast.Dest | ast.DestFromTable, env: Env) -> Single | None:
    said = options(ground, node.options)
    if isinstance(node, ast.Dest):
        guarded.named(ground, node)
        return Way(node.name.text, said) if destination(ground, node.name) else None
    otherwise = stop(ground, node.otherwise)
    found = _lookup(ground, node.lookup, env)
    if found is None:
        return None
    guarded.looked_up(ground, node, found)
    return WayFromTable(found, otherwise, said)


def _lookup(ground: Ground, node: ast.Lookup, env: Env) -> Lookup | None:
    term = ground.value(node, env)
    shape = ground.shapes.get(node.table.text)
    if term.type is None or shape is None or not isinstance(term.code, Lookup):
        return None
    if shape.inline:
        return term.code if _cells_of_inline(ground, node, shape) else None
    assert term.code.column is not None
    if shape.columns[term.code.column].destination:
        return term.code
    message = f"column `{term.code.column}` of `{shape.name}` does not hold destinations"
    found = diagnose("DR201", node.span, message, "an object is sent to a destination")
    header = shape.columns[term.code.column].header
    ground.add(found.with_note(f'type it in the table: `value "{header}" as destination store`, read `.store`'))
    return None


def _cells_of_inline(ground: Ground, node: ast.Lookup, shape: Shape) -> bool:
    """Whether every value of an inline table names a destination; reports the first that does not."""
    item = ground.symbols.of("table")[shape.name]
    assert isinstance(item, ast.InlineTable)
    for row in item.rows:
        if not isinstance(row.value, ast.Text) or not in_a_cell(ground, row.value.value):
            found = diagnose("DR106", row.value.span, f"unknown destination {row.value.span.text}", "not expected")
            ground.add(found.with_label(node.span, "objects are sent to what this table says"))
            return False
    return True


def _balance(ground: Ground, node: ast.Balance, env: Env) -> Balance | None:
    members: list[tuple[Single, int]] = []
    for share in node.shares:
        member = _single(ground, share.dest, env)
        weight = 1 if share.weight is None else share.weight
        if weight < 1:
            found = diagnose("DR219", share.span, "a share is 1 or more", "it would never get anything")
            ground.add(found.with_note("leave it out of this `balance`, or give it a share"))
        if member is not None:
            members.append((member, max(weight, 1)))
    if len({share.weight is None for share in node.shares}) > 1:
        found = diagnose("DR412", node.span, "either every member of a `balance` has a share or none", "some have none")
        ground.add(found.with_note("say `balance(a 25, b 75)`, or `balance(a, b)` for equal shares"))
    if len(members) < len(node.shares):
        return None
    made = Balance(tuple(members))
    _one_group(ground, node, made)
    return made


def _one_group(ground: Ground, node: ast.Balance | ast.Failover, target: Target) -> None:
    """Report members of one `failover` or `balance` that go through different groups."""
    groups = {single.options.through for single in singles(target)}
    if len(groups) > 1:
        word = "failover" if isinstance(node, ast.Failover) else "balance"
        message = f"all members of one `{word}` go through the same group, or all through none"
        found = diagnose("DR412", node.span, message, "different groups")
        found = found.with_note("what leaves must not depend on which of them happens to be there")
        group = next(filter(None, sorted(groups)), "")
        ground.add(found.with_note(f"say `through {group}` after each of them, or after none"))


def _named(chain: Chain, target: Target) -> Iterator[Named]:
    """The destinations that a chain names, with their places."""
    for index, (node, single) in enumerate(zip(_nodes(chain), singles(target), strict=True)):
        if isinstance(single, Way) and isinstance(node, ast.Dest):
            instead = isinstance(chain, ast.Failover) and index >= len(_nodes(chain.members[0]))
            yield Named(single.destination, node.name.span, single.options, instead)


def _nodes(chain: Chain) -> list[ast.Dest | ast.DestFromTable]:
    match chain:
        case ast.Dest() | ast.DestFromTable():
            return [chain]
        case ast.Balance(shares):
            return [share.dest for share in shares]
        case ast.Failover(members):
            return [node for member in members for node in _nodes(member)]


def _named_twice(ground: Ground, named: Sequence[Named]) -> None:
    """Warn of a destination that one arm names twice in the same way; in two ways it is an error of its own."""
    seen: dict[str, Named] = {}
    for one in named:
        other = seen.setdefault(one.name, one)
        if other is not one and other.options == one.options:
            ground.report(
                "DR410",
                one.span,
                f"`{one.name}` is named twice in this arm",
                "it is sent there once",
                "leave one of them out",
            )
