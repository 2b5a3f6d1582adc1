#!/usr/bin/env python3
"""Compares the token ids of `lorikeet tokenize` with those of Hugging Face's fast BERT tokenizer.

    tokens.py PROGRAM BASE [--texts FILE…] [--seed 1] [--first 5]     (needs: pip install tokenizers transformers)

PROGRAM is the lorikeet program, BASE the folder of all-MiniLM-L6-v2 or another base with tokenizer.json and vocab.txt.
The strings are the descriptions of this machine's package catalogue (`apt-cache dumpavail`), the texts of the FILEs
(.tsv: what follows the first tab of a line; else the lines), and the awkward ones of awkward.py. Each tokenizer below
is a folder that both read; every string must get the same ids from both. Then come the folders of
Tests/WordPieceTests/Fixtures/resolution.py, whose files contradict one another: the program must read each as the
installed transformers does and as the versions did whose answers resolution.json keeps, or refuse it where these
differ. Prints a line per tokenizer and table, and the first mismatches; exit status 1 if there is any.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import subprocess
import sys
import tempfile
import unicodedata

import awkward

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Tests/WordPieceTests/Fixtures")
sys.path.insert(0, FIXTURES)
import resolution

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
FEWEST = 20_000


def catalogue():
    """The descriptions of the package catalogue; none where there is no apt."""
    try:
        dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True).stdout.decode(
            errors="replace"
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    found = (line[len("Description: ") :] for line in dump.splitlines() if line.startswith("Description: "))
    return list(dict.fromkeys(found))


def texts_of(path):
    lines = open(path, encoding="utf-8", newline="\n").read().split("\n")
    return [line.split("\t", 1)[1] if path.endswith(".tsv") and "\t" in line else line for line in lines if line]


class Case:
    """One tokenizer: the files of its folder, the lengths to cut to, and how Hugging Face reads it."""

    def __init__(self, name, files, lengths=(512,), is_automatic=False):
        self.name, self.files, self.lengths, self.is_automatic = name, files, lengths, is_automatic

    def write(self, folder):
        for name, content in self.files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
                file.write(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))

    def expected(self, folder, strings, length):
        """Ids as the library gives them: `tokenizers` from tokenizer.json alone, or transformers from the folder."""
        if self.is_automatic:
            from transformers import AutoTokenizer

            return AutoTokenizer.from_pretrained(folder)(strings, truncation=True, max_length=length)["input_ids"]
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(length)
        return [e.ids for e in tokenizer.encode_batch(strings)]


def with_normalizer(document, clean, chinese, strip, lower):
    changed = json.loads(json.dumps(document))
    changed["normalizer"] = {
        "type": "BertNormalizer",
        "clean_text": clean,
        "handle_chinese_chars": chinese,
        "strip_accents": strip,
        "lowercase": lower,
    }
    return changed


def scalar_document(document, strings):
    """A vocabulary in which every scalar is a piece: it shows what [UNK] would hide."""
    seen = set()
    for s in strings:
        for text in (s, s.lower()):
            seen.update(text)
            seen.update(unicodedata.normalize("NFD", text))
            seen.update(unicodedata.normalize("NFD", text).lower())
    scalars = sorted(c for c in seen if not 0xD800 <= ord(c) < 0xE000)
    pieces = SPECIALS + scalars + ["##" + c for c in scalars]
    changed = json.loads(json.dumps(document))
    changed["model"]["vocab"] = {piece: number for number, piece in enumerate(pieces)}
    for token in changed["added_tokens"]:
        token["id"] = SPECIALS.index(token["content"])
    for token in changed["post_processor"]["special_tokens"].values():
        token["ids"] = [SPECIALS.index(token["id"])]
    return changed


def with_model(document, **changes):
    changed = json.loads(json.dumps(document))
    changed["model"].update(changes)
    return changed


def with_added_tokens(document):
    """Tokens of a user's own, of every kind that is read."""
    changed = json.loads(json.dumps(document))
    vocabulary = changed["model"]["vocab"]
    new = itertools.count(len(vocabulary))
    for content, flags in [
        ("<user>", {}),
        ("Café", {"normalized": True}),
        ("hello world", {"normalized": True}),
        ("wide", {"lstrip": True}),
        ("Narrow", {"rstrip": True, "lstrip": True}),
        ("<user>s", {"special": True}),
        ("中文", {}),
        ("é", {"normalized": True}),
        ("[MASK]s", {"normalized": True}),
    ]:
        number = vocabulary[content] if content in vocabulary else next(new)
        changed["added_tokens"].append(
            {
                "id": number,
                "content": content,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": False,
                **flags,
            }
        )
    return changed


def cases(base, strings):
    read = lambda name: open(os.path.join(base, name), encoding="utf-8").read()
    document = json.loads(read("tokenizer.json"))
    document["padding"] = document["truncation"] = None
    single = scalar_document(document, strings)
    # Of BERT's own class, tokenizer.json has no say in case, accents and ideographs.
    settings = {"tokenizer_class": "PreTrainedTokenizerFast"}
    files = lambda content: {"tokenizer.json": content, "tokenizer_config.json": settings}
    alone = lambda name, content, *lengths: Case(name, files(content), lengths or (512,))
    yield alone("tokenizer.json as it came", read("tokenizer.json"), 2, 3, 8, 64, 128, 512, 1_000_000)
    for options in itertools.product((True, False), (True, False), (None, True, False), (True, False)):
        name = "clean={} cjk={} strip={} lower={}".format(*options)
        if options[0] and options[1] and options[2] is not True:
            yield alone("words, " + name, with_normalizer(document, *options))
        yield alone("scalars, " + name, with_normalizer(single, *options), 512)
    yield alone("scalars, whole", single, 1_000_000)
    yield alone("no normalizer", {**single, "normalizer": None})
    yield alone("no post-processor", {**document, "post_processor": None}, 2, 7, 512)
    yield alone(
        "BertProcessing",
        {**document, "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}},
        2,
        7,
        512,
    )
    yield alone("words of at most 5", with_model(single, max_input_chars_per_word=5))
    yield alone("another prefix", with_model(document, continuing_subword_prefix="a"))
    yield alone("another unknown token", with_model(document, unk_token="[MASK]"))
    yield alone("added tokens", with_added_tokens(document), 9, 512, 1_000_000)
    cased = with_normalizer(document, True, True, None, False)
    yield alone("added tokens, cased", with_added_tokens(cased), 512)

    config, vocabulary = {"model_type": "bert"}, read("vocab.txt")
    folder = lambda name, files, *lengths: Case(
        "folder: " + name, {"config.json": config, **files}, lengths or (256,), is_automatic=True
    )
    yield folder(
        "as it came",
        {name: read(name) for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json")},
        2,
        128,
        512,
    )
    yield folder("tokenizer.json", {"tokenizer.json": read("tokenizer.json")})
    yield folder("cased tokenizer.json", {"tokenizer.json": with_normalizer(document, True, False, False, False)})
    yield folder("vocab.txt", {"vocab.txt": vocabulary}, 5, 256)
    yield folder("DistilBERT, vocab.txt", {"config.json": {"model_type": "distilbert"}, "vocab.txt": vocabulary})
    for settings in (
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"strip_accents": False},
        {"tokenize_chinese_chars": False},
        {"do_lower_case": False, "tokenize_chinese_chars": False, "strip_accents": None},
        {"do_lower_case": False, "tokenizer_class": "PreTrainedTokenizerFast"},
    ):
        if "tokenizer_class" not in settings:
            yield folder(
                f"vocab.txt, {json.dumps(settings)}", {"vocab.txt": vocabulary, "tokenizer_config.json": settings}
            )
        yield folder(
            f"tokenizer.json, {json.dumps(settings)}",
            {"tokenizer.json": read("tokenizer.json"), "tokenizer_config.json": settings},
        )


def found(program, folder, texts, length):
    command = [program, "tokenize", "--base", folder, "--max-tokens", str(length), "--input", texts]
    output = subprocess.run(command, capture_output=True, check=False)
    if output.returncode != 0:
        sys.exit(f"{' '.join(command)}: {output.stderr.decode(errors='replace')}")
    return [json.loads(line)["ids"] for line in output.stdout.decode().split("\n") if line]


def first_difference(expected, actual):
    place = next(
        (i for i, pair in enumerate(zip(expected, actual)) if pair[0] != pair[1]), min(len(expected), len(actual))
    )
    return (
        f"at {place}: expected {expected[place:place + 6]} of {len(expected)}, found {actual[place:place + 6]} of"
        f" {len(actual)}"
    )


def compare(case, program, strings, folder, first):
    texts = os.path.join(folder, "texts.jsonl")
    with open(texts, "w") as file:
        file.writelines(json.dumps({"text": s}) + "\n" for s in strings)
    case.write(folder)
    wrong = 0
    for length in case.lengths:
        expected, actual = case.expected(folder, strings, length), found(program, folder, texts, length)
        if len(expected) != len(actual):
            sys.exit(f"{case.name}: {len(strings)} strings, {len(actual)} answers")
        mismatches = [i for i in range(len(strings)) if expected[i] != actual[i]]
        wrong += len(mismatches)
        print(f"{len(mismatches):>6} of {len(strings)} differ: {case.name}, cut to {length}", flush=True)
        for i in mismatches[:first]:
            print(f"       {ascii(strings[i][:60])}: {first_difference(expected[i], actual[i])}", flush=True)
    return wrong


def answer_of(program, files):
    """The program's ids of the strings of resolution.py; nothing, and what it says, where it refuses the folder."""
    with tempfile.TemporaryDirectory() as folder:
        resolution.write(files, folder)
        texts = os.path.join(folder, "texts.jsonl")
        with open(texts, "w") as file:
            file.writelines(json.dumps({"text": s}) + "\n" for s in resolution.STRINGS)
        command = [program, "tokenize", "--base", folder, "--max-tokens", "64", "--input", texts]
        output = subprocess.run(command, capture_output=True, check=False)
    if output.returncode != 0:
        return None, output.stderr.decode(errors="replace").strip()
    return [json.loads(line)["ids"] for line in output.stdout.decode().split("\n") if line], ""


def verdict(answers, found, message, refusal):
    """What is wrong with the program's answer, given those of some versions of transformers; nothing if it is right."""
    if found is None:
        if refusal:
            return None if message.endswith(refusal) else f"refused with other words: {message}"
        return f"refused: {message}" if None not in answers and all(a == answers[0] for a in answers) else None
    if refusal:
        return "not refused"
    # The last version is the newest: it must have an answer.
    wrong = found != answers[-1] or any(a is not None and a != found for a in answers)
    return f"found {found}, expected one of {answers}" if wrong else None


def compare_folders(program, only, first):
    """Differences, and tables compared."""
    import transformers

    with open(os.path.join(FIXTURES, "resolution.json"), encoding="utf-8") as file:
        stored = json.load(file)
    wrong = compared = 0
    for table, old in zip(resolution.tables(), stored["tables"], strict=True):
        if only not in f"contradictions: {table.name}":
            continue
        cells = list(table.cells())
        with concurrent.futures.ThreadPoolExecutor() as pool:
            found = list(pool.map(lambda cell: answer_of(program, cell[2]), cells))
        former = {v: [stored["outcomes"][o] for row in rows for o in row] for v, rows in old["answers"].items()}
        former[transformers.__version__] = [resolution.answer(files) for _, _, files in cells]
        versions = sorted(former, key=lambda version: [int(part) for part in version.split(".")[:2]])
        mistakes = []
        for i, (row, column, _) in enumerate(cells):
            mistake = verdict([former[version][i] for version in versions], *found[i], table.refusals.get(row))
            mistakes += [f"{row} | {column}: {mistake}"] if mistake else []
        print(f"{len(mistakes):>6} of {len(cells)} folders differ: {table.name}, {' and '.join(versions)}", flush=True)
        for mistake in mistakes[:first]:
            print(f"       {mistake}", flush=True)
        wrong, compared = wrong + len(mistakes), compared + 1
    return wrong, compared


def arguments():
    parser = argparse.ArgumentParser(description="Token ids of lorikeet against those of Hugging Face.")
    parser.add_argument("program")
    parser.add_argument("base")
    parser.add_argument("--texts", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=5, help="so many mismatches are shown")
    parser.add_argument("--only", default="", help="only tokenizers whose name contains this")
    return parser.parse_args()


def main():
    options = arguments()
    by_kind = {"package catalogue": catalogue()[:8000], **awkward.strings(options.seed)}
    for path in options.texts:
        by_kind[path] = texts_of(path)
    for kind, members in by_kind.items():
        print(f"{len(members):>6} strings: {kind}")
    strings = list(dict.fromkeys(itertools.chain.from_iterable(by_kind.values())))
    print(f"{len(strings):>6} strings, seed {options.seed}")
    if len(strings) < FEWEST:
        sys.exit(f"fewer than {FEWEST} strings: give more with --texts")
    wrong = tokenizers = 0
    for case in cases(options.base, strings):
        if options.only in case.name:
            with tempfile.TemporaryDirectory() as folder:
                wrong += compare(case, os.path.abspath(options.program), strings, folder, options.first)
            tokenizers += 1
    differing, tables = compare_folders(os.path.abspath(options.program), options.only, options.first)
    wrong, tokenizers = wrong + differing, tokenizers + tables
    print(f"{wrong} differences in {tokenizers} tokenizers and tables")
    sys.exit(1 if wrong or not tokenizers else 0)


if __name__ == "__main__":
    main()
