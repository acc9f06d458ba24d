"""What the targets that take bytes do to them."""

from collections.abc import Sequence
from random import Random


def edit(
    made: bytearray, sizes: Sequence[int], edges: Sequence[bytes], others: Sequence[bytes], random: Random
) -> None:
    """Change one place: a bit, a piece dropped, doubled, cut off, one of the `edges` over it or before it, or a piece
    of one of the `others`. `sizes` are how many bytes a piece may have.
    """
    at, size = random.randrange(len(made) + 1), random.choice(sizes)
    kind = random.choice(["bit", "edge", "edge", "insert", "drop", "double", "other", "cut"])
    if kind == "bit" and at < len(made):
        made[at] ^= 1 << random.randrange(8)
    elif kind in ("edge", "insert"):
        edge = random.choice(edges)
        made[at : at + (len(edge) if kind == "edge" else 0)] = edge
    elif kind == "drop":
        del made[at : at + size]
    elif kind == "double":
        made[at:at] = made[at : at + size]
    elif kind == "other":
        other = random.choice(others)
        start = random.randrange(len(other) + 1)
        made[at:at] = other[start : start + size]
    elif kind == "cut" and random.random() < 0.3:
        del made[at:]
