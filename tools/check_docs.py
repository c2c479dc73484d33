#!/usr/bin/env python3
"""Holds two rules on text.

    check_docs.py [SOURCE_ROOT]

- Each declaration in a public header that returns Result or Status says `Errors:` in its own
  comment, in that of the group it stands in without a blank line, or in its class's comment.
- No tracked file holds a path of one machine or the host of a package registry.

Prints one line a violation, `file:line: what, what to do`, and exits 1 if there is one.
"""

import re
import subprocess
import sys
from pathlib import Path

# Folders of one machine; a path of documentation starts elsewhere.
FORBIDDEN_FOLDERS = ("work", "root", "home")
FORBIDDEN_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "proxy.golang" + ".org")
FORBIDDEN = re.compile(
    r"(?<![\w./$}~-])/(?:" + "|".join(FORBIDDEN_FOLDERS) + r")/|" + "|".join(map(re.escape, FORBIDDEN_HOSTS))
)

# Lines of nothing but specifiers, a result type, a name and an open bracket.
SPECIFIERS = r"(?:(?:static|virtual|inline|constexpr|friend|explicit|template\s*<[^>]*>|\[\[\w+\]\])\s+)*"
DECLARATION = re.compile(r"^\s*" + SPECIFIERS + r"(?:assay::)?(?:Result<.*>|Status)\s+(?P<name>\w+)\s*\(")
RESULT_TYPE_ALONE = re.compile(r"^\s*" + SPECIFIERS + r"(?:assay::)?Result<.*>\s*$")
TYPE = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:class|struct)\s+(?:\[\[\w+\]\]\s+)?\w+[^;]*$")


def comment_above(lines: list[str], index: int) -> str:
    """The /// comment above a line, or above the group of lines that it stands in."""
    above = index - 1
    while above >= 0 and lines[above].strip() and not lines[above].strip().startswith("///"):
        if TYPE.match(lines[above]) or lines[above].strip().endswith(":"):
            return ""
        above -= 1
    comment = []
    while above >= 0 and lines[above].strip().startswith("///"):
        comment.append(lines[above])
        above -= 1
    return "\n".join(reversed(comment))


def undocumented(text: str):
    """Line and name of each declaration whose errors are not told."""
    lines = text.splitlines()
    depth = 0
    open_types: list[tuple[int, bool, bool]] = []  # (depth inside, its comment tells, is private)
    for index, line in enumerate(lines):
        code = re.sub(r'"(?:[^"\\]|\\.)*"|//.*', "", line)
        if code.lstrip().startswith("#") or (index and lines[index - 1].endswith("\\")):
            continue
        if open_types and re.match(r"^\s*(private|protected|public)\s*:", code):
            inside, tells, _ = open_types[-1]
            open_types[-1] = (inside, tells, "public" not in code)
        joined = code
        if RESULT_TYPE_ALONE.match(code) and index + 1 < len(lines):
            joined = code.rstrip() + " " + lines[index + 1].strip()
        found = DECLARATION.match(joined)
        if found and not any(is_private for _, _, is_private in open_types):
            told = any(tells for _, tells, _ in open_types)
            if not told and "Errors:" not in comment_above(lines, index):
                yield index + 1, found["name"]
        if TYPE.match(code) and "{" in code and "}" not in code.partition("{")[2]:
            tells = "Errors:" in comment_above(lines, index)
            open_types.append((depth + 1, tells, False))
        depth += code.count("{") - code.count("}")
        while open_types and depth < open_types[-1][0]:
            open_types.pop()


def public_headers(root: Path):
    for path in sorted((root / "src").rglob("*.h")):
        if not path.name.endswith("_internal.h") and "testing" not in path.parts:
            yield path


def tracked_files(root: Path) -> list[Path]:
    """What git tracks; in an unpacked archive, everything but what a build makes."""
    run = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=False)
    if run.returncode == 0:
        return [root / name for name in run.stdout.decode().split("\0") if name]
    made = {"build", ".deps", "node_modules", "__pycache__"}
    return [path for path in sorted(root.rglob("*")) if not made & set(path.relative_to(root).parts)]


def check(root: Path) -> list[str]:
    violations = []
    for path in public_headers(root):
        for line, name in undocumented(path.read_text()):
            violations.append(
                f"{path.relative_to(root)}:{line}: {name}() can fail and does not say how: add an Errors: line"
            )
    for path in tracked_files(root):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            if found := FORBIDDEN.search(line):
                violations.append(
                    f"{path.relative_to(root)}:{number}: '{found[0]}' holds on one machine only: write it without"
                )
    return violations


def main(arguments: list[str]) -> int:
    root = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).resolve().parent.parent
    violations = check(root.resolve())
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
