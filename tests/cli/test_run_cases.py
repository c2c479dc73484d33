"""The runner itself: it must fail when it should. `test_run_cases.py OBJECT_SERVER`."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from run_cases import processes_of

SERVER = "object_server"
RUNNER = pathlib.Path(__file__).resolve().parent / "run_cases.py"
# Stands for the program: `assay print TEXT`, `assay write FILE TEXT`, `assay fail STATUS TEXT`.
PROGRAM = """#!/bin/sh
case "$1" in
  print) echo "$2" ;;
  write) printf '%s' "$3" > "$2" ;;
  fail) echo "$3" >&2; exit "$2" ;;
esac
"""


class Runner(unittest.TestCase):
    def run_case(self, text, *flags):
        """The runner's exit status and what it printed; the test file's text is kept in self.text."""
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "program"
            program.write_text(PROGRAM, encoding="utf-8")
            program.chmod(0o755)
            case = pathlib.Path(folder) / "one.test"
            case.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, RUNNER, "--program", program, "--server", SERVER, *flags, case],
                                  capture_output=True, text=True, check=False)
            self.text = case.read_text(encoding="utf-8")
            return done.returncode, done.stdout.replace(folder + "/", "")

    def passes(self, text):
        self.assertEqual(self.run_case(text), (0, "1 of 1 tests passed\n"))

    def fails(self, text, why, *flags):
        code, out = self.run_case(text, *flags)
        self.assertEqual(code, 1, out)
        self.assertIn(why, out)
        self.assertIn("0 of 1 tests passed", out)

    def test_stdout_is_exact(self):
        self.passes("$ assay print hello\n> hello\n")
        self.fails("$ assay print hello\n> hell\n", "stdout differs")
        self.fails("$ assay print hello\n", "stdout differs")
        self.fails("$ assay print hello\nexit 0\n", "stdout differs")
        self.passes("$ assay print hello\nstdout ~ ^hel\n")
        self.fails("$ assay print hello\nstdout ~ ^l\n", "does not match")

    def test_exit_status_and_stderr(self):
        self.passes("$ assay fail 3 oh\nexit 3\nstderr = oh\n")
        self.fails("$ assay fail 3 oh\n", "exit status 3, expected 0")
        self.fails("$ assay fail 3 oh\nexit 3\nstderr ~ ah\n", "does not match")
        self.fails("$ assay fail 0 oh\n", "stderr should be empty")
        self.passes("$ assay fail 0 oh\nstderr any\n")

    def test_what_a_command_leaves_behind(self):
        self.passes("$ sleep 0.2 > /dev/null 2>&1 &\n")
        with tempfile.NamedTemporaryFile() as file:
            self.fails(f"$ sleep 1000 > /dev/null 2>&1 & echo $$ > {file.name}\n", "leaves processes: sleep", "--patience", "0.2")
            self.assertNotIn("sleep", processes_of({int(file.read())}).values())

    def test_files(self):
        self.passes("$ assay write f x\nabsent g\npresent f\nmatch f ^x$\n")
        self.fails("$ assay write f x\nabsent f\n", "f exists")
        self.fails("$ assay write f x\nmatch f y\n", "does not match")
        self.fails("$ assay print x\n> x\nsame f audit/s01_mix/expected.csv\n", "was not written")
        self.passes("copy audit/s01_mix/expected.csv as a/b.csv\n$ cat $DATA/audit/s01_mix/expected.csv > c.csv\n"
                    "same c.csv audit/s01_mix/expected.csv\n")
        self.fails("file f\n|x\n$ assay print\nstdout any\nsame f audit/s01_mix/expected.csv\n", "f is not")

    def test_secrets(self):
        self.fails("secret abc\n$ assay print xabcx\n> xabcx\n", "a secret appears in stdout of line 2")
        self.fails("secret abc\n$ assay write f xabcx\n", "a secret appears in work/f")
        self.fails("keyfile k http://x/\n$ cp k copy\n", "a secret appears in work/copy")
        self.passes("keyfile k http://x/\nfile f\n|abc\nsecret abc\n$ assay print x\n> x\n")

    def test_servers(self):
        self.passes("server --all-exist\nserver as OTHER --require-token t\nsetenv URL http://$SERVER/b/x\n"
                    "file f\n|at $SERVER\n"
                    "$ test \"$(cat f)\" = \"at $SERVER\" && echo $URL | grep -c $SERVER && test $SERVER != $OTHER\n> 1\n")
        self.fails("server --nope\n$ true\n", "the server did not start")

    def test_json(self):
        self.passes("$ assay print '{\"a\": 1}'\njson\n")
        self.passes("$ assay write f '{}'\njson f\n")
        self.fails("$ assay print '{} {}'\njson\n", "stdout is not JSON")
        self.fails("$ assay print '[]'\njson\n", "no object")
        self.fails("$ assay write f '{'\njson f\n", "f is not JSON")

    def test_a_webhook_keeps_what_is_posted(self):
        post = ("$ python3 -c \"import os, urllib.request as r; r.urlopen(os.environ['WEBHOOK'], b'{}').read()\"\n")
        self.passes("webhook posts\n" + post + post + "$ cat posts\n> {}\n> {}\n")
        self.fails("webhook posts\nsecret {}\n" + post, "a secret appears in work/posts")

    def test_a_test_can_need_something(self):
        self.passes("needs nothing: true\n$ assay print x\n> x\n")
        self.assertEqual(self.run_case("needs a miracle: false\n$ assay print x\n"),
                         (77, "skipped one.test: needs a miracle\n0 of 1 tests passed, 1 skipped\n"))
        self.fails("needs x\n", "expected `needs REASON: COMMAND`")

    def test_unprivileged_commands_are_bound_by_permissions(self):
        self.passes("needs to drop privileges: $UNPRIVILEGED true\n"
                    "$ mkdir d; chmod 555 d; $UNPRIVILEGED assay write d/f x\nexit 2\nabsent d/f\n")

    def test_the_environment_is_clean(self):
        os.environ["ASSAY_CASE_LEAK"] = "1"
        self.passes("$ echo \"[$ASSAY_CASE_LEAK]\"\n> []\n")

    def test_accept_rewrites_stdout_only(self):
        code, _ = self.run_case("# why\n$ assay print new\n> old\n> older\nabsent f\n", "--accept")
        self.assertEqual((code, self.text), (0, "# why\n$ assay print new\n> new\nabsent f\n"))

    def test_what_is_not_in_the_language_fails(self):
        self.fails("nonsense x\n$ true\n", "unknown directive")
        self.fails("exit 1\n", "must follow a command")
        self.fails("> text\n", "must follow its command")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        SERVER = sys.argv.pop(1)
    unittest.main()
