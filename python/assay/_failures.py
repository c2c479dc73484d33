"""Calls that failed where nothing may raise: counted, and reported now and then."""

from __future__ import annotations

import logging
import threading
import time

from . import _fork

_log = logging.getLogger("assay")
_SECONDS_BETWEEN_LINES = 60.0


# What raised may be a value of the caller's whose text raises again.
def _message_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:
        return type(error).__name__


class Failures:
    """All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0
        self.last: str | None = None
        self._num_unreported = 0
        self._next_report = 0.0
        _fork.watch(self)

    def note(self, what: str, error: Exception) -> None:
        with self._lock:
            self.count += 1
            self._num_unreported += 1
            self.last = f"{what}: {_message_of(error)}"
            now = time.monotonic()
            if now < self._next_report:
                return
            self._next_report = now + _SECONDS_BETWEEN_LINES
            num_unreported, self._num_unreported = self._num_unreported, 0
        _log.error(
            "%s was not recorded: %s (%d in all since the last line)", what, _message_of(error), num_unreported
        )

    # In the child of a fork, where a thread that is not there any more may have held the lock.
    def _after_fork(self) -> None:
        self._lock = threading.Lock()
