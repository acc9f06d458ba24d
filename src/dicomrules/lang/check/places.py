"""Where the parts of a compiled rule set stand in the files, for findings about what has been compiled already."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

from dicomrules.lang import ast
from dicomrules.lang.check.ground import origin
from dicomrules.program.expression import Origin
from dicomrules.program.walk import parts
from dicomrules.text.source import Span

_NAMING = (ast.Path, ast.Name)


class Places:
    """The nodes of a rule set by where they begin. Those of an item are looked for when a finding in it needs one."""

    def __init__(self, items: Sequence[ast.Item]) -> None:
        self._all = items
        self._nodes: dict[int, dict[int, list[ast.Node]]] = {}

    def node(self, where: Origin) -> ast.Node | None:
        """The node that a compiled part was made from."""
        return next((node for node in self._beginning(where.place) if origin(node).text == where.text), None)

    def span(self, where: Origin) -> Span | None:
        """Where a compiled part stands."""
        node = self.node(where)
        return None if node is None else node.span

    def text(self, where: Origin, text: str) -> Span | None:
        """Where a literal stands inside a compiled part; the whole part when it is not written there."""
        node = self.node(where)
        if node is None:
            return None
        found = (each for each in nodes(node) if isinstance(each, ast.Text) and each.value == text)
        return next((each.span for each in found), node.span)

    def names(self, where: Origin, named: str) -> Span | None:
        """Where a path or name begins with `named` inside a compiled part; the whole part when it does not."""
        node = self.node(where)
        if node is None:
            return None
        found = (
            each
            for each in nodes(node)
            if isinstance(each, _NAMING) and each.span.text.removeprefix("original.").startswith(named)
        )
        return next((each.span for each in found), node.span)

    @cached_property
    def _items(self) -> dict[str, list[ast.Item]]:
        """The items of each file, in the order of the text."""
        found: dict[str, list[ast.Item]] = {}
        for item in sorted(self._all, key=lambda item: item.span.start):
            found.setdefault(item.span.source.name, []).append(item)
        return found

    def _beginning(self, place: str) -> Sequence[ast.Node]:
        """The nodes that begin at a place, `file:line:column`."""
        name, _, at = place.rpartition(":")
        name, _, line = name.rpartition(":")
        items = self._items.get(name)
        if not items:
            return ()
        start = items[0].span.source.line_start(int(line)) + int(at) - 1
        item = items[max(bisect_right(items, start, key=lambda item: item.span.start) - 1, 0)]
        if id(item) not in self._nodes:
            by_start = self._nodes[id(item)] = {}
            for node in nodes(item):
                by_start.setdefault(node.span.start, []).append(node)
        return self._nodes[id(item)].get(start, ())


def nodes(node: ast.Node) -> Iterator[ast.Node]:
    """A node and all nodes inside it, in the order of the text, without recursion."""
    waiting: list[object] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, tuple):
            waiting.extend(reversed(here))
        elif isinstance(here, ast.Node):
            yield here
            waiting.extend(reversed([*parts(here)]))
