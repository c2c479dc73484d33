#!/usr/bin/env python3
"""Make the packages with CPack and say what was made. Run by `./dev package`, which builds the program first."""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
OUT = ROOT / "build" / "package"


def packages() -> list[pathlib.Path]:
    return sorted([*OUT.glob("assay*.tar.gz"), *OUT.glob("assay*.deb")])


def is_current() -> bool:
    """Whether both packages are newer than all they are made from; what CMake generates, it rewrites only when it differs."""
    made = packages()
    sources = [*(RELEASE / name for name in ("assay", "lib/assay/libassay_engine.so", "CPackConfig.cmake", "cmake_install.cmake", "install_libraries.cmake")),
               *(ROOT / name for name in ("README.md", "LICENSE", "CHANGELOG.md", "cmake/AssayPackageComponents.cmake",
                                          "cmake/package/copyright"))]
    newest = max(path.stat().st_mtime for path in sources)
    return len(made) == 2 and min(path.stat().st_mtime for path in made) > newest


def make() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for old in packages():
        old.unlink()
    log = OUT / "cpack.log"
    with log.open("w") as stream:
        done = subprocess.run(["cpack"], cwd=RELEASE, stdout=stream, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        sys.exit(f"{log.read_text()[-4000:]}\npackage: cpack failed; all of its output is in {log}")
    # CPack's exit status is 0 also where it could not find out the dependencies.
    for line in log.read_text().splitlines():
        if "warning" in line.lower():
            print(f"package: {line}", file=sys.stderr)
    shutil.rmtree(OUT / "_CPack_Packages", ignore_errors=True)


def main() -> None:
    if not is_current():
        make()
    for package in packages():
        print(f"{package.relative_to(ROOT)}  {package.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
