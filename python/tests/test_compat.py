"""The old logger's names and arguments, and that they never raise."""

from __future__ import annotations

import argparse
import json
import logging

import pytest
from conftest import records, splat

from assay import compat


@pytest.fixture
def old(folder):
    logger = compat.init_logger(
        data_dir=str(folder),
        miner_uid=226,
        miner_version="phase1",
        network="mainnet",
        store_images=True,
        store_ply_files=True,
        ply_min_score_threshold=0.6,
        store_rejected_sample_rate=0.1,
        disk_space_alert_threshold=0.2,
        ply_storage_alert_gb=300,
        stats_log_interval=100,
    )
    yield logger
    logger.close()


def test_a_generation_by_the_old_names(old, folder):
    assert compat.get_logger() is old
    log_id = old.start_generation(
        task_type="TEXT-TO-3D", prompt="a cube", validator_uid=None, validator_hotkey=None, miner_config={"a": 1}
    )
    old.log_enhanced_prompt(log_id, "a red cube", negative_prompt="dark")
    old.log_timing(log_id, "trellis_time", 12.15)
    old.log_timing(log_id, {"sdxl_time": 8.62})
    old.log_timing(log_id, total_time=21.4)
    old.log_output(
        log_id,
        num_gaussians=398234,
        file_size_mb=35.304,
        clip_score=0.189,
        clip_threshold_pass=True,
        validation_pass=None,
        gaussian_stats={"opacity_mean": 4.84},
    )
    old.log_submission(log_id, submitted=True, ply_data=splat())
    old.log_validator_feedback(log_id, 0.65, feedback_time="2025-11-12T21:32:15Z")
    old.finalize_generation(log_id)
    stats = old.get_stats()
    assert (stats["total_generations"], stats["pending_generations"], stats["failed_calls"]) == (1, 0, 0)
    old.close()
    record = records(folder)[log_id]
    assert record["generation"]["timing"] == {"trellis_time": 12.15, "sdxl_time": 8.62, "total_time": 21.4}
    output = record["generation"]["output"]
    assert output["num_gaussians"] == 398234
    assert output["file_size_mb"] == 35.3
    assert output["ply_file_hash"].startswith("sha256:")
    assert output["quality_metrics"] == {"clip_score": 0.189, "clip_threshold_pass": True, "validation_pass": None}
    assert output["gaussian_stats"] == {"opacity_mean": 4.84}
    assert (folder / output["ply_file_path"]).exists()
    assert record["validator_feedback"]["accepted"] is True


def test_a_score_under_the_threshold_keeps_no_ply_file(old, folder):
    log_id = old.start_generation("TEXT-TO-3D", "a cube", generation_id="not-sampled")
    old.log_output(log_id, ply_data=splat())
    old.log_submission(log_id)
    old.log_validator_feedback(log_id, 0.5)
    old.finalize_generation(log_id)
    old.close()
    assert "ply_file_path" not in records(folder)["not-sampled"]["generation"]["output"]
    assert list((folder / "ply_files").glob("*.ply")) == []


def test_a_rejected_generation_says_why(old, folder):
    log_id = old.start_generation("TEXT-TO-3D", "a cube")
    old.log_failure(log_id, error_type="oom", error_message="out of memory", stack_trace="...")
    old.log_submission(log_id, submitted=False, rejection_reason="low_clip_score")
    old.finalize_generation(log_id)
    old.close()
    record = records(folder)[log_id]
    assert record["generation"]["submission"]["rejection_reason"] == "low_clip_score"
    assert record["failure_analysis"]["error_type"] == "oom"


def test_arguments_without_a_place_are_kept_in_the_output(old, folder):
    log_id = old.start_generation("TEXT-TO-3D", "a cube", gpu=1)
    old.log_submission(generation_id=log_id, submitted=True, bytes_sent=7)
    old.finalize_generation(log_id)
    old.close()
    output = records(folder)[log_id]["generation"]["output"]
    assert output["extra_start_generation"] == {"gpu": 1}
    assert output["extra_log_submission"] == {"bytes_sent": 7}


@pytest.mark.parametrize(
    ("arguments", "keywords", "changes"),
    [
        (({"a": {"old": 1, "new": 2}}, "why"), {}, {"a": {"old": 1, "new": 2}}),
        (({"a": 1, "b": 3}, {"a": 2, "b": 3}, "why"), {}, {"a": {"old": 1, "new": 2}}),
        (("a", 1, 2, "why"), {}, {"a": {"old": 1, "new": 2}}),
        ((), {"old_config": {"a": 1}, "new_config": {"a": 2}, "reason": "why"}, {"a": {"old": 1, "new": 2}}),
        (("a",), {"old_value": 1, "new_value": 2, "reason": "why"}, {"a": {"old": 1, "new": 2}}),
    ],
)
def test_changes_of_settings_in_every_form(old, folder, arguments, keywords, changes):
    old.log_config_change(*arguments, **keywords)
    old.close()
    event = json.loads((folder / "miner_config_history.jsonl").read_text())
    assert (event["event"], event["changes"], event["reason"]) == ("config_change", changes, "why")


def test_the_settings_at_the_start(old, folder):
    compat.log_startup_config({"a": 1})
    compat.log_startup_config(old, argparse.Namespace(b=2))
    compat.log_startup_config(c=3)
    old.close()
    lines = [json.loads(line) for line in (folder / "miner_config_history.jsonl").read_text().splitlines()]
    assert [line["changes"] for line in lines] == [
        {"a": {"old": None, "new": 1}},
        {"b": {"old": None, "new": 2}},
        {"c": {"old": None, "new": 3}},
    ]


def test_nothing_raises(old, caplog):
    with caplog.at_level(logging.ERROR, "assay"):
        assert old.log_timing("never started", "x", 1) is None
        assert old.log_output(None, 1) is None
        assert old.log_validator_feedback("x") is None
        assert old.log_failure() is None
        assert old.finalize_generation(1, 2, 3) is None
        assert old.log_config_change(3, 4, 5, 6, 7) is None
    assert old.get_stats()["failed_calls"] >= 5
    assert len(caplog.records) == 1


class Nasty:
    """A value that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")


def test_values_that_cannot_be_used_do_not_raise_either(folder):
    logger = compat.init_logger(folder)
    compat.log_startup_config(5)
    compat.log_startup_config(logger, Nasty())
    first = logger.start_generation("TEXT-TO-3D", "x", generation_id=Nasty())
    second = logger.start_generation("TEXT-TO-3D", None)
    logger.log_failure(second, None, None)
    logger.finalize_generation(second)
    assert first
    assert logger.get_stats()["failed_calls"] == 2
    logger.close()
    assert "None" not in (folder / "generation_history.jsonl").read_text()


def test_unknown_constructor_arguments_are_reported(folder, caplog):
    logger = compat.GenerationDataLogger(folder, colour="red", stats_log_interval=10)
    logger.close()
    assert "colour, stats_log_interval" in caplog.text


def test_a_second_init_closes_the_first(folder):
    first = compat.init_logger(folder)
    second = compat.init_logger(folder)
    assert second.get_stats()["failed_calls"] == 0
    assert first.get_stats()["trouble"] == "the logger is closed"
    second.close()
