#!/usr/bin/env python3
"""Write into the current folder what docs/guides/cache.md starts from: settings, photos of a phone, labelled
folders, a model."""

import pathlib
import shutil
import subprocess
import sys

MAKE = pathlib.Path(__file__).resolve().with_name("make_photos.py")

pathlib.Path("assay.toml").write_text('[cache]\ndir = "cache"\n')


def photos(folder, count, first):
    subprocess.run([sys.executable, MAKE, folder, str(count), "--first", str(first)], check=True)


# A model of both towers with random weights.
DATA = MAKE.parents[1]
shutil.copytree(DATA / "tokenizer" / "folder", "clip-vit-base-patch32")
subprocess.run([sys.executable, DATA / "models" / "make_clip.py", "clip-vit-base-patch32/model.safetensors", "--seed", "5",
                "--text", "685"], check=True)

photos("streets", 3, 60)
photos("phone", 5, 1)
photos("works", 4, 10)
photos("clear_roads", 4, 20)
photos("sorted/roadwork", 3, 30)
photos("sorted/none", 3, 40)
photos("dashcam", 2, 50)
pathlib.Path("labels.csv").write_text("file,label,description\nimage_050.png,roadwork,a digger beside the right lane\n"
                                      "image_051.png,none,\n")
pathlib.Path("works/cut_short.png").write_bytes(pathlib.Path("works/image_010.png").read_bytes()[:200])
