"""The logger of a miner: every event is on disk when its call returns."""

from __future__ import annotations

import atexit
import datetime
import functools
import logging
import math
import os
import uuid
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar, cast

from . import _json, _records
from ._data_folder import DataFolder
from ._failures import Failures
from .errors import InvalidInput, NotRecorded, RecorderError

_log = logging.getLogger("assay")
# Verdicts that say that nothing was kept of an event.
_NOTHING_KEPT = frozenset({"unknown_generation", "already_started", "already_finished"})

_Method = TypeVar("_Method", bound=Callable[..., Any])


def guarded(method: _Method) -> _Method:
    """Let an exception through, or count and report it, as the logger's `on_error` says."""

    @functools.wraps(method)
    def guard(self: DataLogger, *arguments: Any, **keywords: Any) -> Any:
        try:
            return method(self, *arguments, **keywords)
        except Exception as error:
            if self._on_error == "raise":
                raise
            self._failures.note(method.__name__, error)
            return None

    return cast(_Method, guard)


class DataLogger:
    """Records generations in a data folder.

    A call returns when its event is on disk (as far as `durability` asks), with the verdict on it,
    such as `"applied"`. Meanwhile other threads run: many threads share one write to the disk.
    Several processes may log in one folder: the first has it, the others hand their events to it,
    and one of them takes its place when it is gone; the storage options of the first count. After a
    fork the child opens the folder anew at its first call.

    data_dir: made when absent. A folder of the old program is taken over as it is.
    store_images, store_ply_files: without them only the hashes are kept.
    durability: `"always"`; `"interval"`: on disk within `sync_interval` seconds; `"none"`.
    on_error: `"raise"`, or `"log"`: no method raises; failures are counted in status() and reported
        to Python's logger "assay", once a minute at most.
    when_full: what a call does when `max_queued_bytes` wait for the disk: `"block"` or `"refuse"`.
    ply_min_score: PLY files of a lower score count as rejected.
    feedback_timeout: without feedback for so long a PLY file counts as rejected, which is looked at
        each minute; None for never.
    min_free_share, max_ply_files_bytes: when to raise an alert.
    rotate_monthly: when the month changes, move the records of earlier months to files of their
        own; without it `assay history rotate` does, when it is called.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str] = "data",
        *,
        miner_uid: int | None = None,
        network: str = "mainnet",
        miner_version: str = "unknown",
        store_images: bool = True,
        store_ply_files: bool = True,
        durability: str = "always",
        on_error: str = "raise",
        sync_interval: float = 0.1,
        when_full: str = "block",
        max_queued_bytes: int = 64 << 20,
        ply_min_score: float = 0.0,
        feedback_timeout: datetime.timedelta | None = datetime.timedelta(hours=24),
        min_free_share: float = 0.2,
        max_ply_files_bytes: int = 300_000_000_000,
        rotate_monthly: bool = True,
    ) -> None:
        if on_error not in ("raise", "log"):
            raise InvalidInput(f"on_error: expected 'raise' or 'log', not {on_error!r}")
        self._on_error = on_error
        self._failures = Failures()
        options: dict[str, Any] = {
            "miner_uid": None if miner_uid is None else int(miner_uid),
            "miner_version": _json.text_or("unknown", miner_version),
            "network": _json.text_or("mainnet", network),
            "store_images": bool(store_images),
            "store_ply_files": bool(store_ply_files),
            "durability": durability,
            "sync_interval_ms": max(1, round(sync_interval * 1000)),
            "max_queued_bytes": int(max_queued_bytes),
            "when_full": when_full,
            "ply_min_score": float(ply_min_score),
            "feedback_timeout_ms": None if feedback_timeout is None else _milliseconds(feedback_timeout),
            "min_free_share": float(min_free_share),
            "max_ply_files_bytes": int(max_ply_files_bytes),
            "rotate_monthly": bool(rotate_monthly),
        }
        self._folder = DataFolder(os.path.realpath(os.fspath(data_dir)), options)
        _open_loggers.add(self)
        self._open()

    @property
    def data_dir(self) -> str:
        return self._folder.path

    # --- events ----------------------------------------------------------------------------------

    def start_generation(
        self,
        task_type: str,
        prompt: str,
        validator_uid: int | None = None,
        validator_hotkey: str | None = None,
        miner_config: Mapping[str, Any] | None = None,
        generation_id: str | None = None,
        idempotency_key: str = "",
    ) -> str:
        """Begin a generation; returns its id, a new UUID unless one is given.

        A prompt that is an image (a data URL, or base64 of one) is stored as a file, and the record
        holds its hash.
        """
        given = self._text_of_id(generation_id)
        own_id = given or str(uuid.uuid4())
        started = self._start(
            own_id,
            bool(given),
            task_type,
            prompt,
            validator_uid,
            validator_hotkey,
            miner_config,
            idempotency_key,
        )
        return started or own_id

    @guarded
    def _text_of_id(self, generation_id: Any) -> str | None:
        return None if generation_id is None else str(generation_id)

    @guarded
    def _start(
        self,
        generation_id: str,
        is_given: bool,
        task_type: str,
        prompt: str,
        validator_uid: int | None,
        validator_hotkey: str | None,
        miner_config: Mapping[str, Any] | None,
        key: str,
    ) -> str:
        receipt = self._recorder().start(
            generation_id,
            _json.text_or("unknown", task_type),
            _json.text_or("", prompt),
            None if validator_uid is None else int(validator_uid),
            _json.text(validator_hotkey or ""),
            _json.dumps(miner_config or {}),
            key,
        )
        # A retry without an id of its own gets that of the first call.
        self._kept(generation_id if is_given else receipt[0], receipt)
        return receipt[0]

    @guarded
    def log_enhanced_prompt(
        self,
        generation_id: str,
        enhanced_prompt: str | None = None,
        negative_prompt: str | None = None,
        idempotency_key: str = "",
    ) -> str:
        """What the language model made of the prompt."""
        return self._kept(
            generation_id,
            self._recorder().log_prompt(
                generation_id,
                _json.optional_text(enhanced_prompt),
                _json.optional_text(negative_prompt),
                idempotency_key,
            ),
        )

    @guarded
    def log_timing(
        self,
        generation_id: str,
        times: Mapping[str, float] | None = None,
        /,
        idempotency_key: str = "",
        **more_times: float,
    ) -> str:
        """Seconds of each stage: `log_timing(gid, total_time=21.4, trellis_time=12.1)`."""
        timing = {**(times or {}), **more_times}
        return self._kept(
            generation_id,
            self._recorder().log_timing(generation_id, _json.dumps(timing), idempotency_key),
        )

    @guarded
    def log_output(
        self,
        generation_id: str,
        ply: Any = None,
        num_gaussians: int | None = None,
        quality_metrics: Mapping[str, Any] | None = None,
        gaussian_stats: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
        **more_fields: Any,
    ) -> str:
        """What came out. `ply` is the file's bytes (any buffer; not copied) or its path.

        Further fields are kept in `output`, where the value that was logged last counts. Figures that
        are not given together with a file are read from it, and so replace those of an earlier call:
        to keep your own, give them with the file, or after it.
        """
        fields = {
            "num_gaussians": num_gaussians,
            "quality_metrics": quality_metrics,
            "gaussian_stats": gaussian_stats,
        }
        output = {name: value for name, value in fields.items() if value is not None}
        output.update(more_fields)
        is_path = isinstance(ply, (str, os.PathLike))
        return self._kept(
            generation_id,
            self._recorder().log_output(
                generation_id,
                _json.dumps(output),
                None if is_path else ply,
                ply if is_path else "",
                idempotency_key,
            ),
        )

    @guarded
    def log_submission(
        self,
        generation_id: str,
        submitted: bool = True,
        rejection_reason: str | None = None,
        idempotency_key: str = "",
    ) -> str:
        """That the answer went to the validator, or why it did not."""
        reason = None if submitted else _json.text(rejection_reason or "not submitted")
        receipt = self._recorder().log_submission(generation_id, reason, idempotency_key)
        return self._kept(generation_id, receipt)

    @guarded
    def log_feedback(
        self,
        generation_id: str,
        score: float,
        validator_uid: int | None = None,
        validator_hotkey: str | None = None,
        idempotency_key: str = "",
    ) -> str:
        """The validator's score. It may come at any time, also after finish() or a restart."""
        receipt = self._recorder().log_feedback(
            generation_id,
            float(score),
            None if validator_uid is None else int(validator_uid),
            _json.optional_text(validator_hotkey),
            idempotency_key,
        )
        return self._own(generation_id, receipt)

    @guarded
    def log_failure(
        self,
        generation_id: str,
        error_type: str,
        error_message: str = "",
        stack_trace: str | None = None,
        idempotency_key: str = "",
    ) -> str:
        """That the generation failed, and how."""
        return self._kept(
            generation_id,
            self._recorder().log_failure(
                generation_id,
                _json.text_or("unknown", error_type),
                _json.text_or("", error_message),
                _json.optional_text(stack_trace),
                idempotency_key,
            ),
        )

    @guarded
    def finish(self, generation_id: str, idempotency_key: str = "") -> str:
        """Write the record to generation_history.jsonl. A second call changes nothing."""
        receipt = self._recorder().finish(generation_id, idempotency_key)
        verdict = self._own(generation_id, receipt)
        return verdict if verdict == "already_finished" else self._kept(generation_id, receipt)

    @guarded
    def log_config_change(
        self, changes: Mapping[str, Any], reason: str = "", idempotency_key: str = ""
    ) -> str:
        """Changed settings: `{"clip_threshold": {"old": 0.1, "new": 0.12}}`. A value that is not
        such a pair is taken for the new one."""
        pairs = {
            name: value
            if isinstance(value, Mapping) and set(value) == {"old", "new"}
            else {"old": None, "new": value}
            for name, value in changes.items()
        }
        return self._recorder().log_config_change(
            _json.dumps(pairs), _json.text_or("", reason), idempotency_key
        )[2]

    # --- the logger itself -----------------------------------------------------------------------

    @guarded
    def flush(self) -> None:
        """Return once the derived files hold all that was acknowledged."""
        self._recorder().flush()

    def status(self) -> dict[str, Any]:
        """Counters since opening, and what there is to worry about.

        accepted, durable, refused, syncs: events. verdicts: what became of them. open, finished:
        generations. failed_calls, last_error: of this logger. trouble: why the derived files do not
        follow. is_refusing, is_queue_full, is_disk_low, is_ply_large, is_journal_damaged: alerts that
        hold. corrupt_lines: lines of the history that cannot be read; None until it was looked
        through. ply_files_lost: accepted PLY files whose bytes were gone. is_handed_over: another
        process has the folder and knows all this; then only failed_calls and last_error are there
        beside it.
        """
        try:
            found = self._recorder().status()
        except RecorderError as error:
            found = {"trouble": str(error)}
        return {**found, "failed_calls": self._failures.count, "last_error": self._failures.last}

    @guarded
    def close(self) -> None:
        """Bring the derived files up to date and let the folder go. A second call does nothing."""
        _open_loggers.discard(self)
        self._folder.close()

    def __enter__(self) -> DataLogger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- inside ----------------------------------------------------------------------------------

    @guarded
    def _open(self) -> None:
        self._recorder()

    def _recorder(self) -> _records.Recorder:
        return self._folder.recorder()

    def _kept(self, generation_id: str, receipt: _records.Receipt) -> str:
        verdict = self._own(generation_id, receipt)
        if verdict in _NOTHING_KEPT:
            raise NotRecorded(f"generation {generation_id}: {verdict.replace('_', ' ')}", verdict)
        return verdict

    def _own(self, generation_id: str, receipt: _records.Receipt) -> str:
        """The verdict, unless a key made the event count as one of another generation."""
        if receipt[0] != generation_id:
            raise NotRecorded(
                f"generation {generation_id}: the idempotency key was used for generation {receipt[0]}",
                "key_of_other_generation",
            )
        return receipt[2]


def _milliseconds(time: datetime.timedelta) -> int:
    within = min(max(time, datetime.timedelta(0)), datetime.timedelta(days=36_500))
    return math.ceil(within / datetime.timedelta(milliseconds=1))


_open_loggers: weakref.WeakSet[DataLogger] = weakref.WeakSet()


def _close_all() -> None:
    for logger in list(_open_loggers):
        try:
            logger.close()
        except RecorderError as error:
            _log.error("%s was not closed: %s", logger.data_dir, error)


atexit.register(_close_all)
