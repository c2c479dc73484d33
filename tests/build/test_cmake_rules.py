"""Breaks each rule that CMake holds on purpose, in a tiny project around cmake/AssayModule.cmake."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

MODULE_FILE = Path(__file__).resolve().parents[2] / "cmake" / "AssayModule.cmake"

PROJECT = f"""cmake_minimum_required(VERSION 3.25)
project(tiny LANGUAGES CXX)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
foreach(target fmt::fmt Threads::Threads)
  add_library(${{target}} INTERFACE IMPORTED GLOBAL)
endforeach()
add_library(assay_options INTERFACE)
include("{MODULE_FILE.as_posix()}")
add_subdirectory(src/low)
add_subdirectory(src/high)
assay_finish_modules()
"""

LOW = "assay_module(low RANK 1 OWNS \"outside/**\" SOURCES low.cc HEADERS low.h)\n"
HIGH = "assay_module(high RANK 2 DEPENDS low SOURCES high.cc HEADERS high.h)\n"


class CmakeRulesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # A blank in the path, as a user's own folder may have.
        self.root = Path(folder.name) / "a project"
        self.write("CMakeLists.txt", PROJECT)
        self.write("src/low/CMakeLists.txt", LOW)
        self.write("src/low/low.h", "#pragma once\nint low();\n")
        self.write("src/low/low.cc", '#include "low/low.h"\nint low() { return 1; }\n')
        self.write("src/high/CMakeLists.txt", HIGH)
        self.write("src/high/high.h", "#pragma once\n#include <string>\nstd::string high();\n")
        self.write("src/high/high.cc", '#include "high/high.h"\nstd::string high() { return "x"; }\n')

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def configure(self) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["cmake", "-G", "Ninja", "-S", self.root, "-B", self.root / "build", "-DASSAY_BUILD_TESTS=OFF"],
            capture_output=True,
            text=True,
            check=False,
        )

    def verify_headers(self) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["cmake", "--build", self.root / "build", "--target", "all_verify_interface_header_sets"],
            capture_output=True,
            text=True,
            check=False,
        )

    def assert_refused(self, message: str) -> None:
        run = self.configure()
        self.assertNotEqual(run.returncode, 0, run.stdout)
        # CMake wraps its messages.
        self.assertIn(message, " ".join(run.stderr.split()))

    def test_a_sound_project_configures_and_its_headers_compile_alone(self):
        run = self.configure()
        self.assertEqual(run.returncode, 0, run.stderr)
        declared = json.loads((self.root / "build" / "modules.json").read_text())
        self.assertEqual([row["name"] for row in declared], ["low", "high"])
        self.assertEqual(declared[0]["owns"], ["outside/**"])
        self.assertEqual(declared[1]["depends"], ["low"])
        run = self.verify_headers()
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_a_rank_that_does_not_fall(self):
        self.write("src/high/CMakeLists.txt", HIGH.replace("RANK 2", "RANK 1"))
        self.assert_refused("rank 1 depends on 'low' of rank 1; ranks must fall along every edge")

    def test_a_dependency_that_is_not_declared(self):
        self.write("src/low/CMakeLists.txt", LOW.replace("RANK 1", "RANK 1 DEPENDS high"))
        self.assert_refused("assay_module(low): depends on 'high', which is not declared before it")

    def test_a_module_without_rank_and_an_unknown_argument(self):
        self.write("src/high/CMakeLists.txt", HIGH.replace("RANK 2", ""))
        self.assert_refused("assay_module(high): RANK is missing")
        self.write("src/high/CMakeLists.txt", HIGH.replace("RANK 2", "stray RANK 2"))
        self.assert_refused("unknown arguments: stray")

    def test_a_header_that_does_not_compile_alone(self):
        self.write("src/high/high.h", "#pragma once\nstd::string high();\n")
        # The module's own source hides it by what it includes first.
        self.write("src/high/high.cc", '#include <string>\n#include "high/high.h"\n')
        self.assertEqual(self.configure().returncode, 0)
        run = self.verify_headers()
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("high.h", run.stdout)


if __name__ == "__main__":
    unittest.main()
