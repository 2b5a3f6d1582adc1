#!/usr/bin/env python3
"""Writes tokenization.json: strings and the ids that Hugging Face's `tokenizers` gives them.

    tokenization.py BASE > tokenization.json     (BASE: the folder of all-MiniLM-L6-v2; needs: pip install tokenizers transformers)

The strings are some of scripts/parity/awkward.py, whose thousands scripts/parity/tokens.py compares. `real` holds ids under BASE's own tokenizer.json, cut to 64. `variants` hold ids under a vocabulary of single scalars (`pieces`, ids in order),
which shows every difference that [UNK] would hide, once for each combination of options that matters. `settings` hold ids of the first strings as transformers reads vocab.txt beside a
tokenizer_config.json.
"""
import json
import os
import random
import shutil
import sys
import tempfile
import unicodedata
from tokenizers import Tokenizer
from transformers import AutoTokenizer

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts/parity"))
import awkward

random.seed(3)
strings = list(awkward.FIXED) + ["x " + "b" * 300 + " y", "Ａｂｃ　１２３！", "[CLS] in [SEP] the [MASK] text [PAD] [UNK]"]
for kind, members in awkward.strings(3).items():
    short = [s for s in members if 0 < len(s) <= 14]
    strings += random.sample(short, min(len(short), 26)) if kind != "fixed" else []
for unit in ["a", "é", "E\u0301", "中", "각", "😀"]:
    strings += [unit * length for length in (99, 100, 101)]
strings = [s for s in dict.fromkeys(strings) if not any(0xD800 <= ord(c) < 0xE000 for c in s)]

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
for options in ((True, True, None, True), (True, True, None, False), (True, True, True, False), (True, True, False, True), (True, False, None, True), (False, True, None, True),
                (False, False, True, False), (False, False, False, False)):
    names = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
    document["normalizer"].update(zip(names, options))
    variants.append({**dict(zip(names, options)), "ids": ids()})

settings = []
for config in ({}, {"do_lower_case": False}, {"do_lower_case": False, "strip_accents": True}, {"strip_accents": False}, {"tokenize_chinese_chars": False}):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sys.argv[1] + "/vocab.txt", folder)
        json.dump({"model_type": "bert"}, open(folder + "/config.json", "w"))
        json.dump(config, open(folder + "/tokenizer_config.json", "w"))
        settings.append({"config": json.dumps(config), "ids": AutoTokenizer.from_pretrained(folder)(strings[:60], truncation=True, max_length=64)["input_ids"]})

dump = lambda value: json.dumps(value, separators=(",", ":"))
print('{"strings":[\n' + ",\n".join(dump(s) for s in strings) + '],\n"real":[\n' + ",\n".join(map(dump, real)) + '],\n"scalars":' + dump([ord(s) for s in scalars]) + ',\n"variants":[\n'
      + ",\n".join(dump({**v, "ids": None})[:-5] + "[\n" + ",\n".join(map(dump, v["ids"])) + "]}" for v in variants) + '],\n"settings":' + dump(settings) + "}")
