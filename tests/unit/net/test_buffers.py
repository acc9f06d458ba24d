"""Buffers of one association."""

from dicomrules.net.buffers import SIZE, BufferPool, DoubleBuffer


def test_what_was_filled_is_worked_on_while_the_other_buffer_is_filled():
    buffers = DoubleBuffer(BufferPool())
    buffers.free()[:5] = b"first"
    buffers.filled = 5
    worked_on = buffers.swap()
    buffers.free()[:6] = b"second"
    buffers.filled = 6
    assert bytes(worked_on) == b"first"
    assert bytes(buffers.swap()) == b"second"


def test_large_buffers_are_taken_when_data_begins_and_given_back_for_the_next():
    pool = BufferPool()
    first = DoubleBuffer(pool)
    assert first.free().nbytes < SIZE
    first.grow()
    assert first.free().nbytes == SIZE
    large = first.free().obj
    first.release()
    second = DoubleBuffer(pool)
    second.grow()
    pair = [second.free().obj]
    second.swap()
    pair.append(second.free().obj)
    assert any(buffer is large for buffer in pair)


def test_a_full_buffer_says_so():
    buffers = DoubleBuffer(BufferPool())
    assert not buffers.full
    buffers.filled = buffers.free().nbytes
    assert buffers.full
