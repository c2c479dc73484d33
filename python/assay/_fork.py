"""What a forked child must do before anything else: let go of its parent's data folders."""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import Protocol


class _Forked(Protocol):
    def _after_fork(self) -> None: ...


_loggers: weakref.WeakSet[_Forked] = weakref.WeakSet()


def watch(logger: _Forked) -> None:
    """Call `logger._after_fork()` in each child."""
    _loggers.add(logger)


def close_journal(folder: str) -> None:
    """Close the descriptors of the journal in `folder` that came from the parent. Else the folder
    would stay locked by the child when the parent has died."""
    journal = os.path.join(folder, "journal") + os.sep
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if os.readlink("/proc/self/fd/" + name).startswith(journal):
                    os.close(int(name))


def _in_child() -> None:
    for logger in list(_loggers):
        logger._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
