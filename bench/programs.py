"""Where the built programs are."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
DATA = BUILD / "data"


def find(name: str) -> pathlib.Path:
    for path in BUILD.rglob(name):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    sys.exit(f"bench: {name} was not built; run ./dev bench")
