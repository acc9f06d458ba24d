"""Buffers of one association: nothing is overwritten that is still needed, and nothing is lost or seen twice."""

from hypothesis import given
from hypothesis import strategies as st

from dicomrules.net.buffers import SIZE, BufferPool, DoubleBuffer


def _receive(buffers, data):
    room = buffers.room()
    room[: len(data)] = data
    buffers.received(len(data))


def test_what_came_is_seen_once_and_stays_where_it_lies():
    buffers = DoubleBuffer(BufferPool())
    _receive(buffers, b"first")
    first = buffers.unseen()
    _receive(buffers, b"second")
    assert (bytes(first), bytes(buffers.unseen()), bytes(buffers.unseen())) == (b"first", b"second", b"")


def test_a_full_buffer_makes_way_for_the_other_and_both_full_are_stuck():
    buffers = DoubleBuffer(BufferPool())
    size = buffers.room().nbytes
    _receive(buffers, b"a" * size)
    assert not buffers.stuck
    _receive(buffers, b"b" * size)
    assert buffers.stuck
    assert bytes(buffers.unseen()) == b"a" * size
    assert buffers.spent
    buffers.recycle()
    assert not buffers.stuck
    assert not buffers.spent
    assert bytes(buffers.unseen()) == b"b" * size


def test_rewinding_begins_at_the_front_only_when_all_was_seen():
    buffers = DoubleBuffer(BufferPool())
    whole = buffers.room().nbytes
    _receive(buffers, b"abc")
    buffers.rewind()
    assert bytes(buffers.unseen()) == b"abc"
    assert not buffers.empty
    buffers.rewind()
    assert buffers.empty
    assert buffers.room().nbytes == whole


def test_large_buffers_are_taken_when_data_begins_and_given_back_for_the_next():
    pool = BufferPool()
    first = DoubleBuffer(pool)
    assert first.room().nbytes < SIZE
    first.grow()
    assert first.room().nbytes == SIZE
    first.release()
    assert len(pool._spare) == 2
    DoubleBuffer(pool).grow()
    assert pool._spare == []


@given(st.lists(st.tuples(st.sampled_from(["receive", "look", "hand over"]), st.integers(1, 5000)), max_size=60))
def test_a_stream_goes_through_whole_and_in_order_whatever_the_rhythm(steps):
    buffers, sent, seen, held = DoubleBuffer(BufferPool()), bytearray(), bytearray(), []

    def settle(flush):
        if flush or buffers.spent:
            seen.extend(b"".join(held))
            held.clear()
        if buffers.spent:
            buffers.recycle()
        elif not held:
            buffers.rewind()

    for step, number in [*steps, ("look", 1), ("hand over", 1), ("look", 1), ("hand over", 1), ("look", 1)]:
        if step == "receive" and not buffers.stuck:
            data = bytes((len(sent) + at) % 251 for at in range(min(number, buffers.room().nbytes)))
            _receive(buffers, data)
            sent += data
        elif step == "look":
            held.append(buffers.unseen())
            settle(flush=False)
        else:
            settle(flush=True)
    settle(flush=True)
    assert seen == sent
