"""Tests of the chain sidecar with the real SDK on a substrate that is a fake.

    test_chain_sidecar.py [PYTHON]

PYTHON is that of the environment that deps/chain-wheels.txt describes; where it is not, and the SDK is not here either, the
end is 77, "skipped".
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import bittensor
except ImportError:
    if len(sys.argv) == 2 and Path(sys.argv[1]).exists():
        os.execv(sys.argv[1], [sys.argv[1], __file__])
    print("the package bittensor is not here; see deps/chain-wheels.txt")
    sys.exit(77)
from bittensor.sp_core import Keypair

sys.path.insert(0, str(Path(__file__).resolve().parent))
import chain_sidecar  # noqa: E402

PROGRAM = Path(chain_sidecar.__file__)
ALICE = Keypair.create_from_uri("//Alice")
BOB = Keypair.create_from_uri("//Bob")
NETUID = 7
# The seed that the file of a test's hotkey has; a made-up one.
SEED = "0x" + "11" * 32


class FakeSubstrate:
    """A chain of one network with two neurons, as far as the SDK looks at it."""

    def __init__(self):
        self.token_symbols = {}
        self.block = 1000
        self.storage = {
            "Tempo": 360,
            "MinAllowedWeights": 1,
            "MaxWeightsLimit": 65535,
            "WeightsVersionKey": 2004,
            "WeightsSetRateLimit": 100,
            "ActivityCutoff": 5000,
            "CommitRevealWeightsEnabled": False,
            "RevealPeriodEpochs": 1,
            "ServingRateLimit": 50,
            "ImmunityPeriod": 4096,
            "SubnetEpochConsensus": "Yuma",
            "LastUpdate": [500, 600],
            "ValidatorPermit": [True, False],
        }
        self.uids = {ALICE.ss58_address: 0, BOB.ss58_address: 1}
        self.weights = {0: [(1, 65535)]}
        self.submitted = []
        self.fault = None
        self.hold = None  # an event that submissions and reads wait for
        self.hold_reads = False
        self.num_connects = 0

    async def connect(self):
        self.num_connects += 1
        if self.fault == "unreachable":
            raise bittensor.RpcConnectionError("could not connect to any endpoint")

    async def close(self):
        pass

    def balance(self, rao, netuid=0):
        return bittensor.Balance(int(rao), netuid, None)

    async def block_hash(self, block=None):
        return f"0x{self.block if block is None else block:064x}"

    async def block_number(self):
        if self.hold_reads:
            await asyncio.Event().wait()
        return self.block

    async def finalized_block_number(self):
        return self.block

    async def block_time(self):
        return 12.0

    async def spec_version(self):
        return 459

    async def query(self, module, name, params=None, block_hash=None):
        if self.fault == "old_runtime":
            error = type("StorageFunctionNotFound", (ValueError,), {})
            raise error(f"storage function {module}.{name} not found")
        if name == "NetworksAdded":
            return params == [NETUID]
        if name == "Uids":
            return self.uids.get(params[1])
        if name == "Weights":
            return self.weights.get(params[1], [])
        if name == "System" or module == "System":
            return {"data": {"free": 0}}
        return self.storage.get(name)

    async def query_map(self, *_arguments, **_options):
        return []

    async def runtime_call(self, api, method, params, block_hash=None):
        if method != "get_metagraph" or params != [NETUID]:
            return None
        return {
            "netuid": NETUID,
            "block": self.block,
            "tempo": 360,
            "last_step": 983,
            "blocks_since_last_step": 17,
            "max_uids": 256,
            "num_uids": 2,
            "owner_hotkey": ALICE.ss58_address,
            "owner_coldkey": BOB.ss58_address,
            "network_registered_at": 5,
            "hotkeys": [ALICE.ss58_address, BOB.ss58_address],
            "coldkeys": [BOB.ss58_address, BOB.ss58_address],
            "active": [True, False],
            "validator_permit": [True, False],
            "last_update": self.storage["LastUpdate"],
            "block_at_registration": [10, 20],
            "total_stake": [5_000_000_000_123, 0],
            "alpha_stake": [1, 0],
            "tao_stake": [1, 0],
            "rank": [0, 65535],
            "incentives": [0, 13107],
            "emission": [0, 1_500_000_000],
            "axons": [
                {"ip": 0, "port": 0, "ip_type": 4},
                {"ip": int.from_bytes(bytes([8, 8, 4, 4]), "big"), "port": 8092, "ip_type": 4},
            ],
        }

    async def compose(self, call):
        return call

    async def estimate_fee(self, _call, _keypair):
        return self.balance(0)

    async def account_next_index(self, _address):
        return 0

    async def submit(self, call, keypair, **_options):
        self.submitted.append((call, keypair.ss58_address))
        if self.hold is not None:
            await self.hold.wait()
        if self.fault == "breaks_while_submitting":
            raise bittensor.RpcConnectionError("the connection was lost")
        if self.fault == "dropped":
            error = bittensor.ChainError("extrinsic dropped", name="Dropped")
            return bittensor.ExtrinsicResult(False, "extrinsic dropped", error=error)
        if self.fault == "no_permit":
            error = bittensor.ChainError("no permit", name="NeuronNoValidatorPermit")
            return bittensor.ExtrinsicResult(False, "no permit", error=error)
        return bittensor.ExtrinsicResult(True, "ok", extrinsic_id=f"{self.block + 1}-3")


class SidecarTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.chain = FakeSubstrate()
        self.sidecar = self.seen_by(ALICE)

    def seen_by(self, pair):
        return chain_sidecar.Sidecar(bittensor, "ws://fake", pair, lambda: self.chain)

    async def ask(self, method, deadline_s=5, sidecar=None, **params):
        request = {"id": 3, "method": method, "params": params, "deadline_s": deadline_s}
        answer = await (sidecar or self.sidecar).answer(request)
        self.assertEqual(answer["id"], 3)
        # All of it goes through JSON.
        return json.loads(json.dumps(answer))

    async def result(self, method, **params):
        answer = await self.ask(method, **params)
        self.assertTrue(answer["ok"], answer)
        return answer["result"]

    async def error(self, method, **params):
        answer = await self.ask(method, **params)
        self.assertFalse(answer["ok"], answer)
        return answer["error"]

    async def set_weights(self, **options):
        return await self.ask("set_weights", netuid=NETUID, weights=[[1, 65535]], version_key=2004, **options)

    async def test_hello_tells_versions(self):
        hello = await self.result("hello")
        self.assertEqual(hello["sdk"], bittensor.__version__)
        self.assertEqual(hello["spec_version"], 459)
        self.assertEqual(hello["hotkey"], ALICE.ss58_address)

    async def test_block(self):
        self.assertEqual((await self.result("block"))["block"], 1000)

    async def test_metagraph(self):
        graph = await self.result("metagraph", netuid=NETUID)
        self.assertEqual((graph["netuid"], graph["block"], graph["tempo"], graph["max_n"]), (NETUID, 1000, 360, 256))
        self.assertEqual(graph["blocks_since_last_step"], 17)
        self.assertEqual(graph["owner_hotkey"], ALICE.ss58_address)
        rows = [dict(zip(graph["columns"], row)) for row in graph["neurons"]]
        self.assertEqual([row["uid"] for row in rows], [0, 1])
        self.assertEqual(rows[0]["axon"], None)
        self.assertEqual(rows[1]["axon"], "8.8.4.4:8092")
        self.assertEqual(rows[0]["total_stake_rao"], 5_000_000_000_123)
        self.assertEqual([row["validator_permit"] for row in rows], [True, False])
        self.assertEqual([row["last_update"] for row in rows], [500, 600])
        self.assertEqual([row["rank"] for row in rows], [0, 1])
        self.assertEqual([row["incentive"] for row in rows], [0, 0.2])
        self.assertEqual([row["emission_rao"] for row in rows], [0, 1_500_000_000])
        self.assertEqual([row["block_at_registration"] for row in rows], [10, 20])

    async def test_hyperparameters_are_those_of_the_chain(self):
        values = (await self.result("hyperparams", netuid=NETUID))["values"]
        self.assertEqual(values, {name: self.chain.storage[name] for name in chain_sidecar.RULES})

    async def test_weights_state(self):
        state = await self.result("weights_state", netuid=NETUID)
        self.assertEqual(state, {"uid": 0, "last_update": 500, "weights": [[1, 65535]], "block": 1000})
        self.chain.uids.clear()
        self.assertEqual((await self.result("weights_state", netuid=NETUID))["uid"], None)

    async def test_another_network_is_not_found(self):
        for method in ("metagraph", "hyperparams", "weights_state"):
            self.assertEqual((await self.error(method, netuid=77))["code"], "not_found", method)

    async def test_weights_are_signed_by_the_hotkey(self):
        answer = await self.set_weights()
        self.assertTrue(answer["ok"], answer)
        self.assertEqual(answer["result"], {"block": 1001})
        ((call, signer),) = self.chain.submitted
        self.assertEqual(signer, ALICE.ss58_address)
        self.assertEqual(call[1], "set_mechanism_weights")
        self.assertEqual(call[2]["dests"], [1])
        self.assertEqual(call[2]["weights"], [65535])
        self.assertEqual(call[2]["version_key"], 2004)

    async def test_weights_of_16_bits_arrive_as_they_are(self):
        await self.result("set_weights", netuid=NETUID, weights=[[0, 1], [1, 65535]], version_key=0)
        ((call, _),) = self.chain.submitted
        self.assertEqual((call[2]["dests"], call[2]["weights"]), ([0, 1], [1, 65535]))

    async def test_serve_axon(self):
        params = {"netuid": NETUID, "port": 8091, "version": 3, "protocol": 4}
        await self.result("serve_axon", ip="8.8.8.8", **params)
        ((call, _),) = self.chain.submitted
        self.assertEqual((call[1], call[2]["ip"], call[2]["ip_type"]), ("serve_axon", 0x08080808, 4))
        self.assertEqual((await self.error("serve_axon", ip="host", **params))["name"], "InvalidIpType")

    async def test_too_early_is_rate_limited_and_nothing_is_sent(self):
        self.chain.storage["LastUpdate"][0] = 950
        error = (await self.set_weights())["error"]
        self.assertEqual((error["code"], error["retryable"]), ("rate_limited", True))
        self.assertEqual(self.chain.submitted, [])

    async def test_a_stranger_is_not_registered(self):
        self.chain.uids.clear()
        self.assertEqual((await self.set_weights())["error"]["code"], "not_registered")

    async def test_a_refusal_has_the_name_of_the_chain(self):
        self.chain.fault = "no_permit"
        error = (await self.set_weights())["error"]
        self.assertEqual((error["code"], error["name"]), ("not_authorized", "NeuronNoValidatorPermit"))

    async def test_a_write_that_is_not_answered_has_an_unknown_outcome_and_goes_on(self):
        self.chain.hold = asyncio.Event()
        error = (await self.set_weights(deadline_s=0.05))["error"]
        self.assertEqual((error["code"], error["retryable"]), ("outcome_unknown", False))
        self.chain.hold.set()
        self.chain.hold = None
        self.assertTrue((await self.set_weights())["ok"])
        self.assertEqual(len(self.chain.submitted), 2)

    async def test_a_write_that_has_not_begun_by_its_deadline_is_never_sent(self):
        self.chain.hold = asyncio.Event()
        first = asyncio.ensure_future(self.set_weights())
        while not self.chain.submitted:
            await asyncio.sleep(0.001)
        error = (await self.set_weights(deadline_s=0.05))["error"]
        self.assertEqual(error["code"], "timeout")
        self.chain.hold.set()
        self.assertTrue((await first)["ok"])
        await asyncio.sleep(0.05)
        self.assertEqual(len(self.chain.submitted), 1)

    async def test_what_breaks_during_a_submission_has_an_unknown_outcome(self):
        for fault in ("breaks_while_submitting", "dropped"):
            self.chain.fault = fault
            self.assertEqual((await self.set_weights())["error"]["code"], "outcome_unknown", fault)

    async def test_what_breaks_before_a_submission_is_known_not_to_be_sent(self):
        self.chain.fault = "unreachable"
        self.assertEqual((await self.set_weights())["error"]["code"], "connection")
        self.chain.fault = "old_runtime"
        self.assertEqual((await self.set_weights())["error"]["code"], "runtime_mismatch")
        self.assertEqual(self.chain.submitted, [])

    async def test_a_stalled_read_times_out_and_the_next_one_connects_anew(self):
        await self.result("block")
        self.chain.hold_reads = True
        error = await self.error("block", deadline_s=0.05)
        self.assertEqual((error["code"], error["retryable"]), ("timeout", True))
        self.chain.hold_reads = False
        connects = self.chain.num_connects
        await self.result("block")
        self.assertEqual(self.chain.num_connects, connects + 1)

    async def test_a_chain_that_comes_back_is_reached_again(self):
        self.chain.fault = "unreachable"
        self.assertEqual((await self.error("block"))["code"], "connection")
        self.chain.fault = None
        await self.result("block")

    async def test_requests_that_make_no_sense(self):
        self.assertEqual((await self.error("nope"))["code"], "unknown_method")
        self.assertEqual((await self.error("metagraph"))["code"], "bad_params")
        self.assertEqual((await self.error("metagraph", netuid=True))["code"], "bad_params")
        self.assertEqual((await self.error("metagraph", netuid=-1))["code"], "bad_params")
        for weights in (None, [1], [[1]], [["a", 1]], {"1": 1}):
            error = await self.error("set_weights", netuid=NETUID, weights=weights, version_key=0)
            self.assertEqual(error["code"], "bad_params", weights)
        answer = await self.sidecar.answer({"id": 3})
        self.assertEqual(answer["error"]["code"], "unknown_method")
        answer = await self.sidecar.answer({"id": 3, "method": "block", "params": {}})
        self.assertEqual(answer["error"]["code"], "bad_params")

    async def test_without_a_hotkey_nothing_is_written(self):
        sidecar = self.seen_by(None)
        self.assertEqual((await self.set_weights(sidecar=sidecar))["error"]["code"], "wallet")
        self.assertEqual((await self.error("weights_state", sidecar=sidecar, netuid=NETUID))["code"], "wallet")


class KeyfileTest(unittest.TestCase):
    def load(self, content, name="hotkey"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_text(content)
            return chain_sidecar.load_hotkey(str(path))

    def refusal(self, content, name="hotkey"):
        with self.assertRaises(chain_sidecar.Failure) as raised:
            self.load(content, name)
        self.assertEqual(raised.exception.code, "wallet")
        self.assertNotIn("11" * 8, str(raised.exception))
        return str(raised.exception)

    def test_a_plain_file_gives_its_pair(self):
        expected = Keypair.create_from_seed(bytes.fromhex(SEED[2:]))
        for more in ({}, {"ss58Address": expected.ss58_address}, {"cryptoType": 1}, {"cryptoType": "1"}):
            self.assertEqual(self.load(json.dumps({"secretSeed": SEED, **more})).ss58_address, expected.ss58_address)

    def test_all_else_is_refused_without_showing_a_secret(self):
        for lock in ("$NACL", "$ANSIBLE_VAULT", "gAAAAA"):
            self.assertIn("locked by a password", self.refusal(lock + "11" * 32))
        self.refusal("[]")
        self.refusal(json.dumps({"publicKey": "0x00"}))
        self.refusal(json.dumps({"secretSeed": SEED, "cryptoType": 0}))
        self.refusal(json.dumps({"secretSeed": SEED[:-2]}))
        self.refusal(json.dumps({"secretSeed": SEED + "zz"}))
        self.refusal(json.dumps({"secretSeed": SEED, "ss58Address": ALICE.ss58_address}))
        self.assertIn("coldkey", self.refusal(json.dumps({"secretSeed": SEED}), name="coldkey"))
        with self.assertRaises(chain_sidecar.Failure):
            chain_sidecar.load_hotkey("/nonexistent/hotkey")


def listening_sockets(pid):
    """The TCP sockets of a process, and of none else, to which somebody could connect."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in open(f"/proc/{pid}/net/{name}").readlines()[1:]]
    listening = {f"socket:[{line[9]}]" for line in lines if line[3] == "0A"}
    folder = Path(f"/proc/{pid}/fd")
    return [link for link in map(os.readlink, folder.iterdir()) if link in listening]


class ProgramTest(unittest.TestCase):
    """The program itself, at an address where nobody listens."""

    def run_program(self, lines, *arguments, check_ready=True):
        process = subprocess.run(
            [sys.executable, "-I", str(PROGRAM), "--network", "ws://127.0.0.1:9", *arguments],
            input="".join(line + "\n" for line in lines),
            stdout=subprocess.PIPE,
            text=True,
            timeout=100,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"},
            cwd="/",
        )
        answers = [json.loads(line) for line in process.stdout.splitlines()]
        if check_ready:
            self.assertEqual(answers[0]["event"], "ready", answers)
        return process.returncode, answers

    def test_says_that_it_is_ready_and_ends_with_its_input(self):
        code, answers = self.run_program([])
        self.assertEqual(code, 0)
        expected = {"event": "ready", "sdk": bittensor.__version__, "protocol": 1, "hotkey": ""}
        self.assertEqual(answers, [expected])

    def test_a_node_that_is_not_there_is_a_connection_error(self):
        process = subprocess.Popen(
            [sys.executable, "-I", str(PROGRAM), "--network", "ws://127.0.0.1:9"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        )
        with process:
            self.assertEqual(json.loads(process.stdout.readline())["event"], "ready")
            process.stdin.write("no JSON\n[]\n")
            process.stdin.write('{"id": 4, "method": "block", "params": {}, "deadline_s": 30}\n')
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            self.assertEqual((answer["id"], answer["ok"]), (4, False))
            self.assertIn(answer["error"]["code"], ("connection", "timeout"))
            self.assertEqual(listening_sockets(process.pid), [], "it opens no port")
            process.stdin.close()
            self.assertEqual(process.wait(20), 0)

    def test_a_hotkey_that_cannot_be_read_is_fatal(self):
        code, answers = self.run_program([], "--hotkey", "/nonexistent/hotkey", check_ready=False)
        self.assertEqual(code, 1)
        self.assertEqual((answers[0]["event"], answers[0]["code"]), ("fatal", "wallet"))


if __name__ == "__main__":
    unittest.main()
