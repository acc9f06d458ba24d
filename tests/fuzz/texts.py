"""What both targets that take texts do to them."""

from collections.abc import Sequence
from random import Random


def edited(parts: list[str], others: Sequence[str], random: Random) -> str:
    """The parts joined, with some of them dropped, doubled, swapped, or replaced by others."""
    at, to = (random.randrange(len(parts) + 1) for _ in range(2))
    kind = random.choice(["drop", "insert", "replace", "swap", "repeat"])
    if kind == "drop":
        del parts[at : at + random.choice([1, 1, 3])]
    elif kind in ("insert", "replace"):
        parts[at : at + (kind == "replace")] = [random.choice(others)] if others else []
    elif kind == "repeat":
        parts[to:to] = parts[at : at + 8] * random.choice([1, 2, 30])
    elif at < len(parts) and to < len(parts):
        parts[at], parts[to] = parts[to], parts[at]
    return "".join(parts)
