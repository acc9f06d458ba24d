"""Names of destinations: those that the files expect, and those of the gateway."""

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.symbols import suggested
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic


def destination(ground: Ground, name: ast.Name) -> bool:
    """Whether this is the name of a destination; reports when it is not."""
    symbols = ground.symbols
    symbols.used.add(("destination", name.text))
    if not symbols.missing("destination", name.text):
        return True
    if not symbols.expects and (symbols.gateway is None or name.text in symbols.gateway):
        if symbols.gateway is None and ("expects", "") not in symbols.unread:
            ground.undeclared.setdefault(name.text, name.span)
        return True
    if ("expects", "") in symbols.unread:
        return True
    if name.text in ("skip", "ignore", "stop", "none", "nothing", "null", "discard", "delete"):
        ground.add(_sends_nothing(name))
        return False
    candidates = list(dict.fromkeys([*symbols.of("destination"), *(symbols.gateway or ())]))
    found = diagnose("DR106", name.span, f"unknown destination `{name.text}`", "not among `expects destinations`")
    near = symbols.near(name.text, candidates)
    if not near and candidates:
        found = found.with_note(f"known are {', '.join(f'`{one}`' for one in candidates[:10])}")
    ground.add(suggested(found, name.span, near))
    return False


def _sends_nothing(name: ast.Name) -> Diagnostic:
    """What people write for an arm that sends nothing."""
    message = f"there is no `=> {name.text}`: an arm that sends nothing says why"
    found = diagnose("DR007", name.span, message, "not a destination")
    found = found.with_fix("send nothing from this table", name.span, 'nowhere "why"')
    return found.with_note('to end the object for all tables: a rule with `drop "why"`, before the routes')


def in_a_cell(ground: Ground, name: str) -> bool:
    """Whether the cell of a table names a destination, as far as anything says which there are; it counts as used."""
    symbols = ground.symbols
    symbols.used.add(("destination", name))
    nobody_says = not symbols.expects and symbols.gateway is None
    known = name in symbols.of("destination") or (not symbols.expects and name in (symbols.gateway or ()))
    return known or nobody_says or ("expects", "") in symbols.unread


def declared(ground: Ground) -> None:
    """Report destinations of rule files that expect none, all of them together."""
    if not ground.undeclared:
        return
    names = ", ".join(ground.undeclared)
    first = next(iter(ground.undeclared.values()))
    found = diagnose("DR106", first, "these rules do not say which destinations they expect", "not declared")
    ground.add(found.with_note(f"say at the top of the file: `expects destinations {names}`"))
