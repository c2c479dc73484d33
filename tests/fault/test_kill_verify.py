"""`verify` killed at any moment: a rerun gives the same report, and asks nothing whose verdict was on disk."""

import random
import shutil
import struct
import time

import programs

KILLS = 50 if programs.FULL else 10
CONCURRENCY = 16
NUM_OBJECTS = 2900
# At this latency and concurrency a whole run takes some 0.4 s: time to be killed in.
LATENCY_MS = "2"
JOURNAL_HEADER = 16
MARK = 0xFFFFFFFF


def objects_of_the_store(path):
    """Two thirds of the claimed objects exist."""
    with open(path, "w", encoding="utf-8") as file:
        for i in range(NUM_OBJECTS):
            if i % 3:
                file.write(f"b\timages/{i:05}.png\t10\t-\t2025-10-01T00:00:00Z\n")


def whole_records(path):
    """How many records lie in a journal (docs/formats/journal.md), without those cut short at its end."""
    content = path.read_bytes()
    at, count = JOURNAL_HEADER, 0
    while at + 8 <= len(content):
        length, = struct.unpack_from("<I", content, at)
        if length == MARK:
            at += 16
            continue
        if at + 8 + length > len(content):
            break
        at += 8 + length
        count += 1
    return count


class KillVerify(programs.Case):
    def setUp(self):
        super().setUp()
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        objects_of_the_store(self.folder / "objects.tsv")
        self.inputs = self.files()
        self.command = ["audit", "verify", "--parquet", "many.parquet", "--output", "report.csv", "--no-list",
                        "--concurrency", str(CONCURRENCY), "--quiet"]

    def serve(self, latency_ms=LATENCY_MS):
        server = programs.Server("--objects", str(self.folder / "objects.tsv"), "--latency", latency_ms)
        self.at(server)
        return server

    def journals(self):
        """What an interrupted run left beside its output that begins as a journal does."""
        return [self.folder / name for name in self.files()
                if name not in self.inputs and self.read(name)[:8] == b"ASSAYJNL"]

    def reference(self):
        """The report of a run that nobody disturbed, the files it left, and how long it took."""
        with self.serve() as server:
            start = time.monotonic()
            self.run_program(*self.command, expect=0)
            took = time.monotonic() - start
            stats = server.stats()
            self.assertEqual(stats["addresses"], NUM_OBJECTS)
            self.assertEqual(stats["max_per_address"], 1)
        report, files = self.read("report.csv"), self.files()
        (self.folder / "report.csv").unlink()
        return report, files, took

    def test_a_rerun_after_a_kill_ends_as_if_nothing_had_happened(self):
        report, files, took = self.reference()
        chance = random.Random(programs.SEED)
        num_killed = num_resumed = 0
        for number in range(KILLS):
            with self.subTest(kill=number), self.serve() as server:
                process = self.start(*self.command)
                if number % 3 == 2:  # also while the export is read and the report is written
                    killed = self.kill_after(process, chance.uniform(0, took * 1.1))
                else:
                    server.wait_for_requests(chance.randrange(1, NUM_OBJECTS), process)
                    killed = self.kill_after(process, 0)
                num_killed += killed
                before = server.stats()
                journals = self.journals() if killed else []
                self.assertLessEqual(len(journals), 1)
                on_disk = whole_records(journals[0]) if journals else 0
                num_resumed += on_disk > 0
                finished = (self.folder / "report.csv").exists()
                if finished:
                    self.assert_same(self.read("report.csv"), report, "the report after the kill")

                self.run_program(*self.command, expect=0)
                self.assert_same(self.read("report.csv"), report, "the report")
                self.assertEqual(self.files(), files, "something was left behind")
                after = server.stats()
                asked_again = sum(count - 1 for count in after["paths"].values())
                if journals or not finished:
                    # A record or two may describe the run rather than an object.
                    self.assertLessEqual(after["requests"] - before["requests"], NUM_OBJECTS - on_disk + 2)
                    self.assertLessEqual(asked_again, CONCURRENCY)
                (self.folder / "report.csv").unlink()
        self.assertGreaterEqual(num_killed, KILLS // 2, "the run is too short to be killed in")
        self.assertGreaterEqual(num_resumed, KILLS // 3, "nothing was on disk at the kills")

    def test_several_kills_in_one_run_add_up(self):
        report, files, _ = self.reference()
        chance = random.Random(programs.SEED + 1)
        with self.serve() as server:
            num_kills = 0
            for _ in range(6):
                process = self.start(*self.command)
                server.wait_for_requests(server.stats()["requests"] + chance.randrange(50, NUM_OBJECTS // 6), process)
                if not self.kill_after(process, 0):
                    break
                num_kills += 1
            self.assertGreater(num_kills, 1, "the run is too short to be killed in")
            self.run_program(*self.command, expect=0)
            self.assert_same(self.read("report.csv"), report, "the report")
            self.assertEqual(self.files(), files)
            asked_again = sum(count - 1 for count in server.stats()["paths"].values())
            self.assertLessEqual(asked_again, num_kills * CONCURRENCY)

    def test_a_finished_run_leaves_no_journal(self):
        with programs.Server("--all-exist") as server:
            self.at(server)
            self.run_program(*self.command, expect=0)
            self.assertEqual(self.files(), sorted([*self.inputs, "report.csv"]))
            self.run_program(*self.command, expect=0)
            self.assertEqual(server.stats()["requests"], 2 * NUM_OBJECTS, "a finished run's verdicts were used again")

    def leave_a_journal(self):
        """Kill a run halfway whose store holds a third of the objects less than the next one's."""
        with self.serve() as server:
            process = self.start(*self.command)
            server.wait_for_requests(NUM_OBJECTS // 2, process)
            self.assertTrue(self.kill_after(process, 0))
        self.assertEqual(len(self.journals()), 1)

    def test_fresh_takes_no_notice_of_a_killed_run(self):
        self.leave_a_journal()
        with programs.Server("--all-exist") as server:
            self.at(server)
            self.run_program(*self.command, "--fresh", expect=0)
            self.assertEqual(server.stats()["requests"], NUM_OBJECTS)
        self.assertEqual(self.read("report.csv").count(b",False,"), 0, "verdicts of the killed run were used")
        self.assertEqual(self.files(), sorted([*self.inputs, "report.csv"]))

    def test_other_options_do_not_mix_with_the_verdicts_of_a_killed_run(self):
        self.leave_a_journal()
        (self.folder / "hash.key").write_text("a key of the auditor\n", encoding="utf-8")
        with programs.Server("--all-exist") as server:
            self.at(server)
            code, _, err = self.run_program(*self.command, "--hash-key", "hash.key")
        if code == 0:
            self.assertEqual(self.read("report.csv").count(b",False,"), 0, "verdicts of the killed run were used")
        else:  # Refusing is as good, when the way out is named.
            self.assertEqual(code, 1)
            self.assert_one_clear_line(err, "--fresh")

    def test_two_runs_at_once_do_not_mix(self):
        with self.serve(latency_ms="20") as server:
            first = self.start(*self.command)
            server.wait_for_requests(100, first)
            code, _, err = self.run_program(*self.command)
            self.assertEqual(code, 1, err)
            self.assert_one_clear_line(err, "report.csv")
            first.communicate(timeout=60)
            self.assertEqual(first.returncode, 0)


if __name__ == "__main__":
    programs.main()
