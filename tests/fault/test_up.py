"""A local network among kills: whoever of it is killed, it comes back, and the verdicts are those of a calm run."""

import json
import os
import pathlib
import random
import signal
import subprocess
import time
import unittest

import programs

EXPECTED = {"honest": "honest", "slow": "slow", "guessing": "guesses", "yes-saying": "always_yes",
            "colluding-1": "copies", "colluding-2": "copies", "offline": "offline", "false-claiming": "false_claims"}
SEEDS = range(1, 9) if programs.FULL else range(1, 2)
CALM_SECONDS = 60
KILL_SECONDS = 60
# So many challenges tell all characters apart; a busy machine takes several runs of the same network for them.
ENOUGH_ROUNDS = 60
MAX_RUNS = 5


def pace():
    """How much longer a network runs for as many challenges."""
    return 5 if programs.options.sanitized else 1


def members_of(process):
    """The numbers of the processes that `assay up` started, by what they are."""
    found = {}
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for number in children:
        try:
            words = pathlib.Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--hotkey" in words:
            found[words[words.index(b"--hotkey") + 1].decode()] = int(number)
    return found


def is_running(number):
    try:
        state = pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


class Up(programs.Case):
    def verdicts(self, text):
        return {miner["name"]: miner for miner in json.loads(text)["miners"]}

    def assert_separated(self, miners, why=""):
        told = {name: miner["verdict"] for name, miner in miners.items()}
        self.assertEqual(told, EXPECTED, f"{why}\n{json.dumps(miners, indent=1)}")
        honest = min(miners[name]["weight_share"] for name in ("honest", "slow"))
        for name in ("guessing", "yes-saying", "offline"):
            self.assertGreater(honest, miners[name]["weight_share"], f"{name} {why}")

    def run_up(self, *arguments):
        for _ in range(MAX_RUNS):
            seconds = CALM_SECONDS * pace()
            code, out, err = self.run_program("up", "--json", "--for", str(seconds), *arguments, limit=seconds + 120)
            self.assertEqual(code, 0, err[-3000:])
            miners = self.verdicts(out)
            if min(miner["answered"] for name, miner in miners.items() if name != "offline") >= ENOUGH_ROUNDS:
                break
        return miners

    def test_every_seed_separates_honest_from_dishonest(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.assert_separated(self.run_up("--dir", f"net-{seed}", "--seed", str(seed)), f"seed {seed}")
                cache = self.folder / f"net-{seed}" / "cache" / "Synthetic" / "t2i"
                self.assertTrue(list(cache.glob("job-*.json")), "no image of a generation job became one of challenges")

    @unittest.skipUnless(programs.FULL, "takes minutes; run in the full suite")
    def test_kills_of_any_member_change_no_verdict(self):
        process = self.start("up", "--json", "--for", str((KILL_SECONDS + CALM_SECONDS) * pace()), "--dir", "net")
        chance = random.Random(programs.SEED)
        kills = 0
        deadline = time.monotonic() + 120
        while len(members_of(process)) < 9 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        end = time.monotonic() + KILL_SECONDS
        while process.poll() is None and time.monotonic() < end:
            time.sleep(1)
            members = members_of(process)
            if members:
                os.kill(chance.choice(sorted(members.values())), signal.SIGKILL)
                kills += 1
        out, err = process.communicate(timeout=180 * programs.patience())
        self.assertEqual(process.returncode, 0, err[-3000:])
        self.assertGreater(kills, 40)
        miners = self.verdicts(out)
        if min(miner["answered"] for name, miner in miners.items() if name != "offline") < ENOUGH_ROUNDS:
            miners = self.run_up("--dir", "net")
        self.assert_separated(miners, f"{kills} kills")

    def test_nothing_is_left_behind(self):
        for end in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=end):
                process = self.start("up", "--dir", "net", "--miners", "honest,offline")
                deadline = time.monotonic() + 60 * programs.patience()
                while len(members_of(process)) < 3 and process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                members = members_of(process)
                self.assertEqual(sorted(members), ["honest", "offline", "validator"])
                time.sleep(0.5)
                os.kill(process.pid, end)
                _, err = process.communicate(timeout=60 * programs.patience())
                code = {signal.SIGINT: 130, signal.SIGTERM: 0, signal.SIGKILL: -9}[end]
                self.assertEqual(process.returncode, code, err[-3000:])
                deadline = time.monotonic() + 10 * programs.patience()
                while any(map(is_running, members.values())) and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertFalse([name for name, number in members.items() if is_running(number)])


if __name__ == "__main__":
    programs.main()
