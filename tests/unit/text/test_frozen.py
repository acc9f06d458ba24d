"""Frozen values: what a dataclass of them still does, without refusing an assignment when it runs."""

from dicomrules.text.frozen import frozen


@frozen
class Pair:
    first: int
    second: int = 0


@frozen
class Triple(Pair):
    third: int = 0


@frozen
class ByFirst:
    first: int
    second: int

    def __hash__(self) -> int:
        return hash(self.first)


def test_equal_values_are_one_key() -> None:
    assert {Pair(1, 2), Pair(1, 2), Pair(1)} == {Pair(1, 2), Pair(1)}
    assert Triple(1, 2, 3) == Triple(1, 2, 3) != Pair(1, 2)


def test_a_hash_of_its_own_is_kept() -> None:
    assert hash(ByFirst(1, 2)) == hash(ByFirst(1, 3))
    assert ByFirst(1, 2) != ByFirst(1, 3)


def test_a_value_has_its_fields_and_no_room_for_others() -> None:
    assert not hasattr(Triple(1), "__dict__")
