#!/usr/bin/env python3
"""The chain sidecar: asks a real chain, through Bittensor's own SDK, what its parent asks it.

    chain_sidecar.py --network finney|test|archive|ws://...|wss://... [--hotkey FILE]

One JSON object a line, in on standard input, out on standard output. It begins with the event `ready` (or `fatal`), and
ends when standard input does. A request is {"id", "method", "params", "deadline_s"}, its answer {"id", "ok", "ms"} and
`result` or `error`; answers come as they are done. The methods are those of METHODS below.

A write that has been submitted and is not answered is `outcome_unknown`, never `timeout`: it may still land. No port is
opened, and no file is read but the hotkey's own; there is no way to name a coldkey.
"""

import argparse
import asyncio
import contextvars
import ipaddress
import json
import os
import sys
import time

PROTOCOL = 1
# A metagraph of 256 neurons is a fifth of a megabyte; requests are far smaller.
MAX_LINE_BYTES = 16 << 20
MAX_KEYFILE_BYTES = 64 << 10
# What the SDK says of a submission that may or may not have been taken into a block.
UNCLEAR_STATUSES = ("Usurped", "Retracted", "FinalityTimeout", "Dropped")
RULES = (
    "Tempo",
    "MinAllowedWeights",
    "MaxWeightsLimit",
    "WeightsVersionKey",
    "WeightsSetRateLimit",
    "ActivityCutoff",
    "CommitRevealWeightsEnabled",
    "RevealPeriodEpochs",
    "ServingRateLimit",
    "ImmunityPeriod",
)
COLUMNS = (
    "uid",
    "hotkey",
    "coldkey",
    "axon",
    "active",
    "validator_permit",
    "last_update",
    "block_at_registration",
    "total_stake_rao",
    "rank",
    "incentive",
    "emission_rao",
)


class Failure(Exception):
    """What is wrong with a request, as its answer says it."""

    def __init__(self, code, message, *, name=None, hint=None):
        super().__init__(message)
        self.code = code
        self.name = name
        self.hint = hint


def load_hotkey(path):
    """The pair of a plain key file. Raises Failure."""
    from bittensor.sp_core import Keypair

    name = os.path.basename(path)
    if name == "coldkey" or name == "coldkeypub.txt":
        raise Failure("wallet", "this is a coldkey; only a hotkey is ever read")
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_KEYFILE_BYTES + 1)
        fields = json.loads(content) if len(content) <= MAX_KEYFILE_BYTES else None
    except OSError as error:
        raise Failure("wallet", f"the hotkey's file cannot be read: {error.strerror}") from None
    except ValueError:
        fields = None
    # No message shows a value: it may be a secret.
    if content.startswith((b"$NACL", b"$ANSIBLE_VAULT", b"gAAAAA")):
        raise Failure("wallet", "the hotkey's file is locked by a password, which is never handed on to the SDK")
    if not isinstance(fields, dict):
        raise Failure("wallet", "the hotkey's file is no plain key file")
    seed = fields.get("secretSeed")
    if fields.get("cryptoType", 1) not in (1, "1") or not isinstance(seed, str):
        raise Failure("wallet", "the hotkey's file has no seed of an sr25519 key")
    try:
        pair = Keypair.create_from_seed(bytes.fromhex(seed.removeprefix("0x")))
    except Exception:
        raise Failure("wallet", "the seed in the hotkey's file is not 32 bytes") from None
    if fields.get("ss58Address", pair.ss58_address) != pair.ss58_address:
        raise Failure("wallet", "the hotkey's file names an address that is not of its key")
    return pair


class Progress:
    """How far a request has come."""

    has_submitted = False


# Of the request that the running task works for.
PROGRESS = contextvars.ContextVar("progress")


class NotingSubstrate:
    """Passes all on, and notes when a write begins: before that nothing can have landed."""

    def __init__(self, substrate):
        self._substrate = substrate

    def __getattr__(self, name):
        return getattr(self._substrate, name)

    async def submit(self, *arguments, **options):
        PROGRESS.get().has_submitted = True
        return await self._substrate.submit(*arguments, **options)


def number(value):
    """A non-negative integer of a request. Raises Failure."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Failure("bad_params", "a number of the request is not a whole one from 0 up")
    return value


def hotkey_text(value):
    """None for what is nobody's: all bytes 0."""
    return None if not value or value == "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM" else value


class Sidecar:
    """`make_substrate()` gives an SDK backend that is not yet connected."""

    def __init__(self, bittensor, network, pair, make_substrate):
        self._bittensor = bittensor
        self._network = network
        self._pair = pair
        self._make_substrate = make_substrate
        self._client = None
        self._backend = None
        self._connecting = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._abandoned = set()

    async def _connected(self):
        async with self._connecting:
            if self._client is None:
                backend = NotingSubstrate(self._make_substrate())
                client = self._bittensor.Client(self._network, substrate=backend)
                await client.connect()
                self._client, self._backend = client, backend
            return self._client

    def _forget_connection(self):
        """Close it behind the scenes: a stalled one may take its time."""
        client, self._client = self._client, None
        if client is not None:
            self._let_go(asyncio.wait_for(client.close(), 10))

    def _let_go(self, work):
        task = asyncio.ensure_future(work)
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    # Reads -----------------------------------------------------------------------------------------------------------

    async def hello(self, _params):
        client = await self._connected()
        backend = self._backend
        return {
            "sdk": self._bittensor.__version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "spec_version": await backend.spec_version(),
            "endpoint": client.endpoint,
            "genesis": await backend.block_hash(0),
            "block_time_s": await backend.block_time(),
            "hotkey": self._pair.ss58_address if self._pair else None,
            "pid": os.getpid(),
        }

    async def block(self, _params):
        await self._connected()
        return {"block": await self._backend.block_number()}

    async def metagraph(self, params):
        netuid = number(params.get("netuid"))
        client = await self._connected()
        graph = await client.subnets.metagraph(netuid, commitments=False)
        if graph is None:
            raise Failure("not_found", f"network {netuid} does not exist")
        neurons = []
        for neuron in graph.neurons:
            row = [getattr(neuron, column, None) for column in COLUMNS]
            row[COLUMNS.index("total_stake_rao")] = int(neuron.total_stake.rao)
            # None where the SDK does not have it.
            emission = getattr(neuron, "emission", None)
            row[COLUMNS.index("emission_rao")] = None if emission is None else int(emission.rao)
            neurons.append(row)
        return {
            "netuid": graph.netuid,
            "block": graph.block,
            "tempo": graph.tempo,
            "blocks_since_last_step": graph.blocks_since_last_step,
            "max_n": graph.max_uids,
            "owner_hotkey": hotkey_text(graph.owner_hotkey),
            "columns": COLUMNS,
            "neurons": neurons,
        }

    async def _check_network(self, client, netuid, block):
        exists = await client.query(("SubtensorModule", "NetworksAdded"), [netuid], block=block)
        if not exists:
            raise Failure("not_found", f"network {netuid} does not exist")

    async def hyperparams(self, params):
        netuid = number(params.get("netuid"))
        client = await self._connected()
        block = await self._backend.block_number()
        await self._check_network(client, netuid, block)
        values = await asyncio.gather(
            *(client.query(("SubtensorModule", name), [netuid], block=block) for name in RULES)
        )
        return {"block": block, "values": dict(zip(RULES, values))}

    async def weights_state(self, params):
        netuid = number(params.get("netuid"))
        hotkey = self._own_pair().ss58_address
        client = await self._connected()
        block = await self._backend.block_number()
        await self._check_network(client, netuid, block)
        uid = await client.query(("SubtensorModule", "Uids"), [netuid, hotkey], block=block)
        if uid is None:
            return {"uid": None, "last_update": 0, "weights": [], "block": block}
        updates, weights = await asyncio.gather(
            client.query(("SubtensorModule", "LastUpdate"), [netuid], block=block),
            client.query(("SubtensorModule", "Weights"), [netuid, uid], block=block),
        )
        return {
            "uid": int(uid),
            "last_update": int(updates[int(uid)]),
            "weights": [[int(target), int(weight)] for target, weight in weights or []],
            "block": block,
        }

    # Writes ----------------------------------------------------------------------------------------------------------

    def _own_pair(self):
        if self._pair is None:
            raise Failure("wallet", "the sidecar was started without a hotkey")
        return self._pair

    async def set_weights(self, params):
        weights = params.get("weights")
        if not isinstance(weights, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in weights):
            raise Failure("bad_params", "'weights' is no list of pairs")
        return await self._write(
            self._bittensor.SetWeights(
                netuid=number(params.get("netuid")),
                uids=[number(uid) for uid, _ in weights],
                weights=[float(weight) for _, weight in weights],
                version_key=number(params.get("version_key")),
            )
        )

    async def serve_axon(self, params):
        try:
            ipaddress.ip_address(params.get("ip"))
        except ValueError:
            raise Failure("invalid_argument", "'ip' is neither IPv4 nor IPv6", name="InvalidIpType") from None
        return await self._write(
            self._bittensor.ServeAxon(
                netuid=number(params.get("netuid")),
                ip=params["ip"],
                port=number(params.get("port")),
                version=number(params.get("version")),
                protocol=number(params.get("protocol")),
            )
        )

    async def _write(self, intent):
        pair = self._own_pair()
        # One at a time: two at once would take one nonce.
        async with self._writing:
            client = await self._connected()
            result = await client.execute(intent, pair, wait_for_finalization=False)
        if result.success:
            number_text = (result.extrinsic_id or "").partition("-")[0]
            return {"block": int(number_text)} if number_text.isdigit() else {}
        error = result.error
        name = getattr(error, "name", None)
        if error is None or name in UNCLEAR_STATUSES:
            raise Failure("outcome_unknown", result.message or describe(error))
        raise Failure(error.code.value, error.message, name=name, hint=error.remediation)

    # Answers ---------------------------------------------------------------------------------------------------------

    METHODS = {
        "hello": hello,
        "block": block,
        "metagraph": metagraph,
        "hyperparams": hyperparams,
        "weights_state": weights_state,
        "set_weights": set_weights,
        "serve_axon": serve_axon,
    }
    WRITES = ("set_weights", "serve_axon")

    async def answer(self, request):
        """The answer to one request, within its deadline."""
        begun = time.monotonic()
        answer = {"id": request.get("id"), "ok": False}
        progress = Progress()
        PROGRESS.set(progress)
        try:
            answer["result"] = await self._within_deadline(request, progress)
            answer["ok"] = True
        except Exception as error:
            answer["error"] = self._error_of(error, request.get("method"), progress)
        answer["ms"] = round((time.monotonic() - begun) * 1000)
        return answer

    async def _within_deadline(self, request, progress):
        name = request.get("method")
        method = self.METHODS.get(name)
        if method is None:
            raise Failure("unknown_method", str(name))
        params = request.get("params")
        deadline = request.get("deadline_s")
        if not isinstance(params, dict) or not isinstance(deadline, (int, float)):
            raise Failure("bad_params", "'params' is no object, or 'deadline_s' no number")
        task = asyncio.ensure_future(method(self, params))
        done, _ = await asyncio.wait({task}, timeout=max(0, deadline))
        if done:
            return task.result()
        # What is on its way cannot be called back; all else is, so that it is never sent later.
        if not progress.has_submitted:
            task.cancel()
            self._forget_connection()
        self._let_go(task)
        code = "outcome_unknown" if progress.has_submitted else "timeout"
        raise Failure(code, f"the chain did not answer within {deadline:g} s")

    def _error_of(self, error, method, progress):
        code, name, hint = "internal", None, None
        if isinstance(error, Failure):
            code, name, hint = error.code, error.name, error.hint
        elif isinstance(error, self._bittensor.ChainError):
            code, name, hint = error.code.value, error.name, error.remediation
        elif isinstance(error, (self._bittensor.RpcConnectionError, ConnectionError, OSError)):
            self._forget_connection()
            code = "connection"
        elif type(error).__name__ == "StorageFunctionNotFound":
            code = "runtime_mismatch"
        elif isinstance(error, self._bittensor.BittensorError):
            # The SDK's own check of what it was given.
            code = "invalid_argument"
        if not isinstance(error, Failure) and method in self.WRITES:
            if progress.has_submitted:
                code, name = "outcome_unknown", None
            elif code == "internal":
                code = "not_sent"
        return {
            "code": code,
            "name": name,
            "message": str(error) if isinstance(error, Failure) else describe(error),
            "retryable": code in ("connection", "timeout", "rate_limited"),
            "hint": hint,
        }


def describe(error):
    return f"{type(error).__name__}: {error}"


async def serve(sidecar, reader, say):
    """Answer the requests of `reader` until it ends."""
    tasks = set()

    async def handle(line):
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        # A parent that writes anything else is none of ours.
        if isinstance(request, dict):
            say(await sidecar.answer(request))

    while line := await reader.readline():
        task = asyncio.ensure_future(handle(line))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


def take_channel():
    """Standard output for ourselves alone: what a library prints goes where errors go."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message):
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    return say


async def run(network, hotkey_file, say):
    try:
        import bittensor
    except Exception as error:
        raise Failure("internal", f"the package bittensor cannot be loaded: {describe(error)}") from error
    from bittensor import settings

    pair = load_hotkey(hotkey_file) if hotkey_file else None
    label, endpoint = settings.resolve_endpoint(network)

    def make_substrate():
        fallbacks = settings.default_fallback_endpoints(label)
        return bittensor.RpcSubstrate(endpoint, fallback_endpoints=[url for url in fallbacks if url != endpoint])

    sidecar = Sidecar(bittensor, network, pair, make_substrate)
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say(
        {
            "event": "ready",
            "sdk": bittensor.__version__,
            "protocol": PROTOCOL,
            "hotkey": pair.ss58_address if pair else "",
        }
    )
    await serve(sidecar, reader, say)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", required=True)
    parser.add_argument("--hotkey")
    arguments = parser.parse_args()
    say = take_channel()
    try:
        asyncio.run(run(arguments.network, arguments.hotkey, say))
    except Failure as failure:
        say({"event": "fatal", "code": failure.code, "message": str(failure)})
        return 1
    except BrokenPipeError:
        pass
    # Threads and connections of libraries must not hold up the end.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
