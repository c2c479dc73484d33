"""Write a small CLIP image tower: make_clip.py OUTPUT [--seed N] [--text TOKENS] [NAME_TO_LEAVE_OUT]

Of zeros, which gives every image the same vector, or of random numbers; with --text a text tower too.
"""
import array
import json
import random
import struct
import sys

WIDTH, SIDE, TOKENS, HIDDEN, OUT = 64, 4, 5, 256, 512
shapes = {"visual.conv1.weight": [WIDTH, 3, SIDE, SIDE], "visual.class_embedding": [WIDTH],
          "visual.positional_embedding": [TOKENS, WIDTH], "visual.proj": [WIDTH, OUT]}
for name in ("ln_pre", "ln_post", "transformer.resblocks.0.ln_1", "transformer.resblocks.0.ln_2"):
    shapes |= {f"visual.{name}.weight": [WIDTH], f"visual.{name}.bias": [WIDTH]}
for name, out, inner in (("attn.in_proj_", 3 * WIDTH, WIDTH), ("attn.out_proj.", WIDTH, WIDTH),
                         ("mlp.c_fc.", HIDDEN, WIDTH), ("mlp.c_proj.", WIDTH, HIDDEN)):
    shapes |= {f"visual.transformer.resblocks.0.{name}weight": [out, inner],
               f"visual.transformer.resblocks.0.{name}bias": [out]}
arguments, seed = sys.argv[2:], None
if arguments[:1] == ["--seed"]:
    seed = int(arguments[1])
    del arguments[:2]
if arguments[:1] == ["--text"]:
    for name, shape in list(shapes.items()):
        if ".resblocks." in name or ".ln_post." in name:
            shapes[name.removeprefix("visual.").replace("ln_post", "ln_final")] = shape
    shapes |= {"token_embedding.weight": [int(arguments[1]), WIDTH], "positional_embedding": [77, WIDTH],
               "text_projection": [WIDTH, OUT], "logit_scale": []}
    del arguments[:2]
for name in arguments:
    del shapes[name]
header, end = {}, 0
for name, shape in shapes.items():
    size = 4
    for length in shape:
        size *= length
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
    end += size
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as output:
    output.write(struct.pack("<Q", len(text)) + text)
    if seed is None:
        output.write(bytes(end))
    else:
        chance = random.Random(seed)
        output.write(array.array("f", (chance.gauss(0, 0.3) for _ in range(end // 4))).tobytes())
