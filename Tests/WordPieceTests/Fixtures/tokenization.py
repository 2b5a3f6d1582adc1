#!/usr/bin/env python3
"""Writes tokenization.json: strings and the ids that Hugging Face's `tokenizers` gives them.

    tokenization.py BASE > tokenization.json         (BASE: the folder of all-MiniLM-L6-v2; needs: pip install tokenizers)

`real` holds ids under BASE's own tokenizer.json, cut to 64. `variants` hold ids under a vocabulary of single scalars (`pieces`, ids in order),
which shows every difference that [UNK] would hide, once for each combination of options that matters.
"""
import json
import random
import sys
import unicodedata
from tokenizers import Tokenizer

random.seed(3)
ranges = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x400), (0x400, 0x460), (0x590, 0x6F0), (0x900, 0x980), (0xE00, 0xE60), (0x1100, 0x1200),
          (0x1E00, 0x2070), (0x20A0, 0x20F1), (0x2190, 0x2200), (0x3000, 0x3100), (0x3400, 0x3410), (0x4E00, 0x4E40), (0xAC00, 0xAC60), (0xF900, 0xF920),
          (0xFB00, 0xFB50), (0xFE00, 0xFE70), (0xFF00, 0xFF60), (0x10400, 0x10430), (0x1D160, 0x1D173), (0x1E900, 0x1E94B), (0x1F1E6, 0x1F640),
          (0x20000, 0x20010), (0x2B81D, 0x2B822), (0xE0000, 0xE0080), (0xE000, 0xE010), (0x0, 0x20), (0x7F, 0xA0), (0x10FFF0, 0x110000)]
chosen = ["", " ", "\t\n\r ", "hello world", "Hello, World! It's 2024-01-02.", "naïve café Ünïcödé", "ÀÉÎÕÜ àéîõü", "e\u0301 a\u0308o\u0327\u0301", "İstanbul ıI ΣΑΣ ß ẞ",
          "中文字符 mixed 漢字かな交じり文", "㐀㐁𠀀𫠝\U0002b820\U0002b920", "한국어 텍스트 각", "ภาษาไทย", "العَرَبِيَّة", "हिन्दी", "שָׁלוֹם",
          "👨‍👩‍👧‍👦 👍🏽 🇩🇪 1️⃣ ☃️", "\u200bzero\u200bwidth\ufeff", "a\u00adb\u2060c", "x\u0000y\ufffdz", "bell\u0007 tab\tnew\nline", "\u3000wide\u00a0space\u2028line",
          "[CLS] in [SEP] the [MASK] text [PAD] [UNK]", "[cls] [ CLS ] [[SEP]] [MASK]ed un[MASK]", "##ing ## #a", "a" * 99, "a" * 100, "a" * 101, "é" * 100, "é" * 101, "x " + "b" * 300 + " y",
          "…—–‘’“”«»¿¡§¶", "$+<=>^`|~", "ﬁ ﬂ Å Ω ①②", "\ue000private\U0010fffd", "\u0378unassigned\U0001ffff", "don't e-mail a.b.c", "\u302e\u302f\u0592", "i\u302e\u302f\u1a66i",
          "\U0001d15e\U0001d165\U0001d16d\U0001d16e", "\u1100\u1161\u11a8", "Ǆǅǆ Ⅷ ⓐⒶ", "ᾳᾼ ᾈ", "\u0340\u0341\u0343\u0344\u0f73", "Ａｂｃ　１２３！", "\ud7a3\uabf5", "ÅÅ\u212b\u030a"]
strings = list(chosen)
for first, last in ranges:
    for _ in range(4):
        scalars = [chr(random.randrange(first, last)) for _ in range(random.randint(3, 8))]
        strings.append(random.choice(["", " ", "a"]).join(scalars))
marks = [c for c in range(0x300, 0x1F000) if unicodedata.combining(chr(c))]
for _ in range(16):
    strings.append("".join(chr(random.choice(marks)) if random.random() < 0.7 else random.choice("aÉ가中Σ ") for _ in range(8)))
strings = [s for s in strings if not any(0xD800 <= ord(c) < 0xE000 for c in s)]

document = json.load(open(sys.argv[1] + "/tokenizer.json"))
document["padding"] = None
document["truncation"] = {"max_length": 64, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
ids = lambda: [e.ids for e in Tokenizer.from_str(json.dumps(document)).encode_batch(strings)]
real = ids()

seen = {unicodedata.normalize(form, case) for s in strings for form in ("NFC", "NFD") for case in (s, "".join(c.lower() for c in s))}
scalars = sorted({c for s in seen for c in s if not c.isspace() and c.isprintable() or ord(c) > 0x10000})
pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + scalars
document["model"]["vocab"] = {p: i for i, p in enumerate(pieces + ["##" + s for s in scalars])}
for token in document["added_tokens"]:
    token["id"] = pieces.index(token["content"])
for token in document["post_processor"]["special_tokens"].values():
    token["ids"] = [pieces.index(token["id"])]
variants = []
for options in ((True, True, None, True), (True, True, None, False), (True, True, True, False), (True, True, False, True), (True, False, None, True), (False, True, None, True)):
    names = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
    document["normalizer"].update(zip(names, options))
    variants.append({**dict(zip(names, options)), "ids": ids()})

dump = lambda value: json.dumps(value, separators=(",", ":"))
print('{"strings":[\n' + ",\n".join(dump(s) for s in strings) + '],\n"real":[\n' + ",\n".join(map(dump, real)) + '],\n"scalars":' + dump([ord(s) for s in scalars]) + ',\n"variants":[\n'
      + ",\n".join(dump({**v, "ids": None})[:-5] + "[\n" + ",\n".join(map(dump, v["ids"])) + "]}" for v in variants) + "]}")
