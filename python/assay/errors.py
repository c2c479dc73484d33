"""What may go wrong, as exceptions, and what a reader should know of, as a warning."""

from __future__ import annotations


class RecorderError(Exception):
    """The event was not recorded. `code` says which kind of failure it was."""

    code = "internal"


class InvalidInput(RecorderError, ValueError):
    """What was given is wrong; trying again changes nothing."""

    code = "invalid_input"


class NotFound(RecorderError, FileNotFoundError):
    """A file or folder that had to exist does not."""

    code = "not_found"


class Denied(RecorderError, PermissionError):
    """The system refused access."""

    code = "denied"


class Corrupt(RecorderError):
    """The data folder is damaged where it was once whole."""

    code = "corrupt"


class Unavailable(RecorderError):
    """Another process has the folder, the disk is broken, or the logger is closed."""

    code = "unavailable"


class Exhausted(RecorderError):
    """A limit was reached: a full queue, or derived files that cannot follow."""

    code = "exhausted"


class NoSpace(RecorderError, OSError):
    """The disk is full. The recorder goes on by itself when there is space again."""

    code = "no_space"


class NotRecorded(RecorderError):
    """The generation is not in a state in which the event means anything: `verdict` says why."""

    code = "not_recorded"

    def __init__(self, message: str, verdict: str) -> None:
        super().__init__(message)
        self.verdict = verdict


class WaitingEventsWarning(RuntimeWarning):
    """Events of a recorder that was killed are only in the journal, where no reader sees them."""


_BY_CODE: dict[str, type[RecorderError]] = {
    kind.code: kind
    for kind in (InvalidInput, NotFound, Denied, Corrupt, Unavailable, Exhausted, NoSpace)
}


def failure(code: str, message: str) -> RecorderError:
    """The exception of a failure's code."""
    error = _BY_CODE.get(code, RecorderError)(message)
    error.code = code
    return error
