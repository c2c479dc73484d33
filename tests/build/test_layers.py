"""Breaks each layering rule on purpose, in a tiny tree, and sees check_layers.py say so."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_layers.py"

# base (rank 0) owns toml; middle (rank 1) owns arrow/io with top; top (rank 2) depends on both.
MODULES = [
    {"name": "base", "rank": 0, "depends": [], "owns": ["toml++/**"], "headers": ["a.h"], "test_depends": []},
    {
        "name": "middle",
        "rank": 1,
        "depends": ["base"],
        "owns": ["arrow/filesystem/**", "arrow/io/**"],
        "headers": ["b.h"],
        "test_depends": ["base"],
    },
    {
        "name": "top",
        "rank": 2,
        "depends": ["base"],
        "owns": ["arrow/**", "arrow/io/**"],
        "headers": ["c.h"],
        "test_depends": ["middle"],
    },
]

TREE = {
    "src/base/CMakeLists.txt": "assay_module(base SOURCES a.cc settings.cc TESTS a_test.cc)",
    "src/base/a.h": "#include <string>\n",
    "src/base/a.cc": '#include "base/a.h"\n#include <fmt/format.h>\n#include <toml++/toml.h>\n#include <unistd.h>\n',
    "src/base/settings.cc": '#include "base/settings_internal.h"\n',
    "src/base/settings_internal.h": "#include <toml++/toml.h>\n#include <sys/types.h>\n",
    "src/base/a_test.cc": '#include "base/a.h"\n#include "base/testing/fake.h"\n#include <gtest/gtest.h>\n',
    "src/base/testing/fake.h": '#include "base/a.h"\n#include <gtest/gtest.h>\n',
    "src/middle/CMakeLists.txt": "assay_module(middle SOURCES b.cc TESTS b_test.cc)",
    "src/middle/b.h": '#include "base/a.h"\n',
    "src/middle/b.cc": '#include "middle/b.h"\n#include <arrow/filesystem/s3fs.h>\n#include <arrow/io/api.h>\n',
    "src/middle/b_test.cc": '#include "base/testing/fake.h"\n',
    "src/top/CMakeLists.txt": "assay_module(top SOURCES c.cc TESTS c_test.cc)",
    "src/top/c.h": "#include <vector>\n",
    "src/top/c.cc": '#include "base/a.h"\n#include <arrow/api.h>\n#include <arrow/io/api.h>\n',
    "src/top/c_test.cc": '#include "middle/b.h"\n#include <gmock/gmock.h>\n',
    "src/program/CMakeLists.txt": "target_link_libraries(program PRIVATE assay_base)",
    "src/program/main.cc": '#include "base/a.h"\n',
    "tests/fault/server.cc": '#include "middle/b.h"\n#include <anything/at_all.h>\n',
    "bench/speed.cc": '#include "base/testing/fake.h"\n#include <benchmark/benchmark.h>\n',
}


class LayersTest(unittest.TestCase):
    def violations(self, changes: dict[str, str | None]) -> str:
        """The output of the tool on the tree with these files replaced, or removed where None."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in (TREE | changes).items():
                if text is None:
                    continue
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            declared = root / "modules.json"
            declared.write_text(json.dumps(MODULES))
            run = subprocess.run(
                [sys.executable, TOOL, declared, root], capture_output=True, text=True, check=False
            )
            self.assertEqual(run.returncode, 1 if run.stdout else 0, run.stderr)
            return run.stdout

    def assert_one(self, changes: dict[str, str | None], expected: str) -> None:
        output = self.violations(changes)
        self.assertEqual(len(output.splitlines()), 1, output)
        self.assertTrue(output.startswith(expected), output)

    def test_a_clean_tree_passes(self):
        self.assertEqual(self.violations({}), "")

    def test_an_include_without_an_edge(self):
        self.assert_one(
            {"src/top/c.cc": '\n#include "middle/b.h"\n'}, "src/top/c.cc:2: top does not depend on middle: add it"
        )

    def test_an_include_against_the_ranks(self):
        self.assert_one({"src/base/a.cc": '#include "top/c.h"\n'}, "src/base/a.cc:1: base does not depend on top")

    def test_a_program_may_use_only_what_it_links(self):
        self.assert_one({"src/program/main.cc": '#include "top/c.h"\n'}, "src/program/main.cc:1: program does not depend")

    def test_a_test_without_its_edge(self):
        self.assert_one(
            {"src/middle/b_test.cc": '#include "top/c.h"\n'},
            "src/middle/b_test.cc:1: middle does not depend on top: add it to TEST_DEPENDS",
        )

    def test_test_edges_are_not_for_shipped_code(self):
        self.assert_one({"src/top/c.h": '#include "middle/b.h"\n'}, "src/top/c.h:1: top does not depend on middle")

    def test_shipped_code_that_includes_a_fake(self):
        self.assert_one({"src/base/a.cc": '#include "base/testing/fake.h"\n'}, 'src/base/a.cc:1: "base/testing/fake.h" is')

    def test_an_internal_header_of_another_module(self):
        for file in ("src/middle/b.cc", "src/middle/b_test.cc"):
            self.assert_one(
                {file: '#include "base/settings_internal.h"\n'}, f'{file}:1: "base/settings_internal.h" is private to base'
            )

    def test_a_header_that_is_not_there(self):
        self.assert_one({"src/base/a.cc": '#include "base/z.h"\n'}, 'src/base/a.cc:1: "base/z.h" is not there')
        self.assert_one({"tests/fault/server.cc": '#include "base/z.h"\n'}, 'tests/fault/server.cc:1: "base/z.h" is not')

    def test_a_header_that_configuring_makes_is_there(self):
        made = {"src/base/a.cc": '#include "base/z_internal.h"\n', "src/base/z_internal.h.in": "#pragma once\n"}
        self.assertEqual(self.violations(made), "")

    def test_an_include_by_bare_name(self):
        self.assert_one({"src/base/a.cc": '#include "a.h"\n'}, 'src/base/a.cc:1: "a.h" is no header of a module')

    def test_a_library_of_another_owner(self):
        self.assert_one({"src/middle/b.cc": "#include <toml++/toml.h>\n"}, "src/middle/b.cc:1: <toml++/toml.h> belongs to base")

    def test_the_nearest_pattern_owns(self):
        self.assert_one(
            {"src/top/c.cc": "#include <arrow/filesystem/s3fs.h>\n"},
            "src/top/c.cc:1: <arrow/filesystem/s3fs.h> belongs to middle",
        )

    def test_a_pattern_of_two_owners_is_closed_to_the_third(self):
        self.assert_one(
            {"src/base/a.cc": "#include <arrow/io/api.h>\n"}, "src/base/a.cc:1: <arrow/io/api.h> belongs to middle and top"
        )

    def test_an_owned_library_in_a_public_header(self):
        self.assert_one({"src/base/a.h": "#include <toml++/toml.h>\n"}, "src/base/a.h:1: <toml++/toml.h> in a public header")

    def test_a_system_header_in_a_public_header(self):
        self.assert_one({"src/base/a.h": "#include <sys/types.h>\n"}, "src/base/a.h:1: <sys/types.h> in a public header")

    def test_fmt_in_a_header(self):
        for file in ("src/base/a.h", "src/base/settings_internal.h"):
            self.assert_one({file: "#include <fmt/format.h>\n"}, f"{file}:1: <fmt/format.h> in a header")

    def test_a_test_library_in_shipped_code(self):
        self.assert_one({"src/base/a.cc": "#include <gtest/gtest.h>\n"}, "src/base/a.cc:1: <gtest/gtest.h> belongs to tests")

    def test_a_benchmark_outside_bench(self):
        for file in ("src/base/a.cc", "src/base/a_test.cc", "tests/fault/server.cc"):
            self.assert_one({file: "#include <benchmark/benchmark.h>\n"}, f"{file}:1: <benchmark/benchmark.h> belongs to")

    def test_a_library_that_nobody_owns(self):
        self.assert_one({"src/base/a.cc": "#include <zlib.h>\n"}, "src/base/a.cc:1: nobody owns <zlib.h>")

    def test_a_declared_header_that_is_not_there(self):
        self.assert_one({"src/top/c.h": None}, "src/top/CMakeLists.txt:1: HEADERS names c.h, which is not there")

    def test_a_header_that_is_not_declared(self):
        self.assert_one({"src/top/d.h": ""}, "src/top/d.h:1: a public header that is not declared")

    def test_a_source_that_nothing_builds(self):
        self.assert_one({"src/top/d.cc": ""}, "src/top/d.cc:1: nothing builds this file")
        self.assert_one({"src/top/testing/d.cc": ""}, "src/top/testing/d.cc:1: nothing builds this file")
        # A comment builds nothing.
        self.assert_one(
            {"src/top/CMakeLists.txt": "assay_module(top SOURCES c.cc) # c_test.cc"}, "src/top/c_test.cc:1: nothing builds"
        )

    def test_a_folder_that_grew_too_large(self):
        many = {f"src/program/f{number}.cc": "" for number in range(26)}
        self.assert_one(many, "src/program:1: 27 files, 1 lines")
        long = {"src/program/main.cc": "\n" * 4001}
        self.assert_one(long, "src/program:1: 1 files, 4001 lines")
        self.assertEqual(self.violations(long | {"src/program/README.md": "Size: it is one table.\n"}), "")
        self.assert_one(long | {"src/program/README.md": "It is large.\n"}, "src/program:1:")


if __name__ == "__main__":
    unittest.main()
