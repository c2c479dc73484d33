#!/usr/bin/env python3
"""Run whole-program tests written as text files: see README.md beside this file."""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import difflib
import hashlib
import http.server
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
COMMAND_SECONDS = 600
SKIPPED = 77  # what ctest is told when every test was skipped
RESULT_WORDS = ("exit", "stdout", "stderr", "json", "same", "absent", "present", "match")


class Failure(Exception):
    """What a test found wrong, or a line that is not in the language."""


class Skip(Exception):
    """Why a test cannot be run here."""


@dataclasses.dataclass
class Step:
    """One directive: its line in the file, the word that names it, and the rest of the line."""

    line: int
    word: str
    rest: str
    body: list[str] = dataclasses.field(default_factory=list)  # of `file` and of a command's output


def parse(text):
    """The steps of a test file."""
    steps = []
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith("$ "):
            steps.append(Step(number, "$", line[2:]))
        elif line.startswith("> ") or line == ">":
            if not steps or steps[-1].word != "$":
                raise Failure(f"line {number}: expected output must follow its command")
            steps[-1].body.append(line[2:])
        elif line.strip() and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            step = Step(number, word, rest.strip())
            if word == "file":
                while number < len(lines) and lines[number].startswith("|"):
                    step.body.append(lines[number][1:])
                    number += 1
            steps.append(step)
    return steps


def processes_of(sessions):
    """What lives in these sessions: {id of the process: its name}."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # PID (NAME) STATE PARENT GROUP SESSION: see proc(5).
            begin, _, end = stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")
            state, _, _, session = end.split()[:4]
            if int(session) in sessions and state != "Z":
                number, _, name = begin.partition(" (")
                found[int(number)] = name
    return found


class Case:
    """One test file, run in a fresh folder."""

    def __init__(self, path, options, folder):
        self.path = path
        self.options = options
        self.folder = pathlib.Path(folder) / "work"
        self.folder.mkdir()
        home = pathlib.Path(folder) / "home"
        programs = pathlib.Path(folder) / "bin"
        home.mkdir()
        programs.mkdir()
        (programs / "assay").symlink_to(options.program)
        self.environment = {
            "PATH": f"{programs}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "HOME": str(home),
            "TMPDIR": str(pathlib.Path(folder)),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "DATA": str(DATA),
            "NO_PROXY": "127.0.0.1",
            "UNPRIVILEGED": unprivileged(),
            # How full the disk of this machine is must not show in an output.
            "ASSAY_HISTORY_MIN_FREE_SHARE": "0",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.result = None
        self.outputs = []  # (where, bytes) of all that the program printed
        self.secrets = []
        self.inputs = {}  # files that the test itself put there, by digest
        self.sessions = set()  # of the commands, with all that they left behind
        self.servers = []
        self.webhooks = []
        self.accepted = {}  # line of a command -> what it printed

    # Running

    def run(self):
        try:
            steps = parse(self.path.read_text(encoding="utf-8"))
            for index, step in enumerate(steps):
                self.run_step(step)
                following = steps[index + 1].word if index + 1 < len(steps) else ""
                if self.result and following not in RESULT_WORDS:
                    self.finish_command()
            self.check_secrets()
            self.await_end()
        finally:
            while left := processes_of(self.sessions):
                for process in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                time.sleep(0.01)
            for server in self.servers:
                server.terminate()
            for server in self.servers:
                server.wait(10)
                server.stdout.close()
            for webhook in self.webhooks:
                webhook.shutdown()
                webhook.server_close()

    def await_end(self):
        """Until all has ended that the commands started, as a test must see to."""
        deadline = time.monotonic() + self.options.patience
        while left := processes_of(self.sessions):
            if time.monotonic() > deadline:
                raise Failure(f"leaves processes: {', '.join(sorted(left.values()))}\n")
            time.sleep(0.02)

    def run_step(self, step):
        actions = {"$": self.command, "copy": self.copy, "file": self.write, "keyfile": self.key_file,
                   "server": self.server, "hub": self.hub, "images": self.images, "webhook": self.webhook, "setenv": self.set_environment,
                   "secret": self.secret, "needs": self.needs, "exit": self.exit, "stdout": self.stdout,
                   "stderr": self.stderr, "json": self.json, "same": self.same, "absent": self.absent,
                   "present": self.present, "match": self.match}
        if step.word not in actions:
            raise Failure(f"line {step.line}: unknown directive '{step.word}'")
        if step.word in RESULT_WORDS and self.result is None:
            raise Failure(f"line {step.line}: '{step.word}' must follow a command")
        try:
            actions[step.word](step)
        except Failure as failure:
            raise Failure(f"line {step.line}: {failure}") from None

    def expand(self, text):
        """$NAME and ${NAME} of the test's environment."""
        return re.sub(r"\$\{?([A-Z][A-Z0-9_]*)\}?", lambda m: self.environment.get(m[1], m[0]), text)

    def shell(self, command):
        """What the command did; one that does not end in time is ended with all that it started."""
        arguments = ["/bin/sh", "-c", command]
        with subprocess.Popen(arguments, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
            self.sessions.add(process.pid)
            try:
                out, err = process.communicate(timeout=COMMAND_SECONDS)
            except BaseException as trouble:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                if isinstance(trouble, subprocess.TimeoutExpired):
                    raise Failure(f"does not end within {COMMAND_SECONDS} s: {command}") from None
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def command(self, step):
        done = self.shell(step.rest)
        self.result = {"step": step, "code": done.returncode, "out": done.stdout, "err": done.stderr,
                       "exit": 0, "any_out": False, "any_err": False}
        self.outputs += [(f"stdout of line {step.line}", done.stdout), (f"stderr of line {step.line}", done.stderr)]

    def finish_command(self):
        """The checks that need no line of their own."""
        result, self.result = self.result, None
        step = result["step"]
        if result["code"] != result["exit"]:
            raise Failure(f"line {step.line}: exit status {result['code']}, expected {result['exit']}\n"
                          + self.shown(result))
        if not result["any_out"]:
            expected = "".join(self.expand(line) + "\n" for line in step.body).encode()
            if result["out"] != expected:
                if self.options.accept:
                    self.accepted[step.line] = result["out"]
                else:
                    raise Failure(f"line {step.line}: stdout differs\n" + difference(expected, result["out"])
                                  + self.shown(result))
        if result["exit"] == 0 and not result["any_err"] and result["err"]:
            raise Failure(f"line {step.line}: stderr should be empty\n" + self.shown(result))

    @staticmethod
    def shown(result):
        text = f"(exit status {result['code']})\n" + result["err"].decode("utf-8", "replace")
        return "".join(f"    stderr: {line}\n" for line in text.splitlines()[-20:])

    # Directives that prepare

    def copy(self, step):
        source, _, name = step.rest.partition(" as ")
        target = self.folder / (name or pathlib.Path(source).name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if (DATA / source).is_dir():
            shutil.copytree(DATA / source, target)
        else:
            shutil.copyfile(DATA / source, target)
        self.remember(target)

    def write(self, step):
        target = self.folder / step.rest
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(self.expand(line) + "\n" for line in step.body), encoding="utf-8")
        self.remember(target)

    def key_file(self, step):
        """`keyfile NAME [TOKEN_URI]`: a service account with a key of its own, which is then a secret."""
        name, *token_uri = step.rest.split()
        key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                             check=True, capture_output=True, text=True).stdout
        account = {"type": "service_account", "project_id": "test", "private_key_id": "0123456789abcdef",
                   "private_key": key, "client_email": "auditor@test.iam.gserviceaccount.com",
                   "client_id": "1", "token_uri": self.expand(token_uri[0] if token_uri else "http://$SERVER/token")}
        target = self.folder / name
        target.write_text(json.dumps(account, indent=2), encoding="utf-8")
        target.chmod(0o600)
        self.remember(target)
        self.secrets += [line for line in key.splitlines() if not line.startswith("-----")]

    def server(self, step):
        """`server [as NAME] [flags]`: $NAME is then its address; the name is SERVER by default."""
        words = shlex.split(self.expand(step.rest))
        name = "SERVER"
        if words[:1] == ["as"]:
            name, words = words[1], words[2:]
        process = subprocess.Popen([self.options.server, "--stop-after", "300", *words], cwd=self.folder,
                                   stdout=subprocess.PIPE, text=True)
        self.servers.append(process)
        line = process.stdout.readline()
        if "listening on " not in line:
            raise Failure("the server did not start")
        self.environment[name] = line.split()[-1]

    def hub(self, step):
        """`hub [as NAME] FOLDER [flags]`: $NAME is then its address, which begins with http; the name is HUB by default."""
        words = shlex.split(self.expand(step.rest))
        name = "HUB"
        if words[:1] == ["as"]:
            name, words = words[1], words[2:]
        process = subprocess.Popen([sys.executable, HERE.parent / "servers" / "dataset_hub.py", *words], cwd=self.folder,
                                   stdout=subprocess.PIPE, text=True)
        self.servers.append(process)
        line = process.stdout.readline()
        if "listening on " not in line:
            raise Failure("the hub did not start")
        self.environment[name] = "http://" + line.split()[-1]

    def images(self, step):
        """`images [as NAME] [flags]`: $NAME is then the address of a service of models; the name is IMAGES by default."""
        words = shlex.split(self.expand(step.rest))
        name = "IMAGES"
        if words[:1] == ["as"]:
            name, words = words[1], words[2:]
        process = subprocess.Popen([sys.executable, HERE.parent / "servers" / "image_server.py", *words], cwd=self.folder,
                                   stdout=subprocess.PIPE, text=True)
        self.servers.append(process)
        line = process.stdout.readline()
        if "listening on " not in line:
            raise Failure("the service did not start")
        self.environment[name] = "http://" + line.split()[-1]

    def webhook(self, step):
        """`webhook FILE`: $WEBHOOK is the address of a server that adds each body posted to it to FILE."""
        target = self.folder / step.rest

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802, the name is the library's
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                with open(target, "ab") as file:
                    file.write(body.rstrip(b"\n") + b"\n")
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.webhooks.append(server)
        self.environment["WEBHOOK"] = f"http://127.0.0.1:{server.server_port}/hook"

    def needs(self, step):
        """`needs REASON: COMMAND`: skip the test when the command fails."""
        reason, colon, command = step.rest.partition(": ")
        if not colon:
            raise Failure("expected `needs REASON: COMMAND`")
        if self.shell(command).returncode != 0:
            raise Skip(reason)

    def set_environment(self, step):
        name, _, value = step.rest.partition(" ")
        self.environment[name] = self.expand(value)

    def secret(self, step):
        self.secrets.append(self.expand(step.rest))

    def remember(self, target):
        files = [target] if target.is_file() else [file for file in target.rglob("*") if file.is_file()]
        for file in files:
            self.inputs[file] = hashlib.sha256(file.read_bytes()).digest()

    # Directives that check

    def exit(self, step):
        self.result["exit"] = int(step.rest)

    def stdout(self, step):
        self.result["any_out"] = True
        self.check_stream("out", step.rest)

    def stderr(self, step):
        self.result["any_err"] = True
        self.check_stream("err", step.rest)

    def check_stream(self, name, rest):
        kind, _, wanted = rest.partition(" ")
        text = self.result[name].decode("utf-8", "replace")
        if kind == "~" and not re.search(wanted, text, re.MULTILINE):
            raise Failure(f"std{name} does not match {wanted}:\n{text}")
        if kind == "=" and text != self.expand(wanted) + "\n":
            raise Failure(f"std{name} is not '{self.expand(wanted)}' but:\n{text}")
        if kind not in ("~", "=", "any"):
            raise Failure("expected `~ REGEX`, `= TEXT` or `any`")

    def json(self, step):
        """`json [FILE]`: stdout, or FILE, is one JSON object and nothing else."""
        if step.rest:
            content = self.written(step.rest)
        else:
            self.result["any_out"] = True
            content = self.result["out"]
        where = step.rest or "stdout"
        try:
            value = json.loads(content)
        except ValueError as error:
            raise Failure(f"{where} is not JSON ({error}):\n{content[:2000].decode('utf-8', 'replace')}") from None
        if not isinstance(value, dict):
            raise Failure(f"{where} is JSON, but no object")

    def same(self, step):
        name, wanted = step.rest.split()
        written, expected = self.written(name), (DATA / wanted).read_bytes()
        if written != expected:
            raise Failure(f"{name} is not {wanted}\n" + difference(expected, written))

    def written(self, name):
        """The content of a file that the command had to write."""
        target = self.folder / name
        if not target.is_file():
            raise Failure(f"{name} was not written\n" + self.shown(self.result))
        return target.read_bytes()

    def absent(self, step):
        if (self.folder / step.rest).exists():
            raise Failure(f"{step.rest} exists")

    def present(self, step):
        if not (self.folder / step.rest).exists():
            raise Failure(f"{step.rest} does not exist")

    def match(self, step):
        name, _, wanted = step.rest.partition(" ")
        text = self.written(name).decode("utf-8", "replace")
        if not re.search(wanted, text, re.MULTILINE):
            raise Failure(f"{name} does not match {wanted}; it begins:\n{text[:1000]}")

    def check_secrets(self):
        places = list(self.outputs)
        for root, _, names in os.walk(self.folder.parent):
            for name in names:
                file = pathlib.Path(root) / name
                if file.is_symlink() or not file.is_file():
                    continue
                content = file.read_bytes()
                if self.inputs.get(file) != hashlib.sha256(content).digest():
                    places.append((str(file.relative_to(self.folder.parent)), content))
        for secret in self.secrets:
            for where, content in places:
                if secret.encode() in content:
                    raise Failure(f"a secret appears in {where}")


def unprivileged():
    """What to put in front of a command so that file permissions bind it, as they do not bind root."""
    if os.geteuid() != 0:
        return ""
    words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    try:
        if subprocess.run([*words, "true"], check=False, capture_output=True).returncode == 0:
            return " ".join(words)
    except OSError:
        pass
    return "false"


def difference(expected, found):
    """Both as lines whose ends can be seen."""
    def lines(content):
        return [repr(line.decode("utf-8", "backslashreplace")) for line in content.splitlines(keepends=True)]
    shown = list(difflib.unified_diff(lines(expected), lines(found), "expected", "found", lineterm=""))
    return "".join(f"    {line}\n" for line in shown[:60])


def accept(path, accepted):
    """Write what the commands printed into the test file."""
    lines = path.read_text(encoding="utf-8").split("\n")
    kept = []
    current = 0
    for number, line in enumerate(lines, 1):
        if (line.startswith("> ") or line == ">") and current in accepted:
            continue
        kept.append(line)
        if line.startswith("$ "):
            current = number
            if number in accepted:
                printed = accepted[number].decode("utf-8").splitlines()
                kept += [f"> {text}".rstrip(" ") if not text else f"> {text}" for text in printed]
    path.write_text("\n".join(kept), encoding="utf-8")


def run_file(path, options):
    """Nothing when the test passes, else a Skip or what is wrong."""
    folder = tempfile.mkdtemp(prefix="assay-case-")
    keep = False
    try:
        case = Case(path, options, folder)
        case.run()
        if case.accepted:
            accept(path, case.accepted)
        return None
    except Failure as failure:
        keep = options.keep
        return str(failure) + (f"    kept: {folder}\n" if keep else "")
    except Skip as skip:
        return skip
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--server", default="object_server", help="the object_server program")
    parser.add_argument("--accept", action="store_true", help="rewrite the expected stdout in the test files")
    parser.add_argument("--filter", default="", help="only test files whose path holds this text")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--patience", type=float, default=30, metavar="SECONDS", help="for what a test has told to stop")
    parser.add_argument("--keep", action="store_true", help="keep the folders of failed tests")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="test files; default: all below this folder")
    options = parser.parse_args()

    files = options.files or sorted(HERE.rglob("*.test"))
    files = [file.resolve() for file in files if options.filter in str(file)]
    if not files:
        print("no test files found")
        return 1
    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, problem in zip(files, pool.map(lambda path: run_file(path, options), files)):
            shown = path.relative_to(HERE) if path.is_relative_to(HERE) else path
            if isinstance(problem, Skip):
                skipped += 1
                print(f"skipped {shown}: needs {problem}")
            elif problem is not None:
                failed += 1
                print(f"FAILED {shown}\n  {problem.rstrip()}")
    print(f"{len(files) - failed - skipped} of {len(files)} tests passed"
          + (f", {skipped} skipped" if skipped else ""))
    if skipped == len(files):
        return SKIPPED
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
