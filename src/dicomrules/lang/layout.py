"""Where lines break: a document of texts and possible breaks, set into a width.

A Group stands on one line if it fits there; if not, all of its own breaks become new lines, and the groups inside it
try for themselves. No recursion, so depth does not matter.
"""

from enum import Enum

from dicomrules.text.frozen import frozen

WIDTH = 100
"""Columns of formatted text, comments and long literals excepted."""

INDENT = 2
"""Columns of one step of indentation."""

ARROW = "\ud800=> "
"""An arrow that stands under that of the line above. Its mark, half a surrogate pair, is in no text that was read."""


class Break(Enum):
    """A place where a line may break. In a group that breaks, a FILL breaks only where the next piece does not fit."""

    LINE = "line"
    SOFT = "soft"
    FILL = "fill"

    @property
    def flat(self) -> str:
        """What stands there where the line does not break."""
        return "" if self is Break.SOFT else " "


@frozen
class Group:
    """Breaks together or not at all."""

    inside: "Doc"


@frozen
class Nest:
    """Lines broken inside stand one step further to the right."""

    inside: "Doc"


Doc = str | Break | Group | Nest | tuple["Doc", ...]
"""What can be laid out."""

_Piece = tuple[int, bool, Doc]  # indentation, whether breaks stay flat, what


def joined(docs: list[Doc], separator: Doc) -> Doc:
    """Documents with a separator between them."""
    made: list[Doc] = []
    for doc in docs:
        made += [separator, doc] if made else [doc]
    return tuple(made)


def lay_out(doc: Doc, indent: int) -> list[str]:
    """The lines of a document whose first line starts at `indent` columns, which are not part of that line."""
    stack: list[_Piece] = [(indent, False, doc)]
    lines = [""]
    column = indent
    while stack:
        at, flat, piece = stack.pop()
        if isinstance(piece, str):
            lines[-1] += piece
            column += len(piece)
        elif isinstance(piece, Break):
            if flat or (piece is Break.FILL and _fits(" ", stack, WIDTH - column)):
                lines[-1] += piece.flat
                column += len(piece.flat)
            else:
                lines.append(" " * at)
                column = at
        elif isinstance(piece, Nest):
            stack.append((at + INDENT, flat, piece.inside))
        elif isinstance(piece, Group):
            stack.append((at, flat or _fits(piece.inside, stack, WIDTH - column), piece.inside))
        else:
            stack.extend((at, flat, one) for one in reversed(piece))
    return [line.rstrip() for line in lines]


def under_one_another(lines: list[str]) -> list[str]:
    """Lines with an arrow each, all arrows in one column; where that would be too wide, as they are."""
    parts = [line.partition(ARROW) for line in lines]
    column = max(len(left.rstrip()) for left, _, _ in parts) + 1
    if any(column + len(ARROW) - 1 + len(right.partition("  #")[0]) > WIDTH for _, _, right in parts):
        return [plain(line) for line in lines]
    return [f"{left.rstrip():{column}}{ARROW[1:]}{right}" for left, _, right in parts]


def plain(line: str) -> str:
    """A line whose arrow stands where it stands."""
    return line.replace(ARROW, ARROW[1:], 1)


def fits_on_one_line(doc: Doc, indent: int) -> bool:
    """Whether a document needs no break at all."""
    return _fits(doc, [], WIDTH - indent)


def _fits(doc: Doc, rest: list[_Piece], room: int) -> bool:
    """Whether a document laid flat, with what follows it up to the next new line, is no wider than `room`."""
    stack: list[tuple[bool, Doc]] = [(True, doc)]
    left = len(rest)
    while room >= 0:
        if not stack:
            if not left:
                return True
            left -= 1
            stack.append((rest[left][1], rest[left][2]))
        flat, piece = stack.pop()
        if isinstance(piece, str):
            room -= len(piece)
        elif isinstance(piece, Break):
            if not flat:
                return True
            room -= len(piece.flat)
        elif isinstance(piece, Group | Nest):
            stack.append((flat, piece.inside))
        else:
            stack.extend((flat, one) for one in reversed(piece))
    return False
