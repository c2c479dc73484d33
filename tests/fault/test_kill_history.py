"""Rotation, backup and restore, killed at any moment: the same records and files are there, and the next run ends well."""

import gzip
import hashlib
import json
import random
import time

import programs

KILLS = 200 if programs.FULL else 20
NOW = "2025-11-15T00:00:00Z"
RECORDS = 6000


def record(number, chance):
    stamp = f"2025-{chance.randint(4, 11):02}-{chance.randint(1, 28):02}T10:00:00.{number % 1000000:06}+00:00"
    return json.dumps({"metadata": {"generation_id": f"id-{number}", "timestamp": stamp},
                       "task": {"prompt": "x" * chance.randint(0, 1500)}})


class KillHistory(programs.Case):
    def setUp(self):
        super().setUp()
        self.chance = random.Random(programs.SEED)

    def fill(self):
        """A history of eight months in one file, some of it archived before, and images."""
        data = self.folder / "data"
        (data / "images").mkdir(parents=True)
        lines = [record(number, self.chance) for number in range(RECORDS)]
        for number in range(0, RECORDS, 500):
            lines.insert(number, f"junk {number}")
        (data / "generation_history.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        with gzip.open(data / "generation_history_2025-06.jsonl.gz", "wt") as file:
            file.write(next(line for line in lines if '"2025-06-' in line) + "\n")
        for number in range(120):
            (data / "images" / f"{number:016x}.png").write_bytes(self.chance.randbytes(20_000))

    def lines(self):
        """Every line of the history, and how often it stands there."""
        found = {}
        data = self.folder / "data"
        for path in [*data.glob("generation_history*"), *(data / "archive").glob("generation_history*")]:
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            for line in content.decode().splitlines():
                found[line] = found.get(line, 0) + 1
        return found

    def contents(self, folder):
        return {str(path.relative_to(self.folder / folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in (self.folder / folder).rglob("*")
                if path.is_file() and path.name != "lock" and ".tmp" not in path.name}

    def clear(self, *names):
        for name in names:
            for path in sorted((self.folder / name).rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()

    def kill_often(self, command, kills, fresh, check):
        """Kill the command at random moments; `fresh` sets the stage when a run got to its end before."""
        fresh()
        start = time.monotonic()
        self.run_program(*command, expect=0)
        took = time.monotonic() - start
        fresh()
        num_killed = 0
        for number in range(kills):
            with self.subTest(kill=number):
                killed = self.kill_after(self.start(*command), took * self.chance.uniform(0.02, 1.0))
                num_killed += killed
                if not killed:  # the machine was busier when the first run was timed
                    took = max(0.02, took * 0.8)
                check()
                if not killed or number % 4 == 3:
                    self.run_program(*command, expect=0)
                    check()
                    fresh()
        print(f"{command[1]}: {num_killed} of {kills} runs were killed, the others had come to their end", flush=True)
        self.assertGreaterEqual(num_killed, kills // 3)

    def test_rotate(self):
        expected = None

        def fresh():
            nonlocal expected
            self.clear("data")
            self.fill()
            expected = set(self.lines())

        self.kill_often(["history", "rotate", "--now", NOW], KILLS // 2, fresh,
                        lambda: self.assertEqual(set(self.lines()) ^ expected, set()))
        self.run_program("history", "rotate", "--now", NOW, expect=0)
        self.run_program("history", "rotate", "--now", NOW, expect=0)
        self.assertEqual({count for count in self.lines().values()}, {1})
        self.assertEqual([name for name in self.files() if ".tmp" in name], [])

    def test_backup(self):
        self.fill()
        expected = self.contents("data")

        def restored_as_expected():
            """A manifest, if there is one, tells of a whole backup."""
            self.assertEqual(self.contents("data"), expected)
            if not list((self.folder / "kept" / "manifests").glob("2*.jsonl")):
                return
            self.clear("new")
            self.run_program("history", "restore", "--from", "kept", "--data-dir", "new", "--verify", expect=0)
            self.assertEqual(self.contents("new"), expected)

        self.kill_often(["history", "backup", "--to", "kept"], KILLS // 4, lambda: self.clear("kept"), restored_as_expected)
        self.run_program("history", "backup", "--to", "kept", expect=0)
        _, out, _ = self.run_program("history", "backup", "--to", "kept", "--json", expect=0)
        self.assertEqual(json.loads(out)["sent"], 0)
        restored_as_expected()

    def test_restore(self):
        self.fill()
        expected = self.contents("data")
        self.run_program("history", "backup", "--to", "kept", expect=0)

        def only_whole_files():
            for name, content in self.contents("new").items():
                self.assertEqual(content, expected[name], name)

        command = ["history", "restore", "--from", "kept", "--data-dir", "new"]
        self.kill_often(command, KILLS // 4, lambda: self.clear("new"), only_whole_files)
        self.run_program(*command, expect=0)
        self.assertEqual(self.contents("new"), expected)
        self.assertEqual([name for name in self.files() if ".tmp" in name], [])


if __name__ == "__main__":
    programs.main()
