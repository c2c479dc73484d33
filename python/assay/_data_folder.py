"""The recorder of a data folder: opened when it is needed, opened anew after trouble or a fork."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import Any

from . import _fork, _records
from .errors import RecorderError, Unavailable

_log = logging.getLogger("assay")
_SECONDS_BETWEEN_OPENINGS = 1.0


# Which folder stands there; None for none.
def _identity(folder: str) -> tuple[int, int] | None:
    try:
        found = os.stat(os.path.join(folder, "journal"))
    except OSError:
        return None
    return found.st_dev, found.st_ino


class DataFolder:
    """All methods may be called from any thread."""

    def __init__(self, path: str, options: dict[str, Any]) -> None:
        self.path = path
        self._options = options
        self._lock = threading.Lock()
        self._handle: _records.Recorder | None = None
        self._journal: tuple[int, int] | None = None
        self._is_closed = False
        self._next_opening = 0.0
        self._opening_error: Exception | None = None
        _fork.watch(self)

    def recorder(self) -> _records.Recorder:
        handle = self._handle
        if handle is not None and self._journal == _identity(self.path):
            return handle
        with self._lock:
            if self._is_closed:
                raise Unavailable("the logger is closed")
            if self._handle is not None and self._journal != _identity(self.path):
                self._leave_removed()
            if self._handle is None:
                self._handle = self._opened()
            return self._handle

    def close(self) -> None:
        """Bring the derived files up to date and let the folder go. A second call does nothing."""
        with self._lock:
            handle, self._handle = self._handle, None
            self._is_closed = True
        if handle is not None:
            handle.close()

    # A folder that could not be opened is tried again, but not at each of a thousand calls.
    def _opened(self) -> _records.Recorder:
        if self._opening_error is not None and time.monotonic() < self._next_opening:
            raise self._opening_error
        try:
            handle = _records.open(self.path, self._options)
        except RecorderError as error:
            self._opening_error = error.with_traceback(None)
            self._next_opening = time.monotonic() + _SECONDS_BETWEEN_OPENINGS
            raise
        self._opening_error = None
        self._journal = _identity(self.path)
        recovered = handle.recovery()
        if recovered:
            _log.info("%s: %s", self.path, recovered)
        return handle

    # The folder is not the one that was opened: what the recorder still had is lost with it.
    def _leave_removed(self) -> None:
        handle, self._handle = self._handle, None
        _log.error("%s was removed or replaced while it was recorded in; it is opened anew", self.path)
        with contextlib.suppress(RecorderError):
            if handle is not None:
                handle.close()

    # In the child of a fork, which has one thread. The parent's recorder is never touched.
    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._opening_error = None
        if self._handle is not None:
            self._handle = None
            _fork.close_journal(self.path)
