"""`keep only`: attributes of the data set at hand, kept whole."""

from dicomrules.lang import ast
from dicomrules.lang.check.block import Block, Mark, Result, Work, kept
from dicomrules.lang.check.ground import Ground, origin
from dicomrules.lang.check.paths import Place
from dicomrules.lang.check.targets import left_out, meant
from dicomrules.program import statement as program
from dicomrules.program.path import Prefix
from dicomrules.text.codes.registry import diagnose


def keep_only(work: Work, node: ast.KeepOnly, block: Block) -> Result:
    """What `keep only` says, and what is known after it."""
    ground, env = work.ground, block.env
    if node.targets.anywhere or (node.excepted is not None and node.excepted.anywhere):
        found = diagnose("DR212", node.span, "`keep only` is about one level, and has no `anywhere`", "`anywhere`")
        ground.add(found.with_note("what is kept is kept whole; `within SEQUENCE[every] { keep only … }` thins items"))
        return (), block
    listed = meant(ground, node.targets, env, written=False)
    spared = left_out(ground, node.excepted, env)
    if listed is None or (node.excepted is not None and spared is None):
        return (), block
    targets, places = listed
    if len([place for place in places if _at_hand(ground, place)]) < len(places):
        return (), block
    ground.swept = True
    made = program.KeepOnly(program.Targets(targets.paths, targets.sets, excepted=spared), origin(node))
    return (made,), kept(block, [Mark(place.absolute, place.span, "keep") for place in places])


def _at_hand(ground: Ground, place: Place) -> bool:
    """Whether a path names an attribute of the data set, or item, at hand."""
    if len(place.path.steps) == 1 and place.path.prefix is Prefix.HERE:
        return True
    found = diagnose("DR212", place.span, "`keep only` names attributes of the data set itself", "not at this level")
    sequence = place.path.steps[0].name
    ground.add(found.with_note(f"`keep only {sequence}` keeps it whole; `within {sequence}[every]` thins its items"))
    return False
