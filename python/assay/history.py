"""The records of a data folder as a table, for pyarrow, polars, DuckDB and whatever else takes Arrow's.

    import polars, assay.history

    records = assay.history.read("data", columns=["timestamp", "task_type", "score"], last_days=7)
    frame = polars.DataFrame(records)

Nothing of Arrow needs to be installed for this module itself.
"""

from __future__ import annotations

import datetime
import os
import warnings
from collections.abc import Sequence

from . import _records
from .errors import WaitingEventsWarning

__all__ = ["Records", "read"]


class Records:
    """A table of records, read while it is asked for: no more than a batch of rows is in memory here.

    It offers Arrow's PyCapsule interface, so that `pyarrow.table(records)`, `polars.DataFrame(records)`
    and `duckdb.sql("from records")` take its columns over without a copy. Each of them reads the
    folder anew, as it is then; batches have 65,536 rows, and other threads run while one is made.
    """

    def __init__(self, data_dir: str, history: _records.History) -> None:
        self._data_dir = data_dir
        self._history = history

    @property
    def column_names(self) -> list[str]:
        return self._history.column_names()

    @property
    def counts(self) -> dict[str, int] | None:
        """What the last reading found that came to its end; None before.

        records: rows. lost: lines that gave none, which are those of `bad_json`, `bad_utf8`,
        `no_object` and `too_long`. outside: records before the window of time. duplicate:
        records whose id stands again behind them, in the order of months and lines.
        late_feedback: records whose feedback was merged in. wrong_type: values that their
        column cannot hold, null there. nan, big_integer, lone_surrogate, bad_timestamp,
        no_offset, missing_section: records that are odd, and read all the same.
        """
        return self._history.counts()

    def __arrow_c_schema__(self) -> object:
        """The columns, as a capsule `arrow_schema`."""
        return self._history.schema()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows, as a capsule `arrow_array_stream`. A schema that is asked for is the consumer's to
        cast to: it gets the columns as they are."""
        return self._history.stream()

    def __repr__(self) -> str:
        return f"assay.history.Records({self._data_dir!r}, {len(self.column_names)} columns)"


def read(
    data_dir: str | os.PathLike[str] = "data",
    *,
    columns: Sequence[str] | None = None,
    last_days: float | None = None,
    since: datetime.datetime | None = None,
) -> Records:
    """Every record of a data folder: the current month, those before, compressed or not, with feedback
    that came late merged in.

    columns: their names, in the order wanted; without it all but `output` and `record`, which
        repeat as JSON text what the others hold. Fewer columns are read faster.
    last_days: only records of so many days until now; 0 means all, as for `assay history analyze`.
    since: only records of this instant or later; without a time zone it is taken as UTC.

    Warns with errors.WaitingEventsWarning of events that a recorder which was killed left only in its
    journal: they are missing here until the folder is opened once, as the next start of the miner does.
    Raises errors.NotFound when there is no such folder or no history in it, errors.InvalidInput (a
    ValueError) for a column that does not exist.
    """
    if isinstance(columns, str):
        raise TypeError(f"columns: expected a list of names, not the text {columns!r}")
    folder = os.fspath(data_dir)
    begin = _begin(last_days, since)
    _warn_of_waiting_events(folder)
    history = _records.open_history(folder, None if columns is None else list(columns), begin)
    return Records(folder, history)


def _warn_of_waiting_events(folder: str) -> None:
    count = _records.count_waiting_events(folder)
    if count == 0:
        return
    warnings.warn(
        f"{count} {'event' if count == 1 else 'events'} of a recorder that was killed may be in the journal of "
        f"{folder} alone; the next start of the miner completes the files",
        WaitingEventsWarning,
        stacklevel=3,
    )


def _begin(last_days: float | None, since: datetime.datetime | None) -> int | None:
    """Microseconds since 1970 at which the window of time begins."""
    if last_days is not None and last_days < 0:
        raise ValueError(f"last_days: expected a number of days, not {last_days!r}")
    if last_days and since is not None:
        raise ValueError("last_days, since: expected one of them, not both")
    utc = datetime.timezone.utc
    if last_days:
        since = datetime.datetime.now(utc) - datetime.timedelta(days=last_days)
    if since is None:
        return None
    if since.tzinfo is None:
        since = since.replace(tzinfo=utc)
    return (since - datetime.datetime(1970, 1, 1, tzinfo=utc)) // datetime.timedelta(microseconds=1)
