"""The parts of pages that are made from the program itself: tables of keys from the schema, help from the commands.

Such a part stands between `<!-- keys receivers.NAME.dicom -->` or `<!-- help serve -->` and `<!-- end -->`.
UPDATE_DOCS=1 writes it anew.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from dicomrules.cli.main import main
from dicomrules.config.schema import schema
from tests.docs.terminal import UPDATE

Schema = dict[str, Any]
_PART = re.compile(r"<!-- (keys|help) (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)


def parts(page: Path) -> dict[tuple[str, str], str]:
    """What a page has made: (kind, of what) -> text."""
    found = _PART.findall(page.read_text("utf-8"))
    made = {(kind, name): text for kind, name, text in found}
    assert len(made) == len(found), f"{page.name}: a part stands there twice"
    return made


def check(page: Path, kind: str, name: str, made: str) -> None:
    """The part of the page is what the program says now."""
    if UPDATE:
        text = page.read_text("utf-8")
        head = f"<!-- {kind} {name} -->\n"
        page.write_text(re.sub(re.escape(head) + ".*?(?=<!-- end -->)", lambda _: head + made, text, flags=re.DOTALL))
    assert parts(page)[kind, name] == made, f"{page.name}: run it with UPDATE_DOCS=1"


# ── the gateway file ─────────────────────────────────────────────────────────────────────────────────────────────────


def blocks_of_keys() -> dict[str, Schema]:
    """Every block of keys of the gateway file, by the way to it; `NAME` and `AET` stand for names of one's own."""
    return dict(_blocks("", schema()))


def _blocks(path: str, part: Schema) -> Iterator[tuple[str, Schema]]:
    if part.get("$ref") == "#/$defs/reference":
        return  # told once, under "Secrets"
    part = _resolved(part)
    if any(not each.get("notInThisVersion") for each in part.get("properties", {}).values()):
        yield path or "(top)", part
    for key, inner in part.get("properties", {}).items():
        yield from _blocks(f"{path}.{key}".lstrip("."), inner)
    if "then" in part:
        yield from _blocks(path, part["then"])
    if "properties" in part.get("items", {}):
        yield from _blocks(path, part["items"])
    below = part.get("additionalProperties")
    if isinstance(below, dict):
        name = "AET" if path == "peers" else "NAME"
        yield from _blocks(f"{path}.{name}", below)


def _resolved(part: Schema) -> Schema:
    """A part with what it refers to; what it says itself comes first."""
    reference = part.get("$ref")
    return {**schema()["$defs"][reference.rpartition("/")[2]], **part} if reference else part


def table_of_keys(block: Schema) -> str:
    """One row a key: what it takes, what it is for. Bold: it must be said."""
    rows = ["| key | takes | |", "|---|---|---|"]
    for key, part in block["properties"].items():
        part = _resolved(part)
        if part.get("notInThisVersion"):
            continue
        shown = f"**`{key}`**" if key in block.get("required", ()) else f"`{key}`"
        rows.append(f"| {shown} | {_cell(part['title'])} | {_cell(part['description'])} |")
    return "\n".join(rows) + "\n"


def keys_of_later() -> str:
    """Keys that the format has and this version refuses."""
    return "".join(f"- `{path}`: {part['description']}\n" for path, part in _later("", schema()))


def _later(path: str, part: Schema) -> Iterator[tuple[str, Schema]]:
    if part.get("notInThisVersion"):
        yield path, part
        return
    for key, inner in part.get("properties", {}).items():
        yield from _later(f"{path}.{key}".lstrip("."), inner)
    if isinstance(part.get("additionalProperties"), dict):
        yield from _later(f"{path}.{'AET' if path == 'peers' else 'NAME'}", part["additionalProperties"])


def _cell(text: str) -> str:
    """Text in a cell: what would be markup is code."""
    return re.sub(r"(?<!`)(\{[^}`]+\}(?:/\{[^}`]+\})*(?:\.dcm)?|\*\.dcm)(?!`)", r"`\1`", text).replace("|", "\\|")


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────


def commands() -> dict[str, click.Command]:
    """Every command by its name; those below a group as `held.list`."""
    return dict(_commands("", main))


def _commands(path: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield f"{path}{name}", command
            if isinstance(command, click.Group):
                yield from _commands(f"{path}{name}.", command)


def help_of(name: str, command: click.Command) -> str:
    """What `dicomrules NAME --help` prints on a terminal of 80 columns, as a block."""
    parent = click.Context(main, info_name="dicomrules", terminal_width=80, **main.context_settings)
    context = click.Context(command, parent=parent, info_name=name.replace(".", " "), terminal_width=80)
    return f"```text\n{command.get_help(context)}\n```\n"


def all_parts(page: Path, kind: str, made: dict[str, Callable[[], str]]) -> None:
    """Every part is there, and as the program says."""
    assert {name for each, name in parts(page) if each == kind} == set(made), f"{page.name}: parts of {kind}"
    for name, make in made.items():
        check(page, kind, name, make())
