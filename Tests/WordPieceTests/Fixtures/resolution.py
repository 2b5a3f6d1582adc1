#!/usr/bin/env python3
"""Writes resolution.json: what transformers' AutoTokenizer makes of folders whose files contradict one another.

    resolution.py resolution.json     (needs: pip install tokenizers transformers)

Run it once under transformers 4.57 and once under 5.24: each run writes its own version's answers and keeps those of
the other. A folder is a row's files and a column's files together. An answer is the ids of STRINGS, or null where the
folder does not load. `refusals` are the errors of the rows that Lorikeet refuses whatever transformers makes of them.
scripts/parity/tokens.py compares the same folders with the program itself.
"""

import contextlib
import itertools
import json
import os
import sys
import tempfile

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
STRINGS = [
    "France",
    "café É e\u0301",
    "中文字 a中",
    "x\x07b y\u00a0z\tc",
    "x[MASK] [mask]b",
    "[CLS]y[PAD] [SEP][UNK]",
    "<user>z <s>q",
    "e" * 8,
    "a" * 101,
]
SCALARS = sorted({c for s in STRINGS for text in (s, s.lower()) for c in text + "e" if not c.isspace()})
VOCABULARY = SPECIALS + SCALARS + ["##" + c for c in SCALARS]
VOCABULARY_FILE = "\n".join(VOCABULARY) + "\n"
# Stands in resolution.json for the vocabulary of tokenizer.json.
PLACEHOLDER = '"@vocabulary"'
ABSENT = "absent"


def added(content, number, **flags):
    return {
        "id": number,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
        **flags,
    }


def tokenizer(sections=None, model=None, **normalizer):
    """tokenizer.json of BERT, with other sections, keys of the model and options of the normalizer."""
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(t, i) for i, t in enumerate(SPECIALS)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
            **normalizer,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, special("[SEP]")],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {t: {"id": t, "ids": [SPECIALS.index(t)], "tokens": [t]} for t in ("[CLS]", "[SEP]")},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": "@vocabulary",
            **(model or {}),
        },
        **(sections or {}),
    }
    return {"tokenizer.json": json.dumps(document, ensure_ascii=False)}


def folder(settings=None, configuration=None, **others):
    """The files beside tokenizer.json and vocab.txt. In the names of `others`, `_json` is the ending."""
    files = {"config.json": {"model_type": "bert", **(configuration or {})}, "tokenizer_config.json": settings}
    files.update({name.replace("_json", ".json"): content for name, content in others.items()})
    return {name: json.dumps(content) for name, content in files.items() if content is not None}


class Table:
    """Rows and columns by name, and the refusals by row."""

    def __init__(self, name, rows, columns, refusals=None):
        self.name, self.rows, self.columns, self.refusals = name, rows, columns, refusals or {}

    def cells(self):
        for (row, files), (column, others) in itertools.product(self.rows.items(), self.columns.items()):
            yield row, column, {**files, **others}


KEYS = ("do_lower_case", "strip_accents", "tokenize_chinese_chars")


def every_setting(**more):
    """Each of the three keys absent, null, true and false, and no tokenizer_config.json at all."""
    rows = {} if more else {"no file": folder()}
    for values in itertools.product((ABSENT, None, True, False), repeat=3):
        settings = {key: value for key, value in zip(KEYS, values) if value is not ABSENT} | more
        rows[json.dumps(settings)] = folder(settings)
    return rows


def every_normalizer():
    """Each option of the normalizer on and off; tokenizer.json alone and beside vocab.txt, and vocab.txt alone."""
    columns = {"vocab.txt": {"vocab.txt": VOCABULARY_FILE}}
    for chinese, strip, lower in itertools.product((True, False), (None, True, False), (True, False)):
        options = {"handle_chinese_chars": chinese, "strip_accents": strip, "lowercase": lower}
        columns[json.dumps(options)] = tokenizer(**options)
    columns["clean_text false"] = tokenizer(clean_text=False)
    columns["normalizer null"] = tokenizer({"normalizer": None})
    columns["both files"] = tokenizer(lowercase=False) | {"vocab.txt": VOCABULARY_FILE}
    return columns


def every_class():
    """Classes in tokenizer_config.json, in config.json, in both and by the model's type, with and without keys."""
    rows = {}
    names = [
        stem + end
        for stem in (
            "BertTokenizer",
            "DistilBertTokenizer",
            "ElectraTokenizer",
            "MobileBertTokenizer",
            "ConvBertTokenizer",
            "SqueezeBertTokenizer",
        )
        for end in ("", "Fast")
    ]
    names += ["PreTrainedTokenizerFast", "TokenizersBackend", None]
    for name, keys in itertools.product(names, ({}, {"do_lower_case": True, "strip_accents": False})):
        rows[f"{name} in tokenizer_config.json, {keys}"] = folder({"tokenizer_class": name, **keys})
        rows[f"{name} in config.json, {keys}"] = folder(keys, {"tokenizer_class": name})
        rows[f"{name} in config.json, no tokenizer_config.json"] = folder(None, {"tokenizer_class": name})
    for first, second in itertools.permutations(("BertTokenizer", "PreTrainedTokenizerFast", None), 2):
        rows[f"{first} before {second}"] = folder({"tokenizer_class": first}, {"tokenizer_class": second})
    for kind in ("distilbert", "electra", "mobilebert", "squeezebert"):
        rows[f"model_type {kind}"] = folder({}, {"model_type": kind})
    return rows


def refused_classes():
    """Classes and types that Lorikeet does not read, with what it says."""
    rows, refusals = {}, {}
    for name in (
        "BertJapaneseTokenizer",
        "BertTokenizerLegacy",
        "RetriBertTokenizer",
        "MPNetTokenizer",
        "FunnelTokenizer",
        "PreTrainedTokenizer",
        "Unknown",
        "",
    ):
        for file, files in (
            ("tokenizer_config.json", folder({"tokenizer_class": name})),
            ("config.json", folder({}, {"tokenizer_class": name})),
        ):
            rows[f"{name} in {file}"] = files
            refusals[f"{name} in {file}"] = f'{file}: tokenizer_class: "{name}" is not supported'
    for kind in ("mpnet", "convbert", "roberta"):
        rows[kind] = folder({}, {"model_type": kind})
        refusals[kind] = f'config.json: model_type: "{kind}", without tokenizer_class, is not supported'
    rows["number"] = folder({"tokenizer_class": 3})
    refusals["number"] = "tokenizer_config.json: tokenizer_class is not a string"
    return rows, refusals


def token(content, **flags):
    return {
        "content": content,
        "lstrip": False,
        "rstrip": False,
        "single_word": False,
        "normalized": False,
        "__type": "AddedToken",
        **flags,
    }


DECODER = {str(i): {k: v for k, v in added(t, i).items() if k != "id"} for i, t in enumerate(SPECIALS)}
USER = added("<user>", len(VOCABULARY), special=False)
ALONE = {"tokenizer_class": "PreTrainedTokenizerFast"}
SETTINGS, JSON, NOT_SOUGHT = (
    "tokenizer_config.json: ",
    "tokenizer.json: ",
    ", which the tokenizer itself does not look for, is not supported",
)
OTHER_CLASS = ", with a tokenizer_class other than PreTrainedTokenizerFast, is not supported"


def sections():
    """Sections of tokenizer.json that transformers 5 makes anew: rows with what a BERT class gets."""
    reversed_template = json.loads(tokenizer()["tokenizer.json"])["post_processor"]
    reversed_template["single"].reverse()
    documents = {
        "as BERT": (tokenizer(), None),
        "unk_token": (
            tokenizer(model={"unk_token": "[MASK]"}),
            JSON + 'model.unk_token without the unk_token "[UNK]" of the tokenizer\'s class is not supported',
        ),
        "longest word": (
            tokenizer(model={"max_input_chars_per_word": 5}),
            JSON + "model.max_input_chars_per_word: 5" + OTHER_CLASS,
        ),
        "prefix": (
            tokenizer(model={"continuing_subword_prefix": "#"}),
            JSON + 'model.continuing_subword_prefix: "#"' + OTHER_CLASS,
        ),
        "no post-processor": (
            tokenizer({"post_processor": None}),
            JSON + 'post_processor without the cls_token "[CLS]" of the tokenizer\'s class is not supported',
        ),
        "BertProcessing": (
            tokenizer({"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}}),
            None,
        ),
        "reversed": (
            tokenizer({"post_processor": reversed_template}),
            JSON + 'post_processor without the cls_token "[CLS]" of the tokenizer\'s class is not supported',
        ),
        "[MASK] is not listed": (tokenizer({"added_tokens": [added(t, i) for i, t in enumerate(SPECIALS[:4])]}), None),
        "nothing is listed": (tokenizer({"added_tokens": []}), None),
        "a token of the user's": (
            tokenizer({"added_tokens": [added(t, i) for i, t in enumerate(SPECIALS)] + [USER]}),
            None,
        ),
        "[MASK] is normalized": (
            tokenizer({"added_tokens": [added(t, i, normalized=t == "[MASK]") for i, t in enumerate(SPECIALS)]}),
            None,
        ),
        "clean_text": (tokenizer(clean_text=False), JSON + "normalizer.clean_text: false" + OTHER_CLASS),
        "no normalizer": (tokenizer({"normalizer": None}), JSON + "normalizer: null" + OTHER_CLASS),
    }
    for name, (files, refusal) in documents.items():
        yield f"{name}, BERT", (folder({}) | files, refusal)
        yield f"{name}, tokenizer.json alone", (folder(ALONE) | files, None)
    yield "unk_token, named", (folder({"unk_token": "[MASK]"}) | documents["unk_token"][0], None)
    yield "reversed, named", (folder({"cls_token": "[SEP]", "sep_token": "[CLS]"}) | documents["reversed"][0], None)
    yield "[MASK] is not listed, named, tokenizer.json alone", (
        folder({**ALONE, "mask_token": "[MASK]"}) | documents["[MASK] is not listed"][0],
        None,
    )
    user, lacks = (
        documents["a token of the user's"][0],
        SETTINGS + 'added_tokens_decoder, which lacks "<user>" of tokenizer.json, is not supported',
    )
    full = {**DECODER, USER["id"]: {k: v for k, v in USER.items() if k != "id"}}
    for decoder, refusal in ((DECODER, lacks), ({}, lacks), (full, None)):
        yield f"decoder of {len(decoder)}, BERT", (folder({"added_tokens_decoder": decoder}) | user, refusal)
        yield f"decoder of {len(decoder)}, tokenizer.json alone", (
            folder({**ALONE, "added_tokens_decoder": decoder}) | user,
            None,
        )


def special_tokens():
    """Special tokens in tokenizer_config.json and special_tokens_map.json, beside either file."""
    other = lambda key, value: f'{key}: "{value}", which is not that of tokenizer.json, is not supported'
    for files, name in ((tokenizer(), "tokenizer.json"), ({"vocab.txt": VOCABULARY_FILE}, "vocab.txt")):
        is_vocabulary = name == "vocab.txt"
        row = lambda what, refusal=None, settings=None, **others: (
            f"{what}, {name}",
            (folder(settings or {}, **others) | files, refusal),
        )
        for key, standard in zip(
            ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token"),
            ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"),
        ):
            is_required = key in ("unk_token", "cls_token", "sep_token")
            yield row(f"{key} null", SETTINGS + f"{key}: null is not supported" if is_required else None, {key: None})
            yield row(f"{key} a number", SETTINGS + f"{key} is not a token", {key: 3})
            yield row(f"{key} as usual", None, {key: standard})
            value = "[MASK]" if key != "mask_token" else "[PAD]"
            yield row(
                f"{key} {value}",
                SETTINGS + other(key, value) if is_required and not is_vocabulary else None,
                {key: value},
            )
            yield row(
                f"{key} {value} in the map",
                "special_tokens_map.json: " + other(key, value) if is_required and not is_vocabulary else None,
                {key: standard},
                special_tokens_map_json={key: value},
            )
            yield row(
                f"{key} {value} in the map, ignored",
                None,
                {"added_tokens_decoder": DECODER},
                special_tokens_map_json={key: value},
            )
            yield row(f"{key} literal", None, {key: token(standard)})
            yield row(
                f"{key} normalized",
                (
                    SETTINGS + f'{key}: "{standard}", normalized or a single word, is not supported'
                    if is_vocabulary
                    else None
                ),
                {key: token(standard, normalized=True)},
            )
        for key in ("bos_token", "eos_token", "user_token"):
            yield row(f"{key} <s>", SETTINGS + f'{key}: "<s>"' + NOT_SOUGHT, {key: "<s>"})
        yield row(
            "bos_token [CLS]",
            None,
            {"bos_token": "[CLS]", "eos_token": "[SEP]", "add_bos_token": True, "add_eos_token": True},
        )
        yield row(
            "another token in added_tokens.json",
            'added_tokens.json: added token: "<user>"' + NOT_SOUGHT,
            {},
            added_tokens_json={"<user>": len(VOCABULARY)},
        )


def other_settings():
    """Keys that are ignored by all, or refused."""
    json_, vocabulary = tokenizer(), {"vocab.txt": VOCABULARY_FILE}
    for key, value, refused in (
        ("split_special_tokens", True, True),
        ("split_special_tokens", False, False),
        ("from_slow", True, True),
        ("from_slow", False, False),
        ("clean_text", False, False),
        ("auto_map", {"AutoTokenizer": ["own.Tokenizer", None]}, False),
        ("model_max_length", 8, False),
        ("name_or_path", "elsewhere", False),
        ("do_basic_tokenize", True, False),
        ("never_split", None, False),
    ):
        refusal = SETTINGS + f"{key}: {json.dumps(value)} is not supported" if refused else None
        yield f"{key} {value}, tokenizer.json", (folder({key: value}) | json_ | vocabulary, refusal)
        yield f"{key} {value}, vocab.txt", (folder({key: value}) | vocabulary, refusal)
    other = tokenizer(lowercase=False)
    for value in (None, "/nowhere/tokenizer.json"):
        yield f"tokenizer_file {value}, tokenizer.json", (
            folder({"tokenizer_file": value}) | json_ | vocabulary,
            SETTINGS + f"tokenizer_file: {json.dumps(value)} is not supported",
        )
        yield f"tokenizer_file {value}, vocab.txt", (folder({"tokenizer_file": value}) | vocabulary, None)
    yield "vocab_file, tokenizer.json", (folder({"vocab_file": "/nowhere/vocab.txt"}) | json_, None)
    yield "vocab_file, vocab.txt", (
        folder({"vocab_file": "/nowhere/vocab.txt"}) | vocabulary,
        SETTINGS + 'vocab_file: "/nowhere/vocab.txt" is not supported',
    )
    yield "fast_tokenizer_files", (
        folder({**ALONE, "fast_tokenizer_files": ["tokenizer.json", "tokenizer.4.0.0.json"]})
        | json_
        | {"tokenizer.4.0.0.json": other["tokenizer.json"]},
        SETTINGS + 'fast_tokenizer_files: "tokenizer.4.0.0.json" is not supported',
    )
    for key, value in itertools.product(KEYS, ("false", 0, 1, [], {})):
        yield f"{key} {value!r}, BERT", (folder({key: value}) | json_, SETTINGS + f"{key} is neither true nor false")
        yield f"{key} {value!r}, tokenizer.json alone", (folder({**ALONE, key: value}) | json_, None)
    blank = VOCABULARY_FILE.replace("\na\n", "\na\u00a0\n")
    yield "a blank at a token's end", (
        folder({}) | {"vocab.txt": blank},
        f'vocab.txt: line {VOCABULARY.index("a") + 1}: "a\u00a0", which ends with a blank, is not supported',
    )
    yield "line ends of Windows", (folder({}) | {"vocab.txt": VOCABULARY_FILE.replace("\n", "\r\n")}, None)


def known_folders():
    """The files of well-known bases, but for their vocabularies."""
    cased, uncased, both = tokenizer(lowercase=False), tokenizer(), {"vocab.txt": VOCABULARY_FILE}
    yield "bert-base-uncased", (folder({"do_lower_case": True, "model_max_length": 512}) | uncased | both, None)
    yield "bert-base-cased", (folder({"do_lower_case": False, "model_max_length": 512}) | cased | both, None)
    yield "bert-base-multilingual-cased", (
        folder({"do_lower_case": False, "model_max_length": 512}) | cased | both,
        None,
    )
    yield "bert-base-chinese", (folder({"do_lower_case": False, "model_max_length": 512}) | cased | both, None)
    yield "distilbert-base-uncased", (
        folder({"do_lower_case": True, "model_max_length": 512}, {"model_type": "distilbert"}) | uncased | both,
        None,
    )
    yield "distilbert-base-cased", (
        folder({"do_lower_case": False, "model_max_length": 512}, {"model_type": "distilbert"}) | cased | both,
        None,
    )
    names = {
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    old = {
        "do_lower_case": True,
        **names,
        "tokenize_chinese_chars": True,
        "strip_accents": None,
        "name_or_path": "elsewhere",
        "do_basic_tokenize": True,
        "never_split": None,
        "special_tokens_map_file": "old/special_tokens_map.json",
        "tokenizer_class": "BertTokenizer",
        "model_max_length": 512,
    }
    yield "saved by transformers 4.8", (folder(old, special_tokens_map_json=names) | uncased | both, None)
    recent = {
        **old,
        "added_tokens_decoder": DECODER,
        "clean_up_tokenization_spaces": True,
        "max_length": 128,
        "stride": 0,
        "truncation_side": "right",
        "truncation_strategy": "longest_first",
        "pad_to_multiple_of": None,
        "pad_token_type_id": 0,
        "padding_side": "right",
    }
    described = {key: {k: v for k, v in token(value).items() if k != "__type"} for key, value in names.items()}
    yield "saved by transformers 4.40", (folder(recent, special_tokens_map_json=described) | uncased | both, None)
    latest = {
        "backend": "tokenizers",
        **names,
        "do_lower_case": False,
        "is_local": False,
        "model_max_length": 512,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "tokenizer_class": "BertTokenizer",
    }
    yield "saved by transformers 5", (folder(latest) | cased, None)


def tables():
    plain = {"tokenizer_class": "PreTrainedTokenizerFast"}
    files = {
        "cased": tokenizer(lowercase=False),
        "vocab.txt": {"vocab.txt": VOCABULARY_FILE},
        "both": tokenizer(lowercase=False) | {"vocab.txt": VOCABULARY_FILE},
    }
    yield Table("keys and normalizers", every_setting(), every_normalizer())
    some = {
        name: files
        for name, files in every_normalizer().items()
        if name in ("clean_text false", "normalizer null", "both files")
    }
    yield Table("keys beside tokenizer.json alone", every_setting(**plain), some)
    yield Table("classes", every_class(), files)
    rows, refusals = refused_classes()
    yield Table("other classes", rows, files, refusals)
    for name, generator in (
        ("sections", sections),
        ("special tokens", special_tokens),
        ("other settings", other_settings),
        ("known folders", known_folders),
    ):
        found = dict(generator())
        yield Table(
            name,
            {row: files for row, (files, _) in found.items()},
            {"": {}},
            {row: refusal for row, (_, refusal) in found.items() if refusal},
        )


def write(files, directory):
    vocabulary = json.dumps({token: number for number, token in enumerate(VOCABULARY)}, ensure_ascii=False)
    for name, content in files.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(content.replace(PLACEHOLDER, vocabulary))


def answer(files):
    """The ids of STRINGS; None where AutoTokenizer does not load the folder."""
    from transformers import AutoTokenizer

    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(None):
        write(files, directory)
        try:
            return AutoTokenizer.from_pretrained(directory)(STRINGS, truncation=True, max_length=64)["input_ids"]
        except Exception:
            return None


def fixture(old):
    """The whole document, with this version's answers beside those of the versions in `old`."""
    import transformers

    version = transformers.__version__
    contents, outcomes = [], [None] + [o for o in old.get("outcomes", []) if o]
    place = lambda what, where: where.index(what) if what in where else where.append(what) or len(where) - 1
    former = {table["name"]: table["answers"] for table in old.get("tables", [])}
    document = []
    for table in tables():
        refer = lambda part: [
            {"name": name, "files": {file: place(text, contents) for file, text in files.items()}}
            for name, files in part.items()
        ]
        answers = {
            v: rows
            for v, rows in former.get(table.name, {}).items()
            if v != version and [len(r) for r in rows] == [len(table.columns)] * len(table.rows)
        }
        found = [place(answer(files), outcomes) for _, _, files in table.cells()]
        answers[version] = [found[i : i + len(table.columns)] for i in range(0, len(found), len(table.columns))]
        document.append(
            {
                "name": table.name,
                "rows": refer(table.rows),
                "columns": refer(table.columns),
                "refusals": table.refusals,
                "answers": answers,
            }
        )
    return {
        "strings": STRINGS,
        "vocabulary": VOCABULARY,
        "contents": contents,
        "outcomes": outcomes,
        "tables": document,
    }


if __name__ == "__main__":
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="critical", TOKENIZERS_PARALLELISM="false")
    path = sys.argv[1]
    old = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    written = fixture(old)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(written, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
