#!/usr/bin/env python3
"""Write into the current folder what docs/guides/predict.md starts from: a list of names and two databases."""

import pathlib
import sqlite3

HERE = pathlib.Path(__file__).resolve().parent
STAGES = ["stage1_generated", "stage2_upscaled", "stage3_enhanced"]

names = [f"original/20250705_12{minute:02d}{10 * step:02d}_{stage}.png"
         for minute in range(5) for step, stage in enumerate(STAGES)]
pathlib.Path("mojo1.txt").write_text("\n".join([*names, "original/notes.txt"]) + "\n")

folder = pathlib.Path("data/training/ai_training_decisions")
folder.mkdir(parents=True)
for name, script in (("mojo1.db", "real_table.sql"), ("mojo1_ai_predictions_temp.db", "temp_table.sql")):
    connection = sqlite3.connect(folder / name)
    connection.executescript((HERE / script).read_text())
    connection.close()
