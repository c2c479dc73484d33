"""The logger for asyncio: no call holds up the event loop.

    async with assay.aio.DataLogger("data", miner_uid=226) as log:
        gid = await log.start_generation("TEXT-TO-3D", "a red cube")

A call that is cancelled is recorded all the same.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from . import logger

_T = TypeVar("_T")
_P = ParamSpec("_P")


def _awaited(
    method: Callable[Concatenate[logger.DataLogger, _P], _T],
) -> Callable[Concatenate[DataLogger, _P], Coroutine[Any, Any, _T]]:
    """The method of the logger inside, run by a thread of the pool; arguments and help are its own."""

    @functools.wraps(method)
    async def call(self: DataLogger, *arguments: _P.args, **keywords: _P.kwargs) -> _T:
        opened = self._logger or await self.open()
        work = functools.partial(method, opened, *arguments, **keywords)
        # Nothing waits for the disk any more: it fails, or counts the failure, as on_error says.
        return work() if self._is_closed else await self._run(work)

    return call


class DataLogger:
    """The methods of assay.DataLogger, each to be awaited, with the same arguments.

    max_concurrent: calls that wait for the disk at the same time; they share its writes.
    """

    def __init__(self, *arguments: Any, max_concurrent: int = 64, **keywords: Any) -> None:
        self._make = functools.partial(logger.DataLogger, *arguments, **keywords)
        self._pool = ThreadPoolExecutor(max_concurrent, thread_name_prefix="assay")
        self._logger: logger.DataLogger | None = None
        self._opening = asyncio.Lock()
        self._running: set[asyncio.Future[Any]] = set()
        self._is_closed = False
        self._closing: asyncio.Future[None] | None = None

    async def open(self) -> logger.DataLogger:
        """Open the folder, as the first call does by itself; returns the logger inside."""
        async with self._opening:
            if self._logger is None and self._is_closed:
                self._logger = self._make()
                self._logger.close()
            elif self._logger is None:
                self._logger = await self._run(self._make)
            return self._logger

    start_generation = _awaited(logger.DataLogger.start_generation)
    log_enhanced_prompt = _awaited(logger.DataLogger.log_enhanced_prompt)
    log_timing = _awaited(logger.DataLogger.log_timing)
    log_output = _awaited(logger.DataLogger.log_output)
    log_submission = _awaited(logger.DataLogger.log_submission)
    log_feedback = _awaited(logger.DataLogger.log_feedback)
    log_failure = _awaited(logger.DataLogger.log_failure)
    finish = _awaited(logger.DataLogger.finish)
    log_config_change = _awaited(logger.DataLogger.log_config_change)
    flush = _awaited(logger.DataLogger.flush)
    status = _awaited(logger.DataLogger.status)

    async def close(self) -> None:
        """Wait for the calls that run, then close the folder."""
        if self._closing is None:
            self._is_closed = True
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            async with self._opening:  # which may be under way
                opened = self._logger
            while self._running:
                await asyncio.wait(self._running)
            if opened is not None:
                await self._run(opened.close)
        finally:
            self._pool.shutdown(wait=False)

    async def __aenter__(self) -> DataLogger:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self, work: Callable[[], _T]) -> _T:
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        # Shielded: a future of the pool that is cancelled before it begins would never run.
        return await asyncio.shield(running)
