#!/usr/bin/env python3
"""Write into the current folder what docs/guides/predict.md starts from.

A list of names, two databases, weights of small models, and two archives, one of them with an image that is cut short.
"""

import pathlib
import shutil
import sqlite3
import subprocess
import sys
import zipfile

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

models = HERE.parent / "models"
subprocess.run([sys.executable, models / "make_clip.py", "ViT-B-32.safetensors", "--seed", "7"], check=True)
shutil.copyfile(models / "ranker_plain.pt", "ranker_v4.pt")
shutil.copyfile(models / "crop_plain.pt", "crop_proposer_v3.pt")

archives = {
    "mojo2.zip": {"20250705_120000_stage1_generated.jpg": "a_420.jpg", "20250705_120010_stage2_upscaled.png": "g_rgb.png",
                  "20250705_120020_stage3_enhanced.png": "h_rgba.png", "20250705_130000_stage1_generated.webp": "r_rgb.webp"},
    "Average Patricia.zip": {"20250706_090000_stage1_generated.jpg": "b_444.jpg", "20250706_090010_stage2_upscaled.png": "i_palette.png",
                             "20250706_100000_stage1_generated.jpg": "d_gray.jpg", "20250706_100010_stage2_upscaled.jpg": "t_truncated.jpg"},
}
pathlib.Path("original").mkdir()
pathlib.Path("images").mkdir()
shutil.copyfile(HERE / "a_420.jpg", "images/1.jpg")
final = pathlib.Path("mojo2_final")
final.mkdir()
shutil.copyfile(HERE / "a_420.jpg", final / "20250705_120000_stage1_generated.jpg")
for name, entries in archives.items():
    with zipfile.ZipFile(pathlib.Path("original") / name, "w") as archive:
        for entry, image in entries.items():
            archive.write(HERE / image, entry)
