#!/usr/bin/env python3
"""Make images of every mode and format with PIL and compare what the decoders make of them.

usage: test_against_pil.py IMAGE_DIGESTS [NUM_IMAGES [SEED]]

Pixels and crops must be equal to the byte. Skipped (77) where this Python has no PIL.
"""

import hashlib
import io
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib

try:
    from PIL import Image, ImageOps
except ImportError:
    print("no PIL here")
    sys.exit(77)

SEED = 20
SIDE = 224


def noise(random_source, mode, size):
    """Smooth shapes with some noise: every filter and predictor has work, and clipping is met."""
    width, height = size
    bands = {"1": 1, "L": 1, "P": 1, "I;16": 2, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    kind = random_source.randrange(3)
    values = bytearray(width * height * bands)
    period = random_source.uniform(3, 60)
    for i in range(len(values)):
        pixel, band = divmod(i, bands)
        y, x = divmod(pixel, width)
        if kind == 0:
            values[i] = random_source.randrange(256)
        elif kind == 1:
            values[i] = int(127.5 + 127.5 * math.sin((x + band * 5) / period) * math.cos(y / period))
        else:
            values[i] = 255 if (x // 7 + y // 5 + band) % 2 else random_source.randrange(4)
    if mode == "1":
        return Image.frombytes("L", size, bytes(values)).convert("1")
    image = Image.frombytes(mode, size, bytes(values))
    if mode == "P":
        num_colors = random_source.choice([2, 4, 16, 200, 256])
        image = image.point(lambda value: value % num_colors)
        image.putpalette(random_source.randbytes(num_colors * 3))
    return image


def png_options(random_source, image):
    options = {"compress_level": random_source.randrange(1, 9), "optimize": random_source.random() < 0.1}
    if image.mode == "P" and random_source.random() < 0.5:
        options["transparency"] = random_source.randbytes(4)
    if image.mode in ("L", "RGB") and random_source.random() < 0.3:
        options["transparency"] = 7 if image.mode == "L" else (1, 2, 3)
    return options


def jpeg_options(random_source, image):
    options = {"quality": random_source.randrange(5, 100), "progressive": random_source.random() < 0.4,
               "optimize": random_source.random() < 0.3}
    if image.mode == "RGB":
        options["subsampling"] = random_source.randrange(3)
    if random_source.random() < 0.3:
        options["restart_marker_blocks"] = random_source.randrange(1, 9)
    if random_source.random() < 0.3:
        exif = Image.Exif()
        exif[0x0112] = random_source.randrange(1, 9)
        options["exif"] = exif
    return options


def webp_options(random_source, image):
    options = {"lossless": random_source.random() < 0.5, "quality": random_source.randrange(10, 100), "method": 1}
    if random_source.random() < 0.2:
        options.update(save_all=True, append_images=[image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    return options


def gif_options(random_source, image):
    options = {"interlace": random_source.randrange(2)}
    if random_source.random() < 0.3:
        options["transparency"] = random_source.randrange(2)
    if random_source.random() < 0.3:
        options.update(save_all=True, append_images=[image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    return options


def tiff_options(random_source, image):
    choices = [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"]
    if image.mode == "1":
        choices += ["group3", "group4"]
    if image.mode in ("RGB", "L"):
        choices.append("jpeg")
    options = {"compression": random_source.choice(choices)}
    if random_source.random() < 0.2:
        options["tiffinfo"] = {0x0112: random_source.randrange(1, 9)}
    return options


FORMATS = {
    "PNG": (["1", "L", "LA", "I;16", "P", "RGB", "RGBA"], png_options),
    "JPEG": (["L", "RGB", "CMYK"], jpeg_options),
    "WEBP": (["RGB", "RGBA"], webp_options),
    "GIF": (["L", "P", "1"], gif_options),
    "BMP": (["1", "L", "P", "RGB", "RGBA"], lambda random_source, image: {}),
    "TIFF": (["1", "L", "LA", "I;16", "P", "RGB", "RGBA", "CMYK"], tiff_options),
}


def clip_crop(image):
    """As torchvision's Resize and CenterCrop, on PIL images."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    new_long = int(SIDE * long / short)
    new_size = (SIDE, new_long) if width <= height else (new_long, SIDE)
    if new_size != image.size:
        image = image.resize(new_size, Image.Resampling.BICUBIC)
    left = int(round((image.width - SIDE) / 2.0))
    top = int(round((image.height - SIDE) / 2.0))
    return image.crop((left, top, left + SIDE, top + SIDE))


def expectation(path, exif):
    # Not by its name: PIL maps some plain TIFFs into memory, and then turns those of orientation 5 to 8 wrongly.
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        rgb = (ImageOps.exif_transpose(image) if exif else image).convert("RGB")
    digests = [hashlib.sha256(part.tobytes()).hexdigest() for part in (rgb, clip_crop(rgb))]
    return f"{rgb.width} {rgb.height} {digests[0]} {digests[1]}"


def write_bmp(path, random_source):
    """The kinds that PIL reads but does not write: 16 and 32 bits with masks, runs, rows from the top."""
    width, height = random_source.randrange(1, 40), random_source.randrange(1, 40)
    kind = random_source.randrange(4)
    signed_height = height * random_source.choice([1, -1])
    masks = b""
    palette = b""
    if kind == 0:
        bits, compression, stride = 16, random_source.choice([0, 3]), (width * 2 + 3) // 4 * 4
        if compression == 3:
            masks = struct.pack("<3I", *random_source.choice([(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)]))
        data = random_source.randbytes(stride * height)
    elif kind == 1:
        bits, compression, stride = 32, random_source.choice([0, 3]), width * 4
        if compression == 3:
            masks = struct.pack("<3I", *random_source.choice([(0xFF0000, 0xFF00, 0xFF), (0xFF000000, 0xFF0000, 0xFF00)]))
        data = random_source.randbytes(stride * height)
    else:
        bits, compression = (8, 1) if kind == 2 else (4, 2)
        palette = random_source.randbytes(4 << bits)
        data = b""
        for _ in range(height):
            left = width
            while left > 0:
                run = random_source.randrange(1, left + 1)
                if run >= 4 and run % 4 == 0 and random_source.random() < 0.5:
                    num_bytes = run if bits == 8 else run // 2
                    data += bytes([0, run]) + random_source.randbytes(num_bytes)
                else:
                    data += bytes([run, random_source.randrange(256)])
                left -= run
            data += b"\0\0"
        data += b"\0\1"
    info = struct.pack("<IiiHHIIiiII", 40, width, signed_height, 1, bits, compression, len(data), 1, 1, 0, 0)
    start = 14 + len(info) + len(masks) + len(palette)
    header = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
    path.write_bytes(header + info + masks + palette + data)
    return f"BMP by hand, {bits} bits, compression {compression}"


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_png(path, random_source):
    """Every colour type, depth, filter and interlacing: random bytes are filtered rows as good as any."""
    color, depths, channels = random_source.choice(
        [(0, (1, 2, 4, 8, 16), 1), (2, (8, 16), 3), (3, (1, 2, 4, 8), 1), (4, (8, 16), 2), (6, (8, 16), 4)])
    depth = random_source.choice(depths)
    width, height = random_source.randrange(1, 40), random_source.randrange(1, 40)
    is_interlaced = random_source.random() < 0.5
    adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    filters = random_source.choice([(0, 1, 2, 3, 4), (4,), (3, 1)])
    for left, top, step_x, step_y in adam7 if is_interlaced else [(0, 0, 1, 1)]:
        columns = (width - left + step_x - 1) // step_x
        if columns <= 0:
            continue
        row_size = (columns * channels * depth + 7) // 8
        for _ in range(max(0, (height - top + step_y - 1) // step_y)):
            rows += bytes([random_source.choice(filters)]) + random_source.randbytes(row_size)
    data = zlib.compress(rows, 1)
    chunks = [png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(is_interlaced)))]
    if color == 3:
        num_colors = random_source.choice([1 << depth, max(1, (1 << depth) - 1)])
        chunks.append(png_chunk(b"PLTE", random_source.randbytes(3 * num_colors)))
        if random_source.random() < 0.5:
            chunks.append(png_chunk(b"tRNS", random_source.randbytes(num_colors)))
    cut = random_source.randrange(len(data) + 1)
    chunks += [png_chunk(b"IDAT", data[:cut]), png_chunk(b"IDAT", data[cut:]), png_chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return f"PNG by hand, colour type {color}, {depth} bits, interlaced {is_interlaced}"


def write_gif(path, random_source):
    """A frame smaller than the screen, or beyond it."""
    image = noise(random_source, "P", (random_source.randrange(1, 40), random_source.randrange(1, 40)))
    image.save(path, "GIF")
    data = bytearray(path.read_bytes())
    frame = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while data[frame] == 0x21:  # an extension
        frame += 2
        while data[frame]:
            frame += data[frame] + 1
        frame += 1
    struct.pack_into("<HH", data, 6, random_source.randrange(1, 60), random_source.randrange(1, 60))
    struct.pack_into("<HH", data, frame + 1, random_source.randrange(20), random_source.randrange(20))
    path.write_bytes(data)
    return "GIF with a frame of another size"


def write_image(path, image_format, random_source):
    modes, make_options = FORMATS[image_format]
    mode = random_source.choice(modes)
    longest = random_source.choice([8, 40, 40, 120])
    size = (random_source.randrange(1, longest), random_source.randrange(1, longest))
    if random_source.random() < 0.05:
        size = (random_source.randrange(1, 4), random_source.randrange(200, 400))
    image = noise(random_source, mode, size)
    image.save(path, image_format, **make_options(random_source, image))
    return f"{image_format} {mode} {size[0]}x{size[1]}"


def main():
    program = sys.argv[1]
    num_images = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    warnings.simplefilter("ignore")  # PIL's advice on palettes with transparency
    random_source = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else SEED)
    num_wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        paths, names = [], []
        for number in range(num_images):
            path = pathlib.Path(folder) / f"{number:04}"
            if number % 3 == 2:
                write = random_source.choice([write_bmp, write_gif, write_png, write_png])
                names.append(write(path, random_source))
            else:
                image_format = random_source.choice(list(FORMATS))
                names.append(write_image(path, image_format, random_source))
            paths.append(path)
        for options, exif in (([], False), (["--exif"], True)):
            lines = subprocess.run([program, *options, *map(str, paths)], capture_output=True, text=True,
                                   check=True).stdout.splitlines()
            for name, path, line in zip(names, paths, lines, strict=True):
                mode, _, found = line.partition(" ")
                expected = expectation(path, exif)
                if found != expected:
                    num_wrong += 1
                    print(f"{path.name} {name} {options}: expected {expected}, got {mode} {found}")
    print(f"{num_images} images, {num_wrong} differ")
    return 0 if num_wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
