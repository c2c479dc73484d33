"""The names of the old logger, so that migrating is one import line:

    from assay.compat import GenerationDataLogger, get_logger, init_logger, log_startup_config

Nothing raises into a generation: what could not be recorded is counted in get_stats() and
reported, once a minute at most, to Python's logger "assay". Each method takes its arguments by
position or name; the id's name may be `log_id` or `generation_id`. Arguments that have no place of
their own in a record are kept in its `output`: those of log_output by their names, those of another
method in an object `extra_METHOD`.
"""

from __future__ import annotations

import datetime
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from .errors import NotRecorded
from .logger import DataLogger, guarded

__all__ = ["GenerationDataLogger", "get_logger", "init_logger", "log_startup_config"]

_log = logging.getLogger("assay")
# Arguments of the old log_output() that the record keeps in quality_metrics.
_QUALITY_METRICS = (
    "clip_score",
    "clip_threshold_pass",
    "gaussian_count_pass",
    "validation_pass",
)
# What the recorder would read from a PLY file, unless the caller has said it.
_PLY_FIGURES = ("num_gaussians", "file_size_mb", "gaussian_stats")
_MAX_REMEMBERED = 4096
_SAMPLED_SHARE = 0.1


class GenerationDataLogger(DataLogger):
    """The old logger's constructor and methods over the new recorder.

    ply_min_score_threshold: PLY files of a lower score count as rejected.
    disk_space_alert_threshold: the free share of the disk under which an alert is raised.
    store_rejected_sample_rate, stats_log_interval: always 0.1 and 100 here; another value is
        reported and changes nothing.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str] = "data",
        miner_uid: int | None = None,
        miner_version: str = "unknown",
        network: str = "mainnet",
        store_images: bool = True,
        store_ply_files: bool = True,
        ply_min_score_threshold: float = 0.7,
        store_rejected_sample_rate: float = _SAMPLED_SHARE,
        disk_space_alert_threshold: float = 0.2,
        ply_storage_alert_gb: float = 300,
        stats_log_interval: int = 100,
        *,
        durability: str = "always",
        feedback_timeout: datetime.timedelta | None = datetime.timedelta(hours=24),
        rotate_monthly: bool = True,
        **unknown: Any,
    ) -> None:
        self._figures: dict[str, dict[str, Any]] = {}
        super().__init__(
            data_dir,
            miner_uid=miner_uid,
            network=network,
            miner_version=miner_version,
            store_images=store_images,
            store_ply_files=store_ply_files,
            durability=durability,
            on_error="log",
            ply_min_score=ply_min_score_threshold,
            feedback_timeout=feedback_timeout,
            min_free_share=disk_space_alert_threshold,
            max_ply_files_bytes=int(ply_storage_alert_gb * 1_000_000_000),
            rotate_monthly=rotate_monthly,
        )
        ignored = sorted(unknown)
        if store_rejected_sample_rate != _SAMPLED_SHARE:
            ignored.append("store_rejected_sample_rate")
        if stats_log_interval != 100:
            ignored.append("stats_log_interval")
        if ignored:
            _log.warning("GenerationDataLogger: these arguments change nothing: %s", ", ".join(ignored))

    def start_generation(  # type: ignore[override]
        self,
        task_type: str = "unknown",
        prompt: str = "",
        validator_uid: int | None = None,
        validator_hotkey: str | None = None,
        miner_config: Mapping[str, Any] | None = None,
        generation_id: str | None = None,
        **extra: Any,
    ) -> str:
        """Begin a generation; returns its id, always."""
        log_id = super().start_generation(
            task_type, prompt, validator_uid, validator_hotkey, miner_config,
            _first(generation_id, extra.pop("log_id", None)),
        )
        self._keep_extra(log_id, "start_generation", extra)
        return log_id

    @guarded
    def log_enhanced_prompt(  # type: ignore[override]
        self,
        log_id: str | None = None,
        enhanced_prompt: str | None = None,
        negative_prompt: str | None = None,
        **extra: Any,
    ) -> None:
        log_id = _id_of(log_id, extra)
        super().log_enhanced_prompt(log_id, enhanced_prompt, negative_prompt)
        self._keep_extra(log_id, "log_enhanced_prompt", extra)

    @guarded
    def log_timing(  # type: ignore[override]
        self,
        log_id: str | None = None,
        component: str | Mapping[str, float] | None = None,
        duration: float | None = None,
        **times: float,
    ) -> None:
        """Seconds of one stage, `log_timing(id, "trellis_time", 12.1)`, or of several: a mapping, or
        keywords."""
        log_id = _id_of(log_id, times)
        if isinstance(component, Mapping):
            times = {**component, **times}
        elif component is not None:
            times[component] = duration
        super().log_timing(log_id, times)

    @guarded
    def log_output(  # type: ignore[override]
        self,
        log_id: str | None = None,
        num_gaussians: int | None = None,
        file_size_mb: float | None = None,
        ply_data: Any = None,
        **fields: Any,
    ) -> None:
        """`ply_data` (or `ply`, `ply_bytes`, `ply_path`) is the file's bytes or its path."""
        log_id = _id_of(log_id, fields)
        ply = _first(ply_data, *(fields.pop(name, None) for name in ("ply", "ply_bytes", "ply_path")))
        metrics = dict(fields.pop("quality_metrics", None) or {})
        for name in _QUALITY_METRICS:
            if name in fields:
                metrics[name] = fields.pop(name)
        if metrics:
            fields["quality_metrics"] = metrics
        if file_size_mb is not None:
            fields["file_size_mb"] = file_size_mb
        # An argument that is None says nothing here, as in the old logger's records.
        given = {name: value for name, value in fields.items() if value is not None}
        if num_gaussians is not None:
            given["num_gaussians"] = num_gaussians
        super().log_output(log_id, ply, **self._with_figures(log_id, given, ply))

    @guarded
    def log_submission(  # type: ignore[override]
        self,
        log_id: str | None = None,
        submitted: bool = True,
        rejection_reason: str | None = None,
        ply_data: Any = None,
        **extra: Any,
    ) -> None:
        log_id = _id_of(log_id, extra)
        extra.pop("pre_submission_rejection", None)
        if ply_data is not None:
            super().log_output(log_id, ply_data, **self._with_figures(log_id, {}, ply_data))
        super().log_submission(log_id, submitted, rejection_reason)
        self._keep_extra(log_id, "log_submission", extra)

    @guarded
    def log_validator_feedback(
        self,
        log_id: str | None = None,
        score: float | None = None,
        feedback_time: Any = None,
        validator_uid: int | None = None,
        validator_hotkey: str | None = None,
        **extra: Any,
    ) -> None:
        """The validator's score; the time is that of the call, `feedback_time` is not needed."""
        log_id = _id_of(log_id, extra)
        if score is None:
            raise ValueError("score: expected a number")
        extra.pop("accepted", None)
        super().log_feedback(log_id, score, validator_uid, validator_hotkey)
        self._keep_extra(log_id, "log_validator_feedback", extra)

    @guarded
    def log_failure(  # type: ignore[override]
        self,
        log_id: str | None = None,
        error_type: str = "unknown",
        error_message: str = "",
        stack_trace: str | None = None,
        **extra: Any,
    ) -> None:
        log_id = _id_of(log_id, extra)
        super().log_failure(log_id, error_type, error_message, stack_trace)
        self._keep_extra(log_id, "log_failure", extra)

    @guarded
    def log_config_change(  # type: ignore[override]
        self, changes: Any = None, *more: Any, reason: str | None = None, **named: Any
    ) -> None:
        """`log_config_change({name: {"old": 1, "new": 2}}, reason)`, `log_config_change(old, new,
        reason)` with two mappings, or `log_config_change(name, old, new, reason)`."""
        pairs, rest = _config_pairs(changes, more, named)
        super().log_config_change(pairs, reason or next((str(text) for text in rest), ""))

    @guarded
    def finalize_generation(self, log_id: str | None = None, **extra: Any) -> None:
        """Write the record; feedback may come later all the same."""
        log_id = _id_of(log_id, extra)
        self._keep_extra(log_id, "finalize_generation", extra)
        self._figures.pop(log_id, None)
        super().finish(log_id)

    def get_stats(self) -> dict[str, Any]:
        """Those of status(), and under the names a caller may expect: total_generations,
        pending_generations, ply_storage_gb, failed_calls. None where another process knows."""
        found = self.status()
        if found.get("is_handed_over"):
            return {**found, "total_generations": None, "pending_generations": None, "ply_storage_gb": None}
        return {
            **found,
            "total_generations": found.get("finished", 0),
            "pending_generations": found.get("open", 0),
            "ply_storage_gb": found.get("ply_files_bytes", 0) / 1_000_000_000,
        }

    def _with_figures(self, log_id: str, given: dict[str, Any], ply: Any) -> dict[str, Any]:
        """`given`, and beside a PLY file the figures of earlier calls: they stand before the file's."""
        known = self._figures.pop(log_id, {})
        known.update((name, given[name]) for name in _PLY_FIGURES if name in given)
        if known:
            self._figures[log_id] = known
            while len(self._figures) > _MAX_REMEMBERED:
                self._figures.pop(next(iter(self._figures)), None)
        return given if ply is None else {**known, **given}

    def _keep_extra(self, log_id: str, method: str, extra: Mapping[str, Any]) -> None:
        if extra:
            super().log_output(log_id, None, **{f"extra_{method}": dict(extra)})


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _id_of(log_id: str | None, extra: dict[str, Any]) -> str:
    given = _first(log_id, extra.pop("generation_id", None))
    if not given:
        raise NotRecorded("no generation id: did start_generation() run?", "unknown_generation")
    return str(given)


def _config_pairs(
    first: Any, more: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The changes as {name: {old, new}}, and the arguments that are left."""
    old = named.get("old_config", named.get("old"))
    new = named.get("new_config", named.get("new"))
    if isinstance(first, Mapping) and more and isinstance(more[0], Mapping):
        old, new, more = first, more[0], more[1:]
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        before, after = dict(old or {}), dict(new or {})
        names = {**before, **after}
        return {
            str(name): {"old": before.get(name), "new": after.get(name)}
            for name in names
            if before.get(name) != after.get(name)
        }, more
    if isinstance(first, Mapping):
        return dict(first), more
    if first is not None:
        values = [*more, None, None][:2] if more else [named.get("old_value"), named.get("new_value")]
        return {str(first): {"old": values[0], "new": values[1]}}, more[2:]
    return dict(named), more


_instance: GenerationDataLogger | None = None
_instance_lock = threading.Lock()


def init_logger(*arguments: Any, **keywords: Any) -> GenerationDataLogger:
    """Make the process's logger, with the arguments of GenerationDataLogger; one that was made
    before is closed."""
    global _instance
    with _instance_lock:
        if _instance is not None:
            _instance.close()
        _instance = GenerationDataLogger(*arguments, **keywords)
        return _instance


def get_logger() -> GenerationDataLogger | None:
    """The logger that init_logger() made, or None."""
    return _instance


def log_startup_config(config: Any = None, *more: Any, **named: Any) -> None:
    """Log every setting as changed from nothing: `log_startup_config({"clip_threshold": 0.1})`. A
    logger may stand in front, else it is the process's own; settings may also be keywords, or the
    members of an object such as argparse gives."""
    logger = get_logger()
    if isinstance(config, DataLogger):
        logger, config, more = config, (more[0] if more else None), more[1:]
    if logger is None:
        _log.warning("log_startup_config: call init_logger() first; nothing was recorded")
        return
    _startup_config(logger, config, named)


@guarded
def _startup_config(logger: DataLogger, config: Any, named: Mapping[str, Any]) -> None:
    settings = {**_settings_of(config), **named}
    DataLogger.log_config_change(
        logger,
        {str(name): {"old": None, "new": value} for name, value in settings.items()},
        "startup",
    )


def _settings_of(config: Any) -> dict[Any, Any]:
    if config is None:
        return {}
    return dict(config) if isinstance(config, Mapping) else dict(vars(config))
