"""Archives of pictures as the predict desk meets them: smooth light, shapes with edges, texture of a photograph.

Few pictures are drawn and each is stored many times, told apart by a comment of a few bytes inside the file: so every
entry has a digest of its own and costs what it would cost, and a thousand entries are made in seconds.
"""

import dataclasses
import io
import pathlib
import zipfile

PICTURES = 32
START_HOUR = 6


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    form: str  # "JPEG" or "PNG"
    width: int
    height: int


JPEG_1024 = Kind("jpeg-1024", "JPEG", 1024, 1024)
PNG_1024 = Kind("png-1024", "PNG", 1024, 1024)
JPEG_SMALL = Kind("jpeg-64", "JPEG", 64, 64)
JPEG_LARGE = Kind("jpeg-1664x2432", "JPEG", 1664, 2432)


def entry_name(index: int, suffix: str) -> str:
    """Three stages of each picture, a second apart."""
    stage = ("stage1_generated", "stage2_upscaled", "stage3_enhanced")[index % 3]
    day, second = divmod(index, 60_000)
    clock = START_HOUR * 3600 + second
    return f"{20250101 + day}_{clock // 3600:02}{clock // 60 % 60:02}{clock % 60:02}_{stage}.{suffix}"


def draw(kind: Kind, seed: int):
    """Octaves of smoothed noise in light and colour, a few shaded bodies, and a little grain."""
    import numpy
    from PIL import Image, ImageDraw, ImageFilter

    random = numpy.random.default_rng(seed)
    size = (kind.width, kind.height)

    def clouds(cells: int, octaves: int, fall: float):
        total = numpy.zeros((kind.height, kind.width), numpy.float32)
        for octave in range(octaves):
            columns = min(cells << octave, kind.width)
            rows = max(2, columns * kind.height // kind.width)
            noise = Image.fromarray(random.standard_normal((rows, columns)).astype(numpy.float32))
            total += fall**octave * numpy.asarray(noise.resize(size, Image.Resampling.BICUBIC))
        return total

    light = 118 + 34 * clouds(3, 8, 0.57)
    colours = [light + 20 * clouds(2, 3, 0.5) for _ in range(3)]
    picture = Image.fromarray(numpy.clip(numpy.stack(colours, -1), 0, 255).astype(numpy.uint8))
    bodies = picture.copy()
    pen = ImageDraw.Draw(bodies)
    for _ in range(14):
        x, y = random.integers(0, kind.width), random.integers(0, kind.height)
        wide = random.integers(kind.width // 24, kind.width // 2)
        high = random.integers(kind.height // 24, kind.height // 3)
        pen.ellipse([x - wide // 2, y - high // 2, x + wide // 2, y + high // 2],
                    fill=tuple(int(value) for value in random.integers(20, 235, 3)))
    bodies = bodies.filter(ImageFilter.GaussianBlur(1.2))
    mixed = numpy.asarray(Image.blend(picture, bodies, 0.6)).astype(numpy.float32)
    mixed += 1.5 * random.standard_normal((kind.height, kind.width, 1)).astype(numpy.float32)
    return Image.fromarray(numpy.clip(mixed, 0, 255).astype(numpy.uint8))


def encode(kind: Kind, picture) -> bytes:
    into = io.BytesIO()
    if kind.form == "JPEG":
        picture.save(into, "JPEG", quality=95)
    else:
        picture.save(into, "PNG")
    return into.getvalue()


def with_number(kind: Kind, encoded: bytes, number: int) -> bytes:
    """The same picture as another file: with a comment segment, or a text chunk."""
    import struct
    import zlib

    text = b"%08d" % number
    if kind.form == "JPEG":
        return encoded[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(text)) + text + encoded[2:]
    after_header = 8 + 25
    body = b"tEXtComment\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return encoded[:after_header] + chunk + encoded[after_header:]


def write(path: pathlib.Path, names_and_bytes) -> None:
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
        for name, content in names_and_bytes:
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content)
    partial.rename(path)


def make(folder: pathlib.Path, kind: Kind, images: int) -> pathlib.Path:
    """The archive of so many images of a kind, made if it is not there."""
    path = folder / f"{kind.name}-{images}" / f"{kind.name}.zip"
    if path.exists():
        return path
    print(f"  making {path.relative_to(folder)}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [encode(kind, draw(kind, seed)) for seed in range(min(PICTURES, images))]
    suffix = "jpg" if kind.form == "JPEG" else "png"
    write(path, ((entry_name(i, suffix), with_number(kind, pictures[i % len(pictures)], i)) for i in range(images)))
    return path
