"""How wide text is on a terminal, and how a line is cut to fit: tabs, wide characters, combining marks, controls."""

import unicodedata

TAB = 4
"""Columns from one tab stop to the next."""


def width(character: str) -> int:
    """Columns of one character (not a tab): 0 for combining marks, 2 for wide East Asian ones, else 1."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def shown(text: str) -> tuple[str, list[int]]:
    """A line as it is shown, and the column at which each of its characters starts, with one more for the end.

    Tabs become blanks up to the next stop; controls and characters that turn the direction of writing become `·`, so
    that a rule file cannot paint over what a terminal says about it.
    """
    pieces: list[str] = []
    columns: list[int] = []
    at = 0
    for character in text:
        columns.append(at)
        if character == "\t":
            step = TAB - at % TAB
            pieces.append(" " * step)
        elif unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            step = 1
            pieces.append("·")
        else:
            step = width(character)
            pieces.append(character)
        at += step
    return "".join(pieces), [*columns, at]


def window(text: str, columns: list[int], start: int, most: int) -> tuple[int, int]:
    """Which characters of a line to show when it is wider than `most` columns: a part that holds character `start`."""
    if columns[-1] <= most:
        return 0, len(text)
    first = 0
    if columns[min(start, len(text))] > most // 2:
        left = columns[start] - most // 3
        first = next(index for index, column in enumerate(columns) if column >= left)
    last = first
    while last < len(text) and columns[last + 1] - columns[first] <= most:
        last += 1
    return first, last
