"""Signatures: ours beside those of the network's own SDK, round by round, by CPU time a call."""

import json
import statistics
import subprocess
import time

import measure
import programs

CALLS = 1000
MESSAGE = b"x" * 260
SIGN_GOAL = 0.35
VERIFY_GOAL = 0.7


def us_a_call(call) -> float:
    start = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - start) / CALLS * 1e6


def main(full: bool) -> None:
    import bittensor_core

    print("\nsr25519: microseconds of CPU a call")
    pair = bittensor_core.Keypair.create_from_uri("//Alice")
    signature = pair.sign(MESSAGE)
    command = [str(programs.find("bench_keys")), str(CALLS)]
    rounds = []
    for _ in range(15 if full else 7):
        ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rounds.append({**ours, "sdk_sign_us": us_a_call(lambda: pair.sign(MESSAGE)),
                       "sdk_verify_us": us_a_call(lambda: pair.verify(MESSAGE, signature))})
    for title, key in (("sign", "sign_us"), ("sign, SDK", "sdk_sign_us"), ("verify", "verify_us"),
                       ("verify, SDK", "sdk_verify_us"), ("sign a request", "sign_request_us"),
                       ("verify a request", "verify_request_us")):
        print(f"  {title:34} {statistics.median(round_[key] for round_ in rounds):9.1f}")
    for what, goal in (("sign", SIGN_GOAL), ("verify", VERIFY_GOAL)):
        ratio = statistics.median(round_[f"{what}_us"] / round_[f"sdk_{what}_us"] for round_ in rounds)
        measure.print_goal(f"{what}, of the SDK's time", ratio, f"<= {goal}", ratio <= goal)
