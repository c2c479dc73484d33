#!/usr/bin/env python3
"""Write into the current folder an archive mojo1.zip of three groups, and dbs/mojo1.db as a run over it leaves it."""

import pathlib
import sqlite3
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
STAGES = ["stage1_generated", "stage2_upscaled"]
# Of each group the two images, their scores, and whether a person should look.
GROUPS = [("g1", ["b_444.jpg", "g_rgb.png"], [0.25, 1.75], 0),
          ("g2", ["d_gray.jpg", "i_palette.png"], [0.5, 0.4], 1),
          ("g3", ["r_rgb.webp", "u_truncated.png"], [0.5, None], 1)]

source = sys.argv[1] if len(sys.argv) > 1 else "mojo1.zip"
pathlib.Path("dbs").mkdir()
connection = sqlite3.connect("dbs/mojo1.db")
connection.executescript((HERE / "scored_tables.sql").read_text())
archive = zipfile.ZipFile("mojo1.zip", "w")
connection.execute("INSERT INTO runs VALUES ('r', '2025-11-01T00:00:00Z', '2025-11-01T00:01:00Z', '1.0', 'host', ?, "
                   "'f', '{}', '{\"exif\": false}')", [source])
connection.execute("INSERT INTO dropped_images VALUES ('shoot/alone.png', 'no_partner')")
for number, (group, files, scores, is_uncertain) in enumerate(GROUPS):
    names = [f"20250705_12{number:02d}{10 * step:02d}_{stage}{pathlib.Path(file).suffix}"
             for step, (stage, file) in enumerate(zip(STAGES, files))]
    best = scores.index(max(score for score in scores if score is not None))
    images = "[" + ", ".join(f'"{name}"' for name in names) + "]"
    connection.execute(
        "INSERT INTO ai_decisions VALUES (?, '2025-11-01T00:00:30Z', 'mojo1', 'mojo1.zip/shoot', NULL, ?, ?, "
        "'[0.1, 0.1, 0.8, 0.8]', ?, NULL, NULL, NULL, NULL, 100, 100, NULL, NULL, NULL)",
        [group, images, best, 0.9 - 0.2 * number])
    connection.execute("INSERT INTO group_scores VALUES (?, 2, 2, ?, ?)", [group, 1.5 - 0.5 * number, is_uncertain])
    for index, (name, file, score) in enumerate(zip(names, files, scores)):
        archive.writestr("shoot/" + name, (HERE / file).read_bytes())
        crc32 = archive.getinfo("shoot/" + name).CRC
        error = None if score is not None else "truncated: PNG: ends too early"
        crop = None if score is None else "[0.2, 0.0, 0.9, 0.7]"
        # Not a vector of these images; the first and third group share one.
        key = None if score is None else f"{(number % 2) * 16 + index:064x}.{1:064x}"
        connection.execute("INSERT INTO image_scores VALUES (?, ?, ?, ?, ?, NULL, ?, NULL, NULL, ?, 100, 100, ?)",
                           [group, index, "shoot/" + name, crc32, score, crop, key, error])
archive.close()
connection.commit()
