"""Forks, spawned processes, and a process that is killed at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import random
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import records

import assay
from assay import errors

NUM_KILLS = 200 if os.environ.get("ASSAY_TEST_FULL") else 20


def log_one(folder: str, name: str) -> None:
    with assay.DataLogger(folder) as log:
        log.start_generation("TEXT-TO-3D", name, generation_id=name)
        log.finish(name)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_process_opens_a_folder_of_its_own(folder, log, method):
    log.start_generation("TEXT-TO-3D", "parent", generation_id="parent")
    other = folder.parent / "other"
    child = multiprocessing.get_context(method).Process(target=log_one, args=(str(other), "child"))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert list(records(other)) == ["child"]
    assert log.finish("parent") == "applied"


def in_child(work) -> int:
    """Fork; run `work` in the child; returns its process id."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(2)
    return child


def test_a_forked_child_never_touches_the_parents_recorder(log):
    log.start_generation("TEXT-TO-3D", "x", generation_id="x")
    handle = log._handle

    def work() -> bool:
        try:
            handle.finish("x", "")
        except errors.Unavailable as error:
            return "before fork()" in str(error)
        return False

    assert os.waitpid(in_child(work), 0)[1] == 0
    assert log.finish("x") == "applied"


def test_a_forked_child_reopens_when_the_parent_has_let_go(folder):
    log = assay.DataLogger(folder)
    log.start_generation("TEXT-TO-3D", "x", generation_id="x")
    reading, writing = os.pipe()

    def work() -> bool:
        os.read(reading, 1)
        verdict = log.finish("x")
        log.close()
        return verdict == "applied"

    child = in_child(work)
    log.close()
    os.write(writing, b"!")
    assert os.waitpid(child, 0)[1] == 0
    assert list(records(folder)) == ["x"]


def test_a_forked_child_that_lives_on_keeps_no_lock(folder):
    log = assay.DataLogger(folder)
    reading, writing = os.pipe()
    child = in_child(lambda: os.read(reading, 1) == b"!")
    time.sleep(0.2)
    log.close()
    with assay.DataLogger(folder) as again:
        again.start_generation("TEXT-TO-3D", "x")
    os.write(writing, b"!")
    assert os.waitpid(child, 0)[1] == 0


def test_a_fork_among_busy_threads_hangs_nobody(folder):
    log = assay.DataLogger(folder)
    import threading

    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            log.start_generation("TEXT-TO-3D", "x")

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(10):
            target = str(folder.parent / f"child-{number}")
            child = in_child(lambda: log_one(target, "x") is None)
            deadline = time.monotonic() + 20
            while os.waitpid(child, os.WNOHANG)[0] == 0:
                assert time.monotonic() < deadline, "the child hangs"
                time.sleep(0.01)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        log.close()


MINER = """
    import itertools, sys, threading
    import assay

    log = assay.DataLogger(sys.argv[1])
    lock = threading.Lock()

    def acknowledge(*facts):
        with lock:
            sys.stdout.write(" ".join(map(str, facts)) + "\\n")
            sys.stdout.flush()

    def work(name):
        for number in itertools.count():
            gid = log.start_generation("TEXT-TO-3D", "x", generation_id=f"{sys.argv[2]}-{name}-{number}")
            acknowledge("start", gid)
            log.log_timing(gid, total_time=number)
            acknowledge("timing", gid, number)
            log.log_feedback(gid, 0.25)
            acknowledge("feedback", gid)
            if number % 2:
                log.finish(gid)
                acknowledge("finish", gid)

    for name in range(4):
        threading.Thread(target=work, args=(name,), daemon=True).start()
    threading.Event().wait()
"""


def kill_one_miner(folder: pathlib.Path, trial: int, seconds: float) -> list[list[str]]:
    """Run a miner, kill it after `seconds` of logging; returns what was acknowledged to it."""
    miner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(MINER), str(folder), str(trial)], stdout=subprocess.PIPE, text=True
    )
    acknowledged = [miner.stdout.readline()]
    time.sleep(seconds)
    miner.kill()
    acknowledged += miner.stdout.readlines()
    miner.wait()
    miner.stdout.close()
    # A line that the kill cut short was not yet told to anybody.
    return [line.split() for line in acknowledged if line.endswith("\n")]


def test_every_acknowledged_event_survives_a_kill(folder):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    acknowledged: list[list[str]] = []
    for trial in range(NUM_KILLS):
        acknowledged += kill_one_miner(folder, trial, rng.uniform(0.0, 0.15))
    with assay.DataLogger(folder):
        pass
    finished = records(folder)
    everything = {**json.loads((folder / "pending_generations.json").read_text()), **finished}
    assert len(acknowledged) > 10 * NUM_KILLS
    for event, gid, *facts in acknowledged:
        assert gid in everything, (event, gid)
        if event == "timing":
            assert everything[gid]["generation"]["timing"] == {"total_time": int(facts[0])}
        elif event == "feedback":
            assert everything[gid]["validator_feedback"]["score"] == 0.25
        elif event == "finish":
            assert gid in finished
