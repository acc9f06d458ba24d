"""Did you mean: the candidates nearest to what was written, or nothing when none is near."""

from collections.abc import Iterable

_PER_CHARACTERS = 3
"""One edit is forgiven for each so many characters of the word, so short words ask for near candidates."""


def distance(a: str, b: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap of neighbours) that make `b` of `a`; `limit + 1` when there are more."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    older: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        older, previous = previous, current
    return min(previous[-1], limit + 1)


def nearest(word: str, candidates: Iterable[str], most: int = 3) -> list[str]:
    """The nearest candidates, best first, at most so many.

    A candidate that differs only in case, or in blanks, `_` and `-`, comes before all others. The cut-off is one edit
    for each three characters, at least one and at most four; words over 200 characters get no answer.
    """
    if len(word) > 200:
        return []
    limit = min(max(len(word) // _PER_CHARACTERS, 1), 4)
    plain = _plain(word)
    found: list[tuple[int, int, str]] = []
    for candidate in dict.fromkeys(candidates):
        if candidate == word:
            continue
        far = 0 if _plain(candidate) == plain else distance(word.lower(), candidate.lower(), limit)
        if far <= limit:
            found.append((far, abs(len(candidate) - len(word)), candidate))
    return [candidate for _, _, candidate in sorted(found)[:most]]


def nearest_tag(tag: int, candidates: Iterable[int], most: int = 3) -> list[int]:
    """Tags that one moved, swapped or mistyped hex digit away are a candidate, moved and swapped ones first."""
    digits = f"{tag:08X}"
    moved = {_move(digits, i, j) for i in range(8) for j in range(8)}
    found: list[tuple[int, int]] = []
    for candidate in dict.fromkeys(candidates):
        other = f"{candidate:08X}"
        if other in moved and candidate != tag:
            found.append((0, candidate))
        elif sum(x != y for x, y in zip(digits, other, strict=True)) == 1:
            found.append((1, candidate))
    return [candidate for _, candidate in sorted(found)[:most]]


def did_you_mean(names: Iterable[str]) -> str:
    """A sentence for a note: "did you mean `a`, `b` or `c`?"; empty when there are no names."""
    quoted = [f"`{name}`" for name in names]
    if not quoted:
        return ""
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f"did you mean {listed}?"


def _plain(word: str) -> str:
    return word.lower().replace(" ", "").replace("_", "").replace("-", "")


def _move(digits: str, taken: int, put: int) -> str:
    """The digits with one of them taken out and put in again elsewhere; neighbours moved by one are swapped."""
    rest = digits[:taken] + digits[taken + 1 :]
    return rest[:put] + digits[taken] + rest[put:]
