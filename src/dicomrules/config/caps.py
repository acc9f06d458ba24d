"""What a gateway file may not be, seen from YAML's events alone, before anything is built from it.

Too large, too deep, more than one document, with directives or tags, or with aliases that grow: a few lines of YAML can
name a billion values. Aliases are therefore counted as what they stand for.
"""

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
)

MAX_CHARACTERS = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 50_000


class Refused(Exception):
    """The file goes over a cap; `start` and `end` are where, in characters."""

    def __init__(self, message: str, event: Event) -> None:
        super().__init__(message)
        self.message = message
        self.start: int = event.start_mark.index
        self.end: int = event.end_mark.index


def check(text: str) -> None:
    """Read `text` once, by events. Refused: a cap is exceeded. YAMLError: it is not YAML."""
    count = _Count()
    documents = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Refused("a gateway file is one document, and a second one starts here", event)
            if event.version is not None or event.tags:
                raise Refused("YAML directives, lines that start with `%`, are not read", event)
        elif isinstance(event, NodeEvent):
            if getattr(event, "ctag", None) is not None:  # an alias has none
                raise Refused("YAML tags, words that start with `!`, are not read: write the plain value", event)
            count.node(event)
        elif isinstance(event, CollectionEndEvent):
            count.end()


class _Count:
    """Nodes so far, with aliases in full, and how deep we are."""

    def __init__(self) -> None:
        self.nodes = 0
        self.sizes: dict[str, int] = {}  # anchor -> nodes it stands for
        self.open: list[tuple[str | None, int]] = []  # anchor of each open block, nodes before it

    def node(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent):
            if any(anchor == event.anchor for anchor, _ in self.open):
                raise Refused(f"alias `*{event.anchor}` stands inside what it names", event)
            self.nodes += self.sizes.get(event.anchor, 1)
        else:
            self.nodes += 1
            self.sizes[event.anchor] = 1
        if isinstance(event, CollectionStartEvent):
            self.open.append((event.anchor, self.nodes - 1))
        if len(self.open) > MAX_DEPTH:
            raise Refused(f"blocks are nested deeper than {MAX_DEPTH}", event)
        if self.nodes > MAX_NODES:
            raise Refused(f"the file holds more than {MAX_NODES} values, aliases counted in full", event)

    def end(self) -> None:
        anchor, before = self.open.pop()
        self.sizes[anchor or ""] = self.nodes - before
