"""Where the parts of a compiled rule set stand in the files, for findings about what has been compiled already."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property

from dicomrules.lang import ast
from dicomrules.lang.check.ground import origin
from dicomrules.program.expression import Origin
from dicomrules.text.source import Span


class Places:
    """The nodes of a rule set by where they begin. They are looked for when the first finding needs one."""

    def __init__(self, items: Sequence[ast.Item]) -> None:
        self._items = items

    def node(self, where: Origin) -> ast.Node | None:
        """The node that a compiled part was made from."""
        return next((node for node in self._by_place.get(where.place, ()) if origin(node).text == where.text), None)

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
            if isinstance(each, ast.Path | ast.Name) and each.span.text.removeprefix("original.").startswith(named)
        )
        return next((each.span for each in found), node.span)

    @cached_property
    def _by_place(self) -> dict[str, list[ast.Node]]:
        found: dict[str, list[ast.Node]] = {}
        for item in self._items:
            for node in nodes(item):
                found.setdefault(node.span.place, []).append(node)
        return found


def nodes(node: ast.Node) -> Iterator[ast.Node]:
    """A node and all nodes inside it, in the order of the text, without recursion."""
    waiting: list[object] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, tuple):
            waiting.extend(reversed(here))
        elif is_dataclass(here) and not isinstance(here, type | Span):
            if isinstance(here, ast.Node):
                yield here
            waiting.extend(getattr(here, part.name) for part in reversed(fields(here)) if part.name != "span")
