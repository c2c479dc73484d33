"""Makes a small vocabulary of CLIP's kind in each of its file forms, and what the `tokenizers` package (0.23) makes of
some texts with it. Run in this folder, with that package installed: python3 make_tokenizer.py
"""
import collections
import gzip
import json

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

CORPUS = """a photo of road works . a photo of a road without works . road works with cones and barriers on a street
a worker in a hi vis vest . an excavator beside the road . the street is closed , there's a detour and it's signed
orange cones , a red and white barrier , traffic lights , a digger and a lorry . the road at night in rain and snow
naïve café in münchen , straße gesperrt . 道路 工事 中 道路 工事 中 . дорожные работы дорожные работы""".split()
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
NUM_MERGES = 220
START, END = "<|startoftext|>", "<|endoftext|>"

TEXTS = [
    "", " ", "road", "a photo of road works", "A PHOTO of Road Works.", "  two\tblanks \n and\r\nlines  ",
    "there's we're they've I'm you'll he'd don't 'tis rock'n'roll '''s", "12 cones, 3.5 m; 2026-11-21 №5 ½ Ⅻ ٣",
    "naïve café straße STRASSE ẞ", "cafe\u0301 e\u0301\u0323 \u212b", "道路工事中 道路 工事", "дорожные РАБОТЫ ΑΣ ΣΑΣ",
    "İstanbul IĞDIR ǅ", "🚧👷‍♀️🚧 road", "a\u00a0b\u2003c\u3000d\u0085e\u2028f\u200bg\ufeffh", "\x00\x01\x1c\x1f\x7f a",
    "नमस्ते สวัสดี 한국어 \u1112\u1161\u11ab", "!!! ... ,.;: (a) [b] {c} <d> @#$%^&*", "</w> Ġ Ã a</w>", "\ufffd \U0010ffff \ue000",
    "works " * 120, "w" * 300, "𝐑oad ①② ﬁne ſ 'ſ", "ab" * 41 + "!" * 41,
]


def byte_texts():
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {**{byte: chr(byte) for byte in visible}, **{byte: chr(256 + i) for i, byte in enumerate(hidden)}}


def learn(words, count):
    """Pairs of symbols, the most frequent first; of equals the smaller."""
    texts = byte_texts()
    spelled = []
    for word, number in sorted(collections.Counter(words).items()):
        letters = [texts[byte] for byte in word.encode()]
        spelled.append((letters[:-1] + [letters[-1] + "</w>"], number))
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for symbols, number in spelled:
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += number
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for symbols, _ in spelled:
            i = 0
            while i + 1 < len(symbols):
                if (symbols[i], symbols[i + 1]) == best:
                    symbols[i:i + 2] = ["".join(best)]
                i += 1
    return merges


def main():
    texts = byte_texts()
    merges = learn(CORPUS, NUM_MERGES)
    tokens = [*texts.values(), *(text + "</w>" for text in texts.values()), *("".join(pair) for pair in merges)]
    assert len(set(tokens)) == len(tokens)
    vocabulary = {token: i for i, token in enumerate([*tokens, START, END])}

    with open("folder/vocab.json", "w") as file:
        json.dump(vocabulary, file, ensure_ascii=False)
    lines = "".join(f"{left} {right}\n" for left, right in merges)
    with open("folder/merges.txt", "w") as file:
        file.write("#version: 0.2\n" + lines)
    with open("folder/tokenizer_config.json", "w") as file:
        json.dump({"bos_token": {"content": START}, "eos_token": END, "pad_token": END, "unk_token": END,
                   "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}, file, indent=1)
    with open("folder/special_tokens_map.json", "w") as file:
        json.dump({"pad_token": "!"}, file)
    with gzip.GzipFile("bpe_simple_vocab_16e6.txt.gz", "wb", mtime=0) as file:
        file.write(('"bpe_simple_vocab_16e6.txt#version: 0.2\n' + lines).encode())

    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token=END, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, vocabulary[END]), (START, vocabulary[START]), trim_offsets=False, add_prefix_space=False)
    tokenizer.save("tokenizer.json", pretty=False)
    tokenizer.enable_truncation(77)
    cases = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    with open("cases.json", "w") as file:
        json.dump(cases, file, indent=0, ensure_ascii=True)


main()
