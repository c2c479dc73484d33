"""Good exports with flipped bits, cuts and overwritten parts: never a crash, a hang or a gibibyte; a clear line instead."""

import random
import shutil

import programs

SECONDS = 20
OLD = b"old\n"


def mutants(content, chance, count):
    """Damaged copies: (what was done, bytes). The footer, where the most harm can be done, gets half of them."""
    footer = int.from_bytes(content[-8:-4], "little") + 8
    for number in range(count):
        start = len(content) - footer if number % 2 else 4
        damaged = bytearray(content)
        kind = number % 5
        if kind == 0:
            cut = chance.randrange(len(content))
            yield f"cut at {cut}", content[:cut]
            continue
        if kind == 1:
            at, length = chance.randrange(start, len(content) - 1), chance.choice((1, 2, 4, 8, 64))
            damaged[at:at + length] = bytes(len(damaged[at:at + length])) if chance.random() < 0.5 else b"\xff" * len(damaged[at:at + length])
            yield f"{length} bytes overwritten at {at}", bytes(damaged)
            continue
        if kind == 2:
            at, length = chance.randrange(start, len(content) - 1), chance.randrange(1, 64)
            yield f"{length} bytes taken out at {at}", content[:at] + content[at + length:]
            continue
        flips = [(chance.randrange(start, len(content)), chance.randrange(8)) for _ in range(1 if kind == 3 else 8)]
        for at, bit in flips:
            damaged[at] ^= 1 << bit
        yield f"bits flipped: {flips}", bytes(damaged)


class MalformedParquet(programs.Case):
    def setUp(self):
        super().setUp()
        self.more = {}
        # Of each of three files a half, and a quarter.
        self.num_mutants = 1000 if programs.FULL else 84 if programs.options.sanitized else 120
        if programs.options.sanitized:
            self.environment["ASAN_OPTIONS"] = (self.environment.get("ASAN_OPTIONS", "") +
                                                ":hard_rss_limit_mb=1024:max_allocation_size_mb=1024").lstrip(":")
        else:
            self.more = {"preexec_fn": programs.limit_memory}

    def check(self, path, seed):
        content = path.read_bytes()
        failures = 0
        for what, damaged in mutants(content, random.Random(seed), self.num_mutants // 2):
            (self.folder / "export.parquet").write_bytes(damaged)
            (self.folder / "missing.csv").write_bytes(OLD)
            for arguments in (["missing", "--parquet", "export.parquet", "--output", "missing.csv"],
                              ["inspect", "--parquet", "export.parquet"]):
                with self.subTest(file=path.name, damage=what, command=arguments[0]):
                    before = self.read("missing.csv")
                    code, _, err = self.run_program("audit", *arguments, limit=SECONDS, **self.more)
                    self.assertIn(code, (0, 1), err)
                    if code == 0:
                        continue
                    failures += 1
                    self.assert_one_clear_line(err, "export.parquet")
                    self.assertLess(len(err), 2000)
                    self.assertEqual(self.read("missing.csv"), before)
                    self.assertEqual(self.files(), ["export.parquet", "missing.csv"])
        self.assertGreater(failures, self.num_mutants // 8, "the damage was not seen")

    def test_snappy(self):
        self.check(programs.DATA / "jobs" / "small.parquet", programs.SEED)

    def test_zstd(self):
        self.check(programs.DATA / "faults" / "many.parquet", programs.SEED + 1)

    def test_an_export_of_the_usual_shape(self):
        self.make_export("good.parquet", 500)
        path = self.folder.parent / "good.parquet"
        shutil.move(self.folder / "good.parquet", path)
        self.check(path, programs.SEED + 2)

    def test_hostile_footer_lengths(self):
        for length in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 24):
            with self.subTest(length=length):
                body = b"PAR1" + b"\x15\x00" * 200 + length.to_bytes(4, "little") + b"PAR1"
                (self.folder / "export.parquet").write_bytes(body)
                _, _, err = self.run_program("audit", "inspect", "--parquet", "export.parquet", expect=1, limit=SECONDS, **self.more)
                self.assert_one_clear_line(err, "export.parquet")

    def test_redact_and_verify_of_damaged_files(self):
        content = (programs.DATA / "jobs" / "small.parquet").read_bytes()
        for what, damaged in mutants(content, random.Random(programs.SEED + 3), self.num_mutants // 4):
            (self.folder / "export.parquet").write_bytes(damaged)
            (self.folder / "out").write_bytes(OLD)
            for arguments in (["redact", "--parquet", "export.parquet", "--output", "out"],
                              ["verify", "--parquet", "export.parquet", "--output", "out", "--plan-only", "--no-list"]):
                with self.subTest(damage=what, command=arguments[0]):
                    code, _, err = self.run_program("audit", *arguments, limit=SECONDS, **self.more)
                    self.assertIn(code, (0, 1), err)
                    if code == 1:
                        self.assert_one_clear_line(err, "export.parquet")
                        self.assertEqual(self.read("out"), OLD)
                    (self.folder / "out").write_bytes(OLD)


if __name__ == "__main__":
    programs.main()
