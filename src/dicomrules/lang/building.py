"""What the tables of `build_*` are made of: a Reduction is one rule of the grammar that has been read, a Builder makes
its node.
"""

from collections.abc import Callable
from typing import Any

from dicomrules.text.diagnostic import Diagnostic
from dicomrules.text.frozen import frozen
from dicomrules.text.source import Span


@frozen
class Bracketed:
    """`( … )`: the node inside, and the span with the brackets. It lives only until the rule around it is built."""

    inner: Any
    span: Span


@frozen
class Reduction:
    """A rule of the grammar with its children already built: nodes, None for what was left out, operators as text.

    `raw` still shows which children stood in brackets. What is wrong is given to `report`.
    """

    span: Span
    raw: list[Any]
    report: Callable[[Diagnostic], None]

    @property
    def children(self) -> list[Any]:
        """The children, out of their brackets."""
        return [child.inner if child.__class__ is Bracketed else child for child in self.raw]


Builder = Callable[[Reduction], Any]


def node(kind: Callable[..., Any]) -> Builder:
    """A builder whose rule has one child for each field of the node, in the same order."""
    return lambda at: kind(*at.children, span=at.span)


def node_of_many(kind: Callable[..., Any]) -> Builder:
    """A builder for a node with one field that holds all children."""
    return lambda at: kind(tuple(at.children), span=at.span)


def parts(at: Reduction) -> tuple[Any, ...]:
    """A builder for a rule that is only a list inside another one."""
    return tuple(at.children)


def present(_: Reduction) -> bool:
    """A builder for words that are there or not."""
    return True


def words_of(at: Reduction) -> str:
    """A builder for words that are kept as they are written."""
    return " ".join(at.children)
