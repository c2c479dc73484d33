"""The logger for asyncio."""

from __future__ import annotations

import asyncio
import inspect

import assay
import pytest
from conftest import records, splat

from assay import aio, errors


def test_many_generations_at_once(folder):
    async def one(log: aio.DataLogger, number: int) -> str:
        gid = await log.start_generation("TEXT-TO-3D", f"cube {number}")
        await log.log_output(gid, ply=splat())
        await log.log_submission(gid)
        await log.log_feedback(gid, score=0.5)
        await log.finish(gid)
        return gid

    async def work() -> list[str]:
        async with aio.DataLogger(folder, miner_uid=226) as log:
            made = await asyncio.gather(*(one(log, number) for number in range(20)))
            assert (await log.status())["finished"] == 20
            return made

    made = asyncio.run(work())
    assert sorted(records(folder)) == sorted(made)


@pytest.mark.parametrize("opened", [True, False])
def test_after_close_a_call_does_what_on_error_says(folder, opened):
    async def work(on_error: str) -> aio.DataLogger:
        log = aio.DataLogger(folder, on_error=on_error)
        if opened:
            await log.open()
        await log.close()
        assert await log.start_generation("TEXT-TO-3D", "x")
        assert await log.log_timing("x", total_time=1.0) is None
        await log.close()
        return log

    asyncio.run(work("log"))
    with pytest.raises(errors.Unavailable, match="closed"):
        asyncio.run(work("raise"))


@pytest.mark.parametrize("opened", [True, False])
def test_close_waits_for_the_calls_before_it(folder, opened):
    async def work() -> list[str]:
        log = aio.DataLogger(folder, durability="none")
        if opened:
            await log.open()
        calls = [asyncio.ensure_future(log.start_generation("TEXT-TO-3D", "x")) for _ in range(100)]
        await asyncio.sleep(0)
        await asyncio.gather(log.close(), log.close())
        return await asyncio.gather(*calls)

    for _ in range(10):
        made = asyncio.run(work())
        with assay.DataLogger(folder, durability="none") as log:
            for gid in made:
                assert log.finish(gid) == "applied"


def test_a_cancelled_call_is_recorded_all_the_same(folder):
    async def work() -> int:
        async with aio.DataLogger(folder, max_concurrent=1) as log:
            calls = [asyncio.ensure_future(log.start_generation("TEXT-TO-3D", "x")) for _ in range(5)]
            await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            return (await log.status())["open"]

    assert asyncio.run(work()) == 5


def test_errors_reach_the_caller(folder):
    async def work() -> None:
        async with aio.DataLogger(folder) as log:
            with pytest.raises(errors.NotRecorded):
                await log.finish("never")

    asyncio.run(work())


def test_methods_have_the_arguments_and_the_help_of_the_logger():
    for name in ("start_generation", "log_output", "log_feedback", "finish", "status"):
        method = getattr(aio.DataLogger, name)
        assert inspect.iscoroutinefunction(method)
        assert inspect.signature(method) == inspect.signature(getattr(assay.DataLogger, name))
        assert method.__doc__
