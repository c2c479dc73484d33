"""What a forked child must do before anything else: let go of its parent's data folders."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import weakref
from typing import Protocol


class _Forked(Protocol):
    def _after_fork(self) -> None: ...


_loggers: weakref.WeakSet[_Forked] = weakref.WeakSet()


def watch(logger: _Forked) -> None:
    """Call `logger._after_fork()` in each child."""
    _loggers.add(logger)


def close_journal(folder: str) -> None:
    """Close what came from the parent: descriptors of the journal in `folder`, else the folder
    would stay locked by the child when the parent has died; and the sockets by which recorders
    talk, else others would wait for answers that nobody gives."""
    journal = os.path.join(folder, "journal")
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink("/proc/self/fd/" + name)
                if (
                    target == journal
                    or target.startswith(journal + os.sep)
                    or (target.startswith("socket:") and _is_of_a_recorder(int(name)))
                ):
                    os.close(int(name))


# The socket is bound and reached through a descriptor of its folder.
_SOCKET_NAME = re.compile(r"/proc/self/fd/\d+/socket")


def _is_of_a_recorder(descriptor: int) -> bool:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.family != socket.AF_UNIX:
            return False
        names = [copy.getsockname()]
        with contextlib.suppress(OSError):
            names.append(copy.getpeername())
        return any(isinstance(name, str) and _SOCKET_NAME.fullmatch(name) for name in names)


def _in_child() -> None:
    for logger in list(_loggers):
        logger._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
