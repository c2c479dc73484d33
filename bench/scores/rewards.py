"""The rewards of a network of 256, beside what the old validator does for each; and getting the state back."""

import subprocess
import sys
import tempfile

import measure
import programs

RECORDED_OLD_US = 7_800  # 78 ms for 10 miners with 100 answers each, as measured of the old validator
GOAL_RATIO = 1_000
GOAL_RESUME_MS = 50


def old_microseconds() -> tuple[float, str]:
    stand_in = programs.ROOT / "bench" / "scores" / "old_rewards.py"
    done = subprocess.run([sys.executable, stand_in], capture_output=True, text=True)
    if done.returncode == 0:
        return float(done.stdout), "a stand-in for the old validator, in this run"
    return RECORDED_OLD_US, "the old validator, recorded (scikit-learn is not installed here)"


def main(full: bool) -> None:
    print("\nscores: 256 miners with 100 answers each", flush=True)
    with tempfile.TemporaryDirectory(dir=programs.BUILD) as folder:
        command = [programs.find("bench_validator"), folder]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    old, source = old_microseconds()
    print(f"  one more answer, per miner: {old:.0f} us ({source})")
    for line in output.splitlines():
        words = line.split()
        if words[0] == "rewards":
            ours = float(words[2])
            print(f"  one more answer, per miner: {ours:.3f} us ({words[1]})")
            measure.print_goal(f"{words[1]}: times as fast as {RECORDED_OLD_US} us", RECORDED_OLD_US / ours,
                               f">= {GOAL_RATIO}", RECORDED_OLD_US / ours >= GOAL_RATIO)
        elif words[0] == "resume":
            resume = float(words[1])
            measure.print_goal("resume from a snapshot and the longest journal, ms", resume, f"<= {GOAL_RESUME_MS}",
                               resume <= GOAL_RESUME_MS)


if __name__ == "__main__":
    main(full=False)
