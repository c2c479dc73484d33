#!/usr/bin/env python3
"""Run a command with object servers beside it.

    with_servers.py [--venv FOLDER] [--go-folder FOLDER] s3 gcs refusing -- COMMAND [ARGUMENT ...]

Each server gets a free port of 127.0.0.1; the command starts once all answer, and finds their
addresses in its environment; all but the last hold one empty bucket, assay-test:

    s3        moto                   ASSAY_TEST_S3_ENDPOINT
    minio     minio, which checks    the same; ASSAY_TEST_S3_ACCESS_KEY and ASSAY_TEST_S3_SECRET_KEY
              signatures             are the only key it knows, made for this run
    gcs       gcp-storage-emulator   ASSAY_TEST_GCS_ENDPOINT; ASSAY_TEST_GCS_KEY is the path of a
                                     service-account key made for this run
    fake-gcs  fake-gcs-server        the same
    refusing  403 to every request   ASSAY_TEST_REFUSING_ENDPOINT

Where the environment of the servers (./dev setup makes it from deps/test-wheels.txt) is absent, the
command runs without those variables, and tests that need them skip; with ASSAY_TEST_REQUIRE_SERVERS=1
that is a failure. minio and fake-gcs are built from Go modules into --go-folder, which takes minutes,
so only with ASSAY_TEST_FULL=1; without that, or where they cannot be built, the exit status is 77 and
the reason is printed. Else the exit status is the command's. Servers are ended by their process id.
"""

import argparse
import http.client
import http.server
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import typing

import go_servers

BUCKET = "assay-test"
READY_WITHIN_S = 60
TRIES = 3
SKIPPED = 77  # what ctest is told when a server cannot be had

# The server takes one connection at a time, and a client that pauses a download stops it; and what it
# holds is not made for threads: it fails to write down what another thread changes.
GCS_WITH_THREADS = """
import functools, http.server, inspect, threading
http.server.HTTPServer = http.server.ThreadingHTTPServer
from gcp_storage_emulator.__main__ import main
from gcp_storage_emulator.storage import Storage

lock = threading.RLock()

def one_at_a_time(function):
    @functools.wraps(function)
    def locked(*arguments, **options):
        with lock:
            return function(*arguments, **options)
    return locked

for name, member in list(vars(Storage).items()):
    if inspect.isfunction(member):
        setattr(Storage, name, one_at_a_time(member))
main()
"""


class Refusing(http.server.BaseHTTPRequestHandler):
    """Knows everybody, and lets nobody in; in the form that the path's service has."""

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(("/storage/", "/upload/", "/download/")):
            kind = "application/json"
            body = b'{"error": {"code": 403, "message": "no access", "errors": [{"reason": "forbidden"}]}}'
        else:
            kind = "application/xml"
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        # minio answers 503 until its storage is ready.
        return answer.status != 503
    except OSError:
        return False
    except http.client.HTTPException:
        return True


def make_bucket(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    status = connection.getresponse().status
    if status != 200:
        raise SystemExit(f"with_servers: making the bucket {BUCKET} gave {status}")


def make_bucket_with_key(python, endpoint, key):
    """minio answers nobody without a right signature."""
    script = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket=sys.argv[2])"
    subprocess.run([python, "-c", script, endpoint, BUCKET], check=True,
                   env={"PATH": os.environ.get("PATH", ""), "NO_PROXY": "*", "AWS_EC2_METADATA_DISABLED": "true",
                        "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "AWS_REGION": "us-east-1"})


def make_key(folder):
    """A key that no service knows: the GCS server looks at no signature."""
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                          check=True, capture_output=True, text=True)
    path = os.path.join(folder, "key.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"type": "service_account", "project_id": "assay-test", "private_key_id": "0123456789",
                   "private_key": made.stdout, "client_email": "tester@assay-test.iam.gserviceaccount.com",
                   "client_id": "1", "token_uri": "http://127.0.0.1:1/token"}, file)
    return path


class Kind(typing.NamedTuple):
    """How to start one kind of server."""

    variable: str
    program: str
    command_of_port: typing.Callable[[int], list[str]]
    environment: dict[str, str] = {}


class Server:
    """A server of a kind, as a child process."""

    def __init__(self, kind, folder):
        for _ in range(TRIES):
            self.port = free_port()
            self.log = tempfile.TemporaryFile()
            # The servers must not ask a proxy, or the real services, for anything.
            environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "NO_PROXY": "*", **kind.environment}
            self.process = subprocess.Popen(
                kind.command_of_port(self.port), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=self.log, stderr=subprocess.STDOUT)
            try:
                if self.becomes_ready():
                    return
            except BaseException:
                self.end()
                raise
            self.end()
        self.log.seek(0)
        tail = self.log.read()[-2000:].decode(errors="replace")
        raise SystemExit(f"with_servers: {kind.program} does not answer:\n{tail}")

    def becomes_ready(self):
        until = time.monotonic() + READY_WITHIN_S
        while self.process.poll() is None and time.monotonic() < until:
            if answers(self.port):
                return True
            time.sleep(0.05)
        return False

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def kind_of(name, venv, go_folder, key):
    tool = lambda program: str(venv / "bin" / program)
    if name == "s3":
        return Kind("ASSAY_TEST_S3_ENDPOINT", tool("moto_server"),
                    lambda port: [tool("python"), tool("moto_server"), "-H", "127.0.0.1", "-p", str(port)])
    if name == "gcs":
        return Kind("ASSAY_TEST_GCS_ENDPOINT", tool("gcp-storage-emulator"),
                    lambda port: [tool("python"), "-c", GCS_WITH_THREADS, "start", "--host", "127.0.0.1",
                                  "--port", str(port), "--in-memory", "--quiet", "--default-bucket", BUCKET])
    if os.environ.get("ASSAY_TEST_FULL") != "1":
        raise go_servers.Unavailable(f"{name} is built only in a full run (ASSAY_TEST_FULL=1)")
    if name == "fake-gcs":
        program = go_servers.build("fake-gcs-server", go_folder)
        return Kind("ASSAY_TEST_GCS_ENDPOINT", program,
                    lambda port: [program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
                                  "-backend", "memory", "-public-host", f"127.0.0.1:{port}"])
    # Its bucket is made by boto3, which comes with moto.
    if not os.path.exists(tool("moto_server")):
        raise go_servers.Unavailable(f"minio needs {tool('python')} with boto3; run ./dev setup")
    program = go_servers.build("minio", go_folder)
    return Kind("ASSAY_TEST_S3_ENDPOINT", program,
                lambda port: [program, "server", "--quiet", "--address", f"127.0.0.1:{port}", "minio"],
                {"MINIO_ROOT_USER": key[0], "MINIO_ROOT_PASSWORD": key[1], "MINIO_BROWSER": "off",
                 "MINIO_UPDATE": "off", "MINIO_CI_CD": "1"})


def prepare(name, port, venv, folder, key):
    """Make the bucket; what the command finds in its environment beside the address."""
    if name == "s3":
        make_bucket(port, "PUT", f"/{BUCKET}")
        return {}
    if name == "minio":
        make_bucket_with_key(str(venv / "bin" / "python"), f"http://127.0.0.1:{port}", key)
        return {"ASSAY_TEST_S3_ACCESS_KEY": key[0], "ASSAY_TEST_S3_SECRET_KEY": key[1]}
    if name == "fake-gcs":
        make_bucket(port, "POST", "/storage/v1/b?project=assay-test", json.dumps({"name": BUCKET}))
    return {"ASSAY_TEST_GCS_KEY": make_key(folder)}


def start_refusing():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"ASSAY_TEST_REFUSING_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}


def run_with(names, command, venv, go_folder, folder, running):
    """Start the servers, each added to `running`, and run the command; its exit status."""
    environment = dict(os.environ)
    key = ("AKID" + secrets.token_hex(8).upper(), secrets.token_hex(20))
    for name in names:
        if name == "refusing":
            environment |= start_refusing()
            continue
        kind = kind_of(name, venv, go_folder, key)
        if not os.path.exists(kind.program):
            reason = f"with_servers: {kind.program} is absent; run ./dev setup"
            if os.environ.get("ASSAY_TEST_REQUIRE_SERVERS") == "1":
                raise SystemExit(reason)
            print(reason, file=sys.stderr)
            continue
        running.append(Server(kind, folder))
        port = running[-1].port
        environment[kind.variable] = f"http://127.0.0.1:{port}"
        environment |= prepare(name, port, venv, folder, key)
    return subprocess.run(command, env=environment, check=False).returncode


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=pathlib.Path, default=root / ".deps" / "test-venv")
    parser.add_argument("--go-folder", type=pathlib.Path, default=root / "build" / "go-servers")
    parser.add_argument("servers", nargs="*", choices=["s3", "gcs", "minio", "fake-gcs", "refusing", []])
    if "--" not in sys.argv:
        parser.error("give the command after --")
    split = sys.argv.index("--")
    arguments = parser.parse_args(sys.argv[1:split])
    running = []
    # An end by signal must pass through the finally below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="assay-servers-") as folder:
        try:
            return run_with(arguments.servers, sys.argv[split + 1:], arguments.venv.absolute(),
                            arguments.go_folder.absolute(), folder, running)
        except go_servers.Unavailable as reason:
            print(f"skipped: {reason}")
            return SKIPPED
        finally:
            for server in running:
                server.end()


if __name__ == "__main__":
    sys.exit(main())
