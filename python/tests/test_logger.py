"""The logger: what it records, and what it refuses."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import logging
import pathlib
import shutil
import threading
import time
import uuid

import pytest
from conftest import records, splat

import assay
from assay import errors

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_whole_generation_stands_in_the_history(log, folder):
    gid = log.start_generation("TEXT-TO-3D", "a réd cube", 57, "5F3sa2", {"steps": 45})
    assert uuid.UUID(gid).version == 4
    assert log.log_enhanced_prompt(gid, "a red cube, studio light", "blurry") == "applied"
    assert log.log_timing(gid, total_time=21.45678, trellis_time=12) == "applied"
    assert log.log_output(gid, ply=splat(3), quality_metrics={"clip_score": 0.18949}, views=4) == "applied"
    assert log.log_submission(gid) == "applied"
    assert log.log_feedback(gid, score=0.65) == "applied"
    assert log.finish(gid) == "applied"
    log.close()
    record = records(folder)[gid]
    assert record["metadata"]["miner_uid"] == 226
    assert record["metadata"]["validator_hotkey"] == "5F3sa2"
    assert record["task"]["prompt"] == "a réd cube"
    assert record["miner_config"] == {"steps": 45}
    assert record["generation"]["negative_prompt"] == "blurry"
    assert record["generation"]["timing"] == {"total_time": 21.457, "trellis_time": 12}
    output = record["generation"]["output"]
    assert output["num_gaussians"] == 3
    assert output["quality_metrics"] == {"clip_score": 0.1895}
    assert output["views"] == 4
    assert (folder / output["ply_file_path"]).read_bytes() == splat(3)
    assert record["generation"]["submission"]["submitted"] is True
    assert record["validator_feedback"]["score"] == 0.65


def test_feedback_after_the_finish_is_kept_beside_the_record(log, folder):
    gid = log.start_generation("TEXT-TO-3D", "late")
    log.finish(gid)
    assert log.log_feedback(gid, 0.5) == "late"
    assert log.log_feedback(gid, 0.5) == "repeated"
    assert log.log_feedback("from-last-year", 0.4) == "unknown_generation"
    log.close()
    lines = (folder / "generation_feedback.jsonl").read_text().splitlines()
    assert [gid in lines[0], "from-last-year" in lines[1]] == [True, True]


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_ply_bytes_come_in_any_buffer(log, folder, form):
    gid = log.start_generation("TEXT-TO-3D", "buffer")
    log.log_output(gid, form(splat(2)))
    log.log_feedback(gid, 1)
    log.finish(gid)
    log.close()
    output = records(folder)[gid]["generation"]["output"]
    assert output["ply_file_hash"] == "sha256:" + hashlib.sha256(splat(2)).hexdigest()


def test_a_ply_file_may_be_a_path(log, folder, tmp_path):
    (tmp_path / "out.ply").write_bytes(splat(5))
    gid = log.start_generation("TEXT-TO-3D", "path")
    log.log_output(gid, tmp_path / "out.ply")
    log.finish(gid)
    log.close()
    assert records(folder)[gid]["generation"]["output"]["num_gaussians"] == 5


def test_a_missing_ply_file_is_an_error_of_its_kind(log):
    gid = log.start_generation("TEXT-TO-3D", "path")
    with pytest.raises(FileNotFoundError) as raised:
        log.log_output(gid, "no-such.ply")
    assert raised.value.code == "not_found"
    assert isinstance(raised.value, assay.RecorderError)


def test_of_figures_and_a_file_what_was_logged_last_counts(log, folder):
    own = {"num_gaussians": 7, "gaussian_stats": {"mine": 1}}

    def output_after(*calls: dict) -> dict:
        gid = log.start_generation("TEXT-TO-3D", "x")
        for call in calls:
            assert log.log_output(gid, **call) == "applied"
        log.finish(gid)
        log.flush()
        return records(folder)[gid]["generation"]["output"]

    file_after = output_after(own, {"ply": splat(3)})
    assert file_after["num_gaussians"] == 3
    assert "mine" not in file_after["gaussian_stats"]
    for calls in ([{**own, "ply": splat(3)}], [{"ply": splat(3)}, own]):
        output = output_after(*calls)
        assert {name: output[name] for name in own} == own
        assert output["ply_file_hash"] == file_after["ply_file_hash"]
    two_files = output_after({"ply": splat(3)}, {"ply": splat(5)})
    assert two_files["num_gaussians"] == 5


def test_an_image_prompt_is_stored_and_hashed(log, folder):
    gid = log.start_generation("IMAGE-TO-3D", base64.b64encode(PNG).decode())
    log.finish(gid)
    log.close()
    task = records(folder)[gid]["task"]
    digest = hashlib.sha256(PNG).hexdigest()
    assert task["is_base64_image"] is True
    assert task["prompt"] == f"[BASE64_IMAGE_HASH:sha256:{digest}]"
    assert (folder / task["image_file_path"]).read_bytes() == PNG


def test_without_storage_only_hashes_are_kept(folder):
    with assay.DataLogger(folder, store_images=False, store_ply_files=False) as log:
        gid = log.start_generation("IMAGE-TO-3D", base64.b64encode(PNG).decode())
        log.log_output(gid, splat())
        log.log_feedback(gid, 1)
        log.finish(gid)
    record = records(folder)[gid]
    assert record["task"]["image_file_path"] is None
    assert record["task"]["base64_image_hash"].startswith("sha256:")
    assert record["generation"]["output"]["ply_file_hash"].startswith("sha256:")
    assert [path for path in folder.glob("ply_files/**/*") if path.is_file()] == []


def test_values_of_any_type_are_recorded(log, folder):
    class Number:
        def item(self) -> float:
            return 0.25

    gid = log.start_generation(
        "TEXT-TO-3D", "half a pair \ud800", miner_config={1: Number(), "where": pathlib.Path("x"), (1, 2): {3}}
    )
    log.finish(gid)
    log.close()
    record = records(folder)[gid]
    assert record["miner_config"] == {"1": 0.25, "where": "x", "(1, 2)": [3]}
    assert record["task"]["prompt"] == "half a pair ?"


def test_an_event_that_means_nothing_raises(log):
    gid = log.start_generation("TEXT-TO-3D", "x", generation_id="mine")
    assert gid == "mine"
    with pytest.raises(errors.NotRecorded) as raised:
        log.start_generation("TEXT-TO-3D", "x", generation_id="mine")
    assert raised.value.verdict == "already_started"
    assert log.finish(gid) == "applied"
    assert log.finish(gid) == "already_finished"
    with pytest.raises(errors.NotRecorded, match="mine: already finished"):
        log.log_timing(gid, total_time=1)
    with pytest.raises(errors.NotRecorded, match="unknown generation"):
        log.log_failure("never", "crash")


def test_an_idempotency_key_makes_a_retry_harmless(log):
    first = log.start_generation("TEXT-TO-3D", "x", idempotency_key="k1")
    assert log.start_generation("TEXT-TO-3D", "x", idempotency_key="k1") == first
    assert log.status()["open"] == 1


def test_an_idempotency_key_of_another_generation_is_told(log):
    first = log.start_generation("TEXT-TO-3D", "x", idempotency_key="start")
    other = log.start_generation("TEXT-TO-3D", "x")
    assert log.log_submission(first, idempotency_key="k") == "applied"
    assert log.log_feedback(first, 0.5, idempotency_key="k") == "applied"
    for call in (
        lambda: log.start_generation("TEXT-TO-3D", "x", generation_id="c", idempotency_key="start"),
        lambda: log.log_submission(other, idempotency_key="k"),
        lambda: log.log_feedback(other, 0.5, idempotency_key="k"),
    ):
        with pytest.raises(assay.errors.NotRecorded, match=f"used for generation {first}") as told:
            call()
        assert told.value.verdict == "key_of_other_generation"


def test_wrong_arguments_raise_what_they_are(log, tmp_path):
    gid = log.start_generation("TEXT-TO-3D", "x")
    with pytest.raises(ValueError, match="finite"):
        log.log_feedback(gid, float("nan"))
    with pytest.raises(ValueError, match="durability"):
        assay.DataLogger(tmp_path / "other", durability="sometimes")
    with pytest.raises(ValueError, match="on_error"):
        assay.DataLogger(tmp_path / "other", on_error="ignore")
    with pytest.raises(TypeError):
        log.log_output(gid, 17)


def test_calls_after_close_say_so(folder):
    log = assay.DataLogger(folder)
    log.close()
    log.close()
    with pytest.raises(errors.Unavailable, match="closed"):
        log.start_generation("TEXT-TO-3D", "x")


def test_waiting_callers_share_a_sync(folder):
    """They could not if a call kept the interpreter's lock while it waits for the disk."""
    with assay.DataLogger(folder) as log:

        def work() -> None:
            for _ in range(10):
                log.log_timing(gid, total_time=1)

        gid = log.start_generation("TEXT-TO-3D", "x")
        threads = [threading.Thread(target=work) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        status = log.status()
    assert status["durable"] == status["accepted"] == 321
    assert status["syncs"] < 300


def test_close_waits_for_calls_that_run(folder):
    log = assay.DataLogger(folder)
    kept: list[str] = []

    def work() -> None:
        while True:
            try:
                kept.append(log.start_generation("TEXT-TO-3D", "x"))
            except errors.Unavailable:
                return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(kept) < 50:
        pass
    log.close()
    for thread in threads:
        thread.join()
    with assay.DataLogger(folder) as again:
        assert again.status()["open"] == len(kept)


def test_with_on_error_log_nothing_raises(folder, caplog):
    folder.write_text("a file where the folder should be")
    with caplog.at_level(logging.ERROR, "assay"):
        log = assay.DataLogger(folder, on_error="log")
        gid = log.start_generation("TEXT-TO-3D", "x")
        assert log.log_output(gid, ply=b"", gaussian_stats={}) is None
        assert log.log_feedback(gid, "no number") is None
        log.no_such = log.log_timing(gid, 1, 2, 3)
        log.close()
    assert uuid.UUID(gid)
    status = log.status()
    assert status["failed_calls"] == 5
    assert "log_timing" in status["last_error"]
    assert len([line for line in caplog.records if "was not recorded" in line.message]) == 1


def test_the_time_that_ply_files_wait_is_kept_exactly(folder):
    log = assay.DataLogger(folder, feedback_timeout=datetime.timedelta(milliseconds=1))
    gid = log.start_generation("TEXT-TO-3D", "x")
    log.log_output(gid, ply=splat())
    log.close()
    time.sleep(0.01)
    # What waited for longer is settled when the folder is opened.
    with assay.DataLogger(folder, feedback_timeout=datetime.timedelta(minutes=10)) as again:
        assert len(list((folder / "ply_files" / "pending").iterdir())) == 1
    with assay.DataLogger(folder, feedback_timeout=datetime.timedelta(milliseconds=1)) as again:
        assert list((folder / "ply_files" / "pending").iterdir()) == []
        again.finish(gid)
    assert records(folder)[gid]["generation"]["output"]["ply"] == "expired"


def test_a_folder_that_is_removed_under_a_logger_is_made_anew(folder):
    log = assay.DataLogger(folder, on_error="log")
    log.start_generation("TEXT-TO-3D", "lost")
    shutil.rmtree(folder)
    gid = log.start_generation("TEXT-TO-3D", "kept")
    assert log.finish(gid) == "applied"
    log.close()
    assert list(records(folder)) == [gid]


def test_a_folder_that_comes_back_is_opened(folder):
    folder.write_text("in the way")
    log = assay.DataLogger(folder, on_error="log")
    log.start_generation("TEXT-TO-3D", "lost")
    folder.unlink()
    log._folder._next_opening = 0.0
    gid = log.start_generation("TEXT-TO-3D", "kept")
    assert log.finish(gid) == "applied"
    log.close()
    assert list(records(folder)) == [gid]
    assert log.status()["failed_calls"] == 2


def test_changes_of_settings_are_logged(log, folder):
    log.log_config_change({"clip_threshold": {"old": 0.1, "new": 0.12}, "steps": 45}, "tuning")
    log.close()
    line = (folder / "miner_config_history.jsonl").read_text()
    assert '"changes": {"clip_threshold": {"old": 0.1, "new": 0.12}, "steps": {"old": null, "new": 45}}' in line
    assert '"reason": "tuning"' in line


def end_of_last_month(folder: pathlib.Path) -> None:
    """As if the folder had been closed in January 2020, with a record of that month in it."""
    path = folder / "journal" / "checkpoint.json"
    text = path.read_text()
    checkpoint = json.loads(text)
    month = checkpoint["body"]["rotated"]
    start = text.index('"body": ') + len('"body": ')
    body = text[start : text.rindex("}")].rstrip()
    assert hashlib.sha256(body.encode()).hexdigest() == checkpoint["body_sha256"]
    earlier = body.replace(f'"rotated": "{month}"', '"rotated": "2020-01"')
    assert earlier != body
    text = text.replace(body, earlier)
    path.write_text(text.replace(checkpoint["body_sha256"], hashlib.sha256(earlier.encode()).hexdigest()))
    line = {"metadata": {"generation_id": "old", "timestamp": "2020-01-31T12:00:00+00:00"}}
    with (folder / "generation_history.jsonl").open("a") as history:
        history.write(json.dumps(line) + "\n")


@pytest.mark.parametrize("rotate_monthly", [True, False])
def test_months_rotate_unless_told_not_to(folder: pathlib.Path, rotate_monthly: bool) -> None:
    with assay.DataLogger(folder) as log:
        log.finish(log.start_generation("text", "a dog"))
    end_of_last_month(folder)
    name = "generation_history_2020-01.jsonl"
    found = [folder / name, folder / f"{name}.gz", folder / "archive" / f"{name}.gz"]
    with assay.DataLogger(folder, rotate_monthly=rotate_monthly) as log:
        log.finish(log.start_generation("text", "a cat"))
        deadline = time.monotonic() + (20 if rotate_monthly else 1.5)
        # The record is in both for a moment; closing would leave the rest for the next time.
        while time.monotonic() < deadline and not (any(path.exists() for path in found) and "old" not in records(folder)):
            time.sleep(0.05)
    assert any(path.exists() for path in found) == rotate_monthly
    assert ("old" in records(folder)) != rotate_monthly
    assert len(records(folder)) == (2 if rotate_monthly else 3)


def test_a_line_that_cannot_be_read_is_told_of(folder):
    folder.mkdir(exist_ok=True)
    (folder / "generation_history.jsonl").write_text('{"metadata": {"generation_id": "a"}}\n{"cut\n')
    with assay.DataLogger(folder) as log:
        deadline = time.monotonic() + 60  # it is looked for beside all else, in a moment
        while log.status()["corrupt_lines"] is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert log.status()["corrupt_lines"] == 1
        assert log.status()["is_queue_full"] is False
