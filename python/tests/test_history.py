"""assay.history.read(): the records as a table."""

from __future__ import annotations

import ctypes
import datetime
import gzip
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from conftest import splat

import assay
from assay import errors, history

UTC = datetime.timezone.utc


def write_lines(folder: pathlib.Path, *lines: Any, name: str = "generation_history.jsonl") -> None:
    folder.mkdir(exist_ok=True)
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode("utf-8", "surrogatepass")))
    else:
        path.write_text(text)


def record(generation_id: str, time: str = "2025-11-02T00:00:00+00:00", **feedback: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation_id": generation_id, "timestamp": time, "miner_uid": 226, "validator_uid": None},
        "task": {"task_type": "TEXT-TO-3D", "prompt": "a dog"},
        "miner_config": {"steps": 45},
        "generation": {"timing": {"total_time": 21.4}, "output": {"quality_metrics": {"clip_score": 0.2}}},
        "validator_feedback": {"received": False, "score": None, **feedback},
        "failure_analysis": {"failed": False},
    }


# --- what reads nothing but the C structures: no package is needed ------------------------------------


class ArrowArray(ctypes.Structure):
    _fields_ = [
        ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64),
        ("buffers", ctypes.c_void_p), ("children", ctypes.c_void_p), ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
    ]  # fmt: skip


class ArrowArrayStream(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("get_schema", "get_next", "get_last_error", "release", "private_data")]


# Functions that ctypes calls without letting go of the interpreter's lock.
NEXT = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.POINTER(ArrowArrayStream), ctypes.POINTER(ArrowArray))
ERROR = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(ArrowArrayStream))
RELEASE = ctypes.PYFUNCTYPE(None, ctypes.POINTER(ArrowArray))


class Consumer:
    """A consumer that holds the interpreter's lock."""

    def __init__(self, records: history.Records) -> None:
        self.capsule = records.__arrow_c_stream__()
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        self.stream = ArrowArrayStream.from_address(pointer(self.capsule, b"arrow_array_stream"))

    def next_rows(self) -> int | None:
        """How many rows the next batch has; None at the end."""
        array = ArrowArray()
        code = NEXT(self.stream.get_next)(ctypes.byref(self.stream), ctypes.byref(array))
        if code:
            raise OSError(code, ERROR(self.stream.get_last_error)(ctypes.byref(self.stream)).decode())
        if not array.release:
            return None
        rows = array.length
        RELEASE(array.release)(ctypes.byref(array))
        return rows


def test_batches_have_up_to_65536_rows(folder):
    write_lines(folder, *["{}"] * 70_000)
    records = history.read(folder)
    consumer = Consumer(records)
    assert [consumer.next_rows() for _ in range(3)] == [65_536, 4_464, None]
    assert records.counts["records"] == 70_000


def test_a_capsule_that_nobody_opens_is_released(folder):
    write_lines(folder, record("a"))
    records = history.read(folder)
    for _ in range(3):
        records.__arrow_c_stream__()
        records.__arrow_c_schema__()
    half_read = Consumer(records)
    assert half_read.next_rows() == 1
    del records, half_read


def test_other_threads_run_while_a_batch_is_made(folder):
    line = json.dumps(record("x"))
    write_lines(folder, *(line.replace('"x"', f'"{number}"', 1) for number in range(60_000)))
    consumer = Consumer(history.read(folder))
    num_turns, is_done = 0, threading.Event()

    def turn() -> None:
        nonlocal num_turns
        while not is_done.is_set():
            num_turns += 1
            time.sleep(0.001)

    thread = threading.Thread(target=turn)
    thread.start()
    before = num_turns
    began = time.monotonic()
    assert consumer.next_rows() == 60_000
    seconds, turns = time.monotonic() - began, num_turns - before
    is_done.set()
    thread.join()
    assert turns > 50 * seconds


def test_a_reading_that_fails_says_why(folder):
    write_lines(folder, record("a"), name="generation_history_2025-10.jsonl.gz")
    path = folder / "generation_history_2025-10.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-9])
    records = history.read(folder)
    with pytest.raises(OSError, match=r"2025-10\.jsonl\.gz: .*restore this file from a backup"):
        Consumer(records).next_rows()
    assert records.counts is None


def test_a_stream_outlives_the_records(folder):
    write_lines(folder, record("a"))
    consumer = Consumer(history.read(folder))
    assert consumer.next_rows() == 1


# --- arguments ----------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_told_at_once(folder, tmp_path):
    with pytest.raises(errors.NotFound, match="no such folder"):
        history.read(folder)
    with pytest.raises(FileNotFoundError, match="expected generation_history.jsonl"):
        history.read(tmp_path)
    write_lines(folder, record("a"))
    with pytest.raises(ValueError, match="no column 'scor'; did you mean 'score'"):
        history.read(folder, columns=["scor"])
    with pytest.raises(ValueError, match="named twice"):
        history.read(folder, columns=["score", "score"])
    with pytest.raises(TypeError, match="not the text"):
        history.read(folder, columns="score")
    with pytest.raises(ValueError, match="one of them"):
        history.read(folder, last_days=1, since=datetime.datetime.now(UTC))
    with pytest.raises(ValueError, match="number of days"):
        history.read(folder, last_days=-1)


def test_columns_come_in_the_order_wanted(folder):
    write_lines(folder, record("a"))
    assert history.read(folder, columns=["score", "prompt"]).column_names == ["score", "prompt"]
    every = history.read(folder).column_names
    assert every[:3] == ["generation_id", "timestamp", "miner_uid"]
    assert "record" not in every
    assert repr(history.read(folder)).endswith(f"{len(every)} columns)")


# --- what a killed recorder left ----------------------------------------------------------------------


def leave_events_in_the_journal(folder: pathlib.Path) -> None:
    script = "import os, sys, assay\nlog = assay.DataLogger(sys.argv[1])\n"
    script += "log.finish(log.start_generation('TEXT-TO-3D', 'x'))\nos.kill(os.getpid(), 9)\n"
    assert subprocess.run([sys.executable, "-c", script, str(folder)], timeout=60).returncode == -signal.SIGKILL


def test_events_that_are_only_in_the_journal_are_told_of(folder):
    leave_events_in_the_journal(folder)
    with pytest.warns(errors.WaitingEventsWarning, match="^2 events of a recorder that was killed") as told:
        history.read(folder)
    assert [warning.filename for warning in told] == [__file__]
    # Of a process at work nothing waits: it sees to its files itself.
    with assay.DataLogger(folder):
        history.read(folder)
    history.read(folder)


def test_events_that_wait_where_there_is_no_other_history_are_told_of(folder, tmp_path):
    leave_events_in_the_journal(folder)
    alone = tmp_path / "alone"
    shutil.copytree(folder / "journal", alone / "journal", ignore=shutil.ignore_patterns("socket"))
    with pytest.warns(errors.WaitingEventsWarning), pytest.raises(errors.NotFound):
        history.read(alone)


# --- pyarrow ------------------------------------------------------------------------------------------


@pytest.fixture
def arrow() -> Any:
    return pytest.importorskip("pyarrow")


def test_columns_have_types(arrow, folder):
    write_lines(folder, record("a", score=0.5, accepted=True, received=True, feedback_time="2025-11-02T00:01:00.5+00:00"))
    table = arrow.table(history.read(folder))
    table.validate(full=True)
    assert table.schema.field("timestamp").type == arrow.timestamp("us", "UTC")
    (row,) = table.to_pylist()
    assert row["generation_id"] == "a"
    assert row["timestamp"] == datetime.datetime(2025, 11, 2, tzinfo=UTC)
    assert row["feedback_time"] == datetime.datetime(2025, 11, 2, 0, 1, 0, 500_000, tzinfo=UTC)
    assert (row["miner_uid"], row["validator_uid"]) == (226, None)
    assert (row["score"], row["accepted"], row["failed"]) == (0.5, True, False)
    assert (row["clip_score"], row["total_time"]) == (0.2, 21.4)
    assert json.loads(row["miner_config"]) == {"steps": 45}
    assert row["error_type"] is None


def test_a_history_without_records_is_a_table_without_rows(arrow, folder):
    write_lines(folder)
    records = history.read(folder)
    table = arrow.table(records)
    assert table.num_rows == 0
    assert table.column_names == records.column_names
    assert records.counts["records"] == 0


def test_the_schema_alone_is_that_of_the_rows(arrow, folder):
    write_lines(folder, record("a"))
    records = history.read(folder)
    assert arrow.schema(records) == arrow.table(records).schema


def test_late_feedback_is_merged(arrow, folder):
    with assay.DataLogger(folder) as log:
        gid = log.start_generation("TEXT-TO-3D", "x")
        log.log_output(gid, splat())
        log.log_submission(gid)
        log.finish(gid)
        log.flush()
        log.log_feedback(gid, 0.75, validator_hotkey="5F")
    records = history.read(folder)
    (row,) = arrow.table(records).to_pylist()
    assert (row["score"], row["accepted"], row["received"]) == (0.75, True, True)
    assert row["feedback_delay_seconds"] >= 0
    assert row["validator_hotkey"] == "5F"
    assert row["ply_file_path"].startswith("ply_files/")
    assert row["num_gaussians"] == 3
    assert records.counts["late_feedback"] == 1


def test_lines_that_are_not_right_are_counted(arrow, folder):
    lone_surrogate = json.dumps(record("s")).replace("a dog", "a \\ud800 dog")
    write_lines(folder, record("a"), "broken", "[]", "", lone_surrogate, record("a", score="high"), record("n", time="never"))
    (folder / "generation_history.jsonl").write_bytes((folder / "generation_history.jsonl").read_bytes() + b'{"a": "\xff"}\n')
    records = history.read(folder, columns=["generation_id", "score", "prompt", "timestamp"])
    rows = arrow.table(records)
    rows.validate(full=True)
    assert rows.column("generation_id").to_pylist() == ["s", "a", "n"]
    assert rows.column("prompt").to_pylist()[0] == "a \ufffd dog"
    assert rows.column("score").null_count == 3
    assert rows.column("timestamp").to_pylist()[2] is None
    expected = {"records": 3, "lost": 3, "bad_json": 1, "bad_utf8": 1, "no_object": 1, "duplicate": 1, "wrong_type": 1,
                "lone_surrogate": 1, "bad_timestamp": 1}  # fmt: skip
    assert {name: records.counts[name] for name in expected} == expected


def test_months_are_one_history_and_a_window_opens_what_it_needs(arrow, folder):
    now = datetime.datetime.now(UTC)
    yesterday = (now - datetime.timedelta(days=1)).isoformat()
    write_lines(folder, record("first", "2024-03-02T00:00:00Z"), name="generation_history_2024-03.jsonl.gz")
    write_lines(folder, record("second", "2025-11-02T00:00:00Z"), record("last", yesterday))
    everything = history.read(folder, columns=["generation_id"])
    assert arrow.table(everything).column(0).to_pylist() == ["first", "second", "last"]

    def ids(**window: Any) -> list[str]:
        return arrow.table(history.read(folder, columns=["generation_id"], **window)).column(0).to_pylist()

    assert ids(last_days=0) == ["first", "second", "last"]
    (folder / "generation_history_2024-03.jsonl.gz").write_bytes(b"broken")
    assert ids(last_days=2) == ["last"]
    assert ids(since=datetime.datetime(2025, 11, 2)) == ["second", "last"]
    assert ids(since=datetime.datetime(2025, 11, 2, 1, tzinfo=UTC)) == ["last"]


def test_the_whole_record_can_be_had(arrow, folder):
    line = {**record("a"), "of another program": [1, 2]}
    write_lines(folder, line)
    (row,) = arrow.table(history.read(folder, columns=["record", "output"])).to_pylist()
    assert json.loads(row["record"]) == line
    assert json.loads(row["output"]) == line["generation"]["output"]


def test_each_reading_sees_what_is_there_by_then(arrow, folder):
    write_lines(folder, record("a"))
    records = history.read(folder)
    assert arrow.table(records).num_rows == 1
    write_lines(folder, record("a"), record("b"))
    assert arrow.table(records).num_rows == 2


def test_columns_are_not_copied(arrow, folder):
    write_lines(folder, record("a"))
    batch = arrow.RecordBatchReader.from_stream(history.read(folder, columns=["miner_uid"])).read_next_batch()
    assert arrow.table(batch).column(0).chunk(0).buffers()[1].address == batch.column(0).buffers()[1].address
    assert arrow.total_allocated_bytes() == 0


# --- others -------------------------------------------------------------------------------------------


def test_polars_takes_the_records(folder):
    polars = pytest.importorskip("polars")
    write_lines(folder, record("a", score=0.5), record("b", score=0.25))
    frame = polars.DataFrame(history.read(folder))
    assert frame["score"].sum() == 0.75
    assert frame.schema["timestamp"] == polars.Datetime("us", "UTC")
    assert frame["miner_config"].str.json_path_match("$.steps").to_list() == ["45", "45"]


def test_duckdb_takes_the_records(folder):
    duckdb = pytest.importorskip("duckdb")
    write_lines(folder, record("a", score=0.5), record("b", score=0.25))
    records = history.read(folder)
    (row,) = duckdb.sql("select count(*), sum(score), max(miner_config->>'$.steps') from records").fetchall()
    assert row == (2, 0.75, "45")
