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
NUM_MINERS = 3
NUM_OPEN = 20  # generations that each miner works on at any moment


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
        status = second.status()
        assert status.pop("is_handed_over")
        assert sorted(status) == ["failed_calls", "last_error"]
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

    for name in range(int(sys.argv[3])):
        threading.Thread(target=work, args=(name,), daemon=True).start()
    threading.Event().wait()
"""


class Miner:
    """A process that logs, and what was acknowledged to it."""

    def __init__(self, folder: pathlib.Path, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(MINER), str(folder), name, str(NUM_OPEN)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.is_logging = threading.Event()
        # Read all the time: a full pipe would stop the miner.
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line)
            self.is_logging.set()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def acknowledged(self) -> list[list[str]]:
        # A line that the kill cut short was not yet told to anybody.
        return [line.split() for line in self.lines if line.endswith("\n")]


def kill_miners(folder: pathlib.Path, trial: int, rng: random.Random) -> list[list[str]]:
    """Run several miners in one folder and kill them in any order, some with time for the next to take over."""
    miners = [Miner(folder, f"{trial}-{number}") for number in range(NUM_MINERS)]
    try:
        for miner in miners:
            assert miner.is_logging.wait(60), "a miner does not begin"
        # Any moment will do: there is nothing to wait for.
        time.sleep(rng.uniform(0.0, 0.15))
        for miner in rng.sample(miners, NUM_MINERS):
            miner.kill()
            if rng.random() < 0.5:
                time.sleep(rng.uniform(0.0, 0.1))
    finally:
        for miner in miners:
            if miner.process.returncode is None:
                miner.kill()
    return [facts for miner in miners for facts in miner.acknowledged()]


def check_all_is_there(folder: pathlib.Path, acknowledged: list[list[str]]) -> None:
    with assay.DataLogger(folder):
        pass
    finished = records(folder)
    everything = {**json.loads((folder / "pending_generations.json").read_text()), **finished}
    for event, gid, *facts in acknowledged:
        assert gid in everything, (event, gid)
        if event == "timing":
            assert everything[gid]["generation"]["timing"] == {"total_time": int(facts[0])}
        elif event == "feedback":
            assert everything[gid]["validator_feedback"]["score"] == 0.25
        elif event == "finish":
            assert gid in finished


def test_every_acknowledged_event_survives_kills(folder):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    num_acknowledged = 0
    for start in range(0, NUM_KILLS, 20):
        acknowledged: list[list[str]] = []
        for trial in range(start, start + 20):
            acknowledged += kill_miners(folder / str(start), trial, rng)
        check_all_is_there(folder / str(start), acknowledged)
        num_acknowledged += len(acknowledged)
    assert num_acknowledged > 10 * NUM_KILLS
    print(f"{NUM_KILLS} trials of {NUM_MINERS} miners: {num_acknowledged} acknowledged events, none lost")
