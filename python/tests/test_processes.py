"""Forks, spawned processes, and a process that is killed at any moment."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator

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


class Child:
    """A fork of this process that runs `work`, which says whether all was well."""

    def __init__(self, work: Callable[[], bool]) -> None:
        self.process = os.fork()
        if self.process == 0:
            try:
                os._exit(0 if work() else 1)
            except BaseException as error:
                print(error, file=sys.stderr)
                os._exit(2)
        self.is_running = True

    def succeeds(self, seconds: float = 30) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                self.is_running = False
                return status == 0
            time.sleep(0.01)
        return False

    def kill(self) -> None:
        if self.is_running:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            self.is_running = False


@pytest.fixture
def fork() -> Iterator[Callable[[Callable[[], bool]], Child]]:
    children: list[Child] = []

    def made(work: Callable[[], bool]) -> Child:
        children.append(Child(work))
        return children[-1]

    yield made
    for child in children:
        child.kill()


def test_a_forked_child_never_touches_the_parents_recorder(log, fork):
    log.start_generation("TEXT-TO-3D", "x", generation_id="x")
    handle = log._folder.recorder()

    def work() -> bool:
        try:
            handle.finish("x", "")
        except errors.Unavailable as error:
            return "before fork()" in str(error)
        return False

    assert fork(work).succeeds()
    assert log.finish("x") == "applied"


def test_a_forked_child_logs_in_the_parents_folder(folder, log, fork):
    log.start_generation("TEXT-TO-3D", "x", generation_id="x")
    assert fork(lambda: log.finish("x") == "applied").succeeds()
    assert log.finish("x") == "already_finished"
    log.close()
    assert list(records(folder)) == ["x"]


def test_a_forked_child_reopens_when_the_parent_has_let_go(folder, fork):
    log = assay.DataLogger(folder)
    log.start_generation("TEXT-TO-3D", "x", generation_id="x")
    reading, writing = os.pipe()

    def work() -> bool:
        os.read(reading, 1)
        verdict = log.finish("x")
        log.close()
        return verdict == "applied"

    child = fork(work)
    log.close()
    os.write(writing, b"!")
    assert child.succeeds()
    assert list(records(folder)) == ["x"]


def finishes_again(folder: pathlib.Path) -> bool:
    with assay.DataLogger(folder) as log:
        return log.finish("x") == "already_finished"


@pytest.mark.parametrize("end", ["close", "kill"])
def test_a_child_that_lives_on_holds_nothing_of_its_parent(folder, fork, end):
    child_ready, say_child_ready = os.pipe()
    parent_ready, say_parent_ready = os.pipe()
    stay, end_all = os.pipe()

    def parent() -> bool:
        log = assay.DataLogger(folder)
        log.start_generation("TEXT-TO-3D", "x", generation_id="x")
        if os.fork() == 0:  # ends with this test's own process: then nobody can write to `stay`
            os.close(end_all)
            os.write(say_child_ready, b"!")
            os.read(stay, 1)
            os._exit(0)
        os.read(child_ready, 1)
        if end == "close":
            log.close()
        os.write(say_parent_ready, b"!")
        time.sleep(60)
        return True

    process = fork(parent)
    os.read(parent_ready, 1)
    if end == "kill":
        process.kill()
    start = time.monotonic()
    try:
        with assay.DataLogger(folder) as again:
            assert again.finish("x") == "applied"
            assert fork(lambda: finishes_again(folder)).succeeds()
        assert time.monotonic() - start < 10
    finally:
        os.close(end_all)


def test_two_processes_log_in_one_folder_and_the_second_takes_over(folder, fork):
    reading, writing = os.pipe()

    def first() -> bool:
        log = assay.DataLogger(folder)
        log.start_generation("TEXT-TO-3D", "by the first", generation_id="first")
        os.write(writing, b"!")
        time.sleep(60)
        return log is not None

    process = fork(first)
    os.read(reading, 1)
    with assay.DataLogger(folder) as second:
        assert second.log_feedback("first", 0.5) == "applied"
        process.kill()
        assert second.finish("first") == "applied"
        second.start_generation("TEXT-TO-3D", "by the second", generation_id="second")
        second.finish("second")
    found = records(folder)
    assert sorted(found) == ["first", "second"]
    assert found["first"]["validator_feedback"]["score"] == 0.5


def test_a_fork_among_busy_threads_hangs_nobody(folder, fork):
    log = assay.DataLogger(folder)
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
            assert fork(lambda: log_one(target, "x") is None).succeeds(), "the child hangs"
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

    # So many that at any moment some wait for their turn at the disk.
    for name in range(24):
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
