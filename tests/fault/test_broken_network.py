"""A store and a token service that fail in every way: the right verdicts, the right exit codes, the right number of tries."""

import csv
import shutil
import signal
import time

import programs

UNREACHABLE = "127.0.0.1:9"


class BrokenNetwork(programs.Case):
    def verify(self, name, *flags, expect):
        """(stdout, stderr, job_id -> (exists, error)) of a run over faults/NAME.parquet."""
        shutil.copy(programs.DATA / "faults" / f"{name}.parquet", self.folder)
        _, out, err = self.run_program("audit", "verify", "--parquet", f"{name}.parquet", "--output", "report.csv",
                                       "--no-list", *flags, expect=expect)
        with open(self.folder / "report.csv", encoding="utf-8", newline="") as file:
            return out, err, {row["job_id"]: (row["exists"], row["error"]) for row in csv.DictReader(file)}

    def test_passing_failures_are_tried_again(self):
        with programs.Server("--all-exist") as server:
            self.at(server)
            out, _, verdicts = self.verify("cured", expect=0)
            self.assertEqual(out, "Checked 8 images (from 8 jobs). 8 found, 0 missing. Report: report.csv\n")
            self.assertEqual(set(verdicts.values()), {("True", "")})
            self.assertEqual(server.stats()["paths"], {
                "b/ok/0.png": 1, "b/fault/503x3/a": 4, "b/fault/500x1/a": 2, "b/fault/408x1/a": 2, "b/fault/dropx2/a": 3,
                "b/fault/badjsonx1/a": 2, "b/fault/halfbodyx1/a": 2, "b/fault/slow300/a": 1})

    def test_lasting_failures_are_unknown_and_say_why(self):
        (self.folder / "objects.tsv").write_text("b\tok/0.png\t10\t-\t2025-10-01T00:00:00Z\n", encoding="utf-8")
        with programs.Server("--objects", str(self.folder / "objects.tsv")) as server:
            self.at(server)
            out, _, verdicts = self.verify("lasting", "--max-tries", "2", "--timeout", "1s", expect=4)
            self.assertEqual(out, "Checked 8 images (from 8 jobs). 1 found, 1 missing, 1 denied, 5 unknown. Report: report.csv\n")
            self.assertEqual(verdicts["j0"], ("True", ""))
            self.assertEqual(verdicts["j1"], ("False", ""))
            self.assertEqual(verdicts["j2"], ("", "unknown (503, 2 tries)"))
            self.assertEqual(verdicts["j7"], ("", "denied (403)"))
            for job in ("j3", "j4", "j5", "j6"):
                exists, error = verdicts[job]
                self.assertEqual(exists, "", job)
                self.assertRegex(error, r"^unknown \(.+, 2 tries\)$")
                self.assertNotIn("fault", error)
            self.assertRegex(verdicts["j6"][1], "time")
            paths = server.stats()["paths"]
            for fault in ("503", "badjson", "halfbody", "stall"):
                self.assertEqual(paths[f"b/fault/{fault}/a"], 2, fault)
            # A connection that dies in reuse before the first byte of an answer is no try: libcurl sends the request
            # again on another one, up to five times.
            self.assertGreaterEqual(paths["b/fault/drop/a"], 2)
            self.assertLessEqual(paths["b/fault/drop/a"], 2 * 6)
            self.assertEqual(paths["b/fault/403/a"], 1)
            self.assertEqual(paths["b/gone/0.png"], 1)

    def test_retry_after_is_waited_for(self):
        with programs.Server("--all-exist") as server:
            self.at(server)
            start = time.monotonic()
            _, _, verdicts = self.verify("retry_after", expect=0)
            self.assertGreaterEqual(time.monotonic() - start, 2.0)
            self.assertEqual(verdicts["j0"], ("True", ""))
            self.assertEqual(server.stats()["paths"]["b/fault/429r2x1/a"], 2)

    def test_a_service_that_cannot_be_reached_fails_the_run(self):
        self.environment["STORAGE_EMULATOR_HOST"] = f"http://{UNREACHABLE}"
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        (self.folder / "report.csv").write_bytes(b"old\n")
        _, out, err = self.run_program("audit", "verify", "--parquet", "many.parquet", "--output", "report.csv", "--no-list",
                                       "--max-tries", "2", expect=1)
        self.assertEqual(out, "")
        self.assert_one_clear_line(err, UNREACHABLE)
        self.assertEqual(self.read("report.csv"), b"old\n")

    def test_a_service_that_goes_away_in_mid_run(self):
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        command = ["audit", "verify", "--parquet", "many.parquet", "--output", "report.csv", "--no-list", "--quiet",
                   "--concurrency", "16", "--max-tries", "2", "--timeout", "5s"]
        with programs.Server("--all-exist", "--latency", "5") as server:
            self.at(server)
            process = self.start(*command)
            server.wait_for_requests(1000, process)
        out, err = process.communicate(timeout=60 * programs.patience())
        self.assertIn(process.returncode, (1, 4), err)
        if process.returncode == 4:
            self.assertRegex(out, r"Checked 3000 images .* \d+ unknown\.")
        # The service is back: only what is unknown is asked.
        with programs.Server("--all-exist") as server:
            self.at(server)
            _, out, _ = self.run_program(*command, expect=0)
            self.assertEqual(out, "Checked 3000 images (from 3000 jobs). 3000 found, 0 missing. Report: report.csv\n")
            self.assertLess(server.stats()["requests"], 2000)


class Tokens(programs.Case):
    """The token service, of which the whole run depends."""

    def setUp(self):
        super().setUp()
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        self.command = ["audit", "verify", "--parquet", "many.parquet", "--output", "report.csv", "--no-list",
                        "--credentials", "key.json", "--quiet"]

    def tokens(self, server):
        return server.stats()["by_kind"].get("token", 0)

    def check_all_found(self, *flags, server_flags, more=()):
        with programs.Server("--all-exist", "--token-endpoint", *server_flags) as server:
            self.at(server)
            self.key_file(server)
            _, out, _ = self.run_program(*self.command, *flags, *more, expect=0)
            self.assertEqual(out, "Checked 3000 images (from 3000 jobs). 3000 found, 0 missing. Report: report.csv\n")
            return self.tokens(server), server.stats()

    def test_one_token_serves_a_run(self):
        tokens, stats = self.check_all_found(server_flags=[])
        self.assertEqual(tokens, 1)
        self.assertNotIn("401", stats["by_status"])

    def test_a_token_that_expires_in_mid_run_is_renewed(self):
        tokens, _ = self.check_all_found("--concurrency", "16", server_flags=["--token-lifetime", "2", "--latency", "25"])
        self.assertGreaterEqual(tokens, 2)
        self.assertLessEqual(tokens, 40)

    def test_a_token_that_is_refused_before_its_time_is_renewed(self):
        tokens, stats = self.check_all_found("--concurrency", "16", server_flags=["--token-uses", "700"])
        self.assertGreaterEqual(tokens, 5)
        self.assertLessEqual(tokens, 30)
        # Each renewal costs the requests that were in flight, not more.
        self.assertLessEqual(stats["by_status"].get("401", 0), tokens * 16)

    def test_a_token_service_that_fails_at_first_is_tried_again(self):
        tokens, _ = self.check_all_found(server_flags=["--token-fault", "500x2"])
        self.assertEqual(tokens, 3)

    def test_a_token_service_that_drops_connections_at_first_is_tried_again(self):
        tokens, _ = self.check_all_found(server_flags=["--token-fault", "dropx1"])
        self.assertEqual(tokens, 2)

    def check_failure(self, server_flags, expect, max_tokens, *names):
        (self.folder / "report.csv").write_bytes(b"old\n")
        with programs.Server("--all-exist", "--token-endpoint", *server_flags) as server:
            self.at(server)
            self.key_file(server)
            _, out, err = self.run_program(*self.command, "--max-tries", "2", "--timeout", "1s", expect=expect)
            self.assertEqual(out, "")
            self.assert_one_clear_line(err, *(names or (server.address,)))
            self.assertEqual(self.read("report.csv"), b"old\n")
            stats = server.stats()
            self.assertEqual(stats["addresses"], 0, "objects were asked without a token")
            self.assertLessEqual(self.tokens(server), max_tokens)
            key = (self.folder / "key.json").read_text(encoding="utf-8")
            self.assertNotIn("PRIVATE KEY", err)
            self.assertNotIn(key[200:260], err)

    def test_a_token_service_that_stays_down_fails_the_run(self):
        self.check_failure(["--token-fault", "503"], 1, 2)

    def test_a_token_service_that_never_answers_fails_the_run(self):
        self.check_failure(["--token-fault", "stall"], 1, 2)

    def test_a_token_service_that_talks_nonsense_fails_the_run(self):
        self.check_failure(["--token-fault", "badjson"], 1, 2)

    def test_a_token_service_that_refuses_the_key_is_not_asked_twice(self):
        self.check_failure(["--token-fault", "401"], 5, 1, "401")

    def test_no_token_service_at_all(self):
        (self.folder / "report.csv").write_bytes(b"old\n")
        with programs.Server("--all-exist", "--token-endpoint") as server:
            self.at(server)
            self.key_file(type("Nobody", (), {"address": UNREACHABLE}))
            _, _, err = self.run_program(*self.command, "--max-tries", "2", expect=1)
            self.assert_one_clear_line(err, UNREACHABLE)
            self.assertEqual(self.read("report.csv"), b"old\n")
            self.assertEqual(server.stats()["requests"], 0)


class Interrupted(programs.Case):
    def setUp(self):
        super().setUp()
        shutil.copy(programs.DATA / "faults" / "many.parquet", self.folder)
        self.command = ["audit", "verify", "--parquet", "many.parquet", "--output", "report.csv", "--no-list", "--quiet",
                        "--concurrency", "16"]

    def test_the_first_interrupt_keeps_what_is_known(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number), programs.Server("--all-exist", "--latency", "10") as server:
                self.at(server)
                process = self.start(*self.command)
                server.wait_for_requests(500, process)
                process.send_signal(number)
                start = time.monotonic()
                out, err = process.communicate(timeout=20)
                self.assertLess(time.monotonic() - start, 3 * programs.patience())
                self.assertEqual((process.returncode, out), (130, ""), err)
                self.assert_one_clear_line(err)
                self.assertFalse((self.folder / "report.csv").exists())
                self.run_program(*self.command, expect=0)
                self.assertLessEqual(server.stats()["requests"], 2900 + 16)
                (self.folder / "report.csv").unlink()

    def test_an_interrupt_does_not_wait_for_a_store_that_stalls(self):
        shutil.copy(programs.DATA / "faults" / "lasting.parquet", self.folder)
        with programs.Server("--all-exist") as server:
            self.at(server)
            process = self.start("audit", "verify", "--parquet", "lasting.parquet", "--output", "report.csv", "--no-list")
            server.wait_for_requests(8, process)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=5 * programs.patience())
            self.assertEqual(process.returncode, 130, err)


if __name__ == "__main__":
    programs.main()
