"""Paths of a rule file -> paths of a Program: attributes found, items named, selectors in their place."""

from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check import attributes
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.terms import Env
from dicomrules.program.path import Nth, Path, Pick, Prefix, Selector, Step, Where
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span
from dicomrules.text.suggest import did_you_mean, nearest

COMPONENTS = ("family", "given", "middle", "prefix", "suffix")
GROUPS = ("alphabetic", "ideographic", "phonetic")
_PREFIXES = {
    None: Prefix.HERE,
    ast.Prefix.ROOT: Prefix.CURRENT,
    ast.Prefix.CURRENT: Prefix.CURRENT,
    ast.Prefix.ORIGINAL: Prefix.ORIGINAL,
    ast.Prefix.META: Prefix.META,
}


@frozen
class Place:
    """A path that was understood. `least` and `most` are the values its VM allows; `absolute` starts at the data set.

    `spread` is "any" or "every" where a selector on the way says so, else empty.
    """

    path: Path
    span: Span
    vr: str
    least: int
    absolute: Path
    spread: str = ""

    @property
    def name(self) -> str:
        """The last attribute, as shown to people."""
        return self.path.steps[-1].name

    @property
    def most(self) -> int | None:
        """How many values the attribute may have, None without bound."""
        return self.path.most

    @property
    def chosen(self) -> bool:
        """Whether it is one value: of a single-valued attribute, or picked by a selector."""
        return self.path.most == 1 or self.path.value is not None

    @property
    def top(self) -> int:
        """The tag of an attribute at the top of the data set, 0 for any other."""
        steps = self.absolute.steps
        return steps[0].tag if len(steps) == 1 and isinstance(steps[0].tag, int) else 0


Written = tuple[str, tuple[Step, ...] | None, bool]
"""An attribute that stands alone, as it is written; the steps of the `within` around it, and whether it is `aside`."""

_ALSO = {
    **dict.fromkeys(("last", "surname", "lastname", "last_name", "family_name"), "family"),
    **dict.fromkeys(("first", "firstname", "first_name", "forename", "given_name"), "given"),
    "title": "prefix",
}
"""What the components of a name are called elsewhere."""


def resolve(ground: Ground, node: ast.Path, env: Env, *, items: bool = False) -> Place | None:
    """What a path means; None with a finding. `items`: it ends with a sequence and a selector."""
    if len(node.steps) > 1 or node.steps[0].selector is not None or node.components:
        return _resolved(ground, node, env, items=items)
    written = node.span.text, env.within, env.aside
    known = ground.places.get(written)
    if known is not None:
        return Place(known.path, node.span, known.vr, known.least, known.absolute)
    found = _resolved(ground, node, env, items=items)
    if found is not None:
        ground.places[written] = found
    return found


def _resolved(ground: Ground, node: ast.Path, env: Env, *, items: bool) -> Place | None:
    steps: list[Step] = []
    found = None
    value: Selector | None = None
    prefix = _PREFIXES[node.prefix]
    base = None if prefix is not Prefix.HERE else env.within
    for index, step in enumerate(node.steps):
        last = index == len(node.steps) - 1
        found = attributes.find(ground, step.attribute)
        if found is None:
            return None
        selector: Selector | None = None
        if step.selector is not None:
            inside = (*(base or ()), *steps, Step(found.tag, found.vr, found.name))
            selector = _selector(ground, step.selector, env, inside)
        if found.vr == "SQ" or (items and last and found.vr == "UN"):
            if not _item_fits(ground, step, selector, found, last=last, items=items):
                return None
            steps.append(Step(found.tag, found.vr, found.name, selector))
        elif not _value_fits(ground, step, selector, found, last=last):
            return None
        else:
            steps.append(Step(found.tag, found.vr, found.name))
            value = selector
    assert found is not None
    path = Path(tuple(steps), prefix, value, found.most, text=" ".join(node.span.text.split()))
    named = _component(ground, node, path)
    return None if named is None else _placed(named, node, env, found.least)


def _placed(path: Path, node: ast.Path, env: Env, least: int) -> Place:
    steps, prefix = path.steps, path.prefix
    if prefix is Prefix.HERE:
        steps, prefix = (*(env.within or ()), *steps), Prefix.CURRENT
        if env.aside:
            path = path.moved(path.steps, Prefix.CURRENT)
    absolute = path.moved(steps, prefix)
    picks = [step.selector for step in path.steps] + [path.value]
    spread = "any" if Pick.ANY in picks else "every" if Pick.EVERY in picks else ""
    return Place(path, node.span, path.steps[-1].vr, least, absolute, spread)


def _selector(ground: Ground, node: ast.Selector, env: Env, within: tuple[Step, ...]) -> Selector:
    """What a step picks; `within` are the steps down to its items, where the paths of a `where` start."""
    match node:
        case ast.OrdinalSelector(which):
            return Pick(which.value)
        case ast.ItemSelector(number) | ast.ValueSelector(number):
            return Nth(number)
        case ast.WhereSelector(test):
            inner = replace(env, within=within, aside=False, reader=None, spreads=True, outer=True)
            return Where(ground.test(test, inner).code)


def _item_fits(
    ground: Ground, step: ast.Step, selector: Selector | None, found: attributes.Found, *, last: bool, items: bool
) -> bool:
    """Whether a step through a sequence says which item."""
    if isinstance(step.selector, ast.ValueSelector):
        wrong = diagnose("DR206", step.selector.span, f"`{found.name}` is a sequence", "it has items, not values")
        fixed = f"item {step.selector.number}"
        ground.add(wrong.with_fix("say which item", step.selector.span, fixed))
        return False
    if selector is None and not last:
        wrong = diagnose("DR206", step.span, f"`{found.name}` is a sequence, and no item is named", "which item?")
        for word, title in (("first", "the first item"), ("any", "in a condition: any of its items")):
            wrong = wrong.with_fix(title, step.span.after, f"[{word}]")
        ground.add(wrong)
        return False
    if selector is not None and last and not items:
        wrong = diagnose("DR206", step.span, "an item of a sequence is no value", "an attribute of the item is missing")
        ground.add(wrong.with_note(f"say which attribute: `{' '.join(step.span.text.split())}.CodeValue`"))
        return False
    return True


def _value_fits(
    ground: Ground, step: ast.Step, selector: Selector | None, found: attributes.Found, *, last: bool
) -> bool:
    """Whether a step on an attribute that is no sequence ends the path, and picks a value."""
    if not last:
        message = f"`{found.name}` is no sequence (its VR is {found.vr})"
        ground.report("DR206", step.span, message, "it has no items to look into", f"name it by itself: `{found.name}`")
        return False
    if isinstance(step.selector, ast.ItemSelector):
        wrong = diagnose("DR206", step.selector.span, f"`{found.name}` is no sequence", "it has values, not items")
        fixed = f"value {step.selector.number}"
        ground.add(wrong.with_fix("say which value", step.selector.span, fixed))
        return False
    if isinstance(selector, Where) or selector is Pick.NEW:
        message = f"`{found.name}` is no sequence (its VR is {found.vr})"
        wrong = diagnose("DR206", step.span, message, "this selector picks items")
        ground.add(wrong.with_note("of several values say `[first]`, `[last]`, `[value 2]` or `[any]`"))
        return False
    if isinstance(selector, Nth) and found.most is not None and selector.number > found.most:
        message = f"`{found.name}` has at most {found.most} value{'s' if found.most > 1 else ''}"
        ground.report("DR205", step.span, message, f"there is no value {selector.number}", "leave the selector out")
        return False
    return True


def _component(ground: Ground, node: ast.Path, path: Path) -> Path | None:
    """The path with the component of a person name that is asked for."""
    words = [name.text for name in node.components]
    if not words:
        return path
    first = node.components[0]
    if path.steps[-1].vr != "PN":
        message = f"`{path.steps[-1].name}` has no components (its VR is {path.steps[-1].vr})"
        ground.report(
            "DR217",
            first.span,
            message,
            "only person names (PN) have",
            'leave it out, or take a part with `| before("^")`',
        )
        return None
    group = words.pop(0) if words[0] in GROUPS else ""
    component = words.pop(0) if words and words[0] in COMPONENTS else ""
    if words:
        wrong = next(name for name in reversed(node.components) if name.text == words[0])
        found = diagnose("DR217", wrong.span, f"a person name has no component `{words[0]}`", "unknown component")
        also = _ALSO.get(words[0])
        near = did_you_mean([also] if also else nearest(words[0], COMPONENTS + GROUPS))
        ground.add(found.with_note(near or f"components are {', '.join(COMPONENTS)}"))
        return None
    return replace(path, group=group, component=component)
