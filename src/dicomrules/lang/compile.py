"""Abstract syntax -> Program: names resolved, parameters and constants folded, conditions and actions written out.

Whatever is wrong is found on the way, by the rooms of `check`: one walk over each item, which reports and compiles.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from dicomrules.lang import ast
from dicomrules.lang.check import calls, cases, fights, guarded, rules, sense, shifts, symbols, tables, targets
from dicomrules.lang.check.attributes import find
from dicomrules.lang.check.block import Block, Work
from dicomrules.lang.check.conditions import named, test
from dicomrules.lang.check.constants import parameter_values
from dicomrules.lang.check.contradictions import contradictions
from dicomrules.lang.check.destinations import declared
from dicomrules.lang.check.ground import Findings, Ground
from dicomrules.lang.check.groups import groups
from dicomrules.lang.check.literals import VRS
from dicomrules.lang.check.overall import overall
from dicomrules.lang.check.routes import Routed, routes
from dicomrules.lang.check.schedules import schedule
from dicomrules.lang.check.settings import needed, settings
from dicomrules.lang.check.statements import body
from dicomrules.lang.check.terms import Env, wrong
from dicomrules.lang.check.values import value
from dicomrules.lang.check.writes import written_by
from dicomrules.lang.check.written import Written
from dicomrules.program.path import PrivateTag
from dicomrules.program.ruleset import Program, Table
from dicomrules.program.sheet import Sheet
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span
from dicomrules.text.suggest import did_you_mean

_Item = TypeVar("_Item")


@frozen
class Outside:
    """What a rule set is given: values for its parameters, the gateway's destinations (None: no gateway), the
    environment from which secrets come (None: not looked at), the CSV files by (rule file, name as written there), the
    groups through which alone a destination may be reached, with their places."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    destinations: Collection[str] | None = None
    environment: Mapping[str, str] | None = None
    sheets: Mapping[tuple[str, str], Sheet] = field(default_factory=dict)
    only_through: Mapping[str, Mapping[str, Span]] = field(default_factory=dict)


def compile_items(
    items: Sequence[ast.Item],
    unread: Sequence[ast.Unread],
    outside: Outside,
    fingerprint: str = "",
    *,
    whole: bool = True,
) -> tuple[Program, list[Diagnostic]]:
    """Check and compile the items of a rule set, in their order. With an error among the findings, do not run it.

    `unread` are items that are no sentence: their names are not unknown. Not `whole`: some files could not be read, so
    what seems to be unused may be used there.
    """
    findings = Findings()
    names = symbols.collect(items, findings.add)
    names.unread = {(_kind(one.kind), one.name.text if one.name else "") for one in unread}
    names.gateway = None if outside.destinations is None else frozenset(outside.destinations)
    names.only_through = outside.only_through
    names.parameters = dict(outside.parameters)
    ground = Ground(names, findings, value, test)
    program = _Compiling(ground, items, outside).program(fingerprint)
    program = overall(ground, program, items)
    if whole and not unread and not any(found.is_error for found in findings.found):
        for found in symbols.unused(names):
            findings.add(found)
    return program, findings.found


def _kind(word: str) -> str:
    return {"private": "tags"}.get(word, word)


class _Compiling:
    """One rule set being compiled, kind by kind: what others need comes first."""

    def __init__(self, ground: Ground, items: Sequence[ast.Item], outside: Outside) -> None:
        self.ground, self.items, self.outside = ground, items, outside

    def program(self, fingerprint: str) -> Program:
        """The whole Program."""
        ground = self.ground
        made = settings(ground, self._of(ast.Settings))
        self._declarations()
        held = self._tables()
        schedules = {item.name.text: schedule(ground, item) for item in self._of(ast.Schedule)}
        for condition in self._of(ast.Condition):
            named(ground, condition)
        for function in self._of(ast.Function):
            self._function(function)
        ruled = self._rules()
        grouped = groups(ground, self._of(ast.Group), ruled)
        guarded.groups(ground)
        routed = [routes(ground, item) for item in self._of(ast.Routes)]
        contradictions(ground, [arrow for one in routed for arrow in one.arrows])
        tests = cases.cases(ground, self._of(ast.TestCase))
        self._unused_actions()
        fights.fights(ground, ruled)
        shifts.needed(ground, ruled)
        sense.patient_without_issuer(ground, ruled)
        needed(ground, made)
        declared(ground)
        return Program(
            rules=tuple(one.rule for one in ruled),
            groups=grouped,
            routes=tuple(one.routes for one in routed),
            tables=held,
            schedules=schedules,
            settings=made,
            destinations=self._destinations(routed),
            parameters=self._parameters(),
            secrets=self._secrets(),
            cases=tests,
            fingerprint=fingerprint,
            private_vrs={PrivateTag(*key): vr for key, vr in ground.symbols.privates.items()},
        )

    def _of(self, kind: type[_Item]) -> list[_Item]:
        return [item for item in self.items if isinstance(item, kind)]

    def _declarations(self) -> None:
        """Items that only name things: destinations, private elements, sets of tags."""
        ground = self.ground
        gateway = ground.symbols.gateway
        for item in self._of(ast.Expects):
            for name in item.destinations:
                if gateway is not None and name.text not in gateway:
                    found = diagnose(
                        "DR607", name.span, f"the gateway has no destination `{name.text}`", "expected here"
                    )
                    near = ground.symbols.near(name.text, gateway)
                    note = did_you_mean(near) or "add it under `destinations` of the gateway file"
                    ground.add(found.with_note(note))
        for private in self._of(ast.PrivateElement):
            find(ground, private.tag)
            if private.vr.text not in VRS:
                found = diagnose("DR219", private.vr.span, f"`{private.vr.text}` is no VR", "PS3.5 6.2")
                ground.add(found.with_note("say LO, SH, DS or the like: the maker's conformance statement has it"))
        for tags in self._of(ast.Tags):
            targets.members(ground, tags)

    def _tables(self) -> dict[str, Table]:
        held: dict[str, Table] = {}
        for item in self.items:
            if isinstance(item, ast.InlineTable):
                held[item.name.text] = tables.inline(self.ground, item)
            elif isinstance(item, ast.Table):
                sheet = self.outside.sheets.get((item.span.source.name, item.connection.value))
                made = tables.table(self.ground, item, sheet)
                if made is not None:
                    held[item.name.text] = made
        return held

    def _function(self, item: ast.Function) -> None:
        """Look at a function by itself; where it is called it is looked at again with what it is given."""
        names = {name.text: wrong(name.span) for name in item.parameters}
        for index, name in enumerate(item.parameters):
            self._argument(name, item.parameters[:index])
        self.ground.spent = 0
        self.ground.opening.append(f"function {item.name.text}")
        calls.body_of(self.ground, item, Env(names), None)
        self.ground.opening.pop()

    def _argument(self, name: ast.Name, others: Sequence[ast.Name]) -> None:
        """Report an argument whose name is taken."""
        ground = self.ground
        taken = next((kind for kind in ("parameter", "condition") if name.text in ground.symbols.of(kind)), "")
        if any(other.text == name.text for other in others):
            taken = "argument"
        elif name.text in symbols.CONTEXT:
            taken = "context name"
        if taken:
            message = f"there is a {taken} `{name.text}` already, and names never hide each other"
            ground.report(
                "DR108", name.span, message, "the name is taken", f"choose another one, such as `{name.text}_1`"
            )

    def _rules(self) -> list[rules.Ruled]:
        ruled: list[rules.Ruled] = []
        written = Written()
        for item in self.items:
            if isinstance(item, ast.Rule):
                one = rules.rule(self.ground, item, written)
                ruled.append(one)
                written.add(mark.path for mark in one.marks)
        return ruled

    def _unused_actions(self) -> None:
        """Look at actions that no rule applies, so that their slips are found too; the last one uses others."""
        for item in reversed(self._of(ast.Action)):
            if ("action", item.name.text) not in self.ground.symbols.used:
                self.ground.opening.append(f"action {item.name.text}")
                body(Work(self.ground, written_by(self.ground, item.body)), item.body, Block(Env()))
                self.ground.opening.pop()

    def _parameters(self) -> dict[str, str]:
        """The values used, as text; one from outside that no file declares is reported."""
        declared = {item.name.text: item for item in self._of(ast.Parameter)}
        for name in self.outside.parameters:
            if name not in declared and self.items and ("parameter", name) not in self.ground.symbols.unread:
                span = self.items[0].span.source.span(0, 0)
                found = diagnose("DR115", span, f"these rules have no parameter `{name}`", "a value is given for it")
                note = did_you_mean(self.ground.symbols.near(name, declared))
                self.ground.add(found.with_note(note or "take it out of the gateway file, or of `--set`"))
        used: dict[str, str] = {}
        for name, item in declared.items():
            values = parameter_values(self.ground, item)
            used[name] = ",".join(values) if isinstance(values, tuple) else str(values)
        return used

    def _secrets(self) -> dict[str, str]:
        """Secrets by name; one whose variable is not set is reported."""
        environment = self.outside.environment
        if environment is None:
            return {}
        found: dict[str, str] = {}
        for item in self._of(ast.Secret):
            secret = environment.get(item.variable.value)
            if secret:
                found[item.name.text] = secret
            else:
                message = f"secret `{item.name.text}`: the environment variable `{item.variable.value}` is not set"
                gone = diagnose("DR613", item.variable.span, message, "not set, or empty")
                self.ground.add(gone.with_note("set it for the account that runs the gateway, then start again"))
        return found

    def _destinations(self, routed: Sequence[Routed]) -> tuple[str, ...]:
        """Every destination that the files expect or route to, each once."""
        names = [name.text for item in self._of(ast.Expects) for name in item.destinations]
        names += [arrow.named.name for one in routed for arrow in one.arrows]
        return tuple(dict.fromkeys(names))
