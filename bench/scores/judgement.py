"""How well the validator's formulas tell miners apart, and how surely copies are found."""

import subprocess

import programs


def main(full: bool) -> None:
    print("\njudgement: simulated miners", flush=True)
    options = ["--fleets", "4000", "--pairs", "80000"] if full else []
    subprocess.run([programs.find("bench_answer_judgement"), *options], check=True)
