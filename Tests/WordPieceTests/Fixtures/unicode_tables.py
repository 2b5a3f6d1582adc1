#!/usr/bin/env python3
"""Writes Sources/WordPiece/UnicodeData.swift: what Hugging Face's `tokenizers` does to each code point.

    unicode_tables.py > Sources/WordPiece/UnicodeData.swift      (needs: pip install tokenizers)

The tables are measured, not copied: every code point goes through BertNormalizer and BertPreTokenizer, one option at a
time, so that they follow the Unicode versions those were built with (they differ from table to table).
"""
import unicodedata
import tokenizers
from tokenizers import normalizers, pre_tokenizers


def bert(clean=False, chinese=False, strip=False, lower=False):
    return normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower).normalize_str


clean, chinese, strip, lower = bert(clean=True), bert(chinese=True), bert(strip=True), bert(lower=True)
nfd, split = normalizers.NFD().normalize_str, pre_tokenizers.BertPreTokenizer().pre_tokenize_str
scalars = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
removed, blank, ideograph, white, punctuation = [], [], [], [], []
stripped, lowered, decomposed = {}, {}, {}
for c in scalars:
    character = chr(c)
    result = clean("a" + character + "b")
    if result == "ab":
        removed.append(c)
    elif result == "a b":
        blank.append(c)
    else:
        assert result == "a" + character + "b"
    if chinese(character) != character:
        assert chinese(character) == f" {character} "
        ideograph.append(c)
    decomposed[c] = nfd(character)
    result = strip(character)
    if 0xAC00 <= c <= 0xD7A3:  # Hangul syllables: by arithmetic
        s = c - 0xAC00
        parts = [0x1100 + s // 588, 0x1161 + s % 588 // 28] + ([0x11A7 + s % 28] if s % 28 else [])
        assert result == "".join(map(chr, parts))
    elif result != character:
        stripped[c] = [ord(x) for x in result]
    if lower(character) != character and c >= 0x80:
        lowered[c] = [ord(x) for x in lower(character)]
    pieces = [piece for piece, _ in split("a" + character + "b")]
    if pieces == ["a", "b"]:
        white.append(c)
    elif pieces == ["a", character, "b"]:
        punctuation.append(c)
    else:
        assert pieces == ["a" + character + "b"]

# Canonical combining classes as NFD orders by them: a mark goes before each probe of a higher class.
probes = {240: "\u0345"}
for c in scalars:
    value = unicodedata.combining(chr(c))
    known_here = nfd("a\u0345" + chr(c)) == "a" + chr(c) + "\u0345"  # a mark in their Unicode version too
    if value and known_here and value not in probes:
        probes[value] = chr(c)
assert all(nfd("a" + probes[j] + probes[i]) == "a" + probes[i] + probes[j] for i in probes for j in probes if i < j)
lowest, highest = probes[min(probes)], probes[max(probes)]


def combining_class(c):
    mark = chr(c)
    if nfd("a" + mark + lowest) == "a" + mark + lowest and nfd("a" + highest + mark) == "a" + highest + mark:
        return 0  # nothing passes it (or it is the lowest and the highest at once, which no mark is)
    return max([v for v, p in probes.items() if p != mark and nfd("a" + mark + p) == "a" + p + mark] + [0]) + 1


marks = [c for c in stripped if not stripped[c]]
classes = {c: combining_class(c) for c in scalars if decomposed[c] == chr(c)}
# a mark that decomposes does so into marks, all of which are stripped; one starter among them is enough
assert all(ord(x) in stripped and not stripped[ord(x)] for c in marks for x in decomposed[c])
starter_marks = [c for c in marks if not all(classes[ord(x)] for x in decomposed[c])]
kept_marks = {c: v for c, v in classes.items() if v and c not in stripped}
known = set(marks) | set(kept_marks)
assert all(classes[c] == 0 or c in known for c in classes)


def ranges(values):
    runs = []
    for c in sorted(values):
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return [f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in runs]


def mappings(table):
    """`first[-last[/step]]=target[+target]`: equal targets, or targets that advance with the source (`>`)."""
    items, runs = sorted(table.items()), []
    for c, target in items:
        if len(target) == 1 and runs and len(runs[-1]["target"]) == 1:
            run, t = runs[-1], target[0]
            step = c - run["last"]
            if step in (1, 2) and run["step"] in (0, step):
                for kind, expected in (("=", run["target"][0]), (">", run["target"][0] + c - run["first"])):
                    if run["kind"] in ("", kind) and t == expected:
                        run.update(kind=kind, last=c, step=step)
                        break
                else:
                    runs.append(dict(first=c, last=c, step=0, kind="", target=target))
                continue
        runs.append(dict(first=c, last=c, step=0, kind="", target=target))
    written = []
    for run in runs:
        source = f"{run['first']:x}"
        if run["step"]:
            source += f"-{run['last']:x}" + ("/2" if run["step"] == 2 else "")
        written.append(source + (run["kind"] or "=") + "+".join(f"{t:x}" for t in run["target"]))
    return written


def table(name, comment, words):
    print(f"\n    /// {comment}\n    static let {name}: StaticString = \"\"\"")
    line = ""
    for word in words:
        if len(line) + len(word) > 110:
            print(f"        {line}\\")
            line = ""
        line += word + " "
    print(f"        {line.rstrip()}\n        \"\"\"")


print(f"""// Written by Tests/WordPieceTests/Fixtures/unicode_tables.py, measured on tokenizers {tokenizers.__version__}. Do not edit.

/// What Hugging Face's BERT normalizer and pre-tokenizer do to each code point, as text: hexadecimal ranges, and
/// mappings `first-last/step=target` (all to one target) or `…>target` (targets advance with the source).
enum UnicodeData {{""", end="")
table("removed", "Removed by `clean_text`.", ranges(removed))
table("blank", "Made a space by `clean_text`.", ranges(blank))
table("ideographs", "Set between spaces by `handle_chinese_chars`.", ranges(ideograph))
table("whitespace", "Separates words.", ranges(white))
table("punctuation", "A word of its own.", ranges(punctuation))
table("lowercase", "`lowercase`, ASCII left out.", mappings(lowered))
table("strippedMarks", "Removed by `strip_accents`.", ranges(marks))
table("starterMarks", "Those of `strippedMarks` that other marks do not pass when marks are put in canonical order.", ranges(starter_marks))
table("keptMarks", "Not removed by `strip_accents`, but put in order: mark=rank.", mappings({c: [v] for c, v in kept_marks.items()}))
table("stripped", "What `strip_accents` makes of the rest, Hangul syllables left out.", mappings({c: t for c, t in stripped.items() if t}))
print("}")
