"""Several recorders on one folder, killed at any moment: every event that was answered for is there, once."""

import contextlib
import json
import os
import random
import subprocess
import threading

import programs

KILLS = 200 if programs.FULL else 20
PROCESSES = 3
OPEN_EACH = 20  # generations that each process has open at any moment
ENOUGH = 80  # answers of a trial: more than the first of each generation


class Feeder(threading.Thread):
    """Feeds one `history append` until it is gone, and remembers what it was answered for."""

    def __init__(self, process, name, seed):
        super().__init__()
        self.process = process
        self.name_ = name
        self.chance = random.Random(seed)
        self.acknowledged = []
        self.unexpected = []
        self.number = 0

    def run(self):
        try:
            open_ones = [self.begin() for _ in range(OPEN_EACH)]
            while True:
                at = self.chance.randrange(OPEN_EACH)
                if self.go_on(open_ones[at]):
                    open_ones[at] = self.begin()
        except (BrokenPipeError, ValueError):
            pass  # killed: no answer, or half of one

    def begin(self):
        self.number += 1
        name = f"{self.name_}-{self.number}"
        self.send("start", name, task_type="TEXT-TO-3D", prompt=f"a chair, number {self.number}")
        return name

    def go_on(self, name):
        """One more event; whether it was the last of its generation."""
        choice = self.chance.random()
        if choice < 0.4:
            self.send("timing", name, timing={"total_time": self.chance.randrange(1000)})
        elif choice < 0.6:
            self.send("submission", name)
        elif choice < 0.8:
            self.send("feedback", name, score=0.5)
        else:
            self.send("finish", name)
            return True
        return False

    def send(self, event, name, **facts):
        self.process.stdin.write(json.dumps({"event": event, "generation_id": name, **facts}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if answer.get("generation_id") != name:
            self.unexpected.append(answer)
        self.acknowledged.append((name, event, facts))


class KillRecorders(programs.Case):
    def setUp(self):
        super().setUp()
        self.expected = []

    def append(self):
        process = subprocess.Popen(
            [programs.options.program, "history", "append", "--data-dir", "data", "--quiet"], cwd=self.folder,
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def kill_all(self, feeders, order):
        """One after the other, with time for the next to take over, or at once."""
        for at in order:
            feeders[at].process.kill()
            if self.chance.random() < 0.5:
                threading.Event().wait(self.chance.uniform(0, 0.2))
        for feeder in feeders:
            feeder.join(60 * programs.patience())
            self.assertFalse(feeder.is_alive(), "an append that was killed still answers")
            self.assertEqual(feeder.unexpected, [])
            self.expected += feeder.acknowledged
            feeder.process.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                feeder.process.stdin.close()

    def check_all_is_there(self):
        _, out, _ = self.run_program("history", "append", "--data-dir", "data", expect=0)
        self.assertEqual(out, "")
        data = self.folder / "data"
        self.assertFalse((data / "journal/quarantine").exists(), "a kill is no damage")
        finished = {}
        for line in (data / "generation_history.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            name = record["metadata"]["generation_id"]
            self.assertNotIn(name, finished, "a record is there twice")
            finished[name] = record
        pending = json.loads((data / "pending_generations.json").read_text(encoding="utf-8"))
        self.assertFalse(set(pending) & set(finished), "a generation is open and finished")
        latest = {}
        for name, event, facts in self.expected:
            record = finished.get(name) or pending.get(name)
            self.assertIsNotNone(record, f"{name}: {event} was answered and is not there")
            if event == "finish":
                self.assertIn(name, finished)
            elif event == "feedback":
                self.assertEqual(record["validator_feedback"]["score"], 0.5, name)
            elif event == "submission":
                self.assertTrue(record["generation"]["submission"]["submitted"], name)
            elif event == "timing":
                latest[name] = facts["timing"]["total_time"]
        for name, value in latest.items():
            record = finished.get(name) or pending[name]
            found = record["generation"]["timing"]["total_time"]
            # One more may have been recorded before its answer came.
            self.assertTrue(found == value or name in self.unanswered, f"{name}: {found}, not {value}")

    def test_no_acknowledged_event_is_lost(self):
        seed = int(os.environ.get("ASSAY_TEST_SEED", programs.SEED))
        print("seed", seed)
        self.chance = random.Random(seed)
        self.unanswered = set()
        for trial in range(KILLS):
            feeders = []
            for i in range(PROCESSES):
                feeders.append(Feeder(self.append(), f"g{trial}-{i}", f"{seed}-{trial}-{i}"))
                feeders[-1].start()
            if trial % 4 > 0:  # the others may be killed before they have begun
                self.wait_until(lambda: sum(len(feeder.acknowledged) for feeder in feeders) >= ENOUGH, "the answers")
            threading.Event().wait(self.chance.uniform(0, 0.5))
            self.kill_all(feeders, self.chance.sample(range(PROCESSES), PROCESSES))
            # Of those that were open any may have had a call under way.
            self.unanswered |= {name for feeder in feeders for name, _, _ in feeder.acknowledged[-1:]}
            self.unanswered |= self.open_at_the_end(feeders)
            if trial % 5 == 4 or trial == KILLS - 1:
                self.check_all_is_there()
        self.assertGreaterEqual(len(self.expected), ENOUGH * (KILLS * 3 // 4))
        print(f"{KILLS} trials of {PROCESSES} processes with {OPEN_EACH} open generations each: "
              f"{len(self.expected)} acknowledged events, none lost")

    @staticmethod
    def open_at_the_end(feeders):
        names = set()
        for feeder in feeders:
            finished = {name for name, event, _ in feeder.acknowledged if event == "finish"}
            names |= {name for name, _, _ in feeder.acknowledged} - finished
        return names


if __name__ == "__main__":
    programs.main()
