"""The logger for asyncio: no call holds up the event loop.

    async with assay.aio.DataLogger("data", miner_uid=226) as log:
        gid = await log.start_generation("TEXT-TO-3D", "a red cube")

A call that is cancelled is recorded all the same.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

from . import logger

_T = TypeVar("_T")


class DataLogger:
    """The methods of assay.DataLogger, each to be awaited, with the same arguments.

    max_concurrent: calls that wait for the disk at the same time; they share its writes.
    """

    def __init__(self, *arguments: Any, max_concurrent: int = 64, **keywords: Any) -> None:
        self._make = functools.partial(logger.DataLogger, *arguments, **keywords)
        self._pool = ThreadPoolExecutor(max_concurrent, thread_name_prefix="assay")
        self._logger: logger.DataLogger | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> logger.DataLogger:
        """Open the folder, as the first call does by itself; returns the logger inside."""
        async with self._opening:
            if self._logger is None:
                self._logger = await self._run(self._make)
            return self._logger

    async def start_generation(self, *arguments: Any, **keywords: Any) -> str:
        return await self._call("start_generation", *arguments, **keywords)

    async def log_enhanced_prompt(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_enhanced_prompt", *arguments, **keywords)

    async def log_timing(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_timing", *arguments, **keywords)

    async def log_output(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_output", *arguments, **keywords)

    async def log_submission(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_submission", *arguments, **keywords)

    async def log_feedback(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_feedback", *arguments, **keywords)

    async def log_failure(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_failure", *arguments, **keywords)

    async def finish(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("finish", *arguments, **keywords)

    async def log_config_change(self, *arguments: Any, **keywords: Any) -> str | None:
        return await self._call("log_config_change", *arguments, **keywords)

    async def flush(self) -> None:
        await self._call("flush")

    async def status(self) -> dict[str, Any]:
        return await self._call("status")

    async def close(self) -> None:
        """Wait for the calls that run, then close the folder."""
        opened = self._logger
        if opened is not None:
            await self._run(opened.close)
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

    async def _call(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        opened = self._logger or await self.open()
        return await self._run(functools.partial(getattr(opened, name), *arguments, **keywords))

    async def _run(self, work: Callable[[], _T]) -> _T:
        # Shielded: a future of the pool that is cancelled before it begins would never run.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, work))
