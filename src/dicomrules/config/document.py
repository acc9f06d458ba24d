"""YAML text to plain values that remember where they stand.

ruamel.yaml composes nodes with exact marks; the tree of plain values is built from them here, so nothing that a file
says can construct an object. `caps` has bounded depth and number of nodes before, so the recursion below is bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from dicomrules.config import caps
from dicomrules.text.codes.registry import diagnose
from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.source import Source, Span

# The steps from the top of a document to a value: keys of mappings, numbers of sequences.
Steps = tuple[str | int, ...]
# None, bool, int, float, str, list of values, dict of str to value.
Value = Any


@dataclass(frozen=True, slots=True)
class Document:
    """The value of a YAML document, and where each key and each value stands in `source`."""

    source: Source
    value: Value
    keys: Mapping[Steps, Span]
    values: Mapping[Steps, Span]

    def key_span(self, steps: Steps) -> Span:
        """Where the key at `steps` stands, or the nearest key around it."""
        while steps and steps not in self.keys:
            steps = steps[:-1]
        return self.keys.get(steps, Span(self.source, 0, 0))

    def span(self, steps: Steps) -> Span:
        """Where the value at `steps` stands; where there is none, or a block over several lines, its key."""
        span = self.values.get(steps)
        if span is None or not span.text or "\n" in span.text:
            return self.key_span(steps)
        return span

    def at(self, steps: Steps) -> Value:
        """The value at `steps`, which is there. KeyError or IndexError: it is not."""
        value = self.value
        for step in steps:
            value = value[step]
        return value


def read(source: Source) -> tuple[Document | None, list[Diagnostic]]:
    """The document in `source`, or None with the errors that prevent it. Never raises for what a file may hold."""
    if len(source.text) > caps.MAX_CHARACTERS:
        found = diagnose("DR702", Span(source, 0, 0), "the gateway file is larger than 1 MB")
        return None, [found.with_note("long lists belong into a table of the rules, such as a CSV file")]
    try:
        caps.check(source.text)
        node = YAML(typ="safe", pure=True).compose(source.text)
    except caps.Refused as refused:
        return None, [diagnose("DR702", Span(source, refused.start, refused.end), refused.message)]
    except YAMLError as problem:
        return None, [_syntax_error(source, problem)]
    if not isinstance(node, MappingNode):
        found = diagnose("DR702", Span(source, 0, 0), "a gateway file is a block of keys such as `gateway:`")
        return None, [found.with_note("`gateway:`, `rules:`, `receivers:` and `destinations:` must be there")]
    builder = _Builder(source)
    value = builder.value(node, ())
    errors = builder.errors
    return (None if errors else Document(source, value, builder.keys, builder.values)), errors


def _syntax_error(source: Source, problem: YAMLError) -> Diagnostic:
    at, text = 0, ""
    if isinstance(problem, MarkedYAMLError) and problem.problem_mark is not None:
        at, text = problem.problem_mark.index, problem.problem or ""
    elif isinstance(problem, ReaderError):
        at, text = problem.position, "this character cannot stand in a text"
    start = min(at, len(source.text))
    way_out = ""
    if "\\t" in text:
        way_out = "indent with spaces: YAML takes no tabs"
    elif "mapping values" in text:
        way_out = "a second `:` in one line: is the line above indented as it should be, or does the value need quotes?"
    found = diagnose("DR701", Span(source, start, start), f"this is not YAML: {text}".rstrip(": "))
    return found.with_note(way_out) if way_out else found


class _Builder:
    """Plain values from nodes, with their places and the errors met."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.keys: dict[Steps, Span] = {}
        self.values: dict[Steps, Span] = {}
        self.errors: list[Diagnostic] = []

    def value(self, node: Node, steps: Steps) -> Value:
        self.values[steps] = self._span(node)
        if isinstance(node, MappingNode):
            return self._mapping(node, steps)
        if isinstance(node, SequenceNode):
            return [self.value(child, (*steps, number)) for number, child in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, ScalarNode) else None

    def _mapping(self, node: MappingNode, steps: Steps) -> dict[str, Value]:
        result: dict[str, Value] = {}
        for key_node, value_node in node.value:
            span = self._span(key_node)
            if not isinstance(key_node, ScalarNode):
                self.errors.append(diagnose("DR701", span, "a key is one word, not a block"))
                continue
            key = str(key_node.value)
            if key in result:
                first = self.keys[(*steps, key)]
                found = diagnose("DR703", span, f"`{key}` is said twice", "and again here")
                found = found.with_label(first, "first said here")
                self.errors.append(
                    found.with_note("only one of them could count: take one away, or give it another name")
                )
                continue
            self.keys[(*steps, key)] = span
            result[key] = self.value(value_node, (*steps, key))
        return result

    def _scalar(self, node: ScalarNode) -> Value:
        text = str(node.value)
        if any(character < " " or character == "\x7f" for character in text):
            self.errors.append(diagnose("DR706", self._span(node), "a value is one line, without control characters"))
        return plain(str(node.tag), text)

    def _span(self, node: Node) -> Span:
        return Span(self.source, node.start_mark.index, node.end_mark.index)


def plain(tag: str, text: str) -> Value:
    """The plain value of a scalar that YAML 1.2 resolved to `tag`. What is no number and no truth value is text."""
    kind = tag.rpartition(":")[2]
    try:
        if kind == "int":
            return int(text.replace("_", ""), 0 if text.lstrip("+-")[:2] in ("0x", "0o", "0b") else 10)
        if kind == "float":
            return float(text.replace("_", ""))
    except ValueError:  # `.inf`, `.nan` and the like: no key of ours takes them, so they stay text
        return text
    if kind == "bool":
        return text.lower() == "true"
    return None if kind == "null" else text
