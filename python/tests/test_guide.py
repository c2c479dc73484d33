"""The guide's Python, run as it stands."""

from __future__ import annotations

import importlib.util
import pathlib
import re
import subprocess
import sys

from conftest import records

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "guides" / "history.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_block_runs_after_the_one_before(tmp_path):
    blocks = BLOCK.findall(GUIDE.read_text())
    assert len(blocks) == 5
    printed = []
    for block in blocks:
        needed = [name for name in ("duckdb", "polars") if f"import {name}\n" in block]
        if not all(importlib.util.find_spec(name) for name in needed):
            continue
        done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        if needed:
            assert "TEXT-TO-3D" in done.stdout
            assert "could not be read" not in done.stdout
        else:
            printed.append(done.stdout)
    found = records(tmp_path / "data")
    assert printed == ["", "", "", "0\n"]
    prompts = [record["task"]["prompt"] for record in found.values()]
    assert prompts == ["a red cube", "a blue cube", "a green cube"]
    figures = [record["generation"]["output"]["num_gaussians"] for record in found.values()]
    assert figures == [2, 2, 398234]
    assert '"clip_threshold": {"old": null, "new": 0.1}' in (tmp_path / "data" / "miner_config_history.jsonl").read_text()
