"""A file is offered when it stands still, once for each look of it."""

from dicomrules.receivers.settling import FIRST_PAUSE, LONGEST_PAUSE, Look, Settling


def look(size: int = 10, inode: int = 1, mtime: int = 0) -> Look:
    return Look(1, inode, size, mtime)


def test_a_file_is_offered_when_it_stood_still_for_the_whole_time() -> None:
    settling = Settling(2.0)
    assert settling.look([("a", look())], 0.0) == []
    assert settling.look([("a", look())], 1.9) == []
    assert settling.look([("a", look())], 2.0) == [("a", look())]


def test_a_file_that_grows_starts_from_the_beginning() -> None:
    settling = Settling(2.0)
    for second in range(10):
        assert settling.look([("a", look(size=second))], float(second)) == []
    assert settling.look([("a", look(size=9))], 10.9) == []
    assert settling.look([("a", look(size=9))], 11.0) == [("a", look(size=9))]


def test_a_file_put_in_place_of_another_starts_from_the_beginning() -> None:
    settling = Settling(2.0)
    settling.look([("a", look(inode=1))], 0.0)
    assert settling.look([("a", look(inode=2))], 2.0) == []
    assert settling.look([("a", look(inode=2, mtime=5))], 4.0) == []
    assert settling.look([("a", look(inode=2, mtime=5))], 6.0) == [("a", look(inode=2, mtime=5))]


def test_without_a_time_to_settle_the_first_look_is_enough() -> None:
    assert Settling(0.0).look([("a", look())], 0.0) == [("a", look())]


def test_a_file_is_offered_once() -> None:
    settling = Settling(0.0)
    settling.look([("a", look())], 0.0)
    assert settling.look([("a", look())], 1000.0) == []
    assert settling.look([("a", look(mtime=1))], 1001.0) == [("a", look(mtime=1))]


def test_a_file_that_comes_back_is_offered_again() -> None:
    settling = Settling(0.0)
    settling.look([("a", look())], 0.0)
    settling.look([], 1.0)
    assert settling.look([("a", look())], 2.0) == [("a", look())]


def test_pauses_double_up_to_the_longest() -> None:
    settling = Settling(0.0)
    now, pauses = 0.0, []
    settling.look([("a", look())], now)
    for _ in range(10):
        settling.again("a", now)
        pause = settling.next_due(now)
        assert pause is not None
        assert settling.look([("a", look())], now + pause - 0.1) == []
        now += pause
        assert settling.look([("a", look())], now) == [("a", look())]
        pauses.append(pause)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_the_oldest_comes_first() -> None:
    seen = [("b", look(mtime=2)), ("c", look(mtime=1)), ("a", look(mtime=2))]
    assert [name for name, _ in Settling(0.0).look(seen, 0.0)] == ["c", "a", "b"]


def test_nothing_is_due_when_nothing_is_waited_for() -> None:
    settling = Settling(2.0)
    assert settling.next_due(0.0) is None
    settling.look([("a", look())], 0.0)
    assert settling.next_due(0.5) == 1.5
    settling.look([("a", look())], 2.0)
    assert settling.next_due(2.0) is None
    settling.again("gone", 2.0)
    assert settling.next_due(2.0) is None


def test_a_folder_of_very_many_files_is_taken_in_portions() -> None:
    settling = Settling(0.0, capacity=10)
    left, rounds = {f"f{number:03}" for number in range(95)}, 0
    while left:
        offers = settling.look(((name, look()) for name in sorted(left)), float(rounds))
        assert 0 < len(offers) <= 10
        left -= {name for name, _ in offers}
        rounds += 1
    assert rounds == 10


def test_kept_files_do_not_keep_others_from_their_turn() -> None:
    settling = Settling(0.0, capacity=10)
    seen = [(f"f{number:03}", look()) for number in range(35)]
    offered = [len(settling.look(seen, float(second))) for second in range(5)]
    assert offered == [10, 10, 10, 5, 0]
