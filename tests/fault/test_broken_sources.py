"""Sources of a batch of predictions that go, are cut, fail or are slow while they are read: a clear line each, the other
projects finish, and with the source back the next run brings what an undisturbed one gives."""

import json
import os
import signal
import time

import predict_batch
import programs
from predict_batch import PROJECTS

FIRST, LAST = "mojo1", "mojo3"  # in the order of the batch


class BrokenSources(predict_batch.Case):
    def setUp(self):
        super().setUp()
        self.run_program(*self.command(self.root("whole")), expect=4)  # some images are broken
        self.expected = self.databases("whole")

    def path(self, project):
        return self.folder / f"original/{project}.zip"

    def disturb(self, root, project, action):
        """Run, and act while the images of this project are about to be read; what was printed."""
        process = self.start(*self.command(root), "--json")
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "begin" and event["project"] == project:
                break
        os.kill(process.pid, signal.SIGSTOP)
        action()
        os.kill(process.pid, signal.SIGCONT)
        out, err = process.communicate(timeout=60 * programs.patience())
        self.assertEqual(process.returncode, 4, out + err)
        self.assertNotIn("bug:", err)
        return {event["project"]: event for event in map(json.loads, out.splitlines()) if event["event"] == "end"}, err

    def check_the_rest_finished(self, root, without):
        found = self.databases(root)
        self.assertEqual(sorted(found), [f"{project}.db" for project in sorted(PROJECTS) if project != without])
        self.assertEqual(found, {name: self.expected[name] for name in found})

    def check_goes_on(self, root):
        self.run_program(*self.command(root), expect=4)
        self.assertEqual(self.databases(root), self.expected)

    def test_a_zip_that_is_gone_when_its_turn_comes(self):
        root, away = self.root("gone"), self.folder / "away.zip"
        ends, _ = self.disturb(root, FIRST, lambda: self.path(LAST).rename(away))
        self.assertEqual(ends[LAST]["status"], "failed")
        self.assertIn(f"{LAST}.zip", ends[LAST]["error"])
        self.assertNotIn("\n", ends[LAST]["error"])
        self.check_the_rest_finished(root, LAST)
        away.rename(self.path(LAST))
        self.check_goes_on(root)

    def test_a_zip_that_is_cut_while_it_is_read(self):
        root, whole = self.root("cut"), self.path(LAST).read_bytes()
        ends, _ = self.disturb(root, LAST, lambda: os.truncate(self.path(LAST), len(whole) // 2))
        self.assertEqual(ends[LAST]["status"], "failed")
        self.assertIn(f"{LAST}.zip", ends[LAST]["error"])
        self.assertNotIn("\n", ends[LAST]["error"])
        self.check_the_rest_finished(root, LAST)
        self.path(LAST).write_bytes(whole)
        self.check_goes_on(root)

    def preload(self, **settings):
        if programs.options.slow_reads is None:
            self.skipTest("needs --slow-reads")
        self.environment["LD_PRELOAD"] = programs.options.slow_reads
        for name, value in settings.items():
            self.environment[f"SLOW_READS_{name.upper()}"] = str(value)

    def test_a_share_that_is_lost_on_the_way(self):
        root = self.root("lost")
        # Of each image some reads; the directory is read before them.
        self.preload(path=f"{LAST}.zip", fail_at=60)
        _, out, err = self.run_program(*self.command(root), expect=4)
        self.assertEqual(out.count("FAILED"), 1, out + err)
        self.assertIn(f"{LAST}: FAILED", out)
        self.assertIn("Input/output error", out)
        self.check_the_rest_finished(root, LAST)
        del self.environment["LD_PRELOAD"]
        self.check_goes_on(root)

    def test_a_slow_share_changes_nothing_but_the_time(self):
        root = self.root("slow")
        self.preload(path="/original/", milliseconds=20)
        start = time.monotonic()
        self.run_program(*self.command(root), expect=4)
        self.assertGreater(time.monotonic() - start, sum(PROJECTS.values()) * 0.02 / predict_batch.THREADS)
        self.assertEqual(self.databases(root), self.expected)

    def test_a_stop_during_slow_reads_loses_nothing(self):
        root = self.root("stopped")
        self.preload(path="/original/", milliseconds=50)
        process = self.start(*self.command(root))
        store = self.folder / root / "ai_data/embedding_store/vectors-512.store"
        while process.poll() is None and not (store.exists() and store.stat().st_size > predict_batch.VECTOR):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60 * programs.patience())
        self.assertEqual(process.returncode, 130, err)
        kept = store.stat().st_size
        del self.environment["LD_PRELOAD"]
        self.check_goes_on(root)
        self.assertLess(kept, store.stat().st_size, "the stop came after the last image")


if __name__ == "__main__":
    programs.main()
