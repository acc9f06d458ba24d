"""Memory shared out among large objects."""

import asyncio

from dicomrules.receivers.budget import Budget


def test_at_most_the_total_is_held_at_once_and_everybody_gets_a_turn():
    most, held, order = 0, 0, []

    async def hold(budget, number, size):
        nonlocal most, held
        async with budget.hold(size):
            held += min(size, 25)
            most = max(most, held)
            order.append(number)
            await asyncio.sleep(0)
            held -= min(size, 25)

    async def main():
        budget = Budget(100)
        await asyncio.gather(*(hold(budget, number, 1000) for number in range(20)))

    asyncio.run(main())
    assert most == 100
    assert order == list(range(20))


def test_who_was_cancelled_while_waiting_takes_nothing_with_it():
    async def main():
        budget = Budget(100)
        release = asyncio.Event()

        async def hold():
            async with budget.hold(25):
                await release.wait()

        holders = [asyncio.create_task(hold()) for _ in range(6)]
        await asyncio.sleep(0)
        holders[4].cancel()
        release.set()
        await asyncio.wait(holders)
        async with asyncio.timeout(1), budget.hold(25), budget.hold(25), budget.hold(25), budget.hold(25):
            return True

    assert asyncio.run(main())
