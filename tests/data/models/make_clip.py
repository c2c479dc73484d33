"""Write a small CLIP image tower: make_clip.py OUTPUT [--seed N] [--text|--text-part TOKENS] [NAME_TO_LEAVE_OUT]

Of zeros, which gives every image the same vector, or of random numbers; with --text a text tower too, which --text-part
names as a part of its own. An OUTPUT that ends in .bin is a torch zip, with positions of whole numbers as Hugging Face's.
"""
import array
import json
import pathlib
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
if arguments[:1] in (["--text"], ["--text-part"]):
    image = dict(shapes)
    for name, shape in list(shapes.items()):
        if ".resblocks." in name or ".ln_post." in name:
            shapes[name.removeprefix("visual.").replace("ln_post", "ln_final")] = shape
    shapes |= {"token_embedding.weight": [int(arguments[1]), WIDTH], "positional_embedding": [77, WIDTH],
               "text_projection": [WIDTH, OUT]}
    if arguments[0] == "--text-part":
        shapes = {name if name in image else f"text.{name}": shape for name, shape in shapes.items()}
    shapes["logit_scale"] = []
    del arguments[:2]
for name in arguments:
    del shapes[name]
sizes = {}
for name, shape in shapes.items():
    sizes[name] = 4
    for length in shape:
        sizes[name] *= length
end = sum(sizes.values())
numbers = bytes(end)
if seed is not None:
    chance = random.Random(seed)
    numbers = array.array("f", (chance.gauss(0, 0.3) for _ in range(end // 4))).tobytes()
output = pathlib.Path(sys.argv[1])
if output.suffix == ".bin":
    import torch_zip

    tensors, start = {"embeddings.position_ids": ("LongStorage", [1, TOKENS], array.array("q", range(TOKENS)).tobytes())}, 0
    for name, shape in shapes.items():
        tensors[name] = ("FloatStorage", shape, numbers[start:start + sizes[name]])
        start += sizes[name]
    torch_zip.write(output, tensors)
    sys.exit()
header, start = {}, 0
for name, shape in shapes.items():
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, start + sizes[name]]}
    start += sizes[name]
text = json.dumps(header).encode()
output.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
