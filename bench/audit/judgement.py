"""How many false claimers the two rules find, and how many honest miners they flag."""

import subprocess

import programs


def main(full: bool) -> None:
    print("\njudgement: simulated fleets", flush=True)
    fleets = ["--fleets", "4000"] if full else []
    subprocess.run([programs.find("bench_judgement"), *fleets], check=True)
