"""Destinations that the gateway lets be reached through certain groups alone (`only_through`): every way there is one.

Looked at where a destination is named, so that no arm is left out: in `failover`, `balance` and tables as by itself.
"""

from collections.abc import Collection

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.symbols import unknown
from dicomrules.program.expression import Lookup
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic


def groups(ground: Ground) -> None:
    """Report groups that the gateway asks for and no rule file has."""
    for wanted in ground.symbols.only_through.values():
        for name, span in wanted.items():
            if ground.symbols.missing("group", name):
                ground.add(unknown(ground.symbols, "group", ast.Name(name, span=span), "DR107"))


def named(ground: Ground, node: ast.Dest) -> None:
    """Report a destination that is named without one of its groups."""
    name, group = node.name.text, node.options.through
    wanted = ground.symbols.only_through.get(name)
    if wanted is None or not _passed(ground, group, wanted):
        return
    if group is not None:
        found = diagnose("DR614", group.span, _message(name, wanted), "this is another group")
        found = found.with_fix("write", group.span, next(iter(wanted)))
    else:
        found = diagnose("DR614", node.name.span, _message(name, wanted), "reached as the rules made it")
        found = found.with_fix("write", node.name.span, f"{name} through {next(iter(wanted))}")
    ground.add(_said(ground, found, name))


def looked_up(ground: Ground, node: ast.DestFromTable, lookup: Lookup) -> None:
    """Report a table that may answer with a destination which is then reached without one of its groups."""
    group, answers = node.options.through, _answers(ground, lookup)
    for name, wanted in ground.symbols.only_through.items():
        if name in answers and _passed(ground, group, wanted):
            found = diagnose("DR614", node.lookup.span, _message(name, wanted), f"the table may answer `{name}`")
            way_out = f"say `through {next(iter(wanted))}` after it, or route `{name}` in an arm of its own"
            ground.add(_said(ground, found.with_note(way_out), name))


def _passed(ground: Ground, group: ast.Name | None, wanted: Collection[str]) -> bool:
    """Whether a way goes past all of the groups that are wanted. Where one is unknown, that alone is told."""
    past = group is None or group.text not in wanted
    return past and not any(ground.symbols.missing("group", name) for name in wanted)


def _answers(ground: Ground, lookup: Lookup) -> Collection[str]:
    """The destinations that a look-up may answer with."""
    item = ground.symbols.of("table").get(lookup.table)
    if isinstance(item, ast.InlineTable):
        return {row.value.value for row in item.rows if isinstance(row.value, ast.Text)}
    return ground.shapes[lookup.table].columns[lookup.column or ""].names


def _message(name: str, wanted: Collection[str]) -> str:
    return f"`{name}` takes only what goes through {' or '.join(f'`{group}`' for group in wanted)}"


def _said(ground: Ground, found: Diagnostic, name: str) -> Diagnostic:
    return found.with_label(next(iter(ground.symbols.only_through[name].values())), "the gateway says so")
