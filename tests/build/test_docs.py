"""Breaks each rule of check_docs.py on purpose and sees it say so."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_docs.py"


class DocsTest(unittest.TestCase):
    def violations(self, files: dict[str, str]) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "src").mkdir()
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            run = subprocess.run([sys.executable, TOOL, root], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 1 if run.stdout else 0, run.stderr)
            return run.stdout.splitlines()

    def names(self, header: str) -> list[str]:
        return [line.split(":")[2].split("(")[0].strip() for line in self.violations({"src/m/a.h": header})]

    def test_an_own_comment_tells(self):
        self.assertEqual(self.names("/// Do it.\n/// Errors: kCorrupt.\nResult<int> f(int x);\n"), [])
        self.assertEqual(self.names("/// Do it. Errors: kCorrupt.\nStatus f();\n"), [])

    def test_a_comment_that_does_not_tell(self):
        self.assertEqual(self.names("/// Do it.\nResult<int> f(int x);\n"), ["f"])
        self.assertEqual(self.names("Status f();\n"), ["f"])
        self.assertEqual(self.names("/// Errors: of another.\n\nStatus f();\n"), ["f"])

    def test_a_result_type_on_its_own_line(self):
        self.assertEqual(self.names("/// Do.\nResult<std::vector<int>>\nlong_name(int x);\n"), ["long_name"])

    def test_a_group_shares_its_comment(self):
        self.assertEqual(self.names("/// Do.\n/// Errors: kCorrupt.\nStatus f();\nStatus g();\n"), [])

    def test_a_class_tells_for_its_members(self):
        self.assertEqual(self.names("/// Errors: kDenied.\nclass C {\n public:\n  Status f();\n\n  Status g();\n};\n"), [])

    def test_a_class_does_not_tell_for_what_follows_it(self):
        self.assertEqual(self.names("/// Errors: kDenied.\nclass C {\n  int x;\n};\n\nStatus f();\n"), ["f"])

    def test_a_class_that_does_not_tell(self):
        self.assertEqual(
            self.names("/// One.\nclass C {\n public:\n  virtual Status f() = 0;\n  static Result<C> g();\n};\n"), ["f", "g"]
        )

    def test_what_is_private_need_not_tell(self):
        self.assertEqual(self.names("class C {\n private:\n  Status f();\n};\n"), [])

    def test_types_and_callbacks_are_no_declarations(self):
        self.assertEqual(self.names("using F = std::function<Status(int)>;\nusing Status = Result<void>;\n"), [])

    def test_internal_and_testing_headers_are_left_alone(self):
        bad = "Status f();\n"
        self.assertEqual(self.violations({"src/m/a_internal.h": bad, "src/m/testing/a.h": bad}), [])

    def test_a_path_of_one_machine(self):
        for folder in ("work", "root", "home"):
            found = self.violations({"docs/a.md": f"fine\nsee /{folder}/ann/x\n"})
            self.assertEqual(len(found), 1)
            self.assertTrue(found[0].startswith(f"docs/a.md:2: '/{folder}/'"), found)

    def test_a_path_within_the_project_is_fine(self):
        self.assertEqual(self.violations({"docs/a.md": "src/work/a.h https://example.com/home/a $HOME/root/b\n"}), [])

    def test_the_host_of_a_registry(self):
        self.assertEqual(len(self.violations({"deps/a.txt": "https://files.pythonhosted" + ".org/x\n"})), 1)


if __name__ == "__main__":
    unittest.main()
