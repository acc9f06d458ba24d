"""`settings { … }`, said once for all files of a rule set, and the settings that rules make necessary."""

from collections.abc import Iterable
from dataclasses import replace

from dicomrules.lang import ast
from dicomrules.lang.check.charsets import charset
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.verdicts import stop
from dicomrules.program.ruleset import ConvertTo, Settings
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

_WORDS = {
    ast.RecordChanges: "record changes",
    ast.MalformedIs: "malformed",
    ast.Timezone: "timezone",
    ast.Unencodable: "unencodable",
}


def settings(ground: Ground, items: Iterable[ast.Settings]) -> Settings:
    """All settings together; one said twice is reported."""
    said: dict[type, Span] = {}
    made = Settings()
    for item in items:
        for setting in item.settings:
            kind = type(setting)
            if kind in said:
                found = diagnose("DR114", setting.span, f"`{_WORDS[kind]}` is said twice", "said again").with_note(
                    "take one of them out"
                )
                ground.add(found.with_label(said[kind], "said here"))
                continue
            said[kind] = setting.span
            made = _with(ground, made, setting)
    return made


def _with(ground: Ground, made: Settings, setting: ast.Setting) -> Settings:
    match setting:
        case ast.MalformedIs(verdict):
            return replace(made, malformed=stop(ground, verdict))
        case ast.Timezone(zone):
            return replace(made, timezone=zone.value)
        case ast.RecordChanges(reason):
            return replace(made, record=_reason(ground, reason))
        case ast.Unencodable(ast.Ascii()):
            return replace(made, unencodable="ascii")
        case ast.Unencodable(ast.CharsetTo(name)):
            charset(ground, name)
            return replace(made, unencodable=ConvertTo(name.value))
        case ast.Unencodable(ast.Quarantine() | ast.Reject() | ast.Hold() | ast.Drop() as verdict):
            return replace(made, unencodable=stop(ground, verdict))
    raise AssertionError("every setting has its case")


def _reason(ground: Ground, node: ast.Keyword) -> str:
    """Why changes are made, as Reason for the Attribute Modification (0400,0565) says it."""
    if node.text not in ("COERCE", "CORRECT"):
        found = diagnose("DR219", node.span, f"`{node.text}` is no reason for a change", "PS3.3 C.12.1")
        found = found.with_fix("attributes are made to agree with local ones", node.span, "COERCE")
        ground.add(found.with_fix("wrong attributes are put right", node.span, "CORRECT"))
    return node.text


def needed(ground: Ground, made: Settings) -> None:
    """Report settings that the rules need and nobody has said."""
    if ground.zone is not None and not made.timezone:
        found = diagnose("DR218", ground.zone, "times need a time zone", "which day, which hour?")
        ground.add(found.with_note('say once: `settings { timezone "Europe/Madrid" }`'))
    if ground.unplain is not None and made.unencodable is None:
        found = diagnose("DR218", ground.unplain, "text that is not ASCII is written", "may not fit the character set")
        found = found.with_note("the object's character set may not have these letters; say once what then:")
        ground.add(found.with_note('`settings { unencodable => charset to "ISO_IR 192" }`, `=> ascii`, or a verdict'))
