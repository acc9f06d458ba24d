"""`settings { … }`, said once for all files of a rule set, and the settings that rules make necessary."""

from collections.abc import Iterable

from dicomrules.lang import ast
from dicomrules.lang.check.ground import Ground
from dicomrules.lang.check.later import opening, refuse
from dicomrules.lang.check.verdicts import stop
from dicomrules.program.ruleset import ConvertTo, Settings
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.source import Span

CHARSETS = frozenset({"ISO_IR 192", "GB18030", "GBK"}) | {
    f"ISO_IR {number}" for number in (6, 13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203)
}
"""Defined terms of Specific Character Set without code extensions (PS3.3 C.12.1.1.2)."""

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
                found = diagnose("DR114", setting.span, f"`{_WORDS[kind]}` is said twice", "said again")
                ground.add(found.with_label(said[kind], "said here"))
                continue
            said[kind] = setting.span
            made = _with(ground, made, setting)
    return made


def _with(ground: Ground, made: Settings, setting: ast.Setting) -> Settings:
    match setting:
        case ast.MalformedIs(verdict):
            return Settings(stop(ground, verdict), made.unencodable, made.timezone)
        case ast.Timezone(zone):
            return Settings(made.malformed, made.unencodable, zone.value)
        case ast.RecordChanges():
            refuse(ground, opening(setting.span, 2), "record changes")
            return made
        case ast.Unencodable(ast.Ascii()):
            return Settings(made.malformed, "ascii", made.timezone)
        case ast.Unencodable(ast.CharsetTo(charset)):
            return Settings(made.malformed, ConvertTo(_charset(ground, charset)), made.timezone)
        case ast.Unencodable(ast.Quarantine() | ast.Reject() | ast.Hold() | ast.Drop() as verdict):
            return Settings(made.malformed, stop(ground, verdict), made.timezone)
    raise AssertionError("every setting has its case")


def _charset(ground: Ground, node: ast.Text) -> str:
    if node.value not in CHARSETS:
        found = diagnose("DR219", node.span, f"`{node.value}` is no character set of DICOM", "PS3.3 C.12.1.1.2")
        ground.add(found.with_fix("Unicode in UTF-8", node.span, '"ISO_IR 192"'))
    return node.value


def needed(ground: Ground, made: Settings) -> None:
    """Report settings that the rules need and nobody has said."""
    if ground.zone is not None and not made.timezone:
        found = diagnose("DR218", ground.zone, "times need a time zone", "which day, which hour?")
        ground.add(found.with_note('say once: `settings { timezone "Europe/Madrid" }`'))
    if ground.unplain is not None and made.unencodable is None:
        found = diagnose("DR218", ground.unplain, "text that is not ASCII is written", "may not fit the character set")
        found = found.with_note("the object's character set may not have these letters; say once what then:")
        ground.add(found.with_note('`settings { unencodable => charset to "ISO_IR 192" }`, `=> ascii`, or a verdict'))
