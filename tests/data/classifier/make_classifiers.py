#!/usr/bin/env python3
"""Write the tests' models of image classification, and what they have to say.

Both formats are written byte by byte, and what a model computes is worked out in plain Python, so that the
figures in expected.json owe nothing to the engine that the tests run. Only the images are resized by PIL, which
is what the tools do that models are trained with.

    make_classifiers.py FOLDER
"""

import json
import math
import pathlib
import random
import struct
import sys

from PIL import Image

SIDE, PATCH, WIDTH = 8, 4, 4
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def weights_of(seed, num_labels):
    """A patch embedding, and a head on the mean of what ReLU leaves of it."""
    dice = random.Random(seed)

    def draw(count, spread):
        # As float32 holds them.
        return list(struct.unpack(f"<{count}f", struct.pack(f"<{count}f", *(dice.gauss(0, spread) for _ in range(count)))))

    return {"kernel": ([WIDTH, 3, PATCH, PATCH], draw(WIDTH * 3 * PATCH * PATCH, 0.2)),
            "kernel_bias": ([WIDTH], draw(WIDTH, 0.2)),
            "head": ([num_labels, WIDTH], draw(num_labels * WIDTH, 2)),
            "head_bias": ([num_labels], draw(num_labels, 0.5))}


# ---- ONNX, as protocol buffers ----

def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def whole(field, number):
    return varint(field << 3) + varint(number)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name, value):
    if isinstance(value, list):
        return block(5, block(1, name) + b"".join(whole(8, item) for item in value) + whole(20, 7))
    return block(5, block(1, name) + whole(3, value) + whole(20, 2))


def node(kind, inputs, output, **attributes):
    return block(1, b"".join(block(1, name) for name in inputs) + block(2, output) + block(3, output) + block(4, kind)
                 + b"".join(attribute(name, value) for name, value in attributes.items()))


def tensor(name, shape, numbers):
    return block(5, b"".join(whole(1, length) for length in shape) + whole(2, 1) + block(8, name)
                 + block(9, struct.pack(f"<{len(numbers)}f", *numbers)))


def port(field, name, shape):
    lengths = b"".join(block(1, block(2, length) if isinstance(length, str) else whole(1, length)) for length in shape)
    return block(field, block(1, name) + block(2, block(1, whole(1, 1) + block(2, lengths))))


def onnx_of(weights, num_labels, last=None):
    """`last`: what makes probabilities of the logits, within the graph, and a cast behind it."""
    graph = (node("Conv", ["pixel_values", "kernel", "kernel_bias"], "patches", kernel_shape=[PATCH, PATCH],
                  strides=[PATCH, PATCH])
             + node("Relu", ["patches"], "rest") + node("GlobalAveragePool", ["rest"], "mean")
             + node("Flatten", ["mean"], "flat", axis=1)
             + node("Gemm", ["flat", "head", "head_bias"], "scores" if last else "logits", transB=1)
             + (node(last, ["scores"], "shares") + node("Cast", ["shares"], "logits", to=1) if last else b"") + block(2, "tiny")
             + b"".join(tensor(name, *weight) for name, weight in weights.items())
             + port(11, "pixel_values", ["batch", 3, "height", "width"]) + port(12, "logits", ["batch", num_labels]))
    return whole(1, 8) + block(7, graph) + block(8, block(1, "") + whole(2, 13))


# ---- the engine's own form ----

def ir_of(weights, num_labels):
    data, layers, edges = bytearray(), [], []

    def layer(kind, shape, precision="FP32", names="", attributes="", sources=()):
        number = len(layers)
        ports = "".join(f'<port id="{i}" precision="FP32"/>' for i in range(len(sources)))
        for i, source in enumerate(sources):
            edges.append(f'<edge from-layer="{source}" from-port="{9}" to-layer="{number}" to-port="{i}"/>')
        lengths = "".join(f"<dim>{length}</dim>" for length in shape)
        named = f' names="{names}"' if names else ""
        given = "" if kind == "Result" else f'<output><port id="9" precision="{precision}"{named}>{lengths}</port></output>'
        taken = f"<input>{ports}</input>" if ports else ""
        layers.append(f'<layer id="{number}" name="{names or kind + str(number)}" type="{kind}" version="opset1">'
                      f'<data {attributes}/>{taken}{given}</layer>')
        return number

    def constant(shape, content, kind="f32"):
        offset = len(data)
        data.extend(content)
        lengths = ",".join(map(str, shape))
        return layer("Const", shape, "I64" if kind == "i64" else "FP32", attributes=f'element_type="{kind}" shape="{lengths}" '
                     f'offset="{offset}" size="{len(content)}"')

    def weight(name, shape=None):
        return constant(shape or weights[name][0], struct.pack(f"<{len(weights[name][1])}f", *weights[name][1]))

    broadcast = 'auto_broadcast="numpy"'
    pixels = layer("Parameter", [1, 3, SIDE, SIDE], names="pixel_values",
                   attributes=f'shape="1,3,{SIDE},{SIDE}" element_type="f32"')
    steps = SIDE // PATCH
    patches = layer("Convolution", [1, WIDTH, steps, steps], sources=[pixels, weight("kernel")],
                    attributes=f'strides="{PATCH},{PATCH}" dilations="1,1" pads_begin="0,0" pads_end="0,0" auto_pad="explicit"')
    biased = layer("Add", [1, WIDTH, steps, steps], sources=[patches, weight("kernel_bias", [1, WIDTH, 1, 1])],
                   attributes=broadcast)
    rest = layer("ReLU", [1, WIDTH, steps, steps], sources=[biased])
    axes = constant([2], struct.pack("<2q", 2, 3), "i64")
    mean = layer("ReduceMean", [1, WIDTH], sources=[rest, axes], attributes='keep_dims="false"')
    product = layer("MatMul", [1, num_labels], sources=[mean, weight("head")],
                    attributes='transpose_a="false" transpose_b="true"')
    logits = layer("Add", [1, num_labels], names="logits", sources=[product, weight("head_bias", [1, num_labels])],
                   attributes=broadcast)
    layer("Result", [1, num_labels], sources=[logits])
    text = ('<?xml version="1.0"?>\n<net name="tiny" version="11">\n<layers>\n' + "\n".join(layers)
            + "\n</layers>\n<edges>\n" + "\n".join(edges) + "\n</edges>\n</net>\n")
    return text, bytes(data)


# ---- what it says ----

def prepare(image, config):
    filters = {2: Image.Resampling.BILINEAR, 3: Image.Resampling.BICUBIC}
    size = config["size"]
    if "shortest_edge" in size:
        edge, (width, height) = size["shortest_edge"], image.size
        shorter = min(width, height)
        image = image.resize((int(edge * width / shorter), int(edge * height / shorter)), filters[config["resample"]])
    else:
        image = image.resize((size["width"], size["height"]), filters[config["resample"]])
    if config["do_center_crop"]:
        cut = config["crop_size"]
        left, top = (image.width - cut["width"]) // 2, (image.height - cut["height"]) // 2
        image = image.crop((left, top, left + cut["width"], top + cut["height"]))
    mean, deviation = config["image_mean"], config["image_std"]
    return [[[(image.getpixel((x, y))[c] * config["rescale_factor"] - mean[c]) / deviation[c] for x in range(SIDE)]
             for y in range(SIDE)] for c in range(3)]


def logits_of(weights, pixels):
    kernel, kernel_bias, head, head_bias = (weights[name][1] for name in ("kernel", "kernel_bias", "head", "head_bias"))
    steps = SIDE // PATCH
    means = []
    for channel in range(WIDTH):
        total = 0
        for top in range(0, SIDE, PATCH):
            for left in range(0, SIDE, PATCH):
                value = kernel_bias[channel]
                for colour in range(3):
                    for y in range(PATCH):
                        for x in range(PATCH):
                            weight = kernel[((channel * 3 + colour) * PATCH + y) * PATCH + x]
                            value += weight * pixels[colour][top + y][left + x]
                total += max(value, 0)
        means.append(total / steps / steps)
    return [bias + sum(head[label * WIDTH + i] * means[i] for i in range(WIDTH)) for label, bias in enumerate(head_bias)]


def probabilities(logits):
    if len(logits) == 1:
        return [1 / (1 + math.exp(-logits[0]))]
    total = sum(math.exp(logit) for logit in logits)
    return [math.exp(logit) / total for logit in logits]


def street(seed, width, height):
    """Bands and blocks with soft noise: what filters tell apart."""
    dice, image = random.Random(seed), Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            base = 200 - 150 * y // height + (60 if (x // 5 + y // 7 + seed) % 3 == 0 else 0)
            image.putpixel((x, y), tuple(max(0, min(255, base + shift + dice.randint(-20, 20))) for shift in (0, -10, 25)))
    return image


def main():
    folder = pathlib.Path(sys.argv[1])
    images = {"wide.png": street(1, 61, 35), "high.png": street(2, 33, 58), "small.png": street(3, 6, 5)}
    for name, image in images.items():
        image.save(folder / name)
    square = {"do_resize": True, "size": {"height": SIDE, "width": SIDE}, "resample": 2, "do_center_crop": False,
              "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3,
              "image_std": [0.5] * 3, "image_processor_type": "ViTImageProcessor"}
    cut = dict(square, size={"shortest_edge": 11}, resample=3, do_center_crop=True,
               crop_size={"height": SIDE, "width": SIDE}, image_processor_type="CLIPImageProcessor", **IMAGENET)
    roads = {"0": "None", "1": "Roadwork"}
    expected = {}
    for name, labels, config, seed in (("onnx", roads, square, 11), ("ir", roads, cut, 12), ("one", {"0": "roadwork"}, cut, 13),
                                       ("softmax", roads, square, 14), ("sigmoid", {"0": "roadwork"}, cut, 15)):
        place = folder / name
        place.mkdir(exist_ok=True)
        weights = weights_of(seed, len(labels))
        if name == "ir":
            text, data = ir_of(weights, len(labels))
            (place / "openvino_model.xml").write_text(text)
            (place / "openvino_model.bin").write_bytes(data)
        else:
            last = {"softmax": "Softmax", "sigmoid": "Sigmoid"}.get(name)
            (place / "model.onnx").write_bytes(onnx_of(weights, len(labels), last))
        (place / "config.json").write_text(json.dumps(
            {"architectures": ["ViTForImageClassification"], "id2label": labels, "image_size": SIDE}, indent=2) + "\n")
        (place / "preprocessor_config.json").write_text(json.dumps(config, indent=2) + "\n")
        expected[name] = {file: probabilities(logits_of(weights, prepare(image, config))) for file, image in images.items()}
    (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    main()
