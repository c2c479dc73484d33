"""Commands that write files, killed at any moment: each output is the old one, whole, or the new one, whole."""

import json
import random
import time

import programs

ROWS = 200_000


class KillOutputs(programs.Case):
    def setUp(self):
        super().setUp()
        self.make_export("export.parquet", ROWS)
        self.inputs = self.files()

    def check(self, outputs, *command, checks=None):
        """Kill the command often. `checks`: for outputs that hold the time of the run, what makes them whole."""
        checks = checks or {}
        start = time.monotonic()
        self.run_program(*command, expect=0)
        took = time.monotonic() - start
        new = {name: self.read(name) for name in outputs}
        files = self.files()
        chance = random.Random(programs.SEED)
        kills = 40 if programs.FULL else 4 if programs.options.sanitized else 8
        num_killed = 0
        for number in range(kills):
            with self.subTest(kill=number):
                for name in outputs:
                    (self.folder / name).write_bytes(b"old\n")
                # The last tenth, in which outputs are written, gets half of the kills.
                span = (0.9, 1.05) if number % 2 else (0, 0.9)
                killed = self.kill_after(self.start(*command), took * chance.uniform(*span))
                num_killed += killed
                if not killed:  # the machine was busier when the first run was timed
                    took = max(0.02, took * 0.8)
                for name in outputs:
                    found = self.read(name)
                    if found == b"old\n":
                        continue
                    if name in checks:
                        checks[name](found)
                    else:
                        self.assert_same(found, new[name], f"{name}, which is not the old one")
        self.assertGreaterEqual(num_killed, kills // 4)
        self.run_program(*command, expect=0)
        for name in outputs:
            if name in checks:
                checks[name](self.read(name))
            else:
                self.assert_same(self.read(name), new[name], name)
        self.assertEqual(self.files(), files, "a killed run's temporary files were left behind")

    def test_missing(self):
        self.check(["missing.csv"], "audit", "missing", "--parquet", "export.parquet", "--output", "missing.csv", "--quiet")

    def test_redact(self):
        (self.folder / "salt").write_text("salt of the test\n", encoding="utf-8")
        self.check(["shareable.parquet"], "audit", "redact", "--parquet", "export.parquet", "--output", "shareable.parquet",
                   "--salt-file", "salt", "--quiet")

    def test_run(self):
        outputs = ["reports/" + name for name in ("missing_images_by_miner.csv", "missing_images_flagged.csv",
                                                  "missing_images_by_miner_claims.csv", "evidence.csv", "audit.json",
                                                  "audit.html")]

        def whole_page(content):
            self.assertTrue(content.rstrip().endswith(b"</html>"))

        self.check(outputs, "audit", "run", "--parquet", "export.parquet", "--out", "reports", "--no-verify", "--quiet",
                   checks={"reports/audit.json": json.loads, "reports/audit.html": whole_page})


if __name__ == "__main__":
    programs.main()
