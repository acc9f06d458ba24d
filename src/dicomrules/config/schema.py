"""The gateway file against its JSON Schema, with what is wrong said in the words of the file's author.

The schema lies beside this file, is shown by editors, and is ours alone: it refers to nothing outside itself and its
patterns are linear. One keyword is our own: `notInThisVersion` marks what the format has and this version does not do.
`title` says in words what a key takes, `description` what it is for; both turn up in messages.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from dicomrules.config.document import Document, Steps
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.suggest import did_you_mean, nearest

NAME = "gateway.schema.json"
_SHOWN = 60  # characters of a value that a message repeats


def check(document: Document) -> list[Diagnostic]:
    """What the schema finds in `document`. With none of them, every value has the form that `build` counts on."""
    return [found for error in _validator().iter_errors(document.value) for found in _diagnostics(document, error)]


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the gateway file."""
    loaded: dict[str, Any] = json.loads(files(__package__).joinpath(NAME).read_text("utf-8"))
    return loaded


@cache
def _validator() -> Any:
    kind: Any = extend(Draft202012Validator, {"notInThisVersion": _not_in_this_version})  # type: ignore[no-untyped-call]
    return kind(schema())


def _not_in_this_version(validator: Any, marked: bool, instance: Any, part: Any) -> Iterator[ValidationError]:
    if marked:
        yield ValidationError("not in this version")


def _diagnostics(document: Document, error: Any) -> Iterator[Diagnostic]:
    """One or more findings for one error of the validator."""
    steps: Steps = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        name = str(error.instance)
        yield diagnose("DR706", document.key_span((*steps, name)), f"{_cut(name)} is not {error.schema['title']}")
    elif error.validator == "additionalProperties":
        for key in error.instance:
            if key not in error.schema["properties"]:
                yield _unknown_key(document, (*steps, key), error.schema["properties"])
    elif error.validator == "required":
        yield from _missing_keys(document, steps, error)
    elif error.validator == "notInThisVersion":
        message = f"{_named(steps)} is not in this version"
        found = diagnose("DR707", document.key_span(steps), message, "refused, so that nothing is left out silently")
        yield found.with_note("take it away")
    elif error.validator == "oneOf":
        yield from _kinds(document, steps, error)
    else:
        yield _wrong_value(document, steps, error)


def _unknown_key(document: Document, steps: Steps, known: dict[str, Any]) -> Diagnostic:
    key, span = str(steps[-1]), document.key_span(steps)
    near = nearest(key, known)
    found = diagnose("DR704", span, f"unknown key {_cut(key)}", did_you_mean(near[:1]))
    if near:
        return found.with_fix("write", span, near[0])
    here = f"keys of {_named(steps[:-1])}" if len(steps) > 1 else "keys of a gateway file"
    return found.with_note(f"{here}: " + ", ".join(f"`{name}`" for name in known))


def _missing_keys(document: Document, steps: Steps, error: Any) -> Iterator[Diagnostic]:
    for key in error.validator_value:
        if key not in error.instance and repr(key) in error.message:
            where = _named(steps) if steps else "the gateway file"
            found = diagnose("DR705", document.key_span(steps), f"{where} needs `{key}`", "is not said here")
            yield found.with_note(f"`{key}`: {_description(error.schema['properties'][key])}")


def _kinds(document: Document, steps: Steps, error: Any) -> Iterator[Diagnostic]:
    """Receivers and destinations have exactly one kind; a misspelt one has been reported as an unknown key already."""
    if not isinstance(error.instance, dict):
        return  # that it is no block has been reported
    kinds = [choice["required"][0] for choice in error.validator_value]
    said = [key for key in error.instance if key in kinds]
    if not said and any(key not in error.schema["properties"] for key in error.instance):
        return
    span = document.key_span((*steps, said[1])) if said else document.key_span(steps)
    problem = f"is both {' and '.join(f'`{kind}`' for kind in said)}" if said else "has no kind"
    properties = error.schema["properties"]
    built = [f"`{kind}`" for kind in kinds if not properties[kind].get("notInThisVersion")]
    yield diagnose("DR716", span, f"{_named(steps)} {problem}").with_note(f"say exactly one of {', '.join(built)}")


def _wrong_value(document: Document, steps: Steps, error: Any) -> Diagnostic:
    span, part = document.span(steps), error.schema
    takes = part.get("title", "another value")
    found = diagnose("DR706", span, f"{_named(steps)} {_is(error.instance, span.text)}: it takes {takes}")
    words = [word for choice in (part, *part.get("anyOf", ())) for word in choice.get("enum", (choice.get("const"),))]
    if isinstance(error.instance, str):
        for near in nearest(error.instance, (word for word in words if isinstance(word, str)), 1):
            found = found.with_fix("write", span, near)
    elif isinstance(error.instance, bool | int | float) and _validator().evolve(schema=part).is_valid(span.text):
        found = found.with_fix("put it in quotes, it is a text", span, f'"{span.text}"')
    return found


def _is(value: object, written: str) -> str:
    """What was found, in words."""
    if value is None or value == "":
        return "has no value"
    if isinstance(value, dict):
        return "is a block of keys" if value else "is an empty block"
    if isinstance(value, list):
        return "is a list" if value else "is an empty list"
    return f"is {_cut(written if not isinstance(value, str) else value)}"


def _description(part: dict[str, Any]) -> str:
    return str(part.get("description") or part.get("title", ""))


def _named(steps: Steps) -> str:
    """The way to a key as a person reads it: `receivers.drop.folder`; entries of lists by number from 1."""
    if not steps:
        return "the gateway file"
    if isinstance(steps[-1], int):
        return f"entry {steps[-1] + 1} of {_named(steps[:-1])}"
    return _cut(".".join(str(step) for step in steps))


def _cut(text: str) -> str:
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f"`{shown}`"
