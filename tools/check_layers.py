#!/usr/bin/env python3
"""Holds every #include of src/ against the modules that CMake declared.

    check_layers.py BUILD/modules.json [SOURCE_ROOT]

Prints one line a violation, `file:line: what, what to do`, and exits 1 if there is one.
"""

import fnmatch
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

STANDARD = set(
    """algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex concepts
    condition_variable coroutine deque exception execution expected filesystem format forward_list
    fstream functional future generator initializer_list iomanip ios iosfwd iostream istream iterator
    latch limits list locale map mdspan memory memory_resource mutex new numbers numeric optional
    ostream print queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span spanstream sstream stack stacktrace stdexcept stdfloat stop_token streambuf
    string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version
    cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg
    cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype""".split()
)

# What the C library and the kernel offer: allowed where it stays unseen, in .cc and *_internal.h.
SYSTEM = set(
    """assert.h ctype.h dirent.h dlfcn.h errno.h fcntl.h fnmatch.h getopt.h glob.h grp.h ifaddrs.h
    limits.h locale.h malloc.h math.h netdb.h poll.h pthread.h pty.h pwd.h sched.h semaphore.h
    signal.h spawn.h stdarg.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h syslog.h
    termios.h time.h unistd.h utime.h wait.h""".split()
)
SYSTEM_PATTERNS = ("sys/*", "linux/*", "netinet/*", "arpa/*", "net/*", "bits/*", "*intrin.h")

TEST_LIBRARIES = ("gtest/**", "gmock/**")
BENCH_LIBRARIES = ("benchmark/**",)

# Beyond these a folder splits, or its README says in a line that begins with "Size:" why not.
MAX_FILES = 25
MAX_LINES = 4_000


@dataclass
class Module:
    name: str
    depends: list[str] = field(default_factory=list)
    owns: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    test_depends: list[str] = field(default_factory=list)


def matches(header: str, pattern: str) -> bool:
    """`arrow/**` matches everything under arrow/."""
    if pattern.endswith("/**"):
        return header.startswith(pattern[:-2])
    return fnmatch.fnmatchcase(header, pattern)


def is_system(header: str) -> bool:
    return header in SYSTEM or any(matches(header, pattern) for pattern in SYSTEM_PATTERNS)


class Checker:
    def __init__(self, modules: list[Module], root: Path):
        self.modules = {module.name: module for module in modules}
        self.root = root
        self.violations: list[str] = []

    def report(self, path: Path, line: int, message: str) -> None:
        self.violations.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def owners(self, header: str) -> list[str]:
        """The modules whose pattern fits best: arrow/io/** wins over arrow/**, and a header that two
        modules share must be declared by both."""
        best, found = -1, []
        for module in self.modules.values():
            for pattern in module.owns:
                if not matches(header, pattern):
                    continue
                length = len(pattern.rstrip("*"))
                if length > best:
                    best, found = length, []
                if length == best:
                    found.append(module.name)
        return found

    def check(self) -> list[str]:
        source = self.root / "src"
        for folder in sorted(path for path in source.iterdir() if path.is_dir()):
            files = sorted(path for path in folder.rglob("*") if path.suffix in (".h", ".cc"))
            if not files:
                continue
            module = self.modules.get(folder.name)
            if module is None:
                module = self.program(folder)
            else:
                self.check_declared(folder, module, files)
            for path in files:
                self.check_file(path, folder, module)
            self.check_size(folder, files)
        for top in ("tests", "bench"):
            folder = self.root / top
            for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
                if path.suffix in (".h", ".cc"):
                    self.check_outside_file(path, top)
        return self.violations

    def program(self, folder: Path) -> Module:
        """A folder that is a program, not a module, may use what it links."""
        text = self.cmake_text(folder)
        linked = set(re.findall(r"\bassay(?:_|::)([a-z_0-9]+)", text))
        return Module(folder.name, depends=sorted(linked & set(self.modules)))

    @staticmethod
    def cmake_text(folder: Path) -> str:
        file = folder / "CMakeLists.txt"
        return re.sub(r"#.*", "", file.read_text()) if file.is_file() else ""

    def check_declared(self, folder: Path, module: Module, files: list[Path]) -> None:
        list_file = folder / "CMakeLists.txt"
        for header in module.headers:
            if not (folder / header).is_file():
                self.report(list_file, 1, f"HEADERS names {header}, which is not there: remove it")
        words = set(self.cmake_text(folder).split())
        words |= {word.strip('()"') for word in words}
        for path in files:
            name = path.relative_to(folder).as_posix()
            private = name.endswith("_internal.h") or "testing/" in name
            if path.suffix == ".h" and not private and name not in module.headers:
                self.report(
                    path, 1, "a public header that is not declared: add it to HEADERS, or name it *_internal.h"
                )
            if path.suffix == ".cc" and name not in words:
                self.report(path, 1, "nothing builds this file: add it to the module's CMakeLists.txt, or remove it")

    def check_file(self, path: Path, folder: Path, module: Module) -> None:
        name = path.relative_to(folder).as_posix()
        is_test = name.endswith("_test.cc") or name.startswith("testing/")
        for line, quote, header in includes(path):
            if quote == '"':
                self.check_ours(path, line, header, module, is_test)
            else:
                self.check_foreign(path, line, header, module, is_test)

    def check_ours(self, path: Path, line: int, header: str, module: Module, is_test: bool) -> None:
        target, slash, rest = header.partition("/")
        if not slash or target not in self.modules and target != module.name:
            self.report(path, line, f'"{header}" is no header of a module: write "module/file.h", or <...> for others')
            return
        if not any((self.root / "src" / (header + ending)).is_file() for ending in ("", ".in")):
            self.report(path, line, f'"{header}" is not there: correct the name')
            return
        if rest.startswith("testing/") and not is_test:
            self.report(path, line, f'"{header}" is for tests: shipped code must not include it')
            return
        if target == module.name:
            return
        allowed = set(module.depends) | (set(module.test_depends) if is_test else set())
        if target not in allowed:
            where = "TEST_DEPENDS" if is_test else "DEPENDS"
            self.report(path, line, f"{module.name} does not depend on {target}: add it to {where}, or do without")
        elif rest.endswith("_internal.h"):
            self.report(path, line, f'"{header}" is private to {target}: use a public header')

    def check_foreign(self, path: Path, line: int, header: str, module: Module, is_test: bool) -> None:
        is_source = path.suffix == ".cc"
        is_private = is_source or is_test or path.name.endswith("_internal.h")
        if header in STANDARD:
            return
        if matches(header, "fmt/**"):
            if not is_source:
                self.report(path, line, f"<{header}> in a header: include it in the .cc")
            return
        if any(matches(header, pattern) for pattern in TEST_LIBRARIES):
            if not is_test:
                self.report(path, line, f"<{header}> belongs to tests: move this to a _test.cc or to testing/")
            return
        if any(matches(header, pattern) for pattern in BENCH_LIBRARIES):
            self.report(path, line, f"<{header}> belongs to bench/: move this there")
            return
        owners = self.owners(header)
        if owners and module.name not in owners:
            self.report(path, line, f"<{header}> belongs to {' and '.join(owners)}: use that module's own interface")
        elif not owners and not is_system(header):
            self.report(path, line, f"nobody owns <{header}>: one module names it in OWNS and wraps it")
        elif not is_private:
            self.report(path, line, f"<{header}> in a public header: keep it in the .cc or an *_internal.h")

    def check_outside_file(self, path: Path, top: str) -> None:
        for line, quote, header in includes(path):
            if quote == '"':
                beside = (path.parent / header, self.root / top / header, self.root / "src" / header)
                if not any(file.is_file() for file in beside):
                    self.report(path, line, f'"{header}" is not there: correct the name')
            elif top != "bench" and any(matches(header, pattern) for pattern in BENCH_LIBRARIES):
                self.report(path, line, f"<{header}> belongs to bench/: move this there")

    def check_size(self, folder: Path, files: list[Path]) -> None:
        shipped = [path for path in files if path.parent == folder and not path.name.endswith("_test.cc")]
        num_lines = sum(len(path.read_text().splitlines()) for path in shipped)
        if len(shipped) <= MAX_FILES and num_lines <= MAX_LINES:
            return
        readme = folder / "README.md"
        if readme.is_file() and re.search(r"^Size: \S", readme.read_text(), re.MULTILINE):
            return
        self.report(
            folder,
            1,
            f"{len(shipped)} files, {num_lines} lines (over {MAX_FILES} or {MAX_LINES}): split it, or say why not "
            'in README.md in a line that begins with "Size:"',
        )


def includes(path: Path):
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if found := INCLUDE.match(text):
            yield number, found[1], found[2]


def load_modules(path: Path) -> list[Module]:
    return [
        Module(row["name"], row["depends"], row["owns"], row["headers"], row["test_depends"])
        for row in json.loads(path.read_text())
    ]


def main(arguments: list[str]) -> int:
    if len(arguments) not in (2, 3):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = Path(arguments[2]) if len(arguments) == 3 else Path(__file__).resolve().parent.parent
    violations = Checker(load_modules(Path(arguments[1])), root.resolve()).check()
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
