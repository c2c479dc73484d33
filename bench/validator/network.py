"""A validator and a miner over real HTTP: what a round and an answer cost, and whether memory stays flat."""

import json
import statistics
import subprocess

import measure
import programs

REQUESTS = 4_000
SIDE = 16
AXON_GOAL = 0.8
ROUND_WALL_GOAL_MS = 120
ROUND_CPU_GOAL_MS = 40
RATE = 1_000
HOLD_SECONDS = 120
FLAT_MB = 4


def run(name: str, *arguments) -> dict:
    command = [str(programs.find(name)), *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_parts() -> None:
    rounds = [run("bench_axon", "parts", 3000, SIDE) for _ in range(3)]
    part = {key: statistics.median(round_[key] for round_ in rounds) for key in rounds[0]}
    print("  the axon's handler alone, on one warm thread, microseconds a request")
    for title, key in (("the whole", "handler"), ("  check of headers and signature", "check"),
                       ("    of these: SHA-256 of the body", "hash"), ("  policy, replays, turn, answer", "gate"),
                       ("  JSON and base64", "json"), ("  decode the image", "decode"), ("  prediction", "answer"),
                       ("a signature checked alone", "verify")):
        print(f"  {title:40} {part[key]:9.1f}")


def measure_axon(full: bool) -> None:
    # The smallest image: what a detector costs, and decoding for it, is not the axon's. The limit counts the signature
    # alone; the hash of the body and the image's decoding are the axon's own affair.
    rounds = []
    for _ in range(15 if full else 7):
        # In turn and short, so that a busy machine is as busy for each of the three.
        rounds.append((run("bench_keys", 1000)["verify_us"], run("bench_axon", "bare", REQUESTS, SIDE)["us"],
                       run("bench_axon", "axon", REQUESTS, SIDE)["us"]))
    for title, index in (("verify a signature", 0), ("a server that answers blindly", 1), ("the axon", 2)):
        print(f"  {title:40} {statistics.median(round_[index] for round_ in rounds):9.1f} us of CPU a request")
    verify, bare, axon = (statistics.median(round_[index] for round_ in rounds) for index in range(3))
    share = (verify + bare) / axon
    measure.print_goal("axon, of 1 / (verify + the bare server)", share, f">= {AXON_GOAL}", share >= AXON_GOAL)
    print_parts()


def measure_round() -> None:
    found = run("bench_round", 21)
    for what, key, goal in (("wall", "wall_ms", ROUND_WALL_GOAL_MS), ("CPU", "cpu_ms", ROUND_CPU_GOAL_MS)):
        measure.print_goal(f"a round to 256 miners that answer after 20 ms, ms of {what}", found[key], f"<= {goal}",
                           found[key] <= goal)


def measure_memory() -> None:
    found = run("bench_axon", "hold", HOLD_SECONDS, RATE)
    growth = found["after_mb"] - found["before_mb"]
    print(f"  {HOLD_SECONDS} s at {found['rate']:.0f} requests a second: {found['before_mb']:.1f} MB after a sixth of it, "
          f"{found['after_mb']:.1f} MB at the end")
    measure.print_goal("growth of the axon's memory, MB", growth, f"<= {FLAT_MB}", growth <= FLAT_MB)


def main(full: bool) -> None:
    print("\nvalidator and miner over HTTP", flush=True)
    measure_axon(full)
    measure_round()
    if full:
        measure_memory()
